//! The child: opens the device, gives up its rights, waits for one job, runs it and ends.
#![allow(unsafe_code, reason = "each call has its SAFETY")]

use super::{
	execute,
	protocol::{receive, send, Caps, Confinement, Event, Order, Setup, MAX_ORDER},
	watchdog::Watchdog,
	Failure,
};
use crate::{manifest::Manifest, AdapterId, Device};
use std::{
	fs::File,
	io::{self, Read},
	path::Path,
	process::ExitCode,
	sync::{mpsc, Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

/// naga recurses over nested source, and 64 KiB of it can nest 60,000 levels.
const STACK_BYTES: usize = 1 << 30;

/// Runs the child's side of the protocol on standard input and output. The worker calls it first of
/// all when it was started with the hidden argument.
pub fn child_main() -> ExitCode {
	match serve() {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			eprintln!("the sandbox ended: {error}");
			ExitCode::FAILURE
		}
	}
}

fn serve() -> io::Result<()> {
	let voice = Voice(Arc::new(Mutex::new(take_output()?)));
	let mut input = io::stdin().lock();
	let setup: Setup = receive(&mut input, MAX_ORDER)?;
	let (device, confinement) = match enter(&setup) {
		Ok(entered) => entered,
		Err(error) => {
			let failure = Failure::Worker { message: error.to_string() };
			end(&voice, Event::Failed(failure))
		}
	};
	let watchdog = {
		let voice = voice.clone();
		Watchdog::start(move |failure| end(&voice, Event::Failed(failure)))
	};
	let gate = Gate::default();
	let (jobs, waiting) = mpsc::channel();
	let runner = {
		let (voice, gate) = (voice.clone(), gate.clone());
		let (folder, caps) = (setup.folder.clone(), setup.caps);
		std::thread::Builder::new().stack_size(STACK_BYTES).spawn(move || {
			let Ok(manifest): Result<Manifest, _> = waiting.recv() else { return };
			let job = execute::Job { device, folder, caps, voice: &voice, gate, watchdog };
			let last = match job.run(&manifest) {
				Ok(report) => Event::Done(report),
				Err(failure) => Event::Failed(failure),
			};
			end(&voice, last)
		})?
	};
	voice.say(&Event::Ready(confinement))?;
	obey(&mut input, &gate, &jobs, runner, &voice)
}

/// Opens the device and gives up every right that a job does not need, in the one order that
/// works: what threads inherit before the driver starts some, what reaches all threads after.
fn enter(setup: &Setup) -> io::Result<(Device, Confinement)> {
	let confinement = confine_first(setup)?;
	let device = Device::open(&setup.adapter).map_err(io::Error::other)?;
	Ok((device, confine_last(setup, confinement)?))
}

/// Confines this process just as a child that opens `adapter` and owns `folder`, for programs that
/// try what a child can do.
pub fn confine_self(
	adapter: &AdapterId,
	folder: &Path,
	parent: u32,
	caps: Caps,
) -> io::Result<Confinement> {
	let setup = Setup { adapter: adapter.clone(), folder: folder.into(), parent, caps };
	enter(&setup).map(|(_, confinement)| confinement)
}

/// Follows the parent until the parent closes its end, which it also does by dying.
fn obey(
	input: &mut impl Read,
	gate: &Gate,
	jobs: &mpsc::Sender<Manifest>,
	runner: std::thread::JoinHandle<()>,
	voice: &Voice,
) -> io::Result<()> {
	let voice = voice.clone();
	std::thread::spawn(move || {
		// wgpu panics when a driver loses a device in some calls.
		if runner.join().is_err() {
			let message = "the graphics library gave up".into();
			end(&voice, Event::Failed(Failure::Crashed { message }));
		}
	});
	loop {
		match receive(input, MAX_ORDER) {
			Ok(Order::Run(manifest)) => {
				let _ = jobs.send(*manifest);
			}
			Ok(Order::Pause) => gate.close(),
			Ok(Order::Resume) => gate.open(),
			Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => exit_now(),
			Err(error) => return Err(error),
		}
	}
}

#[cfg(target_os = "linux")]
fn confine_first(setup: &Setup) -> io::Result<Confinement> {
	super::confine::before_device(setup)
}

#[cfg(target_os = "linux")]
fn confine_last(setup: &Setup, confinement: Confinement) -> io::Result<Confinement> {
	super::confine::after_device(setup, confinement)
}

#[cfg(not(target_os = "linux"))]
fn confine_first(_: &Setup) -> io::Result<Confinement> {
	Ok(Confinement { landlock: "none".into(), ..Default::default() })
}

#[cfg(not(target_os = "linux"))]
fn confine_last(_: &Setup, confinement: Confinement) -> io::Result<Confinement> {
	Ok(confinement)
}

/// Takes standard output for the protocol; what a driver prints goes to standard error.
#[cfg(unix)]
fn take_output() -> io::Result<File> {
	/// The place of the protocol, which `confine` leaves open.
	const PLACE: libc::c_int = 3;
	// SAFETY: integers only; whatever was at place 3 is not this process's own.
	let moved = unsafe { libc::dup2(1, PLACE) };
	// SAFETY: integers only.
	let silenced = unsafe { libc::dup2(2, 1) };
	if moved != PLACE || silenced != 1 {
		return Err(io::Error::last_os_error());
	}
	// SAFETY: the line above has opened it, and nothing else of this process owns it.
	Ok(unsafe { std::os::fd::FromRawFd::from_raw_fd(PLACE) })
}

#[cfg(not(unix))]
fn take_output() -> io::Result<File> {
	Err(io::Error::new(io::ErrorKind::Unsupported, "jobs run on Unix systems only"))
}

/// Ends the process with a last word, whatever other threads are doing.
fn end(voice: &Voice, event: Event) -> ! {
	// If the parent does not listen any more there is nobody to tell.
	let _ = voice.say(&event);
	exit_now()
}

/// No destructor runs: a driver that is stuck would wait in its own.
fn exit_now() -> ! {
	// SAFETY: takes an integer and does not return.
	#[cfg(unix)]
	unsafe {
		libc::_exit(0)
	}
	#[cfg(not(unix))]
	std::process::abort()
}

/// How the child speaks.
#[derive(Clone)]
pub(super) struct Voice(Arc<Mutex<File>>);

impl Voice {
	/// Says it to the parent.
	pub(super) fn say(&self, event: &Event) -> io::Result<()> {
		send(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), event)
	}
}

/// Where a job waits while it is paused.
#[derive(Clone, Default)]
pub(super) struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
	fn close(&self) {
		*self.lock() = true;
	}

	fn open(&self) {
		*self.lock() = false;
		self.0 .1.notify_all();
	}

	fn lock(&self) -> MutexGuard<'_, bool> {
		self.0 .0.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// Whether a job has to wait at its next boundary.
	pub(super) fn is_closed(&self) -> bool {
		*self.lock()
	}

	/// Returns at once, or after telling by `closed` that it waits.
	pub(super) fn pass(&self, closed: impl FnOnce()) {
		if !self.is_closed() {
			return;
		}
		closed();
		let mut shut = self.lock();
		while *shut {
			shut = self.0 .1.wait(shut).unwrap_or_else(PoisonError::into_inner);
		}
	}
}
