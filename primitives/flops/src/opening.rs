//! What a drawn worker shows, and how the chain judges it.

use crate::{
	stream,
	tile::{leaf_data, leaf_entries, tile_leaf_hashes},
	Hash, Sample, LEAVES_PER_TILE, MAX_TILES,
};
use alloc::vec::Vec;
use assay_merkle::leaf_hash;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// One leaf of a claim and its Merkle path.
///
/// 256 bytes and 32 for each sibling: 1.35 KiB for ten million tiles.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct Opening {
	/// The leaf's 64 neighbouring entries of a row.
	pub entries: [i32; 64],
	/// Siblings from the leaf up to the commitment's root, at most [`MAX_PATH`](crate::MAX_PATH).
	pub path: Vec<Hash>,
}

/// Why an opening convicts.
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
#[allow(clippy::as_conversions, reason = "the codec's derive casts the variants' constant numbers")]
pub enum Fault {
	/// The claim has no such entry, or more tiles than [`MAX_TILES`].
	Position,
	/// The leaf and its path do not lead to the commitment's root.
	Path,
	/// The sampled entry is not what the seed gives.
	Entry,
}

impl core::fmt::Display for Fault {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.write_str(match self {
			Self::Position => "the claim has no such entry",
			Self::Path => "the leaf is not in the commitment",
			Self::Entry => "the sampled entry is wrong",
		})
	}
}

impl core::error::Error for Fault {}

impl Opening {
	/// Opens `sample` of a claim whose tile roots are `tile_roots`. `entries` are the 65,536
	/// entries of the sample's tile, row by row.
	///
	/// `None` when the claim has no such entry or `entries` is not a whole tile. Whether the
	/// entries belong to the root is for [`check`] to find.
	pub fn new(sample: &Sample, tile_roots: &[Hash], entries: &[i32]) -> Option<Self> {
		let tile = sample.position()?.tile;
		let within = sample.leaf & 1_023;
		let leaves = tile_leaf_hashes(tile, entries)?;
		let mut path = assay_merkle::path(&leaves, within)?;
		path.extend(assay_merkle::path(tile_roots, tile.into())?);
		Some(Self { entries: *leaf_entries(entries, usize::try_from(within).ok()?)?, path })
	}
}

/// Checks `opening` of `sample`, for the claim of `tiles` tiles with the root `root` that was made
/// for `seed`: the leaf's path, then the sampled entry, recomputed from the seed (16,384
/// multiplications and 16 KiB of key stream).
///
/// The caller derives `sample` from the beacon; an opening cannot choose what it answers.
///
/// # Errors
/// What is wrong, the cheapest check first; each of them convicts.
pub fn check(
	seed: &Hash,
	root: &Hash,
	tiles: u32,
	sample: &Sample,
	opening: &Opening,
) -> Result<(), Fault> {
	let place = sample.position().ok_or(Fault::Position)?;
	if tiles > MAX_TILES || place.tile >= tiles {
		return Err(Fault::Position);
	}
	let entry = opening.entries.get(usize::from(sample.column)).ok_or(Fault::Position)?;
	let leaf = leaf_hash(sample.leaf, &leaf_data(&opening.entries));
	let leaves = u64::from(tiles).saturating_mul(LEAVES_PER_TILE);
	assay_merkle::verify(root, leaves, sample.leaf, leaf, &opening.path)
		.map_err(|_| Fault::Path)?;
	if *entry == stream::entry(seed, place.tile, place.row, place.column) {
		Ok(())
	} else {
		Err(Fault::Entry)
	}
}
