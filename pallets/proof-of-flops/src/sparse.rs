//! Merkle trees of any size of which only some leaves are known, for tests and benchmarks: all
//! other nodes are zeros. An honest worker has all of them; for what the chain checks it makes no
//! difference.

use alloc::{collections::BTreeMap, vec::Vec};
use assay_flops::{stream, tile, Hash, Opening, Sample, LEAVES_PER_TILE};

/// The root over all leaves of `tiles` tiles, and the path of each known leaf.
pub(crate) fn tree(tiles: u32, known: &BTreeMap<u64, Hash>) -> (Hash, BTreeMap<u64, Vec<Hash>>) {
	let mut paths: BTreeMap<u64, Vec<Hash>> =
		known.keys().map(|leaf| (*leaf, Vec::new())).collect();
	let mut level = known.clone();
	let mut width = u64::from(tiles).saturating_mul(LEAVES_PER_TILE);
	let mut height = 0u32;
	while width > 1 {
		let node = |index: u64| level.get(&index).copied().unwrap_or_default();
		for (leaf, path) in &mut paths {
			let sibling = (leaf >> height) ^ 1;
			if sibling < width {
				path.push(node(sibling));
			}
		}
		let next = level
			.keys()
			.map(|index| {
				let (left, right) = (index & !1, index | 1);
				let parent = if right < width {
					assay_merkle::node_hash(&node(left), &node(right))
				} else {
					node(left)
				};
				(index >> 1, parent)
			})
			.collect();
		level = next;
		width = width.div_ceil(2);
		height = height.saturating_add(1);
	}
	(level.values().next().copied().unwrap_or_default(), paths)
}

/// A root under which exactly the sampled leaves are right, and their openings.
pub(crate) fn openings(seed: &Hash, tiles: u32, samples: &[Sample]) -> (Hash, Vec<Opening>) {
	let leaves: BTreeMap<u64, [i32; 64]> =
		samples.iter().map(|sample| (sample.leaf, entries(seed, sample.leaf))).collect();
	let known = leaves
		.iter()
		.map(|(leaf, entries)| (*leaf, assay_merkle::leaf_hash(*leaf, &tile::leaf_data(entries))))
		.collect();
	let (root, paths) = tree(tiles, &known);
	let openings = samples
		.iter()
		.filter_map(|sample| {
			Some(Opening {
				entries: *leaves.get(&sample.leaf)?,
				path: paths.get(&sample.leaf)?.clone(),
			})
		})
		.collect();
	(root, openings)
}

/// The right entries of a leaf.
fn entries(seed: &Hash, leaf: u64) -> [i32; 64] {
	let mut entries = [0; 64];
	for (column, entry) in (0u8..).zip(entries.iter_mut()) {
		if let Some(place) = (Sample { leaf, column }).position() {
			*entry = stream::entry(seed, place.tile, place.row, place.column);
		}
	}
	entries
}
