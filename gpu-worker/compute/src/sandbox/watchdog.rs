//! Deadlines inside the child, for what no call of wgpu can bound.

use super::Failure;
use std::{
	sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
	time::{Duration, Instant},
};

/// A time, and what to report when it passes.
type Deadline = Option<(Instant, Failure)>;

/// One deadline at a time.
#[derive(Clone, Default)]
pub(super) struct Watchdog(Arc<(Mutex<Deadline>, Condvar)>);

impl Watchdog {
	/// Starts the thread that calls `missed` when a deadline passes.
	pub(super) fn start(missed: impl Fn(Failure) + Send + 'static) -> Self {
		let dog = Self::default();
		let watching = dog.clone();
		std::thread::spawn(move || loop {
			missed(watching.wait());
		});
		dog
	}

	/// From now on `failure` is reported unless another call comes within `limit`.
	pub(super) fn arm(&self, limit: Duration, failure: Failure) {
		*self.lock() = Some((Instant::now() + limit, failure));
		self.0 .1.notify_one();
	}

	/// Ends the deadline.
	pub(super) fn disarm(&self) {
		*self.lock() = None;
	}

	fn lock(&self) -> MutexGuard<'_, Deadline> {
		self.0 .0.lock().unwrap_or_else(PoisonError::into_inner)
	}

	fn wait(&self) -> Failure {
		let mut deadline = self.lock();
		loop {
			let now = Instant::now();
			let left = match &*deadline {
				Some((at, failure)) if *at <= now => {
					let failure = failure.clone();
					*deadline = None;
					return failure;
				}
				Some((at, _)) => *at - now,
				None => Duration::from_secs(3600),
			};
			deadline = match self.0 .1.wait_timeout(deadline, left) {
				Ok((guard, _)) => guard,
				Err(poisoned) => poisoned.into_inner().0,
			};
		}
	}
}
