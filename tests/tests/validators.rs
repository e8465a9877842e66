//! Validators elected by stake: four real nodes of six operators, what goes wrong among them, and
//! what it costs.

use std::time::{Duration, Instant};

use assay_tests::{
	chain::{eventually, Chain},
	node::Identity,
	validators::{link, specification, Candidate, Member, ASY},
	worker::assay_json,
	Machine,
};
use subxt::dynamic::{At, Value};

/// Slots of a session.
const EPOCH: u32 = 12;
/// Sessions from unbonding to withdrawal.
const UNBONDING_SESSIONS: u32 = 14;
const SEATS: usize = 4;
/// Turns of a validator that tell whether it has its keys.
const ENOUGH_TURNS: u32 = 8;
const LIMIT: Duration = Duration::from_secs(120);

const ALICE: usize = 0;
const BOB: usize = 1;
const CHARLIE: usize = 2;
const DAVE: usize = 3;
const EVE: usize = 4;

/// Operators by stake; the first four are the first validators, and Eve becomes an operator only when
/// the chain runs.
fn candidates() -> [Candidate; 6] {
	let candidate =
		|name, flag, number, bond| Candidate { name, identity: Identity { flag, number }, bond };
	[
		candidate("Alice", "--alice", 1, 100_000),
		candidate("Bob", "--bob", 2, 90_000),
		candidate("Charlie", "--charlie", 3, 80_000),
		candidate("Dave", "--dave", 4, 70_000),
		candidate("Eve", "--eve", 5, 150_000),
		candidate("Ferdie", "--ferdie", 6, 50_000),
	]
}

/// Waits until finality has grown by so many blocks from here.
async fn finality_grows(member: &Member, by: u32) {
	let from = member.chain.finalized().await.0;
	member.chain.wait_finalized(from + by, LIMIT).await;
}

/// Waits until blocks go on, but none becomes final, and tells by how much the best block grew then.
async fn finality_stops(chain: &Chain) -> u32 {
	let mut grown = (0, 0);
	// What was voted for before, or is known to others, still becomes final at first.
	for _ in 0..3 {
		let (best, last) = (chain.best().await, chain.finalized().await.0);
		tokio::time::sleep(Duration::from_secs(10)).await;
		grown = (chain.best().await.saturating_sub(best), chain.finalized().await.0 - last);
		if grown.0 > 0 && grown.1 == 0 {
			return grown.0;
		}
	}
	panic!("at last, {} blocks were made and {} became final in 10 s", grown.0, grown.1);
}

/// The session of what is the best block now, once that is final.
async fn session_of_best(member: &Member) -> u32 {
	let best = member.chain.best().await;
	member.chain.wait_finalized(best, LIMIT).await;
	member.session().await
}

/// All nodes agree on every block that any of them holds for final.
async fn agree(members: &[&Member], finals: &[(u32, String)]) {
	for (number, hash) in finals {
		for member in members {
			assert_eq!(
				member.chain.hash(*number).await.as_ref(),
				Some(hash),
				"two nodes hold different blocks {number} for final"
			);
		}
	}
}

async fn finals(members: &[&Member]) -> Vec<(u32, String)> {
	let mut finals = Vec::new();
	for member in members {
		finals.push(member.chain.finalized().await);
	}
	finals
}

#[tokio::test(flavor = "multi_thread")]
async fn validators_should_follow_the_stake_and_survive_faults_when_they_are_elected() {
	let machine = Machine::take().await;
	let candidates = candidates();
	let specification = specification(machine.folder(), &candidates, EVE, SEATS, EPOCH);
	let mut members = Vec::new();
	for candidate in candidates.iter().take(EVE + 1) {
		members.push(Member::start(&machine, &specification, candidate.identity).await);
	}
	let all: Vec<&Member> = members.iter().collect();
	link(&all, &all).await;
	for member in &all {
		member.wait_peers(4).await;
	}
	let observer = &members[EVE];
	finality_grows(observer, 2).await;

	let start = Instant::now();
	let passed = |what: &str| println!("{what} after {} s", start.elapsed().as_secs());
	overtake(&machine, observer, &candidates).await;
	passed("overtaken");
	rotate(&machine, observer, &candidates[EVE]).await;
	passed("rotated");
	let due = leave(observer, &candidates).await;
	passed("left");
	n02_pauses(&members).await;
	passed("paused and resumed");
	n03_partition(&mut members, &candidates).await;
	passed("parted and united");
	let observer = &members[EVE];
	n01_twin(&machine, &specification, &members, &candidates).await;
	passed("slashed");
	unlock(observer, &candidates[CHARLIE], due).await;
	finality_grows(observer, 2).await;
}

/// A new operator with more stake than a validator has its seat in the next session but one.
async fn overtake(machine: &Machine, observer: &Member, candidates: &[Candidate]) {
	let (eve, dave) = (&candidates[EVE], &candidates[DAVE]);
	assert!(observer.validators().await.contains(&dave.account()), "the largest stakes validate");
	let url = observer.node.url();
	let command = |arguments: &[&str]| {
		let arguments = [&["operator"], arguments, &["--dev-account", "eve//stash"]].concat();
		assay_json(machine.folder(), &url, &arguments)
	};
	command(&["register", "--allocate", "consensus=100%"]);
	command(&["bond", &eve.bond.to_string(), "--to"]);
	let earliest = observer.session().await;
	// Her node makes the session keys, and proves that it holds them.
	command(&["validate"]);
	let latest = session_of_best(observer).await;
	let elected_in = eventually("Eve to be a validator", LIMIT, || async {
		let (session, validators) = observer.sitting().await;
		validators.contains(&eve.account()).then_some(session)
	})
	.await;
	let due = earliest + 2..=latest + 2;
	assert!(due.contains(&elected_in), "serves from session {elected_in}, not {due:?}");
	assert!(!observer.validators().await.contains(&dave.account()), "four seats, not five");
	// It does the work, too.
	eventually("a block of Eve's", LIMIT, || async {
		let keys = vec![Value::from_bytes(eve.account())];
		let blocks = observer.chain.stored("Validators", "Tallies", keys).await;
		let blocks = blocks.as_ref().and_then(|tally| tally.at("blocks"));
		blocks.and_then(|blocks| blocks.as_u128()).filter(|blocks| *blocks > 0)
	})
	.await;
}

/// A validator whose keys change writes in its turns all the time: the old keys sign until the new
/// ones do.
async fn rotate(machine: &Machine, observer: &Member, eve: &Candidate) {
	let chain = &observer.chain;
	let old = observer.babe_key(eve.account()).await;
	let mut number = chain.finalized().await.0;
	let mut last = observer.turn(number).await.slot;
	let arguments = ["operator", "validate", "--rotate", "--dev-account", "eve//stash"];
	assay_json(machine.folder(), &observer.node.url(), &arguments);
	let new = eventually("new keys", LIMIT, || async {
		let key = observer.babe_key(eve.account()).await;
		(key != old).then_some(key)
	})
	.await;

	// Her turns and the slots among them without a block, with the old key and with the new one.
	let mut kept = [(old, 0, 0), (new, 0, 0)];
	let start = Instant::now();
	while kept[1].1 < ENOUGH_TURNS {
		assert!(start.elapsed() < LIMIT, "turns and missed ones: {kept:?}");
		number += 1;
		chain.wait_finalized(number, LIMIT).await;
		let turn = observer.turn(number).await;
		for slot in last + 1..=turn.slot {
			let due = turn.due(slot);
			for (_, turns, missed) in kept.iter_mut().filter(|(key, ..)| *key == due) {
				*turns += 1;
				*missed += u32::from(slot < turn.slot);
			}
		}
		last = turn.slot;
	}
	let [(_, before, missed), (_, after, missed_then)] = kept;
	println!(
		"{missed} of {before} turns missed before the new keys, {missed_then} of {after} with them"
	);
	// A validator without the key of its session misses nearly all; a busy machine may lose one.
	assert!(missed * 4 <= before.max(4) && missed_then * 4 <= after, "{kept:?}");
}

/// A validator stops and retires. It serves the sessions for which it was elected, the next in line
/// has its seat afterwards, and it cannot take its stake along yet. Returns the block from which it
/// can.
async fn leave(observer: &Member, candidates: &[Candidate]) -> u32 {
	let chain = &observer.chain;
	let (charlie, dave) = (&candidates[CHARLIE], &candidates[DAVE]);
	let earliest = observer.session().await;
	chain.submit("Validators", "stop_validating", vec![], &charlie.signer()).await;
	let latest = observer.session().await;
	let before = chain.finalized().await.0;
	chain.submit("Operators", "retire", vec![], &charlie.signer()).await;
	let after = chain.finalized().await.0;
	let signer = charlie.signer();
	let withdraw = || chain.try_submit("Operators", "withdraw", vec![], &signer);
	let refusal = withdraw().await.expect_err("stake leaves before its time");
	assert!(refusal.contains("NothingToWithdraw"), "{refusal}");
	let left_in = eventually("a set without the one that left", LIMIT, || async {
		let (session, validators) = observer.sitting().await;
		(!validators.contains(&charlie.account())).then_some(session)
	})
	.await;
	let gone = earliest + 2..=latest + 2;
	assert!(gone.contains(&left_in), "left in session {left_in}, not {gone:?}");
	assert!(observer.validators().await.contains(&dave.account()), "the next in line has the seat");
	withdraw().await.expect_err("stake leaves with the seat");
	let record =
		chain.stored("Operators", "Operators", vec![Value::from_bytes(charlie.account())]).await;
	let due = record
		.as_ref()
		.and_then(|record| record.at("unbonding"))
		.and_then(|chunks| {
			chunks.at(0).filter(|chunk| chunk.at("due").is_some()).or(chunks.at(0)?.at(0))
		})
		.and_then(|chunk| chunk.at("due"))
		.and_then(|due| due.as_u128())
		.unwrap_or_else(|| panic!("nothing is unbonding: {record:?}"));
	let due = u32::try_from(due).expect("blocks have 32 bits");
	let delay = EPOCH * UNBONDING_SESSIONS;
	assert!((before + delay..=after + delay).contains(&due), "{before} + {delay} to {due}");
	due
}

/// Once its time has come, all stake of an operator that left is free.
async fn unlock(observer: &Member, charlie: &Candidate, due: u32) {
	let chain = &observer.chain;
	let patience = Duration::from_secs(u64::from(EPOCH * UNBONDING_SESSIONS)) + LIMIT;
	chain.wait_finalized(due, patience).await;
	// It has validated, and its record stays until it has claimed what it earned.
	let rewards = vec![Value::from_bytes(charlie.account())];
	chain.submit("Operators", "claim_rewards", rewards, &charlie.signer()).await;
	chain.submit("Operators", "withdraw", vec![], &charlie.signer()).await;
	let keys = || vec![Value::from_bytes(charlie.account())];
	assert!(chain.stored("Operators", "Operators", keys()).await.is_none(), "it is still there");
	let account = chain.stored("System", "Account", keys()).await.expect("an account");
	let reserved = account.at("data").and_then(|data| data.at("reserved"));
	let held = reserved.and_then(|reserved| reserved.as_u128());
	// What is left on hold is the deposit for the session keys.
	assert!(held.is_some_and(|held| held < 100 * ASY), "{held:?} is still on hold");
}

/// Finality goes on without one of four, stops without two, and goes on when they are back.
async fn n02_pauses(members: &[Member]) {
	let observer = &members[EVE];
	members[BOB].node.pause();
	finality_grows(observer, 4).await;
	members[DAVE].node.pause();
	let best = finality_stops(&observer.chain).await;
	members[BOB].node.resume();
	members[DAVE].node.resume();
	finality_grows(observer, best + 2).await;
}

/// Two halves of a network make nothing final; when they meet again they agree, and no transaction
/// is lost.
async fn n03_partition(members: &mut [Member], candidates: &[Candidate]) {
	for member in members.iter_mut() {
		member.isolate().await;
	}
	let mut voted = 0;
	for member in members.iter() {
		voted = voted.max(member.chain.best().await);
	}
	let left = [&members[ALICE], &members[BOB], &members[CHARLIE]];
	let right = [&members[DAVE], &members[EVE]];
	let all: Vec<&Member> = members.iter().collect();
	link(&left, &left).await;
	link(&right, &right).await;
	left[0].wait_peers(2).await;
	right[0].wait_peers(1).await;
	let before = finals(&all).await;
	let submit = |member: &Member, who: usize| {
		let (chain, signer) = (member.chain.clone(), candidates[who].signer());
		tokio::spawn(async move {
			let remark = vec![Value::from_bytes(b"on one side")];
			chain.submit_within(2 * LIMIT, "System", "remark", remark, &signer).await
		})
	};
	let transactions = [submit(left[1], ALICE), submit(right[0], DAVE)];
	let (one, other) =
		tokio::join!(finality_stops(&left[0].chain), finality_stops(&right[1].chain));
	let during = finals(&all).await;
	// What they had voted for when they parted may become final, and nothing that a half made.
	let latest = during.iter().map(|(number, _)| *number).max().expect("some");
	assert!(latest <= voted, "a half made block {latest} final, {voted} was the last of all");
	link(&left, &right).await;
	for member in &all {
		member.wait_peers(4).await;
	}
	finality_grows(left[0], one.max(other) + 2).await;
	for transaction in transactions {
		let included = transaction.await.expect("no panic");
		included.unwrap_or_else(|error| panic!("a transaction of one half is lost: {error}"));
	}
	let after = finals(&all).await;
	let finals: Vec<_> = before.into_iter().chain(during).chain(after).collect();
	let last = finals.iter().map(|(number, _)| *number).max().expect("some");
	for member in &all {
		member.chain.wait_finalized(last, LIMIT).await;
	}
	agree(&all, &finals).await;
}

/// A validator that runs twice is slashed for its blocks and put out, and finality never stops.
async fn n01_twin(
	machine: &Machine,
	specification: &std::path::Path,
	members: &[Member],
	candidates: &[Candidate],
) {
	let observer = &members[EVE];
	let alice = &candidates[ALICE];
	let mut next = observer.chain.finalized().await.0 + 1;
	let identity = Identity { flag: "--name=twin", number: 11 };
	let mut twin = Member::start(machine, specification, identity).await;
	let all: Vec<&Member> = members.iter().collect();
	link(&[&twin], &all).await;
	// Before it has the chain, it would write on a branch of its own that nobody else takes: it alone
	// would report that, and a block with the report is the last that its author may write.
	twin.chain.wait_finalized(observer.chain.finalized().await.0, LIMIT).await;
	// Who cannot vote cannot be convicted for two votes before it is for two blocks.
	twin.write_as(alice).await;

	let mut grown_at = Instant::now();
	let start = Instant::now();
	let (conviction, offended_in) = 'found: loop {
		let last = observer.chain.finalized().await.0;
		if last >= next {
			grown_at = Instant::now();
		}
		assert!(grown_at.elapsed() < Duration::from_secs(30), "finality stands at {last}");
		while next <= last {
			let events = observer.chain.events(next).await;
			let of_alice = |name| {
				let event = events.iter().find(|event| event.is("Validators", name));
				event.filter(|event| event.bytes("validator") == alice.account())
			};
			if let Some(charge) = of_alice("ValidatorConvicted") {
				let conviction = events.iter().find(|event| event.is("Operators", "Convicted"));
				let conviction = conviction.expect("a charge convicts").clone();
				break 'found (conviction, charge.small("session"));
			}
			next += 1;
		}
		assert!(start.elapsed() < LIMIT, "nobody was slashed");
		tokio::time::sleep(Duration::from_millis(500)).await;
	};
	let session = observer.session().await;
	assert!(session <= offended_in + 2, "slashed in session {session} for session {offended_in}");
	assert_eq!(conviction.bytes("operator"), alice.account());
	assert_eq!(conviction.variant("service"), "Consensus");
	assert_eq!(conviction.variant("fault"), "Equivocation");
	assert!(conviction.number("amount") >= alice.bond * ASY / 20, "at least 5 % of its stake");
	twin.vote_as(alice).await;
	eventually("a set without the equivocator", LIMIT, || async {
		(!observer.validators().await.contains(&alice.account())).then_some(())
	})
	.await;
	finality_grows(observer, 4).await;
	twin.node.kill();
}
