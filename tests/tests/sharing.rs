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

/// Claims of all workers in each of the latest rounds in which every one of `who` took part, once
/// there are `rounds` of them.
async fn claims(chain: &Chain, who: &[u64], after: u32, rounds: usize) -> Vec<u32> {
	let mut journal = Journal::new(1_000);
	let start = std::time::Instant::now();
	loop {
		journal.follow(chain).await;
		let mut by_round: BTreeMap<u32, BTreeMap<u64, u32>> = BTreeMap::new();
		for event in journal.flops("Committed").filter(|event| event.block > after) {
			let claims = by_round.entry(event.small("round")).or_default();
			claims.insert(event.device().0, event.small("claim"));
		}
		let complete: Vec<u32> = by_round
			.values()
			.filter(|claims| who.iter().all(|worker| claims.contains_key(worker)))
			.map(|claims| claims.values().sum())
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

fn median(mut values: Vec<u32>) -> f64 {
	values.sort_unstable();
	let middle = values.len() / 2;
	if values.len() % 2 == 1 {
		f64::from(values[middle])
	} else {
		(f64::from(values[middle - 1]) + f64::from(values[middle])) / 2.0
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
	// One core is the device.
	let device = Some(1);
	let start = |number: u8, registration| {
		let folder = machine.path(&format!("worker-{number}"));
		Worker::start(folder, &node.url(), registration, Behaviour::Honest, device)
	};

	let one = register(&chain, &dev::alice(), 1).await;
	let mut alone = start(1, &one);
	let single = median(claims(&chain, &[one.worker], 0, rounds).await);
	alone.kill();

	let two = register(&chain, &dev::bob(), 2).await;
	let three = register(&chain, &dev::charlie(), 3).await;
	let from = chain.best().await;
	let _both = [start(2, &two), start(3, &three)];
	let double = median(claims(&chain, &[two.worker, three.worker], from, rounds).await);

	println!(
		"one identity: {single} tiles a window; two on the same core: {double} together, {:.2} of it",
		double / single
	);
	assert!(double <= MOST * single, "two identities prove {double}, one proves {single}");
}
