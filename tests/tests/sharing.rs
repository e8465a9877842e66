//! One device behind two identities.

use std::{collections::BTreeMap, time::Duration};

use assay_tests::{
	chain::{Chain, Journal},
	full,
	node::{close_rounds, Node, NodeOptions},
	worker::{register, Behaviour, Worker},
	Machine,
};
use subxt_signer::sr25519::dev;

const BLOCK_MILLISECONDS: u32 = 400;
const LIMIT: Duration = Duration::from_secs(240);
/// Share of what one identity proves that two may prove together.
const MOST: f64 = 1.2;

/// Claims of the workers in the latest rounds in which every one of them took part, once there are
/// `rounds` of these.
async fn claims<const N: usize>(chain: &Chain, who: [u64; N], rounds: usize) -> Vec<[u32; N]> {
	let mut journal = Journal::new(1_000);
	let start = std::time::Instant::now();
	loop {
		journal.follow(chain).await;
		let mut by_round: BTreeMap<u32, BTreeMap<u64, u32>> = BTreeMap::new();
		for event in journal.flops("Committed") {
			let claims = by_round.entry(event.small("round")).or_default();
			claims.insert(event.device().0, event.small("claim"));
		}
		let complete: Vec<_> = by_round
			.values()
			.filter(|claims| who.iter().all(|worker| claims.contains_key(worker)))
			.map(|claims| who.map(|worker| claims[&worker]))
			// The first one began while the workers were starting.
			.skip(1)
			.collect();
		if complete.len() >= rounds {
			return complete;
		}
		assert!(start.elapsed() < LIMIT, "only {} rounds of {who:?}", complete.len());
		tokio::time::sleep(Duration::from_millis(500)).await;
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn f03_two_identities_should_prove_what_one_does_when_they_share_a_device() {
	let machine = Machine::take().await;
	let options = NodeOptions {
		block_time_ms: Some(BLOCK_MILLISECONDS),
		chain: Some(close_rounds(machine.folder())),
		core: Some(0),
		..Default::default()
	};
	let node = Node::start(machine.path("node"), options).await;
	let chain = node.chain().await;
	let rounds = if full() { 40 } else { 10 };

	// Half of a core is the device of the first, and the other half that of the second and the third.
	// All are measured in the same windows, so whatever slows the core slows both devices.
	let mut workers = Vec::new();
	for (number, owner) in [(1, dev::alice()), (2, dev::bob()), (3, dev::charlie())] {
		let registration = register(&chain, &owner, number).await;
		let folder = machine.path(&format!("worker-{number}"));
		let worker = Worker::start(folder, &node.url(), &registration, Behaviour::Honest, Some(1));
		if number > 1 {
			worker.halve();
		}
		workers.push((registration.worker, worker));
	}
	let who = [workers[0].0, workers[1].0, workers[2].0];
	let claims = claims(&chain, who, rounds).await;
	let single: f64 = claims.iter().map(|[single, ..]| f64::from(*single)).sum();
	let double: f64 = claims.iter().map(|[_, second, third]| f64::from(second + third)).sum();

	println!(
		"one identity proves {single} tiles, and two on an equal device {double}, {:.2} of it",
		double / single
	);
	assert!(double <= MOST * single, "two identities prove {double}, one proves {single}");
}
