//! The GPU market with real parts: a node, a worker that provides, renters with @polkadot/api and with
//! the command line, and books that a second program keeps from the events alone.

use std::time::Duration;

use assay_tests::{
	books::{compare_books, node_script},
	chain::{eventually, Chain},
	node::{patient_rounds, Node, NodeOptions},
	process::repository,
	worker::{assay, assay_json, register_for, Behaviour, Worker},
	Machine,
};
use subxt_signer::sr25519::dev;

/// Longest wait for a round of proof of FLOPS and its settlement.
const PROOF_LIMIT: Duration = Duration::from_secs(180);
/// Longest wait for a request to be taken and for a lease to be closed.
const LEASE_LIMIT: Duration = Duration::from_secs(90);

/// The events that closed leases, as (lease, reason, stake taken), from block 1 on.
async fn closed(chain: &Chain) -> Vec<(u128, String, u128)> {
	let mut closed = Vec::new();
	for number in 1..=chain.best().await {
		for event in chain.events(number).await {
			if event.is("GpuMarket", "Closed") {
				let (lease, taken) = (event.number("lease"), event.number("convicted"));
				closed.push((lease, event.variant("reason"), taken));
			}
		}
	}
	closed
}

#[tokio::test(flavor = "multi_thread")]
async fn m05_leases_should_be_served_refunded_and_booked_when_a_provider_lives_and_dies() {
	let machine = Machine::take().await;
	let chain = Some(patient_rounds(machine.folder()));
	let options = NodeOptions { chain, ..Default::default() };
	let node = Node::start(machine.path("node"), options).await;
	let (chain, url) = (node.chain().await, node.url());
	let shares = [("Flops", 500_000), ("Market", 500_000)];
	let registration = register_for(&chain, &dev::bob(), 7, &shares).await;
	let (provider, renter) = (machine.path("provider"), machine.path("renter"));
	std::fs::create_dir_all(&provider).expect("a folder for the provider");
	std::fs::create_dir_all(&renter).expect("a folder for the renter");
	std::fs::write(provider.join("worker.toml"), "provider = true\n").expect("a setting");
	let mut worker = Worker::start(provider, &url, &registration, Behaviour::Honest, None);

	let id = registration.worker.to_string();
	let terms = ["--currency", "asy", "--price", "0.36", "--memory", "8G", "--region", "here"];
	let create = [&["offer", "create", &id], &terms[..], &["--dev-account", "bob"]].concat();
	assay_json(&renter, &url, &create);
	let proven = || {
		eventually("an offer of what is proven", PROOF_LIMIT, || async {
			let found = assay_json(&renter, &url, &["offers", "--count", "1"]);
			found["offers"].as_array().filter(|offers| !offers.is_empty()).map(|_| ())
		})
	};
	proven().await;

	// The whole path through @polkadot/api alone.
	let script = repository().join("docs/rent.mjs");
	let output = node_script(&machine.path("js"), &script, &[&url, "//Charlie", "1"]);
	println!("{}", output.stdout);
	assert!(output.success, "rent.mjs: {}\n{}", output.stdout, output.stderr);
	assert!(output.stdout.contains("is closed (EndedByRenter)"), "{}", output.stdout);

	// A worker that is killed and comes back in time keeps its lease.
	let leases = || assay_json(&renter, &url, &["leases", "--dev-account", "dave"]);
	let terms = ["--hours", "0.1", "--min-flops", "1"];
	let rent = [&["rent", "0"], &terms[..], &["--dev-account", "dave", "--yes"]].concat();
	assay_json(&renter, &url, &rent);
	worker.kill();
	worker.restart();
	eventually("a lease that runs", LEASE_LIMIT, || async {
		(leases()[0]["state"] == "active").then_some(())
	})
	.await;
	worker.kill();
	worker.restart();
	let begin = chain.best().await;
	eventually("as many blocks as the grace period has", LEASE_LIMIT, || async {
		(chain.best().await > begin + 35).then_some(())
	})
	.await;
	assert_eq!(leases()[0]["state"], "active", "{}", leases());

	// One that does not come back loses it, and stake with it; the renter has the rest back.
	let lease = leases()[0]["lease"].to_string();
	worker.kill();
	eventually("a lease that is lost", LEASE_LIMIT, || async {
		let settle = ["settle", &lease, "--dev-account", "dave", "--json"];
		assay(&renter, &url, &settle).success.then_some(())?;
		leases().as_array().is_some_and(Vec::is_empty).then_some(())
	})
	.await;
	let ends = closed(&chain).await;
	assert_eq!(ends.len(), 2, "{ends:?}");
	assert_eq!(ends[0].1, "EndedByRenter");
	assert!(ends[1].1 == "ProviderLost" && ends[1].2 > 0, "{ends:?}");

	// Its bond is below the minimum now. Once that is mended it serves again.
	let refused = assay(&renter, &url, &rent);
	assert!(!refused.success && refused.stderr.contains("can begin nothing new"), "{refused:?}");
	assay_json(&renter, &url, &["operator", "bond", "100", "--dev-account", "bob"]);
	worker.restart();
	proven().await;
	assay_json(&renter, &url, &rent);
	eventually("a lease after a loss", PROOF_LIMIT, || async {
		(leases()[0]["state"] == "active").then_some(())
	})
	.await;

	let last = chain.best().await;
	chain.wait_finalized(last, LEASE_LIMIT).await;
	compare_books(&machine.path("js"), &url);
}
