//! From tiles to credits.

use crate::{Multiplier, TILE_FLOP};

/// Smallest units of one credit: twelve decimals.
pub const UNITS_PER_CREDIT: u128 = 1_000_000_000_000;
/// Proven floating point operations of one credit.
pub const FLOP_PER_CREDIT: u128 = 1_000_000_000_000_000;

/// Floating point operations of one unit.
const FLOP_PER_UNIT: u128 = FLOP_PER_CREDIT / UNITS_PER_CREDIT;
/// What a [`Multiplier`] counts in.
const MILLION: u128 = 1_000_000;

/// The claim of a worker that committed to `tiles` tiles `elapsed_slots` slots after the round
/// opened: its rate times the window of `window` slots, `tiles · window ÷ elapsed_slots`, rounded
/// down.
///
/// A commitment can only be made when the window is over, so fewer slots than `window` are counted
/// as `window`. A late commitment gains nothing: more tiles are divided by more time.
pub fn rate_claim(tiles: u32, window: u32, elapsed_slots: u64) -> u32 {
	let slots = elapsed_slots.max(window.into());
	let tile_slots = u64::from(tiles).saturating_mul(window.into());
	// Never above `tiles`, so it fits.
	u32::try_from(tile_slots.checked_div(slots).unwrap_or(0)).unwrap_or(tiles)
}

/// Units of credit for `claim_tiles` tiles, rounded down.
pub fn credits(claim_tiles: u32, multiplier: Multiplier) -> u128 {
	// Below 2³² · 2³¹ · 2³² and therefore exact.
	u128::from(claim_tiles)
		.saturating_mul(TILE_FLOP.into())
		.saturating_mul(multiplier.0.into())
		.checked_div(FLOP_PER_UNIT.saturating_mul(MILLION))
		.unwrap_or(0)
}
