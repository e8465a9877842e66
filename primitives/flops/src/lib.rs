#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
	not(test),
	deny(
		clippy::unwrap_used,
		clippy::expect_used,
		clippy::arithmetic_side_effects,
		clippy::indexing_slicing,
		clippy::as_conversions
	)
)]

extern crate alloc;

pub mod capacity;
pub mod coverage;
pub mod morton;
pub mod multiplier;
pub mod opening;
pub mod ratio;
pub mod reward;
pub mod round;
pub mod sampling;
pub mod seeds;
pub mod stream;
pub mod tile;

pub use assay_merkle::Hash;
pub use multiplier::Multiplier;
pub use opening::{Fault, Opening};
pub use ratio::Ratio;
pub use round::{Parameters, Phase, Untimely};
pub use sampling::Sample;
pub use stream::Side;

/// Rows of a left panel A, columns of a right panel B, and so rows and columns of a tile.
pub const PANEL_ROWS: u32 = 256;
/// Inner dimension K of the product: entries of a row of A and of a column of B.
pub const DEPTH: u32 = 16_384;
/// Largest entry of a panel; the smallest is 0.
pub const MAX_ENTRY: u8 = 15;
/// Entries of a tile in one Merkle leaf: neighbours in a row.
pub const LEAF_ENTRIES: u32 = 64;
/// Leaves of a tile: 256 rows of four quarters.
pub const LEAVES_PER_TILE: u64 = 1_024;
/// Floating point operations of a tile: 2 · 256 · 256 · 16,384.
pub const TILE_FLOP: u64 = 2_147_483_648;
/// Most tiles of one claim: 2³⁰, or 2.3 · 10¹⁸ FLOP. On a live network's window that is a device of
/// 1.9 · 10¹⁶ FLOP/s; a Merkle path has at most [`MAX_PATH`] siblings then.
pub const MAX_TILES: u32 = 1 << 30;
/// Most siblings in the path of a leaf: ten inside of the tile and thirty above it.
pub const MAX_PATH: u32 = 40;
