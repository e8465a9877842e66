//! Building a tree: its root and the paths of its leaves.

use crate::{node_hash, Hash};
use alloc::vec::Vec;

/// The level above `nodes`: pairs are hashed, an odd last node is carried up unchanged.
fn parents(nodes: &[Hash]) -> Vec<Hash> {
	nodes
		.chunks(2)
		.filter_map(|pair| match pair {
			[left, right] => Some(node_hash(left, right)),
			[carried] => Some(*carried),
			_ => None,
		})
		.collect()
}

/// Root of the tree over `leaves`, which are leaf hashes in order of their index.
///
/// `None` when there is no leaf: an empty tree has no root that could be opened. The tree over a
/// single leaf is that leaf. Takes `leaves.len() − 1` hashes at most and half of the leaves'
/// memory.
pub fn root(leaves: &[Hash]) -> Option<Hash> {
	if leaves.len() <= 1 {
		return leaves.first().copied();
	}
	let mut level = parents(leaves);
	while level.len() > 1 {
		level = parents(&level);
	}
	level.first().copied()
}

/// Siblings of the leaf `index` from the bottom up, as [`verify`](crate::verify) takes them. A
/// level on which the node is carried has no sibling.
///
/// `None` when there is no such leaf.
pub fn path(leaves: &[Hash], index: u64) -> Option<Vec<Hash>> {
	let mut position = usize::try_from(index).ok()?;
	leaves.get(position)?;
	let mut siblings = Vec::new();
	let mut level = leaves.to_vec();
	while level.len() > 1 {
		if let Some(sibling) = level.get(position ^ 1) {
			siblings.push(*sibling);
		}
		position >>= 1;
		level = parents(&level);
	}
	Some(siblings)
}
