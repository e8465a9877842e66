//! How much new money a block may mint.
//!
//! The stated curve: 8 % of what there is in the first year, in each year nine tenths of the rate of
//! the year before, and never less than 2 %. A rate is nominal: a block mints its share of what there
//! is at that block, so that the first year, whose rewards raise later rewards, adds at most
//! e^0.08 − 1 = 8.33 %. Everything is rounded down.

use crate::MILLION;
use sp_arithmetic::{helpers_128bit::multiply_by_rational_with_rounding, Rounding};

/// A year of 365.25 days, in milliseconds.
pub const YEAR_MS: u64 = 31_557_600_000;
/// The annual rate of the first year, in parts in a million.
pub const FIRST_PPM: u32 = 80_000;
/// What a year keeps of the rate of the year before, in parts in a million.
pub const KEPT_PPM: u32 = 900_000;
/// The annual rate that is never undercut, in parts in a million.
pub const LEAST_PPM: u32 = 20_000;

/// The annual rate `elapsed_ms` after the genesis block, in parts in a million, rounded down every
/// year.
pub fn annual_ppm(elapsed_ms: u64) -> u32 {
	let mut years = elapsed_ms.checked_div(YEAR_MS).unwrap_or(0);
	let mut rate = FIRST_PPM;
	// It ends with the rate: after fourteen years.
	while years > 0 && rate > LEAST_PPM {
		rate = multiply_by_rational_with_rounding(
			rate.into(),
			KEPT_PPM.into(),
			MILLION.into(),
			Rounding::Down,
		)
		.and_then(|next| u32::try_from(next).ok())
		.unwrap_or(LEAST_PPM);
		years = years.saturating_sub(1);
	}
	rate.max(LEAST_PPM)
}

/// What a block mints that lies `elapsed_ms` after the genesis block, when there are `total_issuance`
/// units and blocks are `slot_ms` apart: the slot's share of a year's rate, rounded down. A slot counts
/// for a year at most.
pub fn block_reward(total_issuance: u128, elapsed_ms: u64, slot_ms: u64) -> u128 {
	let slot = u128::from(slot_ms.min(YEAR_MS));
	let rate = u128::from(annual_ppm(elapsed_ms)).saturating_mul(slot);
	let whole = u128::from(MILLION).saturating_mul(YEAR_MS.into());
	// The rate is at most the whole, so that the quotient is an amount.
	multiply_by_rational_with_rounding(total_issuance, rate, whole, Rounding::Down).unwrap_or(0)
}
