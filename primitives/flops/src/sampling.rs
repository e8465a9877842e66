//! Who opens, and what.
//!
//! Both follow from the beacon's value at a fixed block after the commit window, and from who the
//! worker is; never from the commitment, which could be ground.

use crate::{Hash, Ratio, LEAVES_PER_TILE};
use alloc::vec::Vec;
use assay_draw::Draw;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::num::NonZeroU64;
use scale_info::TypeInfo;

/// Domain of [`drawn`].
pub const DRAWN_DOMAIN: &[u8] = b"assay/flops/drawn";
/// Domain of [`samples`].
pub const SAMPLES_DOMAIN: &[u8] = b"assay/flops/samples";

/// An entry that has to be opened.
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
)]
pub struct Sample {
	/// Number of the leaf in the whole claim: `tile · 1,024 + row · 4 + quarter`.
	pub leaf: u64,
	/// Entry within the leaf, 0 to 63.
	pub column: u8,
}

/// Where a sampled entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
	/// The tile.
	pub tile: u32,
	/// Row of the tile, 0 to 255.
	pub row: u32,
	/// Column of the tile, 0 to 255.
	pub column: u32,
}

impl Sample {
	/// Where the entry stands; `None` when no claim is that large or the leaf has no such entry.
	pub fn position(&self) -> Option<Position> {
		if self.column >= 64 {
			return None;
		}
		let tile = u32::try_from(self.leaf >> 10).ok()?;
		let within = u32::try_from(self.leaf & 1_023).ok()?;
		let column = ((within & 3) << 6) | u32::from(self.column);
		Some(Position { tile, row: within >> 2, column })
	}
}

/// The stream of numbers that `domain` has for one commitment.
fn stream(domain: &[u8], sample_seed: &Hash, worker: u64, device: u16) -> Draw {
	let (worker, device) = (worker.to_le_bytes(), device.to_le_bytes());
	Draw::new(assay_draw::seed(domain, &[sample_seed, &worker, &device]))
}

/// Whether the commitment of `worker` and `device` has to be opened, with probability `q`.
///
/// `sample_seed` is the round's own seed from the beacon; it differs from round to round.
pub fn drawn(sample_seed: &Hash, worker: u64, device: u16, q: Ratio) -> bool {
	// A broken ratio draws everybody: an audit more is never to the claimant's advantage.
	NonZeroU64::new(q.den)
		.is_none_or(|den| stream(DRAWN_DOMAIN, sample_seed, worker, device).chance(q.num, den))
}

/// The `k` entries that `worker` has to open of its claim of `tiles` tiles for `device`, each drawn
/// from all of them with equal probability and independently: a leaf may come twice.
///
/// Empty when the claim is.
pub fn samples(sample_seed: &Hash, worker: u64, device: u16, tiles: u32, k: u32) -> Vec<Sample> {
	const LEAF_ENTRIES: NonZeroU64 = match NonZeroU64::new(64) {
		Some(n) => n,
		None => NonZeroU64::MIN,
	};
	// Below 2⁴², so it does not saturate.
	let leaves = u64::from(tiles).saturating_mul(LEAVES_PER_TILE);
	let Some(leaves) = NonZeroU64::new(leaves) else { return Vec::new() };
	let mut draw = stream(SAMPLES_DOMAIN, sample_seed, worker, device);
	(0..k)
		.map(|_| Sample {
			leaf: draw.below(leaves),
			column: u8::try_from(draw.below(LEAF_ENTRIES)).unwrap_or(0),
		})
		.collect()
}
