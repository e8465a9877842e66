//! Child processes that never outlive a test and whose logs are shown when it fails.

use std::{
	ffi::OsStr,
	fs::File,
	path::{Path, PathBuf},
	process::{Child, Command, ExitStatus, Stdio},
	time::{Duration, Instant},
};

/// Lines of a child's log that are shown when a test fails.
const SHOWN_LINES: usize = 60;

/// A child process with its log file. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
	name: String,
	child: Child,
	log: PathBuf,
}

impl Process {
	/// Starts `command` with its output appended to `log`.
	pub fn spawn(name: &str, command: &mut Command, log: &Path) -> Self {
		let output = File::options()
			.create(true)
			.append(true)
			.open(log)
			.unwrap_or_else(|error| panic!("{} cannot be written: {error}", log.display()));
		let errors = output.try_clone().expect("a second handle of an open file");
		let child = command
			.stdin(Stdio::null())
			.stdout(output)
			.stderr(errors)
			.spawn()
			.unwrap_or_else(|error| panic!("{name} did not start: {error}"));
		Self { name: name.to_owned(), child, log: log.to_owned() }
	}

	/// Identifier of the process.
	pub fn id(&self) -> u32 {
		self.child.id()
	}

	/// Whether it is still running.
	pub fn is_running(&mut self) -> bool {
		matches!(self.child.try_wait(), Ok(None))
	}

	/// `kill -9`: the process gets no chance to write anything more.
	pub fn kill(&mut self) {
		// Fails only when the process is gone already, which is what was asked for.
		let _ = self.child.kill();
		let _ = self.child.wait();
	}

	/// Asks the process to stop and waits for it.
	///
	/// # Panics
	/// When it is still running after `limit`.
	pub fn stop(&mut self, limit: Duration) -> ExitStatus {
		self.signal("-TERM");
		self.wait(limit)
	}

	/// Sends a signal, such as `-INT`.
	pub fn signal(&self, signal: &str) {
		let status = Command::new("kill").args([signal, &self.id().to_string()]).status();
		assert!(status.is_ok_and(|status| status.success()), "{} got no {signal}", self.name);
	}

	/// Makes its threads, and those that they start from now on, nicer by three: beside an equal on
	/// the same core, which had as much of it, the process has half as much.
	pub fn halve(&self) {
		let threads = std::fs::read_dir(format!("/proc/{}/task", self.id()))
			.unwrap_or_else(|error| panic!("{} is gone: {error}", self.name))
			.map(|thread| thread.expect("a readable folder").file_name());
		let mut renice = Command::new("renice");
		// By so much, not to so much.
		renice.env("POSIXLY_CORRECT", "1").args(["-n", "3", "-p"]).args(threads);
		let output = run(&mut renice, Duration::from_secs(10));
		// A thread may have ended in the meantime.
		let gone = output.stderr.lines().all(|line| line.ends_with("No such process"));
		assert!(output.success || gone, "{} keeps its priority: {}", self.name, output.stderr);
	}

	/// Waits for the process to end by itself.
	///
	/// # Panics
	/// When it is still running after `limit`.
	pub fn wait(&mut self, limit: Duration) -> ExitStatus {
		let start = Instant::now();
		loop {
			if let Some(status) = self.child.try_wait().expect("a child can be waited for") {
				return status;
			}
			assert!(start.elapsed() < limit, "{} was still running after {limit:?}", self.name);
			std::thread::sleep(Duration::from_millis(50));
		}
	}

	/// All that the process has written so far.
	pub fn log(&self) -> String {
		String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
	}
}

impl Drop for Process {
	fn drop(&mut self) {
		self.kill();
		if std::thread::panicking() {
			let log = self.log();
			let lines: Vec<_> = log.lines().collect();
			let tail = lines.get(lines.len().saturating_sub(SHOWN_LINES)..).unwrap_or_default();
			eprintln!("--- end of the log of {} ---\n{}\n---", self.name, tail.join("\n"));
		}
	}
}

/// What a command that runs to its end has said.
#[derive(Debug)]
pub struct Output {
	/// Whether its exit code was zero.
	pub success: bool,
	/// Its exit code, if it was not killed.
	pub code: Option<i32>,
	/// Standard output.
	pub stdout: String,
	/// Standard error.
	pub stderr: String,
}

/// Runs a command to its end.
///
/// # Panics
/// When it is still running after `limit`, or was not found.
pub fn run(command: &mut Command, limit: Duration) -> Output {
	let folder = tempfile::tempdir().expect("a temporary folder");
	let file = |name: &str| {
		let path = folder.path().join(name);
		(File::create(&path).expect("a file in a new folder"), path)
	};
	let ((stdout, stdout_path), (stderr, stderr_path)) = (file("stdout"), file("stderr"));
	let name = command.get_program().to_string_lossy().into_owned();
	let child = command
		.stdin(Stdio::null())
		.stdout(stdout)
		.stderr(stderr)
		.spawn()
		.unwrap_or_else(|error| panic!("{name} did not start: {error}"));
	let mut process = Process { name, child, log: stderr_path.clone() };
	let status = process.wait(limit);
	let read = |path: &Path| {
		String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
	};
	Output {
		success: status.success(),
		code: status.code(),
		stdout: read(&stdout_path),
		stderr: read(&stderr_path),
	}
}

/// A command for `program`, on one core when `core` says so.
pub fn command(program: impl AsRef<OsStr>, core: Option<usize>) -> Command {
	match core {
		Some(core) => {
			let mut command = Command::new("taskset");
			command.args(["--cpu-list", &core.to_string()]).arg(program);
			command
		}
		None => Command::new(program),
	}
}

/// Where a binary of this workspace was built: beside the test that runs.
///
/// # Panics
/// When it was not built.
pub fn binary(name: &str) -> PathBuf {
	let test = std::env::current_exe().expect("a running test has a path");
	let folder = test.ancestors().nth(2).expect("tests are in target/<profile>/deps");
	let path = folder.join(name);
	assert!(
		path.exists(),
		"{} is missing: run `cargo build --release --workspace --bins --examples` first",
		path.display()
	);
	path
}

/// The root of the repository.
pub fn repository() -> PathBuf {
	// Asked at run time: checkouts that share a target directory share the compiled tests too.
	let folder = std::env::var_os("CARGO_MANIFEST_DIR");
	let folder = folder.map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
	folder.parent().expect("this crate is a folder of the repository").to_owned()
}

/// A port on which nothing listens.
pub fn free_port() -> u16 {
	let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("some port is free");
	listener.local_addr().expect("a bound socket has an address").port()
}
