//! Deadlines inside the child, for what no call of wgpu can bound.

use super::Failure;
use std::{
	sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
	time::{Duration, Instant},
};

/// One deadline at a time.
#[derive(Clone, Default)]
pub(super) struct Watchdog(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
	/// A time, and what to report when it passes.
	deadline: Option<(Instant, Failure)>,
	/// When the watching thread looks again, if it is not woken.
	looks: Option<Instant>,
}

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
		let at = Instant::now() + limit;
		let mut state = self.lock();
		state.deadline = Some((at, failure));
		// Waking a thread costs more than a short dispatch, so it sleeps on when it looks in time.
		let late = state.looks.is_none_or(|looks| looks > at);
		drop(state);
		if late {
			self.0 .1.notify_one();
		}
	}

	/// Ends the deadline.
	pub(super) fn disarm(&self) {
		self.lock().deadline = None;
	}

	fn lock(&self) -> MutexGuard<'_, State> {
		self.0 .0.lock().unwrap_or_else(PoisonError::into_inner)
	}

	fn wait(&self) -> Failure {
		let mut state = self.lock();
		loop {
			let now = Instant::now();
			let left = match &state.deadline {
				Some((at, failure)) if *at <= now => {
					let failure = failure.clone();
					state.deadline = None;
					return failure;
				}
				Some((at, _)) => *at - now,
				None => Duration::from_secs(3600),
			};
			state.looks = Some(now + left);
			state = match self.0 .1.wait_timeout(state, left) {
				Ok((guard, _)) => guard,
				Err(poisoned) => poisoned.into_inner().0,
			};
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use std::sync::mpsc;

	#[test]
	fn deadline_should_be_reported_when_it_is_earlier_than_the_one_before() {
		let (sender, missed) = mpsc::channel();
		let dog = Watchdog::start(move |failure| drop(sender.send(failure)));
		for limit in [Duration::from_secs(60), Duration::from_secs(20)] {
			dog.arm(limit, Failure::OutOfMemory);
			dog.disarm();
		}
		assert!(missed.recv_timeout(Duration::from_millis(50)).is_err());
		dog.arm(Duration::from_millis(20), Failure::Cancelled);
		assert_eq!(missed.recv_timeout(Duration::from_secs(10)), Ok(Failure::Cancelled));
		dog.arm(Duration::from_millis(20), Failure::Interrupted);
		assert_eq!(missed.recv_timeout(Duration::from_secs(10)), Ok(Failure::Interrupted));
	}
}
