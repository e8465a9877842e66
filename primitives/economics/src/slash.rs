//! What a conviction takes, and from whom.

use crate::MILLION;
use sp_arithmetic::{helpers_128bit::multiply_by_rational_with_rounding, Rounding};

/// Largest part of the operator's own loss that whoever proved the fault receives, in parts of a
/// [`MILLION`]. Below one half, so that whoever convicts itself by a second account always loses
/// more than it carries off.
pub const LARGEST_BOUNTY: u32 = 490_000;

/// Where the amount of a conviction comes from, and what of it rewards the proof.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Split {
	/// Taken from the operator's own stake, the bounty included.
	pub own: u128,
	/// Taken from its delegators' stake.
	pub delegated: u128,
	/// The part of `own` that goes to whoever proved the fault.
	pub bounty: u128,
}

/// Divides a conviction of `amount` between the operator's `own` stake, which goes first, and its
/// `delegated` stake; what exceeds both is not taken. Only a `proven` fault pays a bounty, of at most
/// [`LARGEST_BOUNTY`] of the own part, rounded down: delegators' stake never pays one.
pub fn split(amount: u128, own: u128, delegated: u128, bounty_ppm: u32, proven: bool) -> Split {
	let own = amount.min(own);
	let delegated = amount.saturating_sub(own).min(delegated);
	let bounty_ppm = if proven { bounty_ppm.min(LARGEST_BOUNTY) } else { 0 };
	let bounty = parts(own, bounty_ppm, Rounding::Down);
	Split { own, delegated, bounty }
}

/// What a further offence of the same session adds for one offender: the difference between its
/// fraction of the `exposure`, in parts of a [`MILLION`], rounded up, and what the session's earlier
/// offences have `taken`. So concurrent offences cost the largest of them and not their sum, and
/// never more than the exposure.
pub fn concurrent(exposure: u128, taken: u128, fraction_ppm: u32) -> u128 {
	parts(exposure, fraction_ppm.min(MILLION), Rounding::Up).saturating_sub(taken)
}

/// `ppm` parts in a million of `amount`; `ppm` is at most a million.
fn parts(amount: u128, ppm: u32, rounding: Rounding) -> u128 {
	multiply_by_rational_with_rounding(amount, ppm.into(), MILLION.into(), rounding)
		.unwrap_or(amount)
}
