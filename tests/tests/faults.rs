//! What becomes of offers and leases when devices are not what they are called, and when workers,
//! nodes and renters vanish.

use std::{
	array,
	collections::BTreeSet,
	time::{Duration, Instant},
};

use assay_tests::{
	books::{compare_books, Statement},
	chain::{eventually, Chain, Journal},
	node::{close_rounds, patient_rounds, Node, NodeOptions},
	process::free_port,
	worker::{assay, assay_json, register_for, Behaviour, Registration, Worker, ASY},
	Machine,
};
use serde_json::{json, Value as Json};
use subxt_signer::sr25519::{dev, Keypair};

/// Longest wait for a round of proof of FLOPS and its settlement.
const PROOF_LIMIT: Duration = Duration::from_secs(180);
/// Longest wait for something that the rules of a development chain bound to a minute.
const LIMIT: Duration = Duration::from_secs(90);
/// Constants of a development chain, in blocks: docs/market.md.
const INTERVAL: u32 = 10;
const GRACE: u32 = 30;
const START_WINDOW: u32 = 20;
const NOTICE: u32 = 10;
/// A price of 0.36 ASY an hour.
const PRICE: u128 = ASY / 10_000;
/// Takes whatever is proven: workers that were killed have missed rounds.
const MODEST: [&str; 3] = ["--min-flops", "1", "--yes"];
/// Claims of which the capacity is the mean.
const RECENT: usize = 8;
/// Blocks that a transaction may take to be included.
const SLACK: u32 = 8;

/// A provider with the offer 0, and Dave, who rents it.
struct Market {
	worker: Worker,
	node: Node,
	chain: Chain,
	registration: Registration,
	// Dropped last: the others have their logs in its folder.
	machine: Machine,
}

impl Market {
	async fn open(machine: Machine, options: NodeOptions, core: Option<usize>) -> Self {
		let node = Node::start(machine.path("node"), options).await;
		let chain = node.chain().await;
		std::fs::create_dir_all(machine.path("renter")).expect("a folder for the renter");
		let (registration, worker) = provider(&machine, &node, &dev::bob(), "bob", core).await;
		Self { worker, node, chain, registration, machine }
	}

	/// What a command that has to succeed says.
	fn says(&self, arguments: &[&str]) -> Json {
		assay_json(&self.machine.path("renter"), &self.node.url(), arguments)
	}

	/// Rents the first offer for Dave and returns the name of the lease.
	async fn rent(&self, blocks: &str) -> u64 {
		self.wait_capacity::<1>().await;
		let rent = ["rent", "0", "--blocks", blocks, "--dev-account", "dave"];
		self.says(&[&rent[..], &MODEST].concat());
		eventually("a lease", LIMIT, || async { self.lease()?["lease"].as_u64() }).await
	}

	/// Dave's lease, if there is one.
	fn lease(&self) -> Option<Json> {
		self.says(&["leases", "--dev-account", "dave"]).get(0).cloned()
	}

	async fn wait_active(&self) -> Json {
		eventually("a lease that runs", LIMIT, || async {
			self.lease().filter(|lease| lease["state"] == "active")
		})
		.await
	}

	async fn wait_block(&self, number: u32) {
		self.chain.wait_best(number, LIMIT).await;
	}

	/// What came of a lease, once it is closed; with Dave's help, or by the provider alone.
	async fn wait_closed(&self, lease: u64, helped: bool) -> Statement {
		let settle = ["settle", &lease.to_string(), "--dev-account", "dave", "--json"];
		eventually("the end of a lease", LIMIT, || async {
			if helped {
				// Refused as long as there is nothing to settle.
				assay(&self.machine.path("renter"), &self.node.url(), &settle);
			}
			let leases = self.says(&["leases", "--dev-account", "dave"]);
			let mut leases = leases.as_array()?.iter();
			leases.all(|open| open["lease"] != lease).then_some(())
		})
		.await;
		Statement::of(&self.chain, lease).await
	}

	/// Compares what the events say with the chain.
	async fn compare_books(&self) {
		let last = self.chain.best().await;
		self.chain.wait_finalized(last, LIMIT).await;
		compare_books(&self.machine.path("js"), &self.node.url());
	}

	/// The first offers, as one block has them.
	fn offers<const N: usize>(&self) -> [Json; N] {
		let found = self.says(&["offers", "--all"]);
		let offers = found["offers"].as_array().expect("a list");
		array::from_fn(|id| {
			let named = offers.iter().find(|offer| offer["offer"] == id);
			named.cloned().unwrap_or_else(|| panic!("no offer {id}: {found}"))
		})
	}

	/// Waits until the devices of the first offers have proven something.
	async fn wait_capacity<const N: usize>(&self) -> [u64; N] {
		eventually("a capacity", PROOF_LIMIT, || async {
			let proven = self.offers::<N>().map(|offer| offer["capacity_flop_per_second"].as_u64());
			let proven = proven.map(Option::unwrap_or_default);
			proven.iter().all(|capacity| *capacity > 0).then_some(proven)
		})
		.await
	}
}

/// Starts a worker and publishes an offer of it.
async fn provider(
	machine: &Machine,
	node: &Node,
	owner: &Keypair,
	name: &str,
	core: Option<usize>,
) -> (Registration, Worker) {
	let shares = [("Flops", 500_000), ("Market", 500_000)];
	let key = owner.public_key().0[0];
	let registration = register_for(&node.chain().await, owner, key, &shares).await;
	let folder = machine.path(name);
	std::fs::create_dir_all(&folder).expect("a folder for the provider");
	let settings = format!("provider = true\napi-listen = \"127.0.0.1:{}\"\n", free_port());
	std::fs::write(folder.join("worker.toml"), settings).expect("settings");
	let worker = Worker::start(folder, &node.url(), &registration, Behaviour::Honest, core);
	let id = registration.worker.to_string();
	let terms = ["--currency", "asy", "--price", "0.36", "--memory", "8G", "--region", "here"];
	let create = [&["offer", "create", &id], &terms[..], &["--dev-account", name]].concat();
	assay_json(&machine.path("renter"), &node.url(), &create);
	(registration, worker)
}

fn block(lease: &Json, field: &str) -> u32 {
	let number = lease[field].as_u64().unwrap_or_else(|| panic!("no {field}: {lease}"));
	u32::try_from(number).expect("blocks have 32 bits")
}

#[tokio::test(flavor = "multi_thread")]
async fn m05_leases_should_end_in_time_when_everybody_vanishes_in_turn() {
	let machine = Machine::take().await;
	let chain = Some(patient_rounds(machine.folder()));
	let options = NodeOptions { chain, ..Default::default() };
	let mut market = Market::open(machine, options, None).await;

	// Of a cluster, one worker is killed when it has promised its device, and the other one before
	// it could: all of it comes back, and only the offer of the second is unlisted.
	let (machine, node) = (&market.machine, &market.node);
	let (_, mut second) = provider(machine, node, &dev::charlie(), "charlie", None).await;
	market.wait_capacity::<2>().await;
	second.kill();
	let rent = ["rent", "0", "1", "--blocks", "60", "--dev-account", "dave"];
	market.says(&[&rent[..], &MODEST].concat());
	let requested_at = market.chain.best().await;
	let first = eventually("a promise", LIMIT, || async {
		let leases = market.says(&["leases", "--dev-account", "dave"]);
		let is = |index: usize, state: &str| leases[index]["state"] == state;
		(is(0, "waiting") && is(1, "requested")).then(|| leases[0]["lease"].as_u64())?
	})
	.await;
	market.worker.kill();
	for lease in [first, first + 1] {
		let end = market.wait_closed(lease, true).await;
		assert_eq!((end.reason.as_str(), end.refunded), ("NeverStarted", 60 * PRICE));
		assert!(end.closed_in <= requested_at + START_WINDOW + SLACK, "{requested_at}: {end:?}");
	}
	assert_eq!(market.offers().map(|offer| offer["listed"].clone()), [json!(true), json!(false)]);
	market.worker.restart();

	// The node is killed under a lease that runs: nothing is lost by it.
	let lease = market.rent("80").await;
	market.wait_active().await;
	market.node.kill();
	market.node.restart().await;
	market.chain = market.node.chain().await;
	let begin = market.chain.best().await;
	market.wait_block(begin + INTERVAL).await;
	let after = market.lease().expect("it still runs");
	assert_eq!((&after["state"], &after["lease"]), (&json!("active"), &json!(lease)));

	// The worker is killed when the renter has ended the lease: what is beyond the notice has come
	// back already, and the rest follows an interval after the end.
	market.says(&["end", &lease.to_string(), "--dev-account", "dave"]);
	let until = block(&market.lease().expect("it runs to the end of the notice"), "until_block");
	market.worker.kill();
	assert!(until <= market.chain.best().await + NOTICE + 1, "the notice ends in {until}");
	let end = market.wait_closed(lease, true).await;
	assert_eq!((end.reason.as_str(), end.escrow()), ("EndedByRenter", 80 * PRICE));
	assert!(end.closed_in <= until + INTERVAL + SLACK, "until {until}: {end:?}");
	assert!(end.paid > 0 && end.convicted == 0, "{end:?}");

	// The renter vanishes: the provider alone brings the lease to its end, and is paid all of it.
	market.worker.restart();
	let lease = market.rent("25").await;
	let until = block(&market.wait_active().await, "until_block");
	let end = market.wait_closed(lease, false).await;
	assert_eq!((end.reason.as_str(), end.escrow()), ("Expired", 25 * PRICE));
	assert!(end.closed_in <= until + INTERVAL + SLACK, "until {until}: {end:?}");
	assert!(end.served > 20 && end.paid > 0 && end.burnt > 0, "{end:?}");
	assert!(end.paid + end.burnt <= u128::from(end.served) * PRICE, "{end:?}");

	// The worker is killed in an announced maintenance: it is not paid for that, and keeps its lease.
	let lease = market.rent("200").await;
	let started = block(&market.wait_active().await, "since_block");
	let id = market.registration.worker.to_string();
	let pause = ["offer", "maintenance", &id, "--for", "30", "--dev-account", "bob"];
	market.says(&pause);
	let [offer] = market.offers();
	let window = &offer["maintenance"];
	let (from, until) = (block(window, "from_block"), block(window, "until_block"));
	market.wait_block(from).await;
	market.worker.kill();
	market.wait_block(until + INTERVAL).await;
	market.worker.restart();
	market.wait_block(until + GRACE + 1).await;
	assert_eq!(market.lease().expect("it is not lost")["state"], "active");

	// Killed for good, it loses the lease when the grace period is over; it was paid for what it has
	// attested, and stake is taken.
	market.worker.kill();
	let silent_from = market.chain.best().await;
	let end = market.wait_closed(lease, true).await;
	assert_eq!((end.reason.as_str(), end.escrow()), ("ProviderLost", 200 * PRICE));
	assert!(end.closed_in <= silent_from + GRACE + SLACK, "{silent_from}: {end:?}");
	let attested = u128::from(silent_from - started - (until - from));
	assert!(end.paid + end.burnt <= attested * PRICE && end.convicted > 0, "{end:?}");
	let bob = subxt::utils::AccountId32(market.registration.operator).to_string();
	let known = market.says(&["reputation", &bob]);
	assert_eq!((&known["leases_lost"], &known["convictions"]), (&json!(1), &json!(1)), "{known}");

	market.compare_books().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f01_f11_capacity_should_be_what_is_proven_when_names_boast_and_half_a_device_is_gone() {
	let machine = Machine::take().await;
	let options = NodeOptions {
		// A window of 6.4 s: on a slow core, half of it still computes some tiles.
		block_time_ms: Some(800),
		chain: Some(close_rounds(machine.folder())),
		core: Some(0),
		..Default::default()
	};
	// A core is two devices, measured in the same windows: whatever slows it slows both. They are
	// called H200.
	let market = Market::open(machine, options, Some(1)).await;
	let (machine, node) = (&market.machine, &market.node);
	let (_, second) = provider(machine, node, &dev::charlie(), "charlie", Some(1)).await;
	market.wait_capacity::<2>().await;
	let matching = |least: u64| {
		let found = market.says(&["offers", "--min-flops", &least.to_string()]);
		let offers = found["offers"].as_array().expect("a list").iter();
		offers.map(|offer| offer["offer"].as_u64().expect("a number")).collect::<BTreeSet<_>>()
	};
	credited(&market.chain, 2 * 2).await;
	let [one, other] = market.wait_capacity().await;
	assert!(one.max(other) < 1_000_000_000_000, "half a core proves {one} or {other} FLOP/s");
	assert_eq!(matching(one / 10 * 7), BTreeSet::from([0, 1]), "{one} and {other} FLOP/s");

	// Somebody else has half of the second one. Its offer follows within as many rounds as the mean
	// looks back.
	second.halve();
	credited(&market.chain, 2 * (RECENT + 1)).await;
	let [whole, half] = market.wait_capacity().await;
	println!("{one} and {other} FLOP/s proven; with half of the second gone, {whole} and {half}");
	assert!(half < whole / 4 * 3 && half > whole / 4, "{half} FLOP/s beside {whole}");
	assert_eq!(matching(whole / 10 * 7), BTreeSet::from([0]), "{half} FLOP/s beside {whole}");
	assert_eq!(matching(half / 2), BTreeSet::from([0, 1]), "what is proven is not offered");

	// What the first has earned by that pays for a lease of it, and the books keep credits, too.
	let id = market.registration.worker.to_string();
	let terms =
		["--currency", "credits", "--price", "0.0072", "--memory", "8G", "--region", "here"];
	market.says(&[&["offer", "create", &id], &terms[..], &["--dev-account", "bob"]].concat());
	let rent = ["rent", "2", "--blocks", "10", "--dev-account", "bob"];
	market.says(&[&rent[..], &MODEST].concat());
	let lease = eventually("a lease for credits", LIMIT, || async {
		market.says(&["leases", "--dev-account", "bob"])[0]["lease"].as_u64()
	})
	.await;
	eventually("the end of it", LIMIT, || async {
		let leases = market.says(&["leases", "--dev-account", "bob"]);
		leases.as_array().is_some_and(Vec::is_empty).then_some(())
	})
	.await;
	let end = Statement::of(&market.chain, lease).await;
	assert!(end.reason == "Expired" && end.paid > 0 && end.burnt > 0, "{end:?}");
	market.compare_books().await;
}

/// Waits until so many more claims have been credited.
async fn credited(chain: &Chain, number: usize) {
	let from = chain.finalized().await.0 + 1;
	let mut journal = Journal::from_block(from, 1_000);
	let start = Instant::now();
	loop {
		journal.follow(chain).await;
		let found = journal.flops("Credited").count();
		if found >= number {
			return;
		}
		assert!(start.elapsed() < PROOF_LIMIT, "{found} claims were credited, not {number}");
		tokio::time::sleep(Duration::from_millis(200)).await;
	}
}
