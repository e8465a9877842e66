//! The commands in the documentation, found and run as a reader would.
//!
//! A fenced block with commands is marked `sh test`. One more word says how it runs: `background`
//! for what goes on until the reader stops it, `eventually` for what succeeds after a while.

use std::{
	fs,
	path::{Path, PathBuf},
	process::Command,
	time::{Duration, Instant},
};

use crate::process::{binary, free_port, repository, run, Process};

/// Time that a block may take, and that one may take to succeed at last.
const BLOCK_LIMIT: Duration = Duration::from_secs(180);

/// Commands that have tests of their own; of these the documentation test runs `--help`.
pub const TESTED_ELSEWHERE: [&str; 2] = ["./scripts/demo", "./scripts/test"];

/// How a block is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
	/// It ends by itself, with success.
	Once,
	/// It goes on until the end of the page.
	Background,
	/// It is tried again until it succeeds.
	Eventually,
}

/// A fenced block of commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
	/// Line of its fence, from 1.
	pub line: usize,
	/// How to run it.
	pub mode: Mode,
	/// The commands.
	pub script: String,
}

/// The blocks of a page that hold commands.
///
/// # Errors
/// A fence of shell commands that no test would run, or one that is never closed.
pub fn blocks(page: &str) -> Result<Vec<Block>, String> {
	let mut found = Vec::new();
	let mut open: Option<(usize, String, Vec<&str>)> = None;
	for (number, line) in (1..).zip(page.lines()) {
		let fence = line.trim_start().strip_prefix("```");
		match (&mut open, fence) {
			(None, Some(kind)) => open = Some((number, kind.trim().to_owned(), Vec::new())),
			(Some((_, _, lines)), None) => lines.push(line),
			(Some(_), Some("")) => {
				let (line, kind, lines) = open.take().unwrap_or_default();
				let words: Vec<_> = kind.split_whitespace().collect();
				let mode = match words.as_slice() {
					["sh", "test"] => Mode::Once,
					["sh", "test", "background"] => Mode::Background,
					["sh", "test", "eventually"] => Mode::Eventually,
					["sh" | "bash" | "shell" | "console", ..] => {
						return Err(format!("line {line}: commands that no test runs: ```{kind}"));
					}
					[] => return Err(format!("line {line}: a fence that says no language")),
					_ => continue,
				};
				found.push(Block { line, mode, script: lines.join("\n") });
			}
			(Some(_), Some(kind)) => return Err(format!("line {number}: a fence inside: {kind}")),
			(None, None) => (),
		}
	}
	match open {
		Some((line, ..)) => Err(format!("line {line}: a fence that is never closed")),
		None => Ok(found),
	}
}

/// A reader at a shell: a home folder of its own and a node on ports of its own.
#[derive(Debug)]
pub struct Reader {
	home: PathBuf,
	url: String,
	background: Vec<Process>,
}

impl Reader {
	/// Prepares a shell in `folder`, where `assay-node --dev` takes free ports.
	pub fn new(folder: &Path) -> Self {
		let home = folder.join("home");
		let shims = folder.join("bin");
		fs::create_dir_all(&home).expect("the folder is writable");
		fs::create_dir_all(&shims).expect("the folder is writable");
		let port = free_port();
		let flags =
			format!("--rpc-port {port} --port {} --no-prometheus --no-telemetry", free_port());
		let node = binary("assay-node");
		let shim = format!(
			"#!/bin/sh\ncase $1 in --dev) exec '{0}' \"$@\" {flags} ;; *) exec '{0}' \"$@\" ;; esac\n",
			node.display()
		);
		let path = shims.join("assay-node");
		fs::write(&path, shim).expect("the folder is writable");
		use std::os::unix::fs::PermissionsExt;
		fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("our own file");
		std::os::unix::fs::symlink(binary("assay"), shims.join("assay")).expect("a new name");
		Self { home, url: format!("ws://127.0.0.1:{port}"), background: Vec::new() }
	}

	/// Where the node that the reader starts answers.
	pub fn url(&self) -> &str {
		&self.url
	}

	fn shell(&self, script: &str) -> Command {
		let old_home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
		let keep = |name: &str, folder: &str| {
			std::env::var_os(name).unwrap_or_else(|| old_home.join(folder).into())
		};
		let path = std::env::var("PATH").unwrap_or_default();
		let shims = self.home.with_file_name("bin");
		// Cargo tells its tests about themselves; a reader's cargo must not hear of it.
		let inherited =
			std::env::vars_os().filter(|(name, _)| !name.to_string_lossy().starts_with("CARGO_"));
		let mut command = Command::new("bash");
		command
			.args(["-euo", "pipefail", "-c", script])
			.current_dir(repository())
			.env_clear()
			.envs(inherited)
			.env("HOME", &self.home)
			.env("CARGO_HOME", keep("CARGO_HOME", ".cargo"))
			.env("RUSTUP_HOME", keep("RUSTUP_HOME", ".rustup"))
			.env("ASSAY_CACHE", keep("ASSAY_CACHE", ".cache/assay"))
			.env("CARGO_TARGET_DIR", target_folder())
			.env("PATH", format!("{}:{path}", shims.display()))
			.env("ASSAY_RPC", &self.url)
			.env("ASSAY_METRICS", "off")
			.env("LP_NUM_THREADS", "1");
		command
	}

	/// Runs one block.
	pub fn follow(&mut self, page: &str, block: &Block) {
		let place = format!("{page}:{}", block.line);
		let script = block.script.trim();
		let script = match TESTED_ELSEWHERE.iter().find(|command| **command == script) {
			Some(command) => format!("{command} --help"),
			None => script.to_owned(),
		};
		if block.mode == Mode::Background {
			let number = self.background.len();
			let log = self.home.join(format!("background-{number}.log"));
			let mut command = self.shell(&format!("exec {script}"));
			self.background.push(Process::spawn(&place, &mut command, &log));
			std::thread::sleep(Duration::from_millis(500));
		} else {
			let start = Instant::now();
			loop {
				let output = run(&mut self.shell(&script), BLOCK_LIMIT);
				if output.success {
					break;
				}
				let again = block.mode == Mode::Eventually && start.elapsed() < BLOCK_LIMIT;
				assert!(
					again,
					"{place} failed with {:?}:\n{script}\n{}{}",
					output.code, output.stdout, output.stderr
				);
				std::thread::sleep(Duration::from_secs(1));
			}
		}
		for process in &mut self.background {
			assert!(process.is_running(), "something in the background ended before {place}");
		}
	}
}

/// `target`, of which the tests' binaries are in `release`.
fn target_folder() -> PathBuf {
	let release = binary("assay-node");
	release.ancestors().nth(2).expect("binaries are in target/release").to_owned()
}
