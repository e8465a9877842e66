//! What to do at a best block: a pure function of what the chain shows and what was begun.
//!
//! It never waits and never fails, so that every reorganisation can be played through in a test.

use crate::chain::{Claim, ClaimState, Round, Status};
use assay_flops::{seeds::device_seed, Hash, Sample};
use std::collections::BTreeMap;

/// Blocks for which a claim that could be settled waits for the next commitment to settle it.
const SETTLE_PATIENCE: u32 = 4;

/// A fork of a round to work for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
	/// Seed of the device in that round on that fork: it names both.
	pub seed: Hash,
	/// The round as that fork has it.
	pub round: Round,
}

/// What to do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
	/// Work for this fork from now on, and for no other.
	Work(Target),
	/// Stop working.
	Rest,
	/// See that the one commitment of this fork gets into the next block. Asked for at every best
	/// block until the commitment is in the best chain.
	Commit(Target),
	/// See that these samples are opened in the next block. Asked for until the chain has it.
	Reveal {
		/// The claim.
		claim: Claim,
		/// First block that is too late.
		until: u32,
		/// The samples, in order.
		samples: Vec<Sample>,
	},
	/// Settle the claim of this round.
	Settle {
		/// Round of the claim.
		round: u32,
	},
	/// The commit window of a round that was worked for has closed without a commitment.
	Missed {
		/// The round.
		round: u32,
	},
}

/// The memory of one device between blocks. What has to survive a restart is in the store.
#[derive(Clone, Debug, Default)]
pub struct Machine {
	working: Option<Target>,
	/// The block at which a round's claim was first seen ready to be settled.
	ready_since: BTreeMap<u32, u32>,
}

impl Machine {
	/// The fork that is being worked for.
	pub fn working(&self) -> Option<&Target> {
		self.working.as_ref()
	}

	/// Forgets what is being worked for, so that the next block begins it anew.
	pub fn interrupt(&mut self) {
		self.working = None;
	}

	/// What to do after the best block `head`, whose state is `round` and `status`.
	pub fn observe(&mut self, head: u32, round: Option<&Round>, status: &Status) -> Vec<Step> {
		let next = head.saturating_add(1);
		let mut steps = Vec::new();
		for claim in &status.claims {
			if let ClaimState::OpeningDue { until, samples } = &claim.state {
				if next < *until {
					let (until, samples) = (*until, samples.clone());
					steps.push(Step::Reveal { claim: claim.clone(), until, samples });
				}
			}
		}
		let commit_is_near = self.observe_round(next, round, status, &mut steps);
		self.observe_settlement(next, commit_is_near, status, &mut steps);
		steps
	}

	/// Returns whether a commitment is being worked for, which settles older claims by itself.
	fn observe_round(
		&mut self,
		next: u32,
		round: Option<&Round>,
		status: &Status,
		steps: &mut Vec<Step>,
	) -> bool {
		let committed = |round: &Round| status.claims.iter().any(|c| c.round == round.index);
		let open = round.filter(|round| {
			next < round.commit_until && status.eligible.is_ok() && !committed(round)
		});
		let Some(round) = open else {
			if let Some(target) = self.working.take() {
				steps.push(Step::Rest);
				let mine = target.round.index;
				let over = round.is_some_and(|round| {
					round.index > mine || (round.index == mine && next >= round.commit_until)
				});
				if over && !status.claims.iter().any(|claim| claim.round == mine) {
					steps.push(Step::Missed { round: mine });
				}
			}
			return false;
		};
		let seed = device_seed(&round.beacon, round.index, status.worker, status.device);
		let target = Target { seed, round: round.clone() };
		if next >= round.commit_from {
			self.working = Some(target.clone());
			steps.push(Step::Commit(target));
		} else if self.working.as_ref().is_none_or(|working| working.seed != seed) {
			self.working = Some(target.clone());
			steps.push(Step::Work(target));
		}
		true
	}

	fn observe_settlement(
		&mut self,
		next: u32,
		commit_is_near: bool,
		status: &Status,
		steps: &mut Vec<Step>,
	) {
		let oldest = status.claims.first().filter(|claim| {
			matches!(claim.state, ClaimState::NotDrawn | ClaimState::Unsampled | ClaimState::Opened)
		});
		let Some(claim) = oldest else {
			self.ready_since.clear();
			return;
		};
		self.ready_since.retain(|round, since| *round == claim.round && *since <= next);
		let since = *self.ready_since.entry(claim.round).or_insert(next);
		if !commit_is_near && next.saturating_sub(since) >= SETTLE_PATIENCE {
			steps.push(Step::Settle { round: claim.round });
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::chain::Phase;

	const W: u32 = 5;
	const G: u32 = 2;

	fn round(index: u32, opened_at: u32, fork: u8) -> Round {
		Round {
			index,
			phase: Phase::Work,
			opened_at,
			beacon: [fork; 32],
			commit_from: opened_at + W,
			commit_until: opened_at + W + G,
			sampled_at: opened_at + W + G + 1,
			reveal_until: opened_at + W + G + 11,
			next_from: opened_at + 12,
			commitments: 0,
		}
	}

	fn status(claims: Vec<Claim>) -> Status {
		Status {
			worker: 1,
			device: 0,
			operator: None,
			payout: None,
			eligible: Ok(()),
			next: String::new(),
			settle: None,
			outcome: None,
			capacity: 0,
			multiplier: 1_000_000,
			buffer: 0,
			required: 0,
			expected_credits: 0,
			covered: false,
			claims,
		}
	}

	fn claim(round: u32, state: ClaimState) -> Claim {
		Claim {
			round,
			tiles: 3,
			root: [9; 32],
			committed_at: 105,
			seed: [8; 32],
			state,
			credits: 1,
			void: false,
		}
	}

	fn seed(round: u32, fork: u8) -> Hash {
		device_seed(&[fork; 32], round, 1, 0)
	}

	fn works_for(steps: &[Step]) -> Option<Hash> {
		steps.iter().find_map(|step| match step {
			Step::Work(target) => Some(target.seed),
			_ => None,
		})
	}

	fn commits_for(steps: &[Step]) -> Option<Hash> {
		steps.iter().find_map(|step| match step {
			Step::Commit(target) => Some(target.seed),
			_ => None,
		})
	}

	#[test]
	fn prover_should_work_then_commit_when_a_round_is_open() {
		let mut machine = Machine::default();
		let (round, empty) = (round(1, 100, 1), status(vec![]));
		assert_eq!(machine.observe(99, None, &empty), vec![]);
		assert_eq!(works_for(&machine.observe(100, Some(&round), &empty)), Some(seed(1, 1)));
		for head in 101..104 {
			assert_eq!(machine.observe(head, Some(&round), &empty), vec![], "keeps working");
		}
		// Block s + W − 1 is imported: the commitment can be in block s + W.
		assert_eq!(commits_for(&machine.observe(104, Some(&round), &empty)), Some(seed(1, 1)));
		// Not included yet: asked for again, as long as a block can take it.
		assert_eq!(commits_for(&machine.observe(105, Some(&round), &empty)), Some(seed(1, 1)));
		assert_eq!(
			machine.observe(106, Some(&round), &empty),
			vec![Step::Rest, Step::Missed { round: 1 }]
		);
		assert_eq!(machine.observe(107, Some(&round), &empty), vec![]);
	}

	#[test]
	fn prover_should_rest_when_its_commitment_is_in_the_chain() {
		let mut machine = Machine::default();
		let round = round(1, 100, 1);
		machine.observe(100, Some(&round), &status(vec![]));
		machine.observe(104, Some(&round), &status(vec![]));
		let committed = status(vec![claim(1, ClaimState::AwaitsSample { sampled_at: 108 })]);
		assert_eq!(machine.observe(105, Some(&round), &committed), vec![Step::Rest]);
		assert_eq!(machine.observe(106, Some(&round), &committed), vec![]);
	}

	#[test]
	fn f19_prover_should_restart_its_work_when_the_round_changes_fork() {
		let mut machine = Machine::default();
		let empty = status(vec![]);
		let (a, b) = (round(1, 100, 1), round(1, 101, 2));
		assert_eq!(works_for(&machine.observe(100, Some(&a), &empty)), Some(seed(1, 1)));
		assert_eq!(works_for(&machine.observe(102, Some(&b), &empty)), Some(seed(1, 2)));
		assert_eq!(machine.observe(103, Some(&b), &empty), vec![], "goes on with the new fork");
		assert_eq!(works_for(&machine.observe(103, Some(&a), &empty)), Some(seed(1, 1)));
		// A fork on which no round is open: rest, without calling the round missed.
		assert_eq!(machine.observe(103, Some(&round(0, 50, 3)), &empty), vec![Step::Rest]);
	}

	#[test]
	fn f19_prover_should_never_commit_twice_when_forks_alternate() {
		let mut machine = Machine::default();
		let empty = status(vec![]);
		let (a, b) = (round(1, 100, 1), round(1, 101, 2));
		machine.observe(100, Some(&a), &empty);
		// Every commit names its fork, and the store keeps one intent for each.
		assert_eq!(commits_for(&machine.observe(104, Some(&a), &empty)), Some(seed(1, 1)));
		assert_eq!(works_for(&machine.observe(104, Some(&b), &empty)), Some(seed(1, 2)));
		assert_eq!(commits_for(&machine.observe(105, Some(&b), &empty)), Some(seed(1, 2)));
		assert_eq!(commits_for(&machine.observe(105, Some(&a), &empty)), Some(seed(1, 1)));
		// Once a fork has a commitment, nothing is asked for on it any more.
		let committed = status(vec![claim(1, ClaimState::AwaitsSample { sampled_at: 108 })]);
		for fork in [&a, &b, &a] {
			assert_eq!(commits_for(&machine.observe(105, Some(fork), &committed)), None);
		}
		// The reorganisation takes it out again: the same fork's commitment is asked for again.
		assert_eq!(commits_for(&machine.observe(105, Some(&a), &empty)), Some(seed(1, 1)));
	}

	#[test]
	fn f19_store_should_hold_one_intent_for_each_fork_when_forks_alternate() {
		use crate::store::{Fork, Intent, Store};
		let folder = tempfile::tempdir().expect("a temporary folder");
		let store = Store::open(&folder.path().join("s.redb")).expect("a new store");
		for fork in [1u8, 2] {
			let record = Fork {
				round: 1,
				device: 0,
				opened_at: 100,
				beacon: [fork; 32],
				reveal_until: 120,
				intent: None,
			};
			store.begin_fork(&seed(1, fork), &record).expect("writable");
			store
				.intend(&seed(1, fork), Intent { tiles: 5, root: [fork; 32] })
				.expect("one for each fork");
		}
		let again = store.intend(&seed(1, 1), Intent { tiles: 6, root: [7; 32] });
		assert!(matches!(again, Err(crate::store::Error::SecondIntent(1))));
	}

	#[test]
	fn f17_prover_should_stay_within_the_half_open_windows() {
		let empty = status(vec![]);
		for (head, commits) in [(103, false), (104, true), (105, true), (106, false)] {
			let steps = Machine::default().observe(head, Some(&round(1, 100, 1)), &empty);
			assert_eq!(commits_for(&steps).is_some(), commits, "after block {head}");
		}
		let due = ClaimState::OpeningDue { until: 118, samples: vec![] };
		for (head, reveals) in [(116, true), (117, false)] {
			let steps =
				Machine::default().observe(head, None, &status(vec![claim(1, due.clone())]));
			let found = steps.iter().any(|step| matches!(step, Step::Reveal { .. }));
			assert_eq!(found, reveals, "after block {head}");
		}
	}

	#[test]
	fn prover_should_reveal_while_it_works_when_a_claim_is_drawn() {
		let mut machine = Machine::default();
		let due =
			ClaimState::OpeningDue { until: 130, samples: vec![Sample { leaf: 1, column: 2 }] };
		let steps =
			machine.observe(112, Some(&round(2, 112, 1)), &status(vec![claim(1, due.clone())]));
		assert!(matches!(steps[0], Step::Reveal { until: 130, .. }));
		assert!(works_for(&steps).is_some());
		// Until the chain has it, it is asked for at every block; then no more.
		let steps = machine.observe(113, Some(&round(2, 112, 1)), &status(vec![claim(1, due)]));
		assert!(matches!(steps[0], Step::Reveal { .. }));
		let opened = status(vec![claim(1, ClaimState::Opened)]);
		assert_eq!(machine.observe(114, Some(&round(2, 112, 1)), &opened), vec![]);
	}

	#[test]
	fn prover_should_settle_when_no_commitment_does_it() {
		let mut machine = Machine::default();
		let ready = status(vec![claim(1, ClaimState::NotDrawn)]);
		let round = round(1, 100, 1);
		for head in 109..113 {
			assert_eq!(machine.observe(head, Some(&round), &ready), vec![], "after {head}");
		}
		assert_eq!(machine.observe(113, Some(&round), &ready), vec![Step::Settle { round: 1 }]);
		// A new round's commitment will settle it.
		let steps = machine.observe(114, Some(&super::tests::round(2, 114, 1)), &ready);
		assert!(!steps.iter().any(|step| matches!(step, Step::Settle { .. })));
		// One's own conviction is not called for.
		let mut machine = Machine::default();
		let overdue = status(vec![claim(1, ClaimState::Overdue)]);
		for head in 120..140 {
			assert_eq!(machine.observe(head, Some(&round), &overdue), vec![]);
		}
	}

	#[test]
	fn prover_should_do_nothing_when_it_may_not_commit() {
		let mut machine = Machine::default();
		let barred = Status { eligible: Err("retired"), ..status(vec![]) };
		assert_eq!(machine.observe(100, Some(&round(1, 100, 1)), &barred), vec![]);
		assert_eq!(machine.observe(104, Some(&round(1, 100, 1)), &barred), vec![]);
	}
}
