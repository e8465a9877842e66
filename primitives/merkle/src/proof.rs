//! Checking a leaf against a root.

use crate::{node_hash, Hash};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Why a path does not prove its leaf.
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
pub enum Invalid {
	/// The tree has no leaf of that index.
	IndexOutOfRange,
	/// The path has more or fewer siblings than that leaf has in a tree of that many leaves.
	PathLength,
	/// The leaf and the path lead to another root.
	Root,
}

impl core::fmt::Display for Invalid {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.write_str(match self {
			Self::IndexOutOfRange => "the tree has no leaf of that index",
			Self::PathLength => "the path has the wrong number of siblings",
			Self::Root => "the leaf and the path lead to another root",
		})
	}
}

impl core::error::Error for Invalid {}

/// Where a node stands in its level.
enum Place {
	Left,
	Right,
	Carried,
}

/// The way of leaf `index` up to the root of a tree of `leaves` leaves, one item a level.
fn ascent(mut leaves: u64, mut index: u64) -> impl Iterator<Item = Place> {
	core::iter::from_fn(move || {
		if leaves <= 1 {
			return None;
		}
		let place = if index & 1 == 1 {
			Place::Right
		} else if index == leaves.saturating_sub(1) {
			Place::Carried
		} else {
			Place::Left
		};
		index >>= 1;
		leaves = leaves.div_ceil(2);
		Some(place)
	})
}

/// Exact number of siblings in the path of leaf `index` in a tree of `leaves` leaves: one a level,
/// less the levels on which the node is carried. At most 64; 0 when there is no such leaf.
pub fn path_len(leaves: u64, index: u64) -> u32 {
	if index >= leaves {
		return 0;
	}
	ascent(leaves, index)
		.fold(0u32, |n, place| n.saturating_add(u32::from(!matches!(place, Place::Carried))))
}

/// Checks that `leaf`, a leaf hash, is leaf number `index` of the tree of `leaves` leaves whose
/// root is `root`. `path` are its siblings from the bottom up.
///
/// The caller makes `leaf` from the data with [`leaf_hash`](crate::leaf_hash) and the same `index`;
/// it never takes the hash from whoever is being checked. Paths of different leaf counts can have
/// the same shape, and it is the index in the hash that tells their leaves apart.
///
/// Takes at most one hash a sibling and allocates nothing. The number of siblings must be exact, so
/// a leaf has one valid proof only.
///
/// # Errors
/// What is wrong with the proof, the cheapest check first; see [`Invalid`].
pub fn verify(
	root: &Hash,
	leaves: u64,
	index: u64,
	leaf: Hash,
	path: &[Hash],
) -> Result<(), Invalid> {
	if index >= leaves {
		return Err(Invalid::IndexOutOfRange);
	}
	if u32::try_from(path.len()) != Ok(path_len(leaves, index)) {
		return Err(Invalid::PathLength);
	}
	let mut siblings = path.iter();
	let mut node = leaf;
	for place in ascent(leaves, index) {
		node = match place {
			Place::Carried => node,
			Place::Left => node_hash(&node, siblings.next().ok_or(Invalid::PathLength)?),
			Place::Right => node_hash(siblings.next().ok_or(Invalid::PathLength)?, &node),
		};
	}
	if node == *root {
		Ok(())
	} else {
		Err(Invalid::Root)
	}
}
