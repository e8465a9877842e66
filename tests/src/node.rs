//! A real node process on a chain of its own.

use std::{path::PathBuf, time::Duration};

use crate::{
	chain::Chain,
	process::{binary, command, free_port, Output, Process},
};

/// How long a node may take until it answers.
const START_LIMIT: Duration = Duration::from_secs(60);

/// Who a node is: a well-known validator, or a name without keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
	/// The flag that names the node, such as `--bob`, which gives it the session keys of //Bob, too.
	pub flag: &'static str,
	/// The node's key in the network.
	pub number: u8,
}

impl Identity {
	/// //Alice, whose node has the first number.
	pub const ALICE: Self = Self { flag: "--alice", number: 1 };
}

impl Default for Identity {
	fn default() -> Self {
		Self::ALICE
	}
}

/// How to start a node.
#[derive(Debug, Clone, Default)]
pub struct NodeOptions {
	/// Time between blocks; without it the chain's own slots pass in real time.
	pub block_time_ms: Option<u32>,
	/// A chain specification, instead of the development chain.
	pub chain: Option<PathBuf>,
	/// Who it is on the chain of a specification.
	pub identity: Identity,
	/// The core to run on.
	pub core: Option<usize>,
	/// More arguments.
	pub arguments: Vec<String>,
}

/// A node process with a database in a folder of the test.
#[derive(Debug)]
pub struct Node {
	process: Process,
	folder: PathBuf,
	options: NodeOptions,
	rpc_port: u16,
	network_port: u16,
}

impl Node {
	/// Starts a validator, //Alice unless the options say otherwise, and waits until it answers.
	pub async fn start(folder: PathBuf, options: NodeOptions) -> Self {
		std::fs::create_dir_all(&folder).expect("a folder for the node");
		let (rpc_port, network_port) = (free_port(), free_port());
		let process = Self::spawn(&folder, &options, rpc_port, network_port);
		let mut node = Self { process, folder, options, rpc_port, network_port };
		node.wait_until_up().await;
		node
	}

	fn spawn(folder: &PathBuf, options: &NodeOptions, rpc: u16, network: u16) -> Process {
		let mut command = command(binary("assay-node"), options.core);
		match &options.chain {
			Some(chain) => command
				.arg("--chain")
				.arg(chain)
				.args([options.identity.flag, "--validator", "--force-authoring"])
				// A validator wants a lasting identity.
				.args(["--node-key", &format!("{:064x}", options.identity.number)]),
			None => command.arg("--dev"),
		};
		command.arg("--base-path").arg(folder);
		command.args(["--rpc-port", &rpc.to_string(), "--port", &network.to_string()]);
		// States of all blocks are kept, since tests read the events of old blocks.
		command.args(["--no-prometheus", "--no-telemetry", "--state-pruning", "archive"]);
		if let Some(milliseconds) = options.block_time_ms {
			command.args(["--block-time-ms", &milliseconds.to_string()]);
		}
		command.args(&options.arguments);
		Process::spawn("assay-node", &mut command, &folder.join("node.log"))
	}

	async fn wait_until_up(&mut self) {
		let start = std::time::Instant::now();
		loop {
			if Chain::try_connect(&self.url()).await.is_some() {
				return;
			}
			assert!(self.process.is_running(), "the node stopped while starting");
			assert!(start.elapsed() < START_LIMIT, "the node did not answer in {START_LIMIT:?}");
			tokio::time::sleep(Duration::from_millis(100)).await;
		}
	}

	/// Where its RPC answers.
	pub fn url(&self) -> String {
		format!("ws://127.0.0.1:{}", self.rpc_port)
	}

	/// Port of its RPC.
	pub fn rpc_port(&self) -> u16 {
		self.rpc_port
	}

	/// Port on which it listens for other nodes.
	pub fn network_port(&self) -> u16 {
		self.network_port
	}

	/// Stops the process in its tracks, as an overloaded machine would.
	pub fn pause(&self) {
		self.process.signal("-STOP");
	}

	/// Lets a paused process go on.
	pub fn resume(&self) {
		self.process.signal("-CONT");
	}

	/// A client of it.
	pub async fn chain(&self) -> Chain {
		Chain::connect(&self.url()).await
	}

	/// `kill -9`.
	pub fn kill(&mut self) {
		self.process.kill();
	}

	/// Starts it again on the same database and ports, and waits until it answers.
	pub async fn restart(&mut self) {
		self.process = Self::spawn(&self.folder, &self.options, self.rpc_port, self.network_port);
		self.wait_until_up().await;
	}

	/// Asks it to stop and waits for it.
	pub fn stop(&mut self) -> std::process::ExitStatus {
		self.process.stop(Duration::from_secs(30))
	}

	/// All that it has logged.
	pub fn log(&self) -> String {
		self.process.log()
	}
}

/// Runs the node's binary to its end.
pub fn run_node(arguments: &[&str], limit: Duration) -> Output {
	crate::process::run(command(binary("assay-node"), None).args(arguments), limit)
}

/// Writes the specification of a development chain whose genesis is merged with `patch`, and
/// returns where.
pub fn patched_specification(folder: &std::path::Path, patch: &serde_json::Value) -> PathBuf {
	let patch_file = folder.join("patch.json");
	std::fs::write(&patch_file, patch.to_string()).expect("a file in the test's folder");
	let specification = folder.join("specification.json");
	let output = run_node(
		&[
			"export-chain-spec",
			"--chain",
			"dev",
			"--patch",
			&patch_file.to_string_lossy(),
			"--output",
			&specification.to_string_lossy(),
		],
		Duration::from_secs(60),
	);
	assert!(output.success, "export-chain-spec failed: {}", output.stderr);
	specification
}

/// Writes the specification of a development chain whose rounds follow each other as closely as the
/// rules allow, so that ten of them take seconds, and returns where.
pub fn close_rounds(folder: &std::path::Path) -> PathBuf {
	rounds(folder, 8, 12, 40)
}

/// Writes the specification of a development chain that waits long for openings, and returns where:
/// a worker that is killed between its commitment and its reveal still reveals when it is back.
pub fn patient_rounds(folder: &std::path::Path) -> PathBuf {
	rounds(folder, 5, 20, 50)
}

fn rounds(folder: &std::path::Path, window: u32, mean_gap: u32, reveal_window: u32) -> PathBuf {
	let parameters = serde_json::json!({
		"window": window, "grace": 2, "minimumGap": 12, "meanGap": mean_gap, "delay": 2,
		"revealWindow": reveal_window, "auditBudget": 512, "samples": 4,
		"colludingAuthors": { "num": 1, "den": 3 }, "deterrence": 2,
	});
	let patch = serde_json::json!({ "proofOfFlops": { "parameters": parameters } });
	patched_specification(folder, &patch)
}
