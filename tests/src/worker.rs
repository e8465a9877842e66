//! Real worker processes, honest and not, and the operators they belong to.

use std::{
	path::{Path, PathBuf},
	process::Command,
	time::Duration,
};

use serde_json::Value as Json;
use subxt::{dynamic::Value, ext::scale_value::Composite};
use subxt_signer::sr25519::Keypair;

use crate::{
	chain::Chain,
	process::{binary, command, run, Output, Process},
};

/// Units of one ASY.
pub const ASY: u128 = 1_000_000_000_000;
/// Time that a command of the worker may take.
const COMMAND_LIMIT: Duration = Duration::from_secs(60);

/// How a worker behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
	/// The worker as it is shipped.
	Honest,
	/// Commits to tiles of zeros, and opens them.
	WrongValues,
	/// Claims twice the tiles that it has computed.
	DoubleClaim,
	/// Commits, and never reveals.
	Silent,
}

impl Behaviour {
	/// What the dishonest worker calls it.
	fn name(self) -> Option<&'static str> {
		match self {
			Self::Honest => None,
			Self::WrongValues => Some("wrong-values"),
			Self::DoubleClaim => Some("double-claim"),
			Self::Silent => Some("silent"),
		}
	}
}

/// What an operator has on chain: one worker with one device.
#[derive(Debug, Clone)]
pub struct Registration {
	/// Id of the worker.
	pub worker: u64,
	/// The operator, to which credits are paid.
	pub operator: [u8; 32],
	/// Seed of the worker's hot key.
	seed: [u8; 32],
}

fn bytes(bytes: &[u8]) -> Value {
	Value::from_bytes(bytes)
}

fn call(name: &str, arguments: Vec<Value>) -> Value {
	// As an argument of a batch: the pallet's call enumeration inside of the runtime's.
	Value::unnamed_variant("Operators", [Value::variant(name, Composite::Unnamed(arguments))])
}

fn id(account: [u8; 32]) -> Value {
	Value::unnamed_variant("Id", [bytes(&account)])
}

/// Registers `owner` as an operator, all of whose stake is for proof of FLOPS, with one worker, one
/// device and a float for its hot key.
pub async fn register(chain: &Chain, owner: &Keypair, number: u8) -> Registration {
	register_for(chain, owner, number, &[("Flops", 1_000_000)]).await
}

/// Registers `owner` with shares of its stake for services, in parts in a million.
pub async fn register_for(
	chain: &Chain,
	owner: &Keypair,
	number: u8,
	shares: &[(&str, u128)],
) -> Registration {
	let operator = owner.public_key().0;
	let seed = [number; 32];
	let key = Keypair::from_secret_key(seed).expect("any 32 bytes are a seed").public_key().0;
	let worker = match chain.stored("Operators", "NextWorkerId", vec![]).await {
		Some(next) => next.as_u128().expect("an id is a number"),
		None => 0,
	};
	let transfer = Value::unnamed_variant(
		"Balances",
		[Value::variant(
			"transfer_keep_alive",
			Composite::Unnamed(vec![id(key), Value::u128(100 * ASY)]),
		)],
	);
	let shares = shares.iter().map(|(service, share)| {
		Value::unnamed_composite([Value::unnamed_variant(*service, []), Value::u128(*share)])
	});
	// The outer composite is the bounded vector.
	let allocations = Value::unnamed_composite([Value::unnamed_composite(shares)]);
	let calls = [
		call("register", vec![bytes(&operator), allocations]),
		call("add_worker", vec![bytes(&key)]),
		// F1: what a device is called earns nothing.
		call("add_device", vec![Value::u128(worker), bytes(b"NVIDIA H200, 141 GB")]),
		transfer,
	];
	chain.submit("Utility", "batch_all", vec![Value::unnamed_composite(calls)], owner).await;
	Registration { worker: u64::try_from(worker).expect("an id has 64 bits"), operator, seed }
}

/// A worker process with a folder of its own.
#[derive(Debug)]
pub struct Worker {
	process: Process,
	folder: PathBuf,
	url: String,
	behaviour: Behaviour,
	core: Option<usize>,
}

impl Worker {
	/// Starts a worker for a registration, on Mesa's CPU driver.
	pub fn start(
		folder: PathBuf,
		url: &str,
		registration: &Registration,
		behaviour: Behaviour,
		core: Option<usize>,
	) -> Self {
		std::fs::create_dir_all(&folder).expect("a folder for the worker");
		write_private(&folder.join("worker.key"), &hex::encode(registration.seed));
		let process = Self::spawn(&folder, url, behaviour, core);
		Self { process, folder, url: url.to_owned(), behaviour, core }
	}

	fn spawn(folder: &Path, url: &str, behaviour: Behaviour, core: Option<usize>) -> Process {
		let name = match behaviour {
			Behaviour::Honest => "assay",
			_ => "assay-byzantine",
		};
		let mut command = command(binary(name), core);
		settings(&mut command, folder, url);
		if let Some(behaviour) = behaviour.name() {
			command.env("ASSAY_BEHAVIOUR", behaviour);
		}
		command.args(["worker", "run"]);
		Process::spawn(name, &mut command, &folder.join("worker.log"))
	}

	/// Whether it is still running.
	pub fn is_running(&mut self) -> bool {
		self.process.is_running()
	}

	/// `kill -9`.
	pub fn kill(&mut self) {
		self.process.kill();
	}

	/// Leaves it half of the core that it shares with its equals.
	pub fn halve(&self) {
		self.process.halve();
	}

	/// Starts it again in the same folder.
	pub fn restart(&mut self) {
		self.process = Self::spawn(&self.folder, &self.url, self.behaviour, self.core);
	}

	/// Asks it to stop and waits for it.
	pub fn stop(&mut self) -> std::process::ExitStatus {
		self.process.stop(Duration::from_secs(30))
	}

	/// All that it has logged.
	pub fn log(&self) -> String {
		self.process.log()
	}

	/// Runs `assay` with this worker's settings, and returns what it says in JSON.
	pub fn json(&self, arguments: &[&str]) -> Json {
		parse(arguments, &assay(&self.folder, &self.url, arguments))
	}
}

/// What a command that has to succeed says in JSON.
pub fn assay_json(folder: &Path, url: &str, arguments: &[&str]) -> Json {
	parse(arguments, &assay(folder, url, &[arguments, &["--json"]].concat()))
}

fn parse(arguments: &[&str], output: &Output) -> Json {
	assert!(output.success, "assay {arguments:?}: {}{}", output.stdout, output.stderr);
	serde_json::from_str(&output.stdout)
		.unwrap_or_else(|error| panic!("assay {arguments:?}: {error}: {}", output.stdout))
}

/// Starts the command line, to be waited for later.
pub fn assay_in_background(folder: &Path, url: &str, arguments: &[&str], log: &Path) -> Process {
	let mut command = command(binary("assay"), None);
	settings(&mut command, folder, url);
	Process::spawn("assay", command.args(arguments), log)
}

/// Runs the command line of the worker to its end.
pub fn assay(folder: &Path, url: &str, arguments: &[&str]) -> Output {
	let mut command = command(binary("assay"), None);
	settings(&mut command, folder, url);
	run(command.args(arguments), COMMAND_LIMIT)
}

fn settings(command: &mut Command, folder: &Path, url: &str) {
	command
		.env("ASSAY_RPC", url)
		.env("ASSAY_BASE_PATH", folder)
		.env("ASSAY_ALLOW_CPU", "true")
		.env("ASSAY_METRICS", "off")
		.env("HOME", folder)
		// The driver uses one thread, so that cores can be given to processes.
		.env("LP_NUM_THREADS", "1");
}

/// Writes a file that only its owner may read.
pub fn write_private(path: &Path, content: &str) {
	use std::{
		fs::{remove_file, OpenOptions},
		io::Write,
		os::unix::fs::OpenOptionsExt,
	};
	// There is none the first time.
	let _ = remove_file(path);
	OpenOptions::new()
		.create_new(true)
		.write(true)
		.mode(0o600)
		.open(path)
		.and_then(|mut file| file.write_all(content.as_bytes()))
		.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
