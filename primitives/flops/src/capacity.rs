//! What a device is known to be able to do.

use crate::TILE_FLOP;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// What a device has proven so far.
#[derive(
	Clone,
	Copy,
	Debug,
	Default,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Proven {
	/// Tiles of all its final claims.
	pub tiles: u64,
	/// Rounds that are decided for it: its claims are final, or it missed them.
	pub rounds: u32,
}

impl Proven {
	/// Mean of the tiles that were proven in the rounds since `then`, rounded down, and how many rounds
	/// these are.
	pub fn since(self, then: Self) -> (u32, u32) {
		let rounds = self.rounds.saturating_sub(then.rounds);
		let tiles = self.tiles.saturating_sub(then.tiles);
		let mean = tiles.checked_div(rounds.into()).unwrap_or(0);
		(u32::try_from(mean).unwrap_or(u32::MAX), rounds)
	}
}

/// Capacity in tiles a window: the mean of the recent claims (rounded down), but never more than
/// the last claim that was opened and held. 0 without a claim.
pub fn capacity(recent: &[u32], last_opened: u32) -> u32 {
	let sum = recent.iter().fold(0u64, |sum, claim| sum.saturating_add((*claim).into()));
	let count = u64::try_from(recent.len()).unwrap_or(u64::MAX);
	let mean = sum.checked_div(count).unwrap_or(0);
	// A mean of u32 fits.
	u32::try_from(mean).unwrap_or(u32::MAX).min(last_opened)
}

/// Exact multiply-accumulate throughput in FLOP/s of a device that does `claim_tiles` tiles in a
/// window of `window` slots of `slot_ms` milliseconds, rounded down; 0 without a window.
pub fn flop_per_second(claim_tiles: u32, window: u32, slot_ms: u64) -> u64 {
	const MS_PER_SECOND: u128 = 1_000;
	let flop = u128::from(claim_tiles).saturating_mul(TILE_FLOP.into());
	let milliseconds = u128::from(window).saturating_mul(slot_ms.into());
	let rate = flop.saturating_mul(MS_PER_SECOND).checked_div(milliseconds).unwrap_or(0);
	u64::try_from(rate).unwrap_or(u64::MAX)
}
