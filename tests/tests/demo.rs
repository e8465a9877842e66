//! The demonstration, as somebody sees it who has just cloned the repository; and, on its chain, what
//! a wallet does.

use std::{
	os::unix::process::CommandExt,
	process::Command,
	time::{Duration, Instant},
};

use assay_tests::{
	chain::{eventually, Chain},
	process::{command, free_port, repository, run, Process},
	Machine,
};

/// From the start of the chain to the first credits.
const CREDIT_LIMIT: Duration = Duration::from_secs(120);
const START_LIMIT: Duration = Duration::from_secs(300);

/// Processes whose command line has `text` in it.
fn processes_with(text: &str) -> Vec<String> {
	let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
	entries
		.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok())
		.map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
		.filter(|line| line.contains(text))
		.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn demo_should_earn_credits_and_leave_nothing_running_when_interrupted() {
	let machine = Machine::take().await;
	let port = free_port();
	let url = format!("ws://127.0.0.1:{port}");
	let folder = machine.path("demo");
	let mut script = Command::new(repository().join("scripts/demo"));
	script
		.args(["--rpc-port", &port.to_string(), "--folder"])
		.arg(&folder)
		.env("CARGO_TERM_COLOR", "never")
		// A group of its own is what a terminal interrupts.
		.process_group(0);
	for (name, _) in std::env::vars_os() {
		let name = name.to_string_lossy().into_owned();
		if name.starts_with("CARGO_") && !["CARGO_HOME", "CARGO_TARGET_DIR"].contains(&&*name) {
			script.env_remove(&name);
		}
	}
	let mut demo = Process::spawn("scripts/demo", &mut script, &machine.path("demo.log"));
	eventually("the demo's chain", START_LIMIT, || async {
		assert!(!demo.log().contains("assay: "), "the demo gave up");
		Chain::try_connect(&url).await.map(drop)
	})
	.await;
	let started = Instant::now();

	eventually("the first credits", CREDIT_LIMIT, || async {
		demo.log().contains("first credits").then_some(())
	})
	.await;
	println!("first credits {:?} after the chain's first answer", started.elapsed());

	let tests = repository().join("tests/js");
	let mut wallet = command("node", None);
	wallet.args(["--test", "--test-reporter=spec"]).current_dir(tests).env("ASSAY_RPC", &url);
	let output = run(&mut wallet, Duration::from_secs(300));
	assert!(output.success, "@polkadot/api: {}\n{}", output.stdout, output.stderr);
	println!("{}", output.stdout);

	let group = format!("-{}", demo.id());
	let status = Command::new("kill").args(["-INT", "--", &group]).status();
	assert!(status.is_ok_and(|status| status.success()), "the demo got no interrupt");
	let status = demo.wait(Duration::from_secs(30));
	assert_eq!(status.code(), Some(130), "an interrupted demo ends as the shell expects");
	let left = processes_with(&folder.to_string_lossy());
	assert!(left.is_empty(), "still running: {left:?}");
	assert!(!folder.exists(), "the demo leaves {} behind", folder.display());
}

#[test]
fn demo_should_say_what_to_do_when_its_port_is_busy() {
	let holder = std::net::TcpListener::bind("127.0.0.1:0").expect("some port is free");
	let port = holder.local_addr().expect("bound").port().to_string();
	let mut script = Command::new(repository().join("scripts/demo"));
	let output = run(script.args(["--rpc-port", &port]), Duration::from_secs(60));
	assert_eq!(output.code, Some(1));
	assert!(output.stderr.contains(&port) && output.stderr.contains("--rpc-port"));
	assert!(output.stdout.is_empty(), "nothing is set up before the ports are known to be free");
}
