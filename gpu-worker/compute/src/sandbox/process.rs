//! The parent's side: starting children ahead of time, and seeing one through its job.

use super::{
	execute::IN_FLIGHT,
	folder::Folder,
	protocol::{receive, send, Caps, ChildReport, Confinement, Event, Order, Setup, MAX_EVENT},
	Failure,
};
use crate::{manifest::Manifest, AdapterId, Hash};
use std::{
	collections::VecDeque,
	ffi::OsString,
	io::{self, Read},
	path::{Path, PathBuf},
	process::{Child, ChildStdin, Command, ExitStatus, Stdio},
	sync::{
		atomic::{AtomicBool, Ordering},
		mpsc::{self, RecvTimeoutError},
		Arc, Mutex, PoisonError,
	},
	time::{Duration, Instant},
};

/// How long a child may take to open its device.
const OPEN_LIMIT: Duration = Duration::from_secs(60);
/// How long a job that does not start at once is waited for a child.
const CHILD_LIMIT: Duration = Duration::from_secs(90);
/// How long one job waits for it before others may, and before it looks whether it is cancelled.
const TURN: Duration = Duration::from_millis(100);
/// How soon a pause or a cancellation is noticed.
const TICK: Duration = Duration::from_millis(10);
/// What a job may take to fill its buffers, beside compiling.
const COPY_GRACE: Duration = Duration::from_secs(60);
/// Bytes of its blobs for which it has a second more.
const COPY_RATE: u64 = 64 << 20;
/// How often it is looked at what a child writes.
const LOOK: Duration = Duration::from_millis(500);
/// Bytes that it may write beside its outputs: drivers may keep something there.
const SPARE: u64 = 64 << 20;
/// How much of a child's last words is kept.
const LAST_WORDS: usize = 4 << 10;
/// Variables that drivers and their loader need. A child gets no others.
const ENVIRONMENT: &[&str] = &[
	"LD_LIBRARY_PATH",
	"LP_NUM_THREADS",
	"VK_DRIVER_FILES",
	"VK_ICD_FILENAMES",
	"VK_LOADER_DRIVERS_SELECT",
	"XDG_RUNTIME_DIR",
];

/// How to start a child: a program that calls [`child_main`](super::child_main) when it sees
/// `arguments`.
#[derive(Clone, Debug)]
pub struct Launcher {
	/// Its path.
	pub program: PathBuf,
	/// Its arguments.
	pub arguments: Vec<OsString>,
}

/// Children of one device, one of them always ready.
pub struct Sandbox {
	ready: Mutex<mpsc::Receiver<Result<Warm, Failure>>>,
	caps: Caps,
	paused: AtomicBool,
}

impl Sandbox {
	/// Starts keeping a child ready that opens `adapter`; deletes what is in `folder`, and keeps
	/// the children's folders there.
	pub fn new(
		launcher: Launcher,
		adapter: AdapterId,
		caps: Caps,
		folder: PathBuf,
	) -> io::Result<Self> {
		Folder::clear(&folder)?;
		let (sender, ready) = mpsc::sync_channel(0);
		// The system kills a child when the thread that has started it ends, so this one lives as
		// long as the sandbox: nobody receives any more once that is gone.
		std::thread::Builder::new().name("sandbox".into()).spawn(move || loop {
			let child = Warm::start(&launcher, &adapter, caps, &folder);
			let failed = child.is_err();
			if sender.send(child).is_err() {
				return;
			}
			if failed {
				std::thread::sleep(Duration::from_secs(1));
			}
		})?;
		Ok(Self { ready: Mutex::new(ready), caps, paused: AtomicBool::new(false) })
	}

	/// Runs one job in a child of its own and returns when that has ended. `blob` finds the files
	/// that the manifest names.
	pub fn run(
		&self,
		manifest: &Manifest,
		blob: impl Fn(&Hash) -> Option<PathBuf>,
		control: &Control,
		tell: impl FnMut(Progress),
	) -> Result<Finished, Failure> {
		let child = self.child(control)?;
		child.run(manifest, blob, control, tell, self)
	}

	/// Waits for a child. One that could not start, or that was killed while it waited, has seen no
	/// job: the next may do better.
	fn child(&self, control: &Control) -> Result<Warm, Failure> {
		let until = Instant::now() + CHILD_LIMIT;
		let mut failure = Failure::Worker { message: "no process for the job became ready".into() };
		while Instant::now() < until {
			if control.is_cancelled() {
				return Err(Failure::Cancelled);
			}
			let next = {
				let ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
				ready.recv_timeout(TURN)
			};
			match next {
				Ok(Ok(child)) => match child.alive() {
					Some(child) => return Ok(child),
					None => continue,
				},
				Ok(Err(error)) => failure = error,
				Err(_) => {}
			}
		}
		Err(failure)
	}

	/// Stops all jobs at their next dispatch boundary, or lets them go on.
	pub fn pause(&self, pause: bool) {
		self.paused.store(pause, Ordering::SeqCst);
	}

	/// What the operating system holds children to.
	pub fn caps(&self) -> Caps {
		self.caps
	}
}

/// How others reach a running job.
#[derive(Debug, Default)]
pub struct Control {
	cancel: AtomicBool,
	suspended: AtomicBool,
}

impl Control {
	/// Ends the job.
	pub fn cancel(&self) {
		self.cancel.store(true, Ordering::Relaxed);
	}

	/// Stops the job at its next dispatch boundary, or lets it go on.
	pub fn suspend(&self, suspend: bool) {
		self.suspended.store(suspend, Ordering::SeqCst);
	}

	/// Whether it is stopped, apart from pauses of its device.
	pub fn is_suspended(&self) -> bool {
		self.suspended.load(Ordering::SeqCst)
	}

	/// Whether it is to end.
	pub fn is_cancelled(&self) -> bool {
		self.cancel.load(Ordering::Relaxed)
	}
}

/// What a job says on its way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Progress {
	/// The first dispatch starts.
	Started,
	/// So many dispatches have ended.
	Dispatches(u64),
	/// It waits, and no dispatch is running.
	Paused,
	/// It goes on; so many milliseconds in all its pauses.
	Resumed(u64),
}

/// A job that ended well.
#[derive(Debug)]
pub struct Finished {
	/// A file for each output, in order, inside of `folder`.
	pub outputs: Vec<PathBuf>,
	/// Milliseconds from being handed over to the first dispatch.
	pub start_ms: f64,
	/// Milliseconds of all submissions, as the job measured it.
	pub kernel_ms: f64,
	/// Milliseconds of all pauses.
	pub paused_ms: u64,
	/// Dispatches that have run.
	pub dispatches: u64,
	/// Whether the outputs are the same on every device.
	pub reproducible: bool,
	/// Which restrictions were in force.
	pub confinement: Confinement,
	/// Deletes the outputs when it is dropped.
	pub folder: Folder,
}

/// A child that has opened its device and waits.
struct Warm {
	process: Process,
	input: ChildStdin,
	events: mpsc::Receiver<io::Result<Event>>,
	confinement: Confinement,
	folder: Folder,
}

/// A process that does not outlive this value.
struct Process {
	child: Child,
	words: Arc<Mutex<VecDeque<u8>>>,
}

impl Process {
	/// Ends it, and says how it had ended if it did so on its own.
	fn end(&mut self) -> Option<ExitStatus> {
		let already = self.child.try_wait().ok().flatten();
		// Killing fails only for what has ended, and waiting only for what was waited for.
		let _ = self.child.kill();
		let _ = self.child.wait();
		already
	}

	fn words(&self) -> String {
		let words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
		String::from_utf8_lossy(&words.iter().copied().collect::<Vec<_>>()).into_owned()
	}
}

impl Drop for Process {
	fn drop(&mut self) {
		self.end();
	}
}

impl Warm {
	fn start(
		launcher: &Launcher,
		adapter: &AdapterId,
		caps: Caps,
		parent: &Path,
	) -> Result<Self, Failure> {
		let failed = |what: &str, error: io::Error| Failure::Worker {
			message: format!("a process for jobs {what}: {error}"),
		};
		let folder = Folder::create(parent).map_err(|error| failed("has no folder", error))?;
		let variables = ENVIRONMENT.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
		let mut child = Command::new(&launcher.program)
			.args(&launcher.arguments)
			.env_clear()
			.envs(variables)
			// A cache on disk would be a way from one tenant to the next.
			.env("MESA_SHADER_CACHE_DISABLE", "true")
			.env("__GL_SHADER_DISK_CACHE", "0")
			.env("CUDA_CACHE_DISABLE", "1")
			.env("HOME", folder.output())
			.env("TMPDIR", folder.output())
			.current_dir(folder.output())
			.stdin(Stdio::piped())
			.stdout(Stdio::piped())
			.stderr(Stdio::piped())
			.spawn()
			.map_err(|error| failed("cannot start", error))?;
		let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
		let words = Arc::new(Mutex::new(VecDeque::new()));
		let process = Process { child, words: words.clone() };
		let (Some(mut input), Some(output), Some(errors)) = pipes else {
			return Err(Failure::Worker { message: "a process for jobs has no pipes".into() });
		};
		std::thread::spawn(move || keep_last(errors, &words));
		let events = listen(output);
		let setup = Setup {
			adapter: adapter.clone(),
			folder: folder.path().into(),
			parent: std::process::id(),
			caps,
		};
		send(&mut input, &setup).map_err(|error| failed("does not listen", error))?;
		match events.recv_timeout(OPEN_LIMIT) {
			Ok(Ok(Event::Ready(confinement))) => {
				Ok(Self { process, input, events, confinement, folder })
			}
			Ok(Ok(Event::Failed(failure))) => Err(failure),
			_ => Err(failed("did not become ready", io::Error::other(process.words()))),
		}
	}

	fn alive(mut self) -> Option<Self> {
		matches!(self.process.child.try_wait(), Ok(None)).then_some(self)
	}

	fn run(
		mut self,
		manifest: &Manifest,
		blob: impl Fn(&Hash) -> Option<PathBuf>,
		control: &Control,
		tell: impl FnMut(Progress),
		sandbox: &Sandbox,
	) -> Result<Finished, Failure> {
		let handed = Instant::now();
		for hash in manifest.blobs() {
			let path = blob(&hash).ok_or(Failure::MissingBlob { hash })?;
			let provided = self.folder.provide(&hash.to_string(), &path);
			provided.map_err(|error| not_provided(hash, &error))?;
		}
		let mut watch = Watch::new(manifest, sandbox.caps, handed);
		let report = match self.follow(manifest, control, tell, &mut watch, &sandbox.paused) {
			Ok(report) => report,
			Err(failure) => return Err(self.explain(failure, manifest)),
		};
		// Only what nobody can write any more is looked at.
		self.process.end();
		let mut outputs = Vec::new();
		for (index, name) in manifest.outputs.iter().enumerate() {
			let size = manifest.buffers.iter().find(|buffer| buffer.name == *name);
			let size = size.map_or(0, |buffer| buffer.size);
			let file = self.folder.output_file(index, size);
			outputs.push(file.map_err(|error| Failure::Crashed { message: error.to_string() })?);
		}
		Ok(Finished {
			outputs,
			start_ms: watch.start_ms,
			kernel_ms: report.kernel_ms,
			paused_ms: watch.paused.as_millis().try_into().unwrap_or(u64::MAX),
			dispatches: report.dispatches.min(manifest.dispatches()),
			reproducible: report.reproducible,
			confinement: self.confinement,
			folder: self.folder,
		})
	}

	/// Follows the child until it has said its last word, or for as long as it may take.
	fn follow(
		&mut self,
		manifest: &Manifest,
		control: &Control,
		mut tell: impl FnMut(Progress),
		watch: &mut Watch,
		paused: &AtomicBool,
	) -> Result<ChildReport, Failure> {
		let gone = |error: io::Error| Failure::Crashed { message: error.to_string() };
		send(&mut self.input, &Order::Run(Box::new(manifest.clone()))).map_err(gone)?;
		let mut pausing = false;
		let allowed = manifest.output_bytes().saturating_add(SPARE);
		let mut looked = Instant::now();
		loop {
			if looked.elapsed() > LOOK {
				looked = Instant::now();
				// Nobody else bounds how many files a driver that was taken over writes.
				if self.folder.written().map_err(gone)? > allowed {
					return Err(gone(io::Error::other("it wrote more than its outputs")));
				}
			}
			if control.is_cancelled() {
				return Err(Failure::Cancelled);
			}
			let pause = paused.load(Ordering::SeqCst) || control.is_suspended();
			if pause != pausing {
				pausing = pause;
				let order = if pause { Order::Pause } else { Order::Resume };
				send(&mut self.input, &order).map_err(gone)?;
				if pause {
					watch.asked();
				} else if let Some(paused_ms) = watch.resumed() {
					tell(Progress::Resumed(paused_ms));
				}
			}
			watch.check()?;
			match self.events.recv_timeout(TICK) {
				Err(RecvTimeoutError::Timeout) => {}
				Ok(Ok(Event::Started)) => {
					watch.started();
					tell(Progress::Started);
				}
				Ok(Ok(Event::Progress(done))) => {
					watch.dispatches = done;
					tell(Progress::Dispatches(done));
				}
				Ok(Ok(Event::Paused)) => {
					if watch.paused() {
						tell(Progress::Paused);
					}
				}
				Ok(Ok(Event::Done(report))) => return Ok(report),
				Ok(Ok(Event::Failed(failure))) => return Err(failure.shortened()),
				Ok(Ok(Event::Ready(_))) => return Err(gone(io::Error::other("it spoke nonsense"))),
				Ok(Err(error)) => return Err(gone(error)),
				Err(RecvTimeoutError::Disconnected) => {
					return Err(gone(io::Error::other("its pipe closed")))
				}
			}
		}
	}

	/// A crash in better words, from how the process ended and what it had printed.
	fn explain(mut self, failure: Failure, manifest: &Manifest) -> Failure {
		if !matches!(failure, Failure::Crashed { .. }) {
			return failure;
		}
		// A process that is ending may need a moment until its status is there.
		let until = Instant::now() + Duration::from_secs(1);
		while matches!(self.process.child.try_wait(), Ok(None)) && Instant::now() < until {
			std::thread::sleep(Duration::from_millis(5));
		}
		let Some(status) = self.process.end() else { return failure };
		std::thread::sleep(Duration::from_millis(20));
		let words = self.process.words();
		tracing::debug!(%status, %words, "a job's process ended in the middle");
		let memory = ["memory allocation of", "out of memory", "bad_alloc", "Out of memory"];
		if memory.iter().any(|sign| words.contains(sign)) {
			return Failure::OutOfMemory;
		}
		if words.contains("has overflowed its stack") {
			return Failure::Shader { message: "the shader is nested too deeply".into() };
		}
		#[cfg(unix)]
		match std::os::unix::process::ExitStatusExt::signal(&status) {
			Some(libc::SIGXCPU) => {
				return Failure::TimeLimit { seconds: manifest.limits.seconds };
			}
			// Not by this process, so it was the system, which does so when memory runs out.
			Some(libc::SIGKILL) => return Failure::OutOfMemory,
			_ => {}
		}
		#[cfg(not(unix))]
		let _ = manifest;
		Failure::Crashed { message: status.to_string() }
	}
}

/// Why a job does not get a blob.
fn not_provided(hash: Hash, error: &io::Error) -> Failure {
	match error.kind() {
		io::ErrorKind::NotFound => Failure::MissingBlob { hash },
		_ => Failure::Worker { message: format!("the blob {hash} cannot be given to it: {error}") },
	}
}

/// The parent's own clocks, for a child that has stopped keeping its own.
struct Watch {
	limit: Duration,
	/// Until the first dispatch; the child's own deadlines are narrower.
	preparation: Duration,
	seconds: u32,
	caps: Caps,
	handed: Instant,
	start_ms: f64,
	running: bool,
	ordered: Option<Instant>,
	since: Option<Instant>,
	paused: Duration,
	dispatches: u64,
}

impl Watch {
	fn new(manifest: &Manifest, caps: Caps, handed: Instant) -> Self {
		let seconds = manifest.limits.seconds.min(caps.seconds);
		let copying = COPY_GRACE + Duration::from_secs(manifest.input_bytes() / COPY_RATE);
		Self {
			limit: Duration::from_secs(seconds.into()),
			preparation: Duration::from_millis(caps.compile_ms) + copying,
			seconds,
			caps,
			handed,
			start_ms: 0.0,
			running: false,
			ordered: None,
			since: None,
			paused: Duration::ZERO,
			dispatches: 0,
		}
	}

	fn started(&mut self) {
		self.start_ms = self.handed.elapsed().as_secs_f64() * 1e3;
		self.running = true;
		// Until now there was nothing to pause; from now on a dispatch may be running.
		if let Some(ordered) = &mut self.ordered {
			*ordered = Instant::now();
		}
	}

	/// A pause was ordered.
	fn asked(&mut self) {
		self.ordered = Some(Instant::now());
	}

	/// The child says that it waits; whether it was asked to. Its word alone stops no clock.
	fn paused(&mut self) -> bool {
		let asked = self.ordered.take().is_some();
		if asked {
			self.since = Some(Instant::now());
		}
		asked
	}

	/// The pause was called off: from now on the job's time runs again, whatever the child does.
	/// Milliseconds of all pauses, if the child had stopped for this one.
	fn resumed(&mut self) -> Option<u64> {
		self.ordered = None;
		self.paused += self.since.take()?.elapsed();
		Some(self.paused.as_millis().try_into().unwrap_or(u64::MAX))
	}

	fn check(&self) -> Result<(), Failure> {
		let waiting = self.since.map_or(Duration::ZERO, |since| since.elapsed());
		let used = self.handed.elapsed().saturating_sub(self.paused + waiting);
		if used > self.limit {
			return Err(Failure::TimeLimit { seconds: self.seconds });
		}
		if !self.running && used > self.preparation {
			return Err(Failure::PreparationTooLong { seconds: self.preparation.as_secs() });
		}
		let limit_ms = self.caps.dispatch_ms;
		let late = Duration::from_millis(limit_ms * IN_FLIGHT as u64 + 1_000);
		match self.ordered {
			Some(at) if self.running && at.elapsed() > late => {
				Err(Failure::DispatchTooLong { dispatch: self.dispatches, limit_ms })
			}
			_ => Ok(()),
		}
	}
}

fn listen(mut output: impl Read + Send + 'static) -> mpsc::Receiver<io::Result<Event>> {
	// Bounded: a child that talks without end waits for the parent.
	let (sender, events) = mpsc::sync_channel(64);
	std::thread::spawn(move || loop {
		let event = receive(&mut output, MAX_EVENT);
		let last = event.is_err();
		if sender.send(event).is_err() || last {
			return;
		}
	});
	events
}

fn keep_last(mut errors: impl Read, words: &Mutex<VecDeque<u8>>) {
	let mut chunk = [0; 1024];
	while let Ok(read @ 1..) = errors.read(&mut chunk) {
		let mut words = words.lock().unwrap_or_else(PoisonError::into_inner);
		words.extend(&chunk[..read]);
		let excess = words.len().saturating_sub(LAST_WORDS);
		words.drain(..excess);
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use serde_json::json;

	const CAPS: Caps = Caps { memory_bytes: 1, seconds: 900, dispatch_ms: 0, compile_ms: 1 };

	/// The clocks of a job of 900 s that has a blob of so many MiB.
	fn starting(mib: u64) -> Watch {
		let blob = Hash([0; 32]);
		let input = json!({ "name": "input", "size": mib << 20, "init": { "blob": blob } });
		let manifest = json!({
			"shader": { "wgsl": "" },
			"buffers": [input],
			"passes": [],
			"outputs": [],
			"limits": { "seconds": 900 },
		});
		let manifest = serde_json::from_value(manifest).expect("it is of the schema");
		Watch::new(&manifest, CAPS, Instant::now())
	}

	fn watch() -> Watch {
		let mut watch = starting(0);
		watch.started();
		watch
	}

	#[test]
	fn slow_preparation_should_not_be_blamed_on_the_limit_of_the_job() {
		let ago =
			|seconds| Instant::now().checked_sub(Duration::from_secs(seconds)).expect("since boot");
		let small = Watch { handed: ago(65), ..starting(0) };
		assert_eq!(small.check(), Err(Failure::PreparationTooLong { seconds: 60 }));
		// 640 MiB have ten seconds more.
		let large = Watch { handed: ago(65), ..starting(640) };
		assert_eq!(large.check(), Ok(()));
		let large = Watch { handed: ago(75), ..starting(640) };
		assert_eq!(large.check(), Err(Failure::PreparationTooLong { seconds: 70 }));
		let late = Watch { handed: ago(75), limit: Duration::from_secs(50), ..starting(640) };
		assert_eq!(late.check(), Err(Failure::TimeLimit { seconds: 900 }));
		let running = Watch { running: true, ..large };
		assert_eq!(running.check(), Ok(()));
	}

	#[test]
	fn full_disk_should_not_be_told_as_a_missing_blob() {
		let hash = Hash([0; 32]);
		let told = |kind: io::ErrorKind| not_provided(hash, &kind.into());
		assert_eq!(told(io::ErrorKind::NotFound), Failure::MissingBlob { hash });
		let full = told(io::ErrorKind::StorageFull);
		assert!(matches!(full, Failure::Worker { message } if message.contains("storage")));
	}

	#[test]
	fn clock_should_go_on_when_a_child_claims_to_be_paused_unasked() {
		let mut watch = watch();
		assert!(!watch.paused() && watch.since.is_none());
		watch.asked();
		assert!(watch.paused());
		// Saying so again changes nothing, and neither does saying it after the end.
		assert!(!watch.paused());
		assert!(watch.resumed().is_some());
		assert!(!watch.paused() && watch.resumed().is_none() && watch.since.is_none());
		watch.asked();
		watch.ordered = Instant::now().checked_sub(Duration::from_millis(1_100));
		assert!(matches!(watch.check(), Err(Failure::DispatchTooLong { .. })));
	}

	#[test]
	fn last_words_should_be_cut_when_a_child_has_many() {
		let long = Failure::Device { message: "é".repeat(100_000) }.shortened();
		assert!(matches!(long, Failure::Device { message } if message.len() == 8_192));
	}
}
