//! Honest and dishonest workers on one network, in real time: who lies is convicted, who works is
//! paid, and every unit of it can be recomputed from the events.

use std::{collections::BTreeMap, time::Duration};

use assay_flops::{coverage, multiplier, reward, Multiplier, Parameters, Ratio};
use assay_tests::{
	chain::{eventually, Chain, Journal, Record},
	node::{Node, NodeOptions},
	worker::{register, Behaviour, Registration, Worker},
	Machine,
};
use subxt::dynamic::{At, Value};
use subxt_signer::sr25519::dev;

const SLOT_MILLISECONDS: u64 = 1_000;
const CREDITS_ASSET: u128 = 1;
const PARAMETERS: Parameters = Parameters::DEVELOPMENT;
/// Claims of each honest worker that must have been credited, and part of them paid, before the test
/// ends.
const CREDITED_ROUNDS: usize = 3;
const LIMIT: Duration = Duration::from_secs(300);

/// What an auditor knows of a device, from events alone.
#[derive(Default)]
struct Account {
	unbroken_ms: u64,
	last: Option<(u32, u64)>,
	buffer: u128,
	/// Claim, multiplier and block of each commitment, by round.
	commitments: BTreeMap<u32, (u32, Multiplier, u32)>,
	revealed: Vec<u32>,
	credited: Vec<u32>,
	paid: u128,
	convictions: u32,
}

/// Replays the events and checks each against the rules.
#[derive(Default)]
struct Auditor {
	opened_slots: BTreeMap<u32, u64>,
	/// Turnout of each round that is sampled.
	turnouts: BTreeMap<u32, (u32, u32)>,
	accounts: BTreeMap<(u64, u16), Account>,
}

/// The probability for which the buffers of a round are made.
fn aim((covered, uncovered): (u32, u32)) -> Ratio {
	coverage::aim(PARAMETERS.audit_budget, covered, uncovered)
}

impl Auditor {
	fn take(&mut self, event: &Record, slots: &BTreeMap<u32, u64>) {
		if event.pallet != "ProofOfFlops" {
			return;
		}
		let place = format!("{} of block {}", event.name, event.block);
		match event.name.as_str() {
			"RoundOpened" => {
				let slot = u64::try_from(event.number("slot")).expect("slots have 64 bits");
				assert_eq!(slots.get(&event.block), Some(&slot), "{place}");
				self.opened_slots.insert(event.small("round"), slot);
			}
			"RoundSampled" => {
				let turnout = (event.small("covered"), event.small("uncovered"));
				self.turnouts.insert(event.small("round"), turnout);
			}
			"Committed" => self.committed(event, slots, &place),
			"Revealed" => {
				let account = self.account(event);
				account.revealed.push(event.small("round"));
			}
			"Credited" => self.credited(event, &place),
			"Convicted" => {
				let account = self.account(event);
				assert_eq!(event.number("burnt"), account.buffer, "{place}: burns the buffer");
				account.buffer = 0;
				account.unbroken_ms = 0;
				account.convictions += 1;
			}
			_ => (),
		}
	}

	fn account(&mut self, event: &Record) -> &mut Account {
		self.accounts.entry(event.device()).or_default()
	}

	fn committed(&mut self, event: &Record, slots: &BTreeMap<u32, u64>, place: &str) {
		let round = event.small("round");
		let opened_slot = self.opened_slots[&round];
		let elapsed = slots[&event.block] - opened_slot;
		let account = self.account(event);
		if let Some((last_round, last_slot)) = account.last {
			let missed = round - last_round - 1;
			account.unbroken_ms = if missed > 0 {
				multiplier::after_missed(account.unbroken_ms, missed)
			} else {
				account.unbroken_ms + (opened_slot - last_slot) * SLOT_MILLISECONDS
			};
		}
		account.last = Some((round, opened_slot));
		let multiplier = multiplier::multiplier(account.unbroken_ms);
		let claim = reward::rate_claim(event.small("tiles"), PARAMETERS.window, elapsed);
		assert_eq!(event.small("claim"), claim, "{place}: the claim is a rate");
		assert_eq!(event.small("multiplier"), multiplier.0, "{place}: the multiplier");
		let earlier = account.commitments.insert(round, (claim, multiplier, event.block));
		assert!(earlier.is_none(), "{place}: a second commitment in round {round}");
	}

	fn credited(&mut self, event: &Record, place: &str) {
		let round = event.small("round");
		let aim = aim(self.turnouts[&round]);
		let account = self.account(event);
		let (claim, multiplier, _) = account.commitments[&round];
		assert_eq!(event.small("claim"), claim, "{place}");
		assert_eq!(event.small("multiplier"), multiplier.0, "{place}");
		assert!(event.flag("opened"), "{place}: everybody is drawn in so small a network");
		let credits = reward::credits(claim, multiplier);
		assert_eq!(event.number("credits"), credits, "{place}: claim × multiplier");
		assert_eq!(event.number("granted"), credits, "{place}: all of what was opened");
		let level = coverage::buffer_level(aim, &PARAMETERS, credits);
		assert_eq!(event.number("required"), level, "{place}: the level of the buffer");
		let payment = coverage::pay(account.buffer, credits, level);
		assert_eq!(event.number("paid"), payment.paid, "{place}: what was paid");
		assert_eq!(event.number("buffer"), payment.buffer, "{place}: what was kept");
		let to_buffer = event.number("to_buffer");
		assert_eq!(credits, to_buffer + payment.paid, "{place}: nothing is lost");
		assert_eq!(account.buffer + to_buffer, payment.buffer, "{place}: what the buffer gained");
		account.buffer = payment.buffer;
		account.paid += payment.paid;
		account.credited.push(round);
	}
}

async fn credits_of(chain: &Chain, account: [u8; 32]) -> u128 {
	let keys = vec![Value::u128(CREDITS_ASSET), Value::from_bytes(account)];
	let found = chain.stored("Assets", "Account", keys).await;
	found.map_or(0, |found| {
		found.at("balance").and_then(|balance| balance.as_u128()).expect("accounts have a balance")
	})
}

/// Waits for a commitment of the worker, kills it before it can reveal, and starts it again.
/// Returns the round.
async fn kill_after_commitment(chain: &Chain, worker: &mut Worker, who: u64, after: u32) -> u32 {
	let mut next = chain.best().await;
	let round = eventually("a commitment of the worker", LIMIT, || {
		let from = next;
		async move {
			let best = chain.best().await;
			for number in from..=best {
				for event in chain.events(number).await {
					if event.is("ProofOfFlops", "Committed")
						&& event.device().0 == who
						&& event.small("round") > after
					{
						return Some(event.small("round"));
					}
				}
			}
			None
		}
	})
	.await;
	next = chain.best().await;
	worker.kill();
	let restarted_at = next + 1;
	eventually("one more block", LIMIT, || async {
		(chain.best().await >= restarted_at).then_some(())
	})
	.await;
	worker.restart();
	round
}

#[tokio::test(flavor = "multi_thread")]
async fn f02_liars_should_be_convicted_and_honest_workers_paid_by_the_rules_when_they_meet() {
	let machine = Machine::take().await;
	let node = Node::start(machine.path("node"), NodeOptions::default()).await;
	let chain = node.chain().await;

	let mut workers: Vec<(Registration, Behaviour, Worker)> = Vec::new();
	for (number, owner, behaviour) in [
		(1, dev::alice(), Behaviour::Honest),
		(2, dev::bob(), Behaviour::Honest),
		(3, dev::charlie(), Behaviour::WrongValues),
		(4, dev::dave(), Behaviour::DoubleClaim),
		(5, dev::eve(), Behaviour::Silent),
	] {
		let registration = register(&chain, &owner, number).await;
		let folder = machine.path(&format!("worker-{number}"));
		let worker = Worker::start(folder, &node.url(), &registration, behaviour, None);
		workers.push((registration, behaviour, worker));
	}
	let id = |index: usize| (workers[index].0.worker, 0u16);
	let (honest, liars) = ([id(0), id(1)], [id(2), id(3), id(4)]);
	let (second, silent) = (id(1).0, id(4));

	// F16: a worker that dies between its commitment and its reveal still opens what it owes.
	let killed_in = kill_after_commitment(&chain, &mut workers[1].2, second, 0).await;

	let mut journal = Journal::new(SLOT_MILLISECONDS);
	let mut auditor = Auditor::default();
	let mut audited = 0;
	let mut settled = false;
	let start = std::time::Instant::now();
	loop {
		journal.follow(&chain).await;
		for event in &journal.records[audited..] {
			auditor.take(event, &journal.slots);
		}
		audited = journal.records.len();
		let earned = |who| {
			auditor
				.accounts
				.get(who)
				.is_some_and(|a| a.credited.len() >= CREDITED_ROUNDS && a.paid > 0)
		};
		let convicted = |who| auditor.accounts.get(who).is_some_and(|a| a.convictions > 0);
		if !settled && settle_overdue(&chain, &auditor, silent).await {
			settled = true;
		}
		if honest.iter().all(earned) && liars.iter().all(convicted) && settled {
			break;
		}
		for (registration, behaviour, worker) in &mut workers {
			let who = registration.worker;
			assert!(worker.is_running(), "the {behaviour:?} worker {who} stopped");
		}
		let state: Vec<_> = auditor
			.accounts
			.iter()
			.map(|(who, a)| (who, a.credited.len(), a.paid, a.buffer, a.convictions))
			.collect();
		assert!(
			start.elapsed() < LIMIT,
			"after {LIMIT:?}, (device, credited, paid, buffer, convicted): {state:?}"
		);
		tokio::time::sleep(Duration::from_millis(500)).await;
	}

	for who in &honest {
		assert_eq!(auditor.accounts[who].convictions, 0, "the honest worker {who:?} was convicted");
	}
	for who in [liars[0], liars[2]] {
		let account = &auditor.accounts[&who];
		assert!(account.credited.is_empty(), "the liar {who:?} was credited");
		assert!(account.revealed.is_empty(), "the liar {who:?} has revealed");
	}
	let restarted = &auditor.accounts[&(second, 0)];
	assert!(restarted.commitments.contains_key(&killed_in), "the commitment of round {killed_in}");
	assert!(restarted.revealed.contains(&killed_in), "round {killed_in} was not opened");

	// Credits exist for what the events say, and for nothing else.
	for (_, _, worker) in &mut workers {
		worker.kill();
	}
	let last = chain.best().await;
	chain.wait_finalized(last + 2, LIMIT).await;
	journal.follow(&chain).await;
	for event in &journal.records[audited..] {
		auditor.take(event, &journal.slots);
	}
	for (registration, _, _) in &workers {
		let paid = auditor.accounts.get(&(registration.worker, 0)).map_or(0, |a| a.paid);
		let balance = credits_of(&chain, registration.operator).await;
		assert_eq!(balance, paid, "credits of the operator of worker {}", registration.worker);
	}
	let asset = chain.stored("Assets", "Asset", vec![Value::u128(CREDITS_ASSET)]).await;
	let supply = asset.as_ref().and_then(|asset| asset.at("supply")).and_then(|s| s.as_u128());
	let paid: u128 = auditor.accounts.values().map(|account| account.paid).sum();
	assert_eq!(supply, Some(paid), "more credits exist than were paid");
}

/// Once the silent worker's reveal window is over, anybody convicts it and gets the fee back.
async fn settle_overdue(chain: &Chain, auditor: &Auditor, silent: (u64, u16)) -> bool {
	let Some(account) = auditor.accounts.get(&silent) else { return false };
	if account.convictions > 0 {
		// Its own next commitment came first.
		return true;
	}
	let Some((round, (_, _, block))) = account.commitments.first_key_value() else { return false };
	// A commitment stands at least a window after the round's opening.
	let over = PARAMETERS.reveal_until(block - PARAMETERS.window);
	if chain.finalized().await.0 <= over {
		return false;
	}
	let prosecutor = dev::ferdie();
	let before = chain.free_balance(prosecutor.public_key().0).await;
	let arguments = vec![
		Value::u128(silent.0.into()),
		Value::u128(silent.1.into()),
		Value::u128((*round).into()),
	];
	if chain.try_submit("ProofOfFlops", "settle", arguments, &prosecutor).await.is_ok() {
		let after = chain.free_balance(prosecutor.public_key().0).await;
		assert_eq!(before, after, "the fee of a settlement is returned, and there is no bounty");
	}
	true
}
