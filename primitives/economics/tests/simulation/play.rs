//! Plays a plan and its honest twin.

use crate::model::{chance, Job, Operator, Rules, CASE_ROUNDS, COST, PARTS};
use assay_draw::{seed as derive, Draw, Hash};
use std::fmt;

/// What the operator sees of a job when it decides whether to compute it.
pub(crate) struct Offer {
	pub(crate) cost: u128,
	/// Whether it will be sampled, where the rules give that away.
	pub(crate) sampled: Option<bool>,
}

/// What a cheat plans.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
	/// On how many of a million jobs it cheats, of those that it likes to.
	pub(crate) share: u32,
	/// Which jobs it likes to cheat on.
	pub(crate) likes: fn(&Offer) -> bool,
	/// Rounds in which jobs are taken.
	pub(crate) rounds: u32,
	/// Jobs that are offered at the same time, every round.
	pub(crate) jobs: u32,
	/// How many of a million jobs are as dear as ten others.
	pub(crate) dear: u32,
	/// What a job pays, in millionths of its cost.
	pub(crate) reward: u128,
	/// How many of a million verifiers collude with it.
	pub(crate) colluding: u32,
	/// What strangers have entrusted to it.
	pub(crate) delegated: u128,
	/// Whether a second account is the one that proves it guilty, for the bounty.
	pub(crate) second_account: bool,
	/// Whether that account proves what nobody sampled, too.
	pub(crate) turns_itself_in: bool,
	/// Whether it leaves as soon as its last jobs are committed.
	pub(crate) leaves: bool,
}

impl Plan {
	/// Cheats on a hundred jobs at once, one in ten of them dear, which pay a tenth more than they
	/// cost.
	pub(crate) const ALWAYS: Self = Self {
		share: 1_000_000,
		likes: |_| true,
		rounds: 1,
		jobs: 100,
		dear: 100_000,
		reward: 1_100_000,
		colluding: 200_000,
		delegated: 0,
		second_account: true,
		turns_itself_in: false,
		leaves: false,
	};
}

/// Mean gain and its standard error, in common jobs' costs.
#[derive(Clone, Copy)]
pub(crate) struct Gain {
	pub(crate) mean: f64,
	pub(crate) error: f64,
	/// Mean cost of the jobs that were cheated on.
	pub(crate) saved: f64,
}

impl Gain {
	/// Below `limit` times what was saved, by four standard errors.
	pub(crate) fn is_below(&self, limit: f64) -> bool {
		self.mean + 4. * self.error < limit * self.saved
	}

	/// Below zero by four standard errors.
	pub(crate) fn is_loss(&self) -> bool {
		self.is_below(0.)
	}

	/// Above zero by four standard errors.
	pub(crate) fn is_gain(&self) -> bool {
		self.mean - 4. * self.error > 0.
	}

	/// Exactly nothing, in every trial.
	pub(crate) fn is_nothing(&self) -> bool {
		self.mean == 0. && self.error == 0.
	}
}

impl fmt::Display for Gain {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(f, "{:.2} ± {:.2} costs, {:.1} saved", self.mean, self.error, self.saved)
	}
}

/// Whether a wrong result is found: it is sampled, and not all of its verifiers collude.
fn found(rules: &Rules, plan: &Plan, sampled: bool, draw: &mut Draw) -> bool {
	sampled
		&& rules.verifiers_drawn
		&& (0..rules.policy.verifiers).any(|_| !chance(draw, plan.colluding))
}

/// Wealth at the end of one trial, and the cost of the jobs that were cheated on. With a share of 0
/// it is the honest twin's: the offers are the same.
fn play(rules: &Rules, plan: &Plan, trial: &Hash, share: u32) -> (i128, u128) {
	let mut offers = Draw::new(derive(b"offers", &[trial]));
	let mut choices = Draw::new(derive(b"choices", &[trial]));
	let mut verdicts = Draw::new(derive(b"verdicts", &[trial]));
	let mut operator = Operator::new(plan.delegated, plan.second_account);
	let mut saved = 0;
	for round in 0..plan.rounds {
		operator.settle(rules, round);
		for _ in 0..plan.jobs {
			let cost = if chance(&mut offers, plan.dear) { 10 * COST } else { COST };
			let sampled = chance(&mut offers, rules.policy.sampling_ppm);
			let reward = cost * plan.reward / PARTS;
			if !rules.takes(cost, reward) {
				continue;
			}
			let offer = Offer { cost, sampled: (!rules.sampled_after).then_some(sampled) };
			let cheats = (plan.likes)(&offer) && share > 0 && chance(&mut choices, share);
			if cheats {
				saved += cost;
			} else {
				operator.purse -= cost as i128;
			}
			let convicted =
				cheats && (plan.turns_itself_in || found(rules, plan, sampled, &mut verdicts));
			let reservation = rules.reservation(cost);
			operator.commit(rules, Job { committed: round, reward, reservation, convicted });
		}
	}
	if plan.leaves {
		operator.unbond(rules, plan.rounds - 1);
	}
	for round in plan.rounds..plan.rounds + CASE_ROUNDS {
		operator.settle(rules, round);
	}
	(operator.wealth(), saved)
}

/// Gain of a plan over its honest twin.
pub(crate) fn cheats(rules: &Rules, plan: &Plan, trials: u32) -> Gain {
	let (mut sum, mut squares, mut saved) = (0., 0., 0.);
	for trial in 0..trials {
		let seed = derive(b"trial", &[&trial.to_le_bytes()]);
		let (faked, spared) = play(rules, plan, &seed, plan.share);
		let gain = (faked - play(rules, plan, &seed, 0).0) as f64 / COST as f64;
		sum += gain;
		squares += gain * gain;
		saved += spared as f64 / COST as f64;
	}
	let n = f64::from(trials);
	let mean = sum / n;
	Gain { mean, error: ((squares / n - mean * mean).max(0.) / n).sqrt(), saved: saved / n }
}
