//! The rules, which can be broken, and an operator with its stake and jobs.

use assay_draw::Draw;
use assay_economics::{
	deterrence::{deters, Policy},
	slash::{split, Split},
};
use core::num::NonZeroU64;

/// Rounds from a job's commitment to its conviction or payment.
pub(crate) const CASE_ROUNDS: u32 = 3;
/// Compute cost of a common job, in units.
pub(crate) const COST: u128 = 1_000_000_000_000;
/// A million parts.
pub(crate) const PARTS: u128 = 1_000_000;

/// Stake that a job reserves.
#[derive(Clone, Copy)]
pub(crate) enum Price {
	/// Millionths of its own cost.
	PerCost(u128),
	/// The same for every job.
	Flat(u128),
}

/// What a policy takes for granted, some of which may be taken away.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
	pub(crate) policy: Policy,
	/// What a job reserves.
	pub(crate) price: Price,
	/// A job is refused if the condition does not hold for it.
	pub(crate) enforced: bool,
	/// Every job reserves stake of its own; otherwise all of them point at one bond.
	pub(crate) apart: bool,
	/// Only stake that the operator itself would lose is reserved.
	pub(crate) own_only: bool,
	/// After a conviction the other open jobs still answer with their stake.
	pub(crate) outlives: bool,
	/// A bounty comes out of the operator's own stake only.
	pub(crate) bounty_of_own: bool,
	/// Unbonding stake can be slashed until it is withdrawn.
	pub(crate) slashes_unbonding: bool,
	/// Rounds from unbonding to withdrawal.
	pub(crate) unbonding_rounds: u32,
	/// Jobs are sampled after their results are committed; otherwise the operator knows before.
	pub(crate) sampled_after: bool,
	/// Verifiers are drawn; otherwise the operator names them.
	pub(crate) verifiers_drawn: bool,
}

impl Rules {
	pub(crate) const REAL: Self = Self::of(Policy::LIVE);

	/// All rules under `policy`, whose jobs reserve what it asks for.
	pub(crate) const fn of(policy: Policy) -> Self {
		Self {
			policy,
			price: Price::PerCost(policy.stake_per_cost as u128 * PARTS),
			enforced: true,
			apart: true,
			own_only: true,
			outlives: true,
			bounty_of_own: true,
			slashes_unbonding: true,
			unbonding_rounds: CASE_ROUNDS + 2,
			sampled_after: true,
			verifiers_drawn: true,
		}
	}

	/// Stake that a job of `cost` reserves.
	pub(crate) fn reservation(&self, cost: u128) -> u128 {
		match self.price {
			Price::PerCost(millionths) => cost * millionths / PARTS,
			Price::Flat(amount) => amount,
		}
	}

	/// Whether the chain takes a job.
	pub(crate) fn takes(&self, cost: u128, reward: u128) -> bool {
		let stake = self.reservation(cost);
		!self.enforced || deters(&self.policy, reward, stake, stake, cost)
	}

	/// What a conviction takes and pays.
	fn split(&self, amount: u128, own: u128, delegated: u128) -> Split {
		let mut taken = split(amount, own, delegated, self.policy.bounty_ppm, true);
		if !self.bounty_of_own {
			taken.bounty =
				(taken.own + taken.delegated) * u128::from(self.policy.bounty_ppm) / PARTS;
		}
		taken
	}
}

/// A number out of a million with that probability.
pub(crate) fn chance(draw: &mut Draw, ppm: u32) -> bool {
	draw.chance(ppm.into(), NonZeroU64::new(1_000_000).expect("not zero"))
}

/// A job whose result has been committed.
pub(crate) struct Job {
	pub(crate) committed: u32,
	pub(crate) reward: u128,
	pub(crate) reservation: u128,
	/// Whether it will be convicted.
	pub(crate) convicted: bool,
}

/// An operator, its second accounts, and the strangers' stake that it was entrusted with.
pub(crate) struct Operator {
	/// What it holds outside of the chain's hands; it may be in debt.
	pub(crate) purse: i128,
	/// Its own bonded stake.
	own: u128,
	/// Its own unbonding stake and the round when it can be withdrawn.
	unbonding: Option<(u128, u32)>,
	/// Stake of strangers.
	delegated: u128,
	/// Whether a second account collects the bounties.
	second_account: bool,
	jobs: Vec<Job>,
	/// What its open jobs reserve.
	reserved: u128,
}

impl Operator {
	pub(crate) fn new(delegated: u128, second_account: bool) -> Self {
		Self {
			purse: 0,
			own: 0,
			unbonding: None,
			delegated,
			second_account,
			jobs: Vec::new(),
			reserved: 0,
		}
	}

	/// All of its own.
	pub(crate) fn wealth(&self) -> i128 {
		self.purse + (self.own + self.unbonding.map_or(0, |(amount, _)| amount)) as i128
	}

	/// Commits a job's result, with as much more stake of its own as the rules ask for.
	pub(crate) fn commit(&mut self, rules: &Rules, job: Job) {
		self.reserved += job.reservation;
		let asked = if rules.apart { self.reserved } else { job.reservation };
		let strangers = if rules.own_only { 0 } else { self.delegated };
		let missing = asked.saturating_sub(self.own + strangers);
		self.purse -= missing as i128;
		self.own += missing;
		self.jobs.push(job);
	}

	/// Begins to take out all its stake.
	pub(crate) fn unbond(&mut self, rules: &Rules, round: u32) {
		self.unbonding = Some((self.own, round + rules.unbonding_rounds));
		self.own = 0;
	}

	/// Takes out what has unbonded, and pays or convicts the jobs that are due.
	pub(crate) fn settle(&mut self, rules: &Rules, round: u32) {
		if let Some((amount, due)) = self.unbonding {
			if due <= round {
				self.purse += amount as i128;
				self.unbonding = None;
			}
		}
		let (due, open): (Vec<_>, Vec<_>) =
			self.jobs.drain(..).partition(|job| job.committed + CASE_ROUNDS <= round);
		self.jobs = open;
		self.reserved -= due.iter().map(|job| job.reservation).sum::<u128>();
		let mut answered = true;
		for job in due {
			if !job.convicted {
				self.purse += job.reward as i128;
			} else if answered {
				self.convict(rules, job.reservation);
				answered = rules.outlives;
			}
		}
		if !answered {
			self.jobs.iter_mut().for_each(|job| job.reservation = 0);
			self.reserved = 0;
		}
	}

	/// Loses a job's reward and up to `amount` of stake.
	fn convict(&mut self, rules: &Rules, amount: u128) {
		let unbonding = match self.unbonding {
			Some((amount, _)) if rules.slashes_unbonding => amount,
			_ => 0,
		};
		let taken = rules.split(amount, self.own + unbonding, self.delegated);
		let from_bonded = taken.own.min(self.own);
		self.own -= from_bonded;
		if let Some((amount, _)) = &mut self.unbonding {
			*amount -= taken.own - from_bonded;
		}
		self.delegated -= taken.delegated;
		if self.second_account {
			self.purse += taken.bounty as i128;
		}
	}
}
