//! The condition under which cheating on a job never pays, in integers.
//!
//! ```text
//! p · (1 − rⁿ) · (R + S_net) ≥ λ · C        S_net = min(S, reserved) · (1 − bounty share)
//! ```
//!
//! Whoever cheats on a job saves its compute cost C. The job is sampled with probability p, after its
//! result is committed; then n verifiers are drawn, each of which colludes with probability r, and one
//! honest one among them is enough. A cheat that is found loses the job's reward R and the stake S
//! that the job reserved, of which a second account of the cheat may get the bounty back.
//!
//! The condition is one on a single job, and it carries over to any number of them only because
//! every job reserves stake of its own: k jobs on one bond S save k · C and lose S once. Where
//! reservations are made ([`Ledger::reserve`](crate::allocation::Ledger::reserve)) no unit is
//! reserved twice, so that concurrency is no term of the condition.
//! It counts what the cheat itself loses. Stake that was delegated by somebody else deters nobody.
//!
//! Every rounding is against the cheat: what it risks is rounded down, what it gains is exact.

use crate::{slash::LARGEST_BOUNTY, MILLION};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_arithmetic::{helpers_128bit::multiply_by_rational_with_rounding, Rounding};

/// Most verifiers of one sampled job.
pub const MAX_VERIFIERS: u8 = 16;
/// Most open jobs on one operator that a policy may allow.
pub const MAX_CONCURRENCY: u32 = 1_000_000;

/// [`MILLION`] in the width of amounts.
const PARTS: u128 = 1_000_000;
/// 1 in the arithmetic of rⁿ.
const CERTAIN: u128 = 1_000_000_000_000_000_000;

/// What a network assumes about jobs and asks of them.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Policy {
	/// p: how many of a million jobs are sampled.
	pub sampling_ppm: u32,
	/// n: verifiers that a sampled job is given to.
	pub verifiers: u8,
	/// r: how many of a million verifiers are assumed to collude with the operator.
	pub colluding_ppm: u32,
	/// λ: how many times what a cheat gains it must be expected to lose.
	pub deterrence: u8,
	/// Parts in a million of the convicted operator's own stake that go to whoever proved the
	/// cheat.
	pub bounty_ppm: u32,
	/// Stake that a job reserves, per unit of its compute cost.
	pub stake_per_cost: u32,
	/// Most jobs that may be open on one operator. The condition does not depend on it: what makes
	/// it hold for many jobs at once is that each reserves stake of its own, which the ledger of
	/// allocations enforces. A service that opens jobs has to refuse more than these.
	pub concurrency: u32,
}

impl Policy {
	/// A live network: one job in twenty is sampled, and a job reserves 80 times its cost. A cheat
	/// is expected to lose 2.304 times what it saves even if the reward is nothing: 15.2 % more than
	/// λ asks for.
	pub const LIVE: Self = Self {
		sampling_ppm: 50_000,
		verifiers: 2,
		colluding_ppm: 200_000,
		deterrence: 2,
		bounty_ppm: 400_000,
		stake_per_cost: 80,
		concurrency: 10_000,
	};

	/// Development and local test networks: every other job is sampled, so that a test sees a
	/// conviction soon, and a job reserves eight times its cost. The margin is that of a live
	/// network.
	pub const DEVELOPMENT: Self =
		Self { sampling_ppm: 500_000, stake_per_cost: 8, concurrency: 100, ..Self::LIVE };

	/// Refuses assumptions under which cheating could pay.
	///
	/// A policy that passes deters from cheating on every job that reserves
	/// [`reservation`](Self::reservation) of its cost, whatever the cost and the reward are.
	///
	/// # Errors
	/// One sentence on what to change.
	pub fn validate(&self) -> Result<(), &'static str> {
		let expected = u128::from(self.stake_per_cost).saturating_mul(self.stake_weight());
		let asked = u128::from(self.deterrence).saturating_mul(STAKE_UNIT);
		let rules = [
			(self.sampling_ppm >= 1, "at least one job in a million must be sampled"),
			(self.sampling_ppm <= MILLION, "at most all jobs, a million in a million, are sampled"),
			(self.verifiers >= 1, "a sampled job needs at least one verifier"),
			(self.verifiers <= MAX_VERIFIERS, "a sampled job may have at most 16 verifiers"),
			(
				self.colluding_ppm < MILLION,
				"the colluding share must be less than all verifiers, a million in a million",
			),
			(self.deterrence >= 2, "the deterrence must be at least 2, or cheating may break even"),
			(
				self.bounty_ppm <= LARGEST_BOUNTY,
				"the bounty must be at most 490000 in a million, or self-conviction costs too little",
			),
			(self.concurrency >= 1, "at least one job must be allowed to be open on an operator"),
			(
				self.concurrency <= MAX_CONCURRENCY,
				"at most a million jobs may be open on an operator",
			),
			(
				expected >= asked,
				"cheating would pay: raise the stake per cost, the sampling or the verifiers, or \
				 lower the bounty, the colluding share or the deterrence",
			),
		];
		rules.iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, why)| Err(why))
	}

	/// Stake that a job of compute cost `cost` must reserve; `None` if no amount is large enough.
	pub fn reservation(&self, cost: u128) -> Option<u128> {
		cost.checked_mul(self.stake_per_cost.into())
	}

	/// p · (1 − rⁿ): how probably a cheat is found, in parts of [`REWARD_UNIT`]. rⁿ is rounded up.
	fn reward_weight(&self) -> u128 {
		let colluding = self.colluding_ppm.min(MILLION).into();
		let all_collude = (0..self.verifiers).fold(CERTAIN, |power, _| {
			multiply_by_rational_with_rounding(power, colluding, PARTS, Rounding::Up)
				.unwrap_or(CERTAIN)
		});
		u128::from(self.sampling_ppm.min(MILLION))
			.saturating_mul(CERTAIN.saturating_sub(all_collude))
	}

	/// p · (1 − rⁿ) · (1 − bounty share): the part of a job's stake that a cheat loses on average,
	/// in parts of [`STAKE_UNIT`].
	fn stake_weight(&self) -> u128 {
		self.reward_weight().saturating_mul(PARTS.saturating_sub(self.bounty_ppm.into()))
	}
}

/// 1 in parts of [`Policy::reward_weight`].
const REWARD_UNIT: u128 = PARTS.saturating_mul(CERTAIN);
/// 1 in parts of [`Policy::stake_weight`].
const STAKE_UNIT: u128 = PARTS.saturating_mul(REWARD_UNIT);

/// Both sides of the condition for one job, as amounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Margin {
	/// λ · C: what cheating saves, as many times as the policy asks for.
	pub gained: u128,
	/// p · (1 − rⁿ) · (R + S_net): what cheating is expected to lose, rounded down.
	pub risked: u128,
}

impl Margin {
	/// Whether cheating is expected to lose at least what the policy asks for.
	pub fn holds(&self) -> bool {
		self.risked >= self.gained
	}

	/// What is risked, in millionths of what is gained, rounded down: a million and more deters.
	/// The largest number if there is nothing to gain.
	pub fn margin_ppm(&self) -> u128 {
		multiply_by_rational_with_rounding(self.risked, PARTS, self.gained, Rounding::Down)
			.unwrap_or(u128::MAX)
	}
}

/// What cheating on a job gains and risks, in the units of the amounts given.
///
/// `reward` is paid for the job unless the operator is convicted, `reservation` is the stake that the
/// job asks for, and `reserved` is what is set aside for this job and no other, of stake that the
/// operator itself would lose. `cost` is what the computation costs an honest operator. A cost so
/// large that λ · C is no amount is never deterred from.
pub fn margin(
	policy: &Policy,
	reward: u128,
	reservation: u128,
	reserved: u128,
	cost: u128,
) -> Margin {
	let Some(gained) = cost.checked_mul(policy.deterrence.into()) else {
		return Margin { gained: u128::MAX, risked: 0 };
	};
	let expected = |amount, weight, unit| {
		// A weight is at most its unit, so that the quotient is an amount.
		multiply_by_rational_with_rounding(amount, weight, unit, Rounding::Down).unwrap_or(0)
	};
	let reward = expected(reward, policy.reward_weight(), REWARD_UNIT);
	let stake = expected(reservation.min(reserved), policy.stake_weight(), STAKE_UNIT);
	Margin { gained, risked: reward.saturating_add(stake) }
}

/// Whether cheating on a job is expected to lose: see [`margin`].
pub fn deters(
	policy: &Policy,
	reward: u128,
	reservation: u128,
	reserved: u128,
	cost: u128,
) -> bool {
	margin(policy, reward, reservation, reserved, cost).holds()
}
