//! Compute on a lease with real parts: a node, a worker that serves its leases over TLS, and a renter
//! with the command line.

use std::{
	path::{Path, PathBuf},
	time::Duration,
};

use assay_tests::{
	books::compare_books,
	chain::eventually,
	node::{Node, NodeOptions},
	process::{free_port, repository},
	worker::{assay, assay_in_background, assay_json, register_for, Behaviour, Worker},
	Machine,
};
use serde_json::json;
use subxt_signer::sr25519::dev;

/// Longest wait for a round of proof of FLOPS and its settlement.
const PROOF_LIMIT: Duration = Duration::from_secs(180);
/// Longest wait for a job that takes seconds when nothing is in its way.
const JOB_LIMIT: Duration = Duration::from_secs(180);
/// Longest wait for a lease to be closed and forgotten.
const LEASE_LIMIT: Duration = Duration::from_secs(90);

/// A shader that does nothing useful for some hundred milliseconds in each dispatch.
const SPIN: &str = "
	@group(0) @binding(0) var<storage, read_write> numbers: array<u32>;
	@compute @workgroup_size(64)
	fn main(@builtin(global_invocation_id) id: vec3<u32>) {
		var number = numbers[id.x] + id.x;
		for (var i = 0u; i < 100000u; i++) { number = number * 1664525u + 1013904223u; }
		numbers[id.x] = number;
	}
";

/// Writes the template of a job of so many dispatches.
fn spin(folder: &Path, iterations: u32) -> PathBuf {
	let path = folder.join(format!("spin-{iterations}.json"));
	let job = json!({
		"shader": { "wgsl": SPIN },
		"buffers": [{ "name": "numbers", "size": 16384 }],
		"passes": [{
			"entry_point": "main",
			"bindings": [{ "binding": 0, "buffer": "numbers" }],
			"dispatch": [64, 1, 1]
		}],
		"iterations": iterations,
		"outputs": ["numbers"],
		"limits": { "seconds": 3600 }
	});
	std::fs::write(&path, job.to_string()).expect("the folder is writable");
	path
}

fn example(name: &str) -> PathBuf {
	repository().join("gpu-worker/compute/examples-jobs").join(name)
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_should_run_pause_resume_and_end_with_their_lease_when_a_renter_runs_them() {
	let machine = Machine::take().await;
	let node = Node::start(machine.path("node"), NodeOptions::default()).await;
	let (chain, url) = (node.chain().await, node.url());
	let shares = [("Flops", 500_000), ("Market", 500_000)];
	let registration = register_for(&chain, &dev::bob(), 7, &shares).await;
	let (provider, renter) = (machine.path("provider"), machine.path("renter"));
	for folder in [&provider, &renter] {
		std::fs::create_dir_all(folder).expect("a folder");
	}
	// The same port after a restart, as it is where a provider has opened one to the world.
	let settings = format!("provider = true\napi-listen = \"127.0.0.1:{}\"\n", free_port());
	std::fs::write(provider.join("worker.toml"), settings).expect("a setting");
	let mut worker = Worker::start(provider.clone(), &url, &registration, Behaviour::Honest, None);
	let id = registration.worker.to_string();
	let terms = ["--currency", "asy", "--price", "0.36", "--memory", "1G", "--region", "here"];
	let create = [&["offer", "create", &id], &terms[..], &["--dev-account", "bob"]].concat();
	assay_json(&renter, &url, &create);
	eventually("an offer of what is proven", PROOF_LIMIT, || async {
		let found = assay_json(&renter, &url, &["offers", "--count", "1"]);
		found["offers"].as_array().filter(|offers| !offers.is_empty()).map(|_| ())
	})
	.await;
	let as_dave = ["--dev-account", "dave"];
	let with = |arguments: &[&str]| assay_json(&renter, &url, &[arguments, &as_dave].concat());
	with(&["rent", "0", "--hours", "0.5", "--min-flops", "1", "--yes"]);

	// It waits until the provider is ready; the outputs are the same as on any other device.
	let out = renter.join("out");
	let job = example("mandelbrot/job.json");
	let run = ["run", job.to_str().expect("UTF-8"), "--out", out.to_str().expect("UTF-8")];
	let done = with(&run);
	println!("{done:#}");
	let page = std::fs::read_to_string(example("mandelbrot/README.md")).expect("it is there");
	assert_eq!(done["reproducible"], true);
	assert!(page.contains(done["outputs_hash"].as_str().expect("a hash")), "{done}");
	assert_eq!(std::fs::metadata(out.join("rounds")).expect("it was written").len(), 3_145_728);
	assert_eq!((&done["lease"], &done["currency"]), (&json!(0), &json!("ASY")));

	// Nobody else opens the lease, also not with the worker's address at hand.
	let stranger = [&run[..], &["--lease", "0", "--dev-account", "eve"]].concat();
	let refused = assay(&renter, &url, &stranger);
	assert!(!refused.success && refused.stderr.contains("is opened by the key"), "{refused:?}");

	// A round of proof of FLOPS preempts a job at a dispatch boundary, and is not lost by it.
	let long = spin(&renter, 100_000);
	let long = ["run", long.to_str().expect("UTF-8"), "--dev-account", "dave"];
	let mut endless = assay_in_background(&renter, &url, &long, &renter.join("endless.log"));
	let paused = eventually("a job that was paused for a round", PROOF_LIMIT, || async {
		let jobs = with(&["jobs"]);
		let job = jobs.as_array()?.iter().find(|job| job["dispatches_total"] == 100_000)?.clone();
		(job["paused_ms"].as_u64()? > 0).then_some(job)
	})
	.await;
	let claims = chain.best().await;
	let id = paused["id"].as_str().expect("an id");
	with(&["jobs", "--cancel", id]);
	assert_eq!(endless.wait(LEASE_LIMIT).code(), Some(11), "{}", endless.log());
	let committed = eventually("the claim of that round", LEASE_LIMIT, || async {
		for number in claims.saturating_sub(6)..=chain.best().await {
			let events = chain.events(number).await;
			if events.iter().any(|event| event.is("ProofOfFlops", "Committed")) {
				return Some(number);
			}
		}
		None
	})
	.await;
	println!("paused for {} ms, claimed in block {committed}", paused["paused_ms"]);

	// A worker that is killed in the middle of a job begins it again; the renter's command notices
	// nothing but the time.
	let short = spin(&renter, 100);
	let folder = renter.join("resumed");
	let short = [
		"run",
		short.to_str().expect("UTF-8"),
		"--out",
		folder.to_str().expect("UTF-8"),
		"--json",
		"--dev-account",
		"dave",
	];
	let mut resumed = assay_in_background(&renter, &url, &short, &renter.join("resumed.log"));
	eventually("a job that runs", JOB_LIMIT, || async {
		let jobs = with(&["jobs"]);
		let job = jobs.as_array()?.iter().find(|job| job["dispatches_total"] == 100)?.clone();
		(job["dispatches"].as_u64()? > 0).then_some(())
	})
	.await;
	worker.kill();
	worker.restart();
	assert!(resumed.wait(JOB_LIMIT).success(), "{}\n{}", resumed.log(), worker.log());
	let jobs = with(&["jobs"]);
	assert_eq!(
		(&jobs[0]["state"], &jobs[0]["attempts"]),
		(&json!("finished"), &json!(2)),
		"{jobs}"
	);
	assert!(folder.join("numbers").exists());
	let log = with(&["jobs", "--show", jobs[0]["id"].as_str().expect("an id")]);
	assert!(log.to_string().contains("interrupted"), "{log}");

	// What was stored for a lease is gone when the lease is.
	let stored = provider.join("leases/leases/0");
	assert!(stored.exists());
	with(&["end", "0"]);
	eventually("a lease that is forgotten", LEASE_LIMIT, || async {
		(!stored.exists()).then_some(())
	})
	.await;
	let over = assay(&renter, &url, &[&run[..], &["--lease", "0"], &as_dave].concat());
	assert!(!over.success && over.stderr.contains("there is no lease 0"), "{over:?}");

	let last = chain.best().await;
	chain.wait_finalized(last, LEASE_LIMIT).await;
	compare_books(&machine.path("js"), &url);
}
