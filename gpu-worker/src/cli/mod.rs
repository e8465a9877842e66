//! The command line. Results go to standard output, as text or with `--json` as one JSON value;
//! logs go to standard error.

mod amounts;
mod compute;
mod market;
mod operator;
mod panel;
mod plan;
mod signing;

pub use amounts::{
	amount, blocks, parse_account, parse_allocations, parse_amount, parse_service, parse_share,
	share, units, Allocations,
};
pub(crate) use market::parse_memory;
use market::{hourly, money, table};

use crate::{
	chain::Chain,
	config::{Config, Settings},
	doctor, gpu, keys,
	roles::{
		prover::strategy::{Honest, Strategy},
		provider::SANDBOX,
	},
	stop::Stop,
	Error, Exit, Worker,
};
use clap::{Parser, Subcommand};
use serde_json::{json, Value};
use std::{path::PathBuf, process::ExitCode, sync::Arc};

/// Runs a worker of the Assay network and everything around it.
///
/// Settings come from a TOML file (worker.toml in the base path, or --config), then from ASSAY_*
/// environment variables, then from flags; the later one wins.
#[derive(Parser, Debug)]
#[command(name = "assay", version, after_help = EXIT_CODES)]
struct Cli {
	#[command(subcommand)]
	command: Command,
	/// Configuration file [environment: ASSAY_CONFIG]
	#[arg(long, global = true, value_name = "FILE")]
	config: Option<PathBuf>,
	/// Print one JSON value instead of text
	#[arg(long, global = true)]
	json: bool,
	/// What to log, as in "info" or "assay_worker=debug" [environment: ASSAY_LOG]
	#[arg(long, global = true, value_name = "FILTER")]
	log: Option<String>,
	#[command(flatten)]
	settings: Settings,
}

const EXIT_CODES: &str = "Exit codes:
  0  success, or a graceful stop by a signal
  1  unexpected failure inside the worker
  2  the command line could not be understood, or a price was not confirmed
  3  the configuration or a key file is wrong
  4  the chain cannot be reached or does not answer in time
  5  wrong chain, unsupported runtime, or finality went back
  6  no usable device, or it failed for good
  7  the chain refused a transaction, or knows no such worker
  8  the store is in use, damaged, or cannot be written
  9  doctor found at least one failure
  10 the worker of a lease cannot be reached, or it refuses
  11 the job failed, or was cancelled
  130 `run` was interrupted before the results were there";

/// How often `bench` measures; it shows the best.
const BENCH_RUNS: u32 = 3;

#[derive(Subcommand, Debug)]
enum Command {
	/// Check everything that a worker needs, with a fix for every failure
	Doctor,
	/// Make a key, or show the public half of one
	#[command(subcommand)]
	Keys(Keys),
	/// Manage an operator: stake, delegators, allocations, workers, validating
	Operator(operator::Args),
	#[command(flatten)]
	Market(market::Command),
	#[command(flatten)]
	Compute(compute::Command),
	/// Run a worker, or show how it is doing
	#[command(subcommand)]
	Worker(WorkerCommand),
	/// Measure a device, without the chain
	Bench,
}

#[derive(Subcommand, Debug)]
enum Keys {
	/// Make a new key in --key-file (mode 0600); an existing file is never overwritten
	Generate,
	/// Show address and public key; never the secret
	Show,
}

#[derive(Subcommand, Debug)]
enum WorkerCommand {
	/// Compute, commit and open until stopped by Ctrl-C or SIGTERM; with --provider, serve leases
	Run,
	/// Show round, capacity, buffer, credits, the next step, and whether it is paid
	Status {
		/// Id of the worker; without it, the worker of the key
		#[arg(long)]
		worker: Option<u64>,
	},
}

/// The `assay` command: parses the arguments, does what they say, and returns the exit code.
pub fn run_cli() -> ExitCode {
	run_cli_with(|| Arc::new(Honest))
}

/// The `assay` command with another behaviour of its prover. For tests of the chain's defences.
pub fn run_cli_with(strategy: impl FnOnce() -> Arc<dyn Strategy>) -> ExitCode {
	// Before anything else: this process is one job's, and reads no settings.
	if std::env::args_os().skip(1).eq([SANDBOX]) {
		return assay_compute::sandbox::child_main();
	}
	let cli = match Cli::try_parse() {
		Ok(cli) => cli,
		Err(error) => {
			// Help and version are no errors; clap knows which stream each belongs to.
			let _ = error.print();
			return if error.use_stderr() { Exit::Usage } else { Exit::Success }.into();
		}
	};
	start_logging(cli.log.as_deref());
	let runtime =
		match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
			Ok(runtime) => runtime,
			Err(cause) => {
				let error = Error::System { doing: "starting the runtime", cause };
				return report(&error, cli.json);
			}
		};
	let json = cli.json;
	let result = runtime.block_on(run(cli, strategy));
	// A thread that hangs in a driver must not keep the process from ending.
	runtime.shutdown_timeout(std::time::Duration::from_secs(2));
	match result {
		Ok(exit) => exit.into(),
		Err(error) => report(&error, json),
	}
}

fn start_logging(filter: Option<&str>) {
	use tracing_subscriber::EnvFilter;
	const QUIET: &str = "info,wgpu_core=warn,wgpu_hal=error,naga=warn,subxt=warn,jsonrpsee=warn,\
		prometheus=warn";
	let wanted = filter.map(str::to_string).or_else(|| std::env::var("ASSAY_LOG").ok());
	let filter = wanted
		.and_then(|filter| EnvFilter::try_new(filter).ok())
		.unwrap_or_else(|| EnvFilter::new(QUIET));
	let _ = tracing_subscriber::fmt()
		.with_env_filter(filter)
		.with_writer(std::io::stderr)
		.with_target(false)
		.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
		.try_init();
}

fn report(error: &Error, json: bool) -> ExitCode {
	if json {
		show(&error.json());
	} else {
		// A worker may have chosen these words.
		let (cause, fix) = (printable_lines(&error.to_string()), printable_lines(&error.fix()));
		eprintln!("error [{}]: {cause}\n  fix: {fix}", error.code());
	}
	error.exit().into()
}

/// A stranger's words without what could play tricks on a terminal, such as a cell of a table.
fn printable(text: &str) -> String {
	text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// The same for words that may take several lines.
fn printable_lines(text: &str) -> String {
	text.lines().map(printable).collect::<Vec<_>>().join("\n")
}

/// Prints a line, and does not fail when nobody reads it any more.
fn line(text: impl std::fmt::Display) {
	use std::io::Write;
	let _ = writeln!(std::io::stdout(), "{text}");
}

fn show(value: &Value) {
	line(serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string()));
}

async fn run(cli: Cli, strategy: impl FnOnce() -> Arc<dyn Strategy>) -> Result<Exit, Error> {
	let lookup = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
	let config = Config::load(cli.config.as_deref(), lookup, cli.settings)?;
	match cli.command {
		Command::Doctor => {
			let checks = doctor::examine(&config).await;
			if cli.json {
				show(&doctor::to_json(&checks));
			} else {
				line(doctor::to_text(&checks));
			}
			return Ok(if doctor::is_healthy(&checks) { Exit::Success } else { Exit::Unhealthy });
		}
		Command::Keys(Keys::Generate) => {
			let account = keys::generate(&config.key_file)?;
			show_key(&config, &account, cli.json);
		}
		Command::Keys(Keys::Show) => {
			let account = keys::account(&keys::load(&config.key_file)?);
			show_key(&config, &account, cli.json);
		}
		Command::Operator(args) => operator::run(&config, args, cli.json).await?,
		Command::Market(command) => market::run(&config, command, cli.json).await?,
		Command::Compute(command) => compute::run(&config, command, cli.json).await?,
		Command::Worker(WorkerCommand::Run) => {
			let stop = Stop::on_signals()
				.map_err(|cause| Error::System { doing: "listening for signals", cause })?;
			Worker::new(config).with_strategy(strategy()).run(stop).await?;
		}
		Command::Worker(WorkerCommand::Status { worker }) => {
			let panel = panel::read(&config, worker).await?;
			if cli.json {
				show(&panel.json());
			} else {
				line(panel.text());
			}
		}
		Command::Bench => bench(&config, cli.json).await?,
	}
	Ok(Exit::Success)
}

fn show_key(config: &Config, account: &crate::chain::AccountId, json: bool) {
	let public = format!("0x{}", hex::encode(account.0));
	if json {
		show(&json!({
			"file": config.key_file,
			"address": account.to_string(),
			"public_key": public,
		}));
	} else {
		line(format!(
			"file        {}\naddress     {account}\npublic key  {public}",
			config.key_file.display()
		));
	}
}

async fn bench(config: &Config, json: bool) -> Result<(), Error> {
	let allow_cpu = config.allow_cpu;
	let mut results = Vec::new();
	for (index, selection) in config.devices.clone() {
		let measured = tokio::task::spawn_blocking(move || {
			let mut engine = gpu::Engine::new(&selection, allow_cpu)?;
			engine.self_test()?;
			gpu::bench(&mut engine, BENCH_RUNS)
		})
		.await;
		let benchmark = measured.map_err(|cause| Error::System {
			doing: "measuring the device",
			cause: std::io::Error::other(cause),
		})??;
		results.push((index, benchmark));
	}
	if json {
		let list: Vec<Value> = results
			.iter()
			.map(|(index, benchmark)| json!({ "device": index, "benchmark": benchmark }))
			.collect();
		show(&Value::Array(list));
	} else {
		for (index, benchmark) in &results {
			line(format!("device {index}: {benchmark}"));
		}
	}
	Ok(())
}

/// Connects for one command, checking genesis and runtime.
async fn connect(config: &Config) -> Result<Chain, Error> {
	Ok(Chain::connect(&config.rpc, config.rpc_deadline, config.genesis.as_ref()).await?)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn command_line_should_be_consistent() {
		use clap::CommandFactory;
		Cli::command().debug_assert();
	}

	#[test]
	fn words_of_a_stranger_should_not_move_the_cursor_of_a_terminal() {
		assert_eq!(printable("eu\u{1b}[2J\u{9b}2J\n"), "eu?[2J?2J?");
		assert_eq!(printable_lines("a\r\nb\u{7}\n\u{1b}c"), "a\nb?\n?c");
	}

	#[test]
	fn flags_should_be_read_after_the_command() {
		let cli = Cli::try_parse_from([
			"assay",
			"worker",
			"run",
			"--rpc",
			"ws://x:1",
			"--allow-cpu",
			"--device",
			"3b:00.0",
			"--device",
			"4=only",
			"--json",
		])
		.expect("valid");
		assert!(cli.json);
		assert_eq!(cli.settings.rpc.as_deref(), Some("ws://x:1"));
		assert_eq!(cli.settings.allow_cpu, Some(true));
		assert_eq!(cli.settings.devices.map(|devices| devices.len()), Some(2));
	}

	#[test]
	fn command_line_should_take_no_secret() {
		use clap::CommandFactory;
		fn look(command: &clap::Command) {
			for argument in command.get_arguments() {
				let name = argument.get_id().as_str();
				for secret in ["seed", "phrase", "secret", "password", "mnemonic"] {
					assert!(!name.contains(secret), "{name}");
				}
				assert!(name != "suri", "a secret has to come from a file");
			}
			command.get_subcommands().for_each(look);
		}
		look(&Cli::command());
	}
}
