//! An operator's commission, and how a reward is shared by it.

use crate::MILLION;
use sp_arithmetic::{helpers_128bit::multiply_by_rational_with_rounding, Rounding};

/// Bounds of a commission. A cut takes effect at once and needs none; a raise is announced and waits,
/// so that delegators can leave before it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommissionRules {
	/// Largest commission that can be announced, in parts of a [`MILLION`].
	pub max_ppm: u32,
	/// Largest raise of one announcement, in parts of a [`MILLION`] of the reward.
	pub max_raise_ppm: u32,
}

/// Why a raise is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommissionError {
	/// The commission would exceed the largest one.
	AboveMaximum,
	/// One announcement would raise the commission by too much.
	RaiseTooLarge,
}

/// Checks an announced raise of the commission; a cut is always allowed.
///
/// # Errors
/// [`CommissionError`] if the raise breaks the rules.
pub fn check_raise(
	current_ppm: u32,
	next_ppm: u32,
	rules: &CommissionRules,
) -> Result<(), CommissionError> {
	let raise = next_ppm.saturating_sub(current_ppm);
	if raise > 0 && next_ppm > rules.max_ppm.min(MILLION) {
		return Err(CommissionError::AboveMaximum);
	}
	if raise > rules.max_raise_ppm {
		return Err(CommissionError::RaiseTooLarge);
	}
	Ok(())
}

/// Shares a reward that was earned by an operator's `own` and `delegated` stake: the operator's part
/// (its stake's, and its commission of the rest), and the delegators' part, rounded down. The two
/// add up to `amount`.
pub fn share_reward(amount: u128, own: u128, delegated: u128, commission_ppm: u32) -> (u128, u128) {
	let floor = |amount, numerator, denominator| {
		multiply_by_rational_with_rounding(amount, numerator, denominator, Rounding::Down)
	};
	let kept_ppm = MILLION.saturating_sub(commission_ppm);
	let delegators = own
		.checked_add(delegated)
		.and_then(|stake| floor(amount, delegated, stake))
		.and_then(|earned| floor(earned, kept_ppm.into(), MILLION.into()))
		.unwrap_or_default();
	(amount.saturating_sub(delegators), delegators)
}
