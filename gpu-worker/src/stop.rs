//! Stopping everything: one signal that tasks wait for and threads look at.

use std::sync::{
	atomic::{AtomicBool, Ordering},
	Arc,
};
use tokio::sync::watch;

/// The end that stops.
#[derive(Debug)]
pub struct Stopper {
	sender: watch::Sender<bool>,
	flag: Arc<AtomicBool>,
}

impl Stopper {
	/// Stops everything that holds the other end.
	pub fn stop(&self) {
		self.flag.store(true, Ordering::Release);
		let _ = self.sender.send(true);
	}
}

/// The end that is stopped. Dropping the [`Stopper`] stops, too.
#[derive(Clone, Debug)]
pub struct Stop {
	receiver: watch::Receiver<bool>,
	flag: Arc<AtomicBool>,
}

impl Stop {
	/// A new pair.
	pub fn new() -> (Stopper, Self) {
		let (sender, receiver) = watch::channel(false);
		let flag = Arc::new(AtomicBool::new(false));
		(Stopper { sender, flag: flag.clone() }, Self { receiver, flag })
	}

	/// A pair whose stop is given by SIGINT (Ctrl-C) or SIGTERM.
	pub fn on_signals() -> std::io::Result<Self> {
		let (stopper, stop) = Self::new();
		#[cfg(unix)]
		{
			use tokio::signal::unix::{signal, SignalKind};
			let mut interrupt = signal(SignalKind::interrupt())?;
			let mut terminate = signal(SignalKind::terminate())?;
			tokio::spawn(async move {
				tokio::select! {
					_ = interrupt.recv() => (),
					_ = terminate.recv() => (),
				}
				tracing::info!("stopping: the current batch is stored first");
				stopper.stop();
				// The pair stays alive, so that nothing takes its end for a second signal.
				std::future::pending::<()>().await;
			});
		}
		#[cfg(not(unix))]
		tokio::spawn(async move {
			let _ = tokio::signal::ctrl_c().await;
			stopper.stop();
			std::future::pending::<()>().await;
		});
		Ok(stop)
	}

	/// Whether to stop.
	pub fn is_set(&self) -> bool {
		self.flag.load(Ordering::Acquire) || self.receiver.has_changed().is_err()
	}

	/// The flag for threads.
	pub fn flag(&self) -> Arc<AtomicBool> {
		self.flag.clone()
	}

	/// Waits for the stop.
	pub async fn wait(&mut self) {
		let _ = self.receiver.wait_for(|stopped| *stopped).await;
	}

	/// Sleeps, unless stopped; tells whether to go on.
	pub async fn sleep(&mut self, duration: std::time::Duration) -> bool {
		tokio::select! {
			() = self.wait() => false,
			() = tokio::time::sleep(duration) => true,
		}
	}
}
