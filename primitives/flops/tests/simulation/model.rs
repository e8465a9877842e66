//! Networks, rules that can be broken, identities and their claims.

use assay_draw::{seed as derive, Draw};
use assay_flops::{
	coverage::{aim, audit_ratios, buffer_level, covered, pay, payable},
	multiplier::{after_missed, multiplier},
	reward::credits,
	sampling::{drawn, samples},
	Hash, Parameters, Ratio, LEAVES_PER_TILE,
};
use core::num::NonZeroU64;
use std::collections::VecDeque;

/// Time from round to round: a live network's mean gap of 1,000 blocks of 6 s.
pub(crate) const ROUND_MS: u64 = 6_000_000;
/// Rounds after which a claim is final: as many are open at the same time.
pub(crate) const OPEN_ROUNDS: u32 = 3;

/// How many others commit in a round.
#[derive(Clone, Copy)]
pub(crate) struct Network {
	pub(crate) covered: u32,
	pub(crate) uncovered: u32,
}

/// The rules, some of which may be taken away.
pub(crate) struct Rules {
	pub(crate) params: Parameters,
	/// A claim that was not drawn is paid only if the buffer covers it.
	pub(crate) coverage: bool,
	/// Of a claim that is not covered the covered part is paid.
	pub(crate) in_part: bool,
	/// Claims are settled in the order of their rounds.
	pub(crate) in_order: bool,
	/// A buffer never shrinks. Otherwise its owner may have it paid down to the level of the claim
	/// that is settled.
	pub(crate) keep: bool,
}

impl Rules {
	pub(crate) const REAL: Self = Self {
		params: Parameters::LIVE,
		coverage: true,
		in_part: true,
		in_order: true,
		keep: true,
	};

	/// The probability that a buffer is made for among so many.
	fn aim(&self, network: Network) -> Ratio {
		aim(self.params.audit_budget, network.covered, network.uncovered)
	}

	/// Whether a buffer covers a claim.
	fn is_covered(&self, q: Ratio, buffer: u128, units: u128) -> bool {
		!self.coverage || covered(q, &self.params, buffer, units)
	}

	/// What the buffer fills up to for a claim.
	fn level(&self, aim: Ratio, units: u128) -> u128 {
		if self.coverage {
			buffer_level(aim, &self.params, units)
		} else {
			0
		}
	}

	/// What is paid of a claim that is not convicted.
	fn worth(&self, q: Ratio, buffer: u128, units: u128, drawn: bool) -> u128 {
		if drawn || self.is_covered(q, buffer, units) {
			units
		} else if self.in_part {
			payable(q, &self.params, buffer, units)
		} else {
			0
		}
	}
}

/// A claim that is not final.
struct Claim {
	round: u32,
	units: u128,
	/// Probability with which it was drawn.
	q: Ratio,
	/// What the buffer fills up to for it.
	level: u128,
	drawn: bool,
	passes: bool,
}

impl Claim {
	fn caught(&self) -> bool {
		self.drawn && !self.passes
	}
}

/// A worker's device, as the pallet sees it, and what its owner got out of it.
pub(crate) struct Identity {
	worker: u64,
	pub(crate) buffer: u128,
	unbroken_ms: u64,
	open: VecDeque<Claim>,
	income: u128,
	/// What the latest sampled round makes buffers for.
	last_aim: Ratio,
	/// When it takes what is due.
	pub(crate) timing: Timing,
	/// Whether its multiplier grows with the rounds.
	pub(crate) grows: bool,
}

/// What a claimant does where it is free to choose.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Timing {
	/// It takes all that it can get as soon as it can.
	AtOnce,
	/// What is to its advantage: where a buffer may be paid down, it has that done once it has seen
	/// itself drawn for what it cannot open, and not before. Without an order, settlements of no use
	/// yet wait.
	Best,
}

/// What an identity claims in a round: `tiles`, of which the share `wrong` in 1,000 is invented.
#[derive(Clone, Copy, Default)]
pub(crate) struct Intent {
	pub(crate) tiles: u32,
	pub(crate) wrong: u32,
}

/// A claim that has been committed and not drawn yet.
#[derive(Clone, Copy)]
pub(crate) struct Commitment {
	intent: Intent,
	units: u128,
	covered: bool,
}

/// One possible draw of an identity's claim.
#[derive(Clone, Copy)]
struct Outcome {
	drawn: bool,
	passes: bool,
	paid: u128,
}

impl Identity {
	/// A worker that has earned honestly for so long, with the buffer that its claim needs.
	pub(crate) fn seasoned(worker: u64, unbroken_ms: u64) -> Self {
		Self {
			worker,
			buffer: 0,
			unbroken_ms,
			open: VecDeque::new(),
			income: 0,
			last_aim: Ratio::ONE,
			timing: Timing::AtOnce,
			grows: true,
		}
	}

	/// Fills the buffer to the level of claims of `tiles` in `network`.
	pub(crate) fn fill(&mut self, rules: &Rules, network: Network, tiles: u32) {
		let units = credits(tiles, multiplier(self.unbroken_ms));
		self.last_aim = rules.aim(network);
		self.buffer = buffer_level(self.last_aim, &rules.params, units);
	}

	/// All that the owner has once everything is final.
	pub(crate) fn wealth(&self) -> i128 {
		(self.income + self.buffer) as i128
	}

	/// Commits in a round, or misses it.
	pub(crate) fn commit(&mut self, rules: &Rules, intent: Intent) -> Option<Commitment> {
		if intent.tiles == 0 {
			self.unbroken_ms = after_missed(self.unbroken_ms, 1);
			return None;
		}
		if self.grows {
			self.unbroken_ms += ROUND_MS;
		}
		let units = credits(intent.tiles, multiplier(self.unbroken_ms));
		let covered = rules.is_covered(self.last_aim, self.buffer, units);
		Some(Commitment { intent, units, covered })
	}

	/// What the beacon's value `seed` does to a commitment.
	fn outcome(&self, rules: &Rules, seed: &Hash, c: &Commitment, q: Ratio) -> Outcome {
		let drawn = drawn(seed, self.worker, 0, q);
		// Which leaves are invented is of no matter to uniform samples: they are the first.
		let leaves = u64::from(c.intent.tiles) * LEAVES_PER_TILE;
		let invented = leaves * u64::from(c.intent.wrong) / 1_000;
		let passes = !drawn
			|| samples(seed, self.worker, 0, c.intent.tiles, rules.params.samples)
				.iter()
				.all(|sample| sample.leaf >= invented);
		Outcome { drawn, passes, paid: rules.worth(q, self.buffer, c.units, drawn) }
	}

	/// What the outcome is worth to its owner.
	fn worth(&self, outcome: Outcome) -> i128 {
		let open: u128 = self.open.iter().map(|claim| claim.units).sum();
		if outcome.passes {
			outcome.paid as i128
		} else {
			-((self.buffer + open) as i128)
		}
	}

	/// Pays or convicts what has become final by `round`.
	pub(crate) fn settle(&mut self, rules: &Rules, round: u32) {
		let due = |claim: &Claim| claim.round + OPEN_ROUNDS <= round;
		let free = self.timing == Timing::Best && !rules.in_order;
		if free {
			// Before a conviction, if there is one.
			self.settle_good(rules, round);
		}
		if self.open.iter().any(|claim| due(claim) && claim.caught()) {
			self.buffer = 0;
			self.unbroken_ms = 0;
			self.open.clear();
			return;
		}
		while !free && self.open.front().is_some_and(due) {
			if let Some(claim) = self.open.pop_front() {
				self.pay(rules, claim);
			}
		}
	}

	/// Settles due claims in the order that is best for the owner: those that nothing pays yet
	/// wait.
	fn settle_good(&mut self, rules: &Rules, round: u32) {
		let mut next = 0;
		while let Some(claim) = self.open.get(next) {
			let covered = covered(claim.q, &rules.params, self.buffer, claim.units);
			if claim.round + OPEN_ROUNDS > round || claim.caught() || !(claim.drawn || covered) {
				next += 1;
			} else if let Some(claim) = self.open.remove(next) {
				self.pay(rules, claim);
				next = 0;
			}
		}
	}

	fn pay(&mut self, rules: &Rules, claim: Claim) {
		let granted = rules.worth(claim.q, self.buffer, claim.units, claim.drawn);
		let wanted = self.timing == Timing::AtOnce || self.open.iter().any(Claim::caught);
		let payment = if wanted && !rules.keep {
			pay(0, self.buffer + granted, claim.level)
		} else {
			pay(self.buffer, granted, claim.level)
		};
		self.buffer = payment.buffer;
		self.income += payment.paid;
	}
}

/// How block authors on the claimants' side use their one choice.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Withhold {
	/// Whenever somebody is convicted otherwise.
	Convictions,
	/// Whenever anything is less than best.
	AllButTheBest,
}

/// Block authors who collude with the claimants.
#[derive(Clone, Copy)]
pub(crate) struct Authors {
	/// Their share, in 1,000.
	pub(crate) share: u64,
	pub(crate) withhold: Withhold,
}

/// Draws a round for all identities of one owner. A colluding author who dislikes the draw
/// withholds its block, at no cost here, and the next author draws again.
pub(crate) fn draw_round(
	rules: &Rules,
	network: Network,
	authors: Authors,
	trial: &Hash,
	round: u32,
	owners: &mut [(Identity, Option<Commitment>)],
) {
	let count = |covered| {
		owners.iter().filter(|(_, c)| c.is_some_and(|c| c.covered == covered)).count() as u32
	};
	let turnout = Network {
		covered: network.covered + count(true),
		uncovered: network.uncovered + count(false),
	};
	let (q_covered, q_uncovered) =
		audit_ratios(rules.params.audit_budget, turnout.covered, turnout.uncovered);
	let thousand = NonZeroU64::new(1_000).expect("not zero");
	let mut authorship = Draw::new(derive(b"authors", &[trial, &round.to_le_bytes()]));
	let mut attempt = 0u32;
	let outcomes = loop {
		let seed = derive(b"draw", &[trial, &round.to_le_bytes(), &attempt.to_le_bytes()]);
		let outcomes: Vec<_> = owners
			.iter()
			.map(|(identity, c)| {
				c.as_ref().map(|c| {
					let q = if c.covered { q_covered } else { q_uncovered };
					(q, identity.outcome(rules, &seed, c, q))
				})
			})
			.collect();
		let (mut worth, mut best) = (0, 0);
		for ((identity, c), outcome) in owners.iter().zip(&outcomes) {
			if let (Some(c), Some((_, outcome))) = (c, outcome) {
				worth += identity.worth(*outcome);
				best += c.units as i128;
			}
		}
		let content = match authors.withhold {
			Withhold::Convictions => worth >= 0,
			Withhold::AllButTheBest => worth == best,
		};
		if content || !authorship.chance(authors.share, thousand) {
			break outcomes;
		}
		attempt += 1;
	};
	for ((identity, c), outcome) in owners.iter_mut().zip(outcomes) {
		identity.last_aim = rules.aim(turnout);
		if let (Some(c), Some((q, Outcome { drawn, passes, .. }))) = (c.take(), outcome) {
			let level = rules.level(identity.last_aim, c.units);
			identity.open.push_back(Claim { round, units: c.units, q, level, drawn, passes });
		}
	}
}
