//! The stake that others entrust to one operator, in shares.
//!
//! A delegation is a number of shares of its operator's [`Pool`]; a share's price is the pool's stake
//! divided by its shares. So a slash changes one number however many delegators there are, and it
//! reaches those who are leaving exactly like those who stay, because leaving shares stay in the pool
//! until they are withdrawn.
//!
//! Rewards are not added to the stake but to an index of reward per share, which each delegator
//! compares with the index it was last paid up to. A share earns in the sessions whose election
//! counted it: from the second session after it was bought until it begins to leave. Until then it
//! lies in one of two **cohorts**, of those who begin to earn in the next session and in the one after.
//!
//! Invariants, which every method keeps:
//!
//! * `shares` is the sum of `entitled`, `leaving` and the cohorts;
//! * without shares there is no stake;
//! * nobody joins at a share's price below 2⁻²⁰, so that a pool of at most [`LARGEST_STAKE`] has at
//!   most 2¹¹⁶ shares;
//! * all roundings favour the pool: only a slash lowers the price;
//! * what all shares have earned is at most what [`Pool::reward`] returned.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_arithmetic::{helpers_128bit::multiply_by_rational_with_rounding, Rounding};

/// Unit of the reward index: it counts reward per share in parts of this.
pub const INDEX_UNIT: u128 = 1 << 64;
/// Most stake that a pool accepts.
pub const LARGEST_STAKE: u128 = 1 << 96;
/// Most that one reward adds to the index: 2³² units of reward for each share, far above what a pool
/// with a sane price gets. So a reward for a handful of shares cannot exhaust the index, and neither
/// can one such reward in every one of the 2³² sessions.
const LARGEST_STEP: u128 = 1 << 96;
/// Most shares for one unit of stake at which a pool can still be joined; also the part of a joiner's amount that
/// rounding may cost it at most.
const PRECISION: u128 = 1 << 20;

/// Delegated stake of one operator.
#[derive(
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	MaxEncodedLen,
	Clone,
	Debug,
	Default,
	PartialEq,
	Eq,
)]
pub struct Pool {
	/// Stake in the pool, that of leaving shares included.
	pub stake: u128,
	/// All shares.
	pub shares: u128,
	/// Shares that wait to be withdrawn: slashable, but neither active nor earning.
	pub leaving: u128,
	/// Shares that earn.
	pub entitled: u128,
	/// Shares that will earn, as (first session that they earn in, shares); (0, 0) is an empty place.
	pub joining: [(u32, u128); 2],
	/// Reward per entitled share since the pool began, in parts of [`INDEX_UNIT`].
	pub index: u128,
}

/// Why a [`Pool`] refuses; it is unchanged then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolError {
	/// Rounding would cost the joiner more than one unit and a 2²⁰th of its amount.
	TooSmall,
	/// Slashes have taken nearly everything: see [`Pool::is_exhausted`].
	Exhausted,
	/// The pool's stake would exceed [`LARGEST_STAKE`].
	TooLarge,
	/// Two earlier cohorts are still joining: call [`Pool::mature`] for the current session first.
	Unsettled,
	/// More shares would leave or be withdrawn than there are.
	MissingShares,
}

impl Pool {
	/// Whether slashes have taken so much that new shares would be too many to count. Such a pool
	/// takes nobody in until all its shares are withdrawn.
	pub fn is_exhausted(&self) -> bool {
		self.stake.saturating_mul(PRECISION) < self.shares
	}

	/// Value of the shares that are not leaving, rounded down.
	pub fn active(&self) -> u128 {
		self.value(self.shares.saturating_sub(self.leaving))
	}

	/// Value of `shares`, rounded down; never more than the pool's stake.
	pub fn value(&self, shares: u128) -> u128 {
		floor(shares.min(self.shares), self.stake, self.shares).unwrap_or_default()
	}

	/// Fewest shares that are worth `amount`; all shares if the pool is worth less.
	pub fn shares_worth(&self, amount: u128) -> u128 {
		multiply_by_rational_with_rounding(
			amount.min(self.stake),
			self.shares,
			self.stake,
			Rounding::Up,
		)
		.unwrap_or_default()
	}

	/// Buys shares with `amount` in `session`, after [`Pool::mature`] for it. They earn from the
	/// second session after it, the first whose election counts them. Returns the number of shares,
	/// rounded down.
	///
	/// # Errors
	/// [`PoolError::Exhausted`], [`PoolError::TooSmall`], [`PoolError::TooLarge`] or
	/// [`PoolError::Unsettled`].
	pub fn join(&mut self, amount: u128, session: u32) -> Result<u128, PoolError> {
		if self.is_exhausted() {
			return Err(PoolError::Exhausted);
		}
		let from = session.checked_add(2).ok_or(PoolError::Unsettled)?;
		let stake = self
			.stake
			.checked_add(amount)
			.filter(|stake| *stake <= LARGEST_STAKE)
			.ok_or(PoolError::TooLarge)?;
		let bought = if self.shares == 0 {
			amount
		} else {
			floor(amount, self.shares, self.stake).ok_or(PoolError::TooLarge)?
		};
		let shares = self.shares.checked_add(bought).ok_or(PoolError::TooLarge)?;

		let mut next = Self { stake, shares, ..self.clone() };
		let tolerated = amount.checked_div(PRECISION).unwrap_or_default().saturating_add(1);
		if bought == 0 || next.value(bought).saturating_add(tolerated) < amount {
			return Err(PoolError::TooSmall);
		}
		let known = next.joining.iter().position(|cohort| cohort.0 == from && cohort.1 > 0);
		let place = known.or_else(|| next.joining.iter().position(|cohort| cohort.1 == 0));
		let cohort =
			place.and_then(|place| next.joining.get_mut(place)).ok_or(PoolError::Unsettled)?;
		*cohort = (from, cohort.1.saturating_add(bought));
		*self = next;
		Ok(bought)
	}

	/// Shares begin to leave: they stop earning and wait to be withdrawn. `entitled` of them earn,
	/// the others are those of `joining`, as (first session that they would have earned in, shares).
	///
	/// # Errors
	/// [`PoolError::MissingShares`] if there are fewer shares of either kind.
	pub fn leave(&mut self, entitled: u128, joining: &[(u32, u128)]) -> Result<(), PoolError> {
		let mut next = self.clone();
		next.entitled = next.entitled.checked_sub(entitled).ok_or(PoolError::MissingShares)?;
		next.leaving = next.leaving.saturating_add(entitled);
		for (from, shares) in joining.iter().filter(|(_, shares)| *shares > 0) {
			let cohort = next
				.joining
				.iter_mut()
				.find(|cohort| cohort.0 == *from)
				.ok_or(PoolError::MissingShares)?;
			cohort.1 = cohort.1.checked_sub(*shares).ok_or(PoolError::MissingShares)?;
			if cohort.1 == 0 {
				*cohort = (0, 0);
			}
			next.leaving = next.leaving.saturating_add(*shares);
		}
		*self = next;
		Ok(())
	}

	/// Withdraws leaving shares. Returns their value, rounded down; the last share takes all that is
	/// left.
	///
	/// # Errors
	/// [`PoolError::MissingShares`] if fewer shares are leaving.
	pub fn withdraw(&mut self, shares: u128) -> Result<u128, PoolError> {
		let leaving = self.leaving.checked_sub(shares).ok_or(PoolError::MissingShares)?;
		let rest = self.shares.checked_sub(shares).ok_or(PoolError::MissingShares)?;
		let amount = self.value(shares);
		self.stake = self.stake.saturating_sub(amount);
		(self.shares, self.leaving) = (rest, leaving);
		Ok(amount)
	}

	/// Takes `amount`, or all there is, from all shares alike, and returns what it took.
	///
	/// The shares stay, however little is left: the slash may be cancelled.
	pub fn slash(&mut self, amount: u128) -> u128 {
		let taken = amount.min(self.stake);
		self.stake = self.stake.saturating_sub(taken);
		taken
	}

	/// Gives back what a cancelled slash took, to all shares alike. Returns whether it did: without
	/// any share left there is nobody to give it to, and the caller burns it.
	pub fn restore(&mut self, amount: u128) -> bool {
		let Some(stake) = self.stake.checked_add(amount).filter(|_| self.shares > 0) else {
			return false;
		};
		self.stake = stake;
		true
	}

	/// The cohorts whose first session is `session` or an earlier one become entitled. To be called
	/// before the reward of `session` is added, and before shares are bought or leave in it. Returns
	/// the first sessions of those cohorts: the caller stores the present index for them.
	pub fn mature(&mut self, session: u32) -> [Option<u32>; 2] {
		let entitled = &mut self.entitled;
		self.joining.each_mut().map(|cohort| {
			let (from, shares) = *cohort;
			if shares == 0 || from > session {
				return None;
			}
			*entitled = entitled.saturating_add(shares);
			*cohort = (0, 0);
			Some(from)
		})
	}

	/// What the entitled shares get of a reward that `counted` stake of the pool has earned: nobody
	/// gets the part of stake that has begun to leave since, or was slashed.
	pub fn remaining(&self, amount: u128, counted: u128) -> u128 {
		floor(amount, self.value(self.entitled).min(counted), counted).unwrap_or_default()
	}

	/// Shares a reward among the entitled shares. Returns what was distributed; the rest (dust, or
	/// everything if no share is entitled) is the caller's to burn.
	pub fn reward(&mut self, amount: u128) -> u128 {
		if self.entitled == 0 {
			return 0;
		}
		let room = u128::MAX.saturating_sub(self.index).min(LARGEST_STEP);
		let step = floor(amount, INDEX_UNIT, self.entitled).unwrap_or(room).min(room);
		self.index = self.index.saturating_add(step);
		// Rounded up, because the fractions that two rewards leave can add up to a unit of a claim.
		multiply_by_rational_with_rounding(step, self.entitled, INDEX_UNIT, Rounding::Up)
			.map_or(amount, |distributed| distributed.min(amount))
	}

	/// What `shares` have earned while the index went from `index_from` to `index_to`, rounded down.
	pub fn earned(shares: u128, index_from: u128, index_to: u128) -> u128 {
		floor(shares, index_to.saturating_sub(index_from), INDEX_UNIT).unwrap_or_default()
	}
}

/// `a · b / c`, rounded down; nothing if `c` is zero or the result is too large.
fn floor(a: u128, b: u128, c: u128) -> Option<u128> {
	multiply_by_rational_with_rounding(a, b, c, Rounding::Down)
}
