use super::*;
use crate::gpu::{product::TILE_BYTES, tests::cpu_or_gpu};
use assay_flops::tile::{tile_leaf_hashes, tile_root};

/// Leaf hashes of the first tile, and the roots of all, of tiles with any entries.
fn hash(tiles: &[(u32, Vec<i32>)]) -> (Vec<Hash>, Vec<Hash>) {
	let device = cpu_or_gpu();
	let count = tiles.len() as u32;
	let jobs = device.storage("jobs", 16 * u64::from(count)).unwrap();
	let words: Vec<_> = tiles.iter().map(|(tile, _)| [7, 7, *tile, 7]).collect();
	device.write(&jobs, &words);
	let entries = device.storage("entries", TILE_BYTES * u64::from(count)).unwrap();
	let words: Vec<_> = tiles.iter().flat_map(|(_, entries)| entries).copied().collect();
	device.write(&entries, &words);
	let usage = BufferUsages::MAP_READ | BufferUsages::COPY_DST;
	let staging = device.buffer("staging", 1 << 16, usage).unwrap();
	// One tile less than there is room for: levels must not depend on how full a batch is.
	let leaves = Leaves::new(&device, count + 1, &jobs, &entries).unwrap();
	let dispatches: Vec<_> = leaves.dispatches(count).collect();
	let copies = [leaves.first_leaves(), leaves.roots(count)];
	let mut hashes = read_hashes(&device.run(&dispatches, &copies, &staging).unwrap());
	let roots = hashes.split_off(1024);
	(hashes, roots)
}

/// Any 32-bit values, not only those that a product can have.
fn noise(start: u32) -> Vec<i32> {
	let mut x = start;
	let mut next = || {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		x as i32
	};
	(0..65_536).map(|_| next()).collect()
}

#[test]
fn leaves_should_equal_the_reference_when_entries_are_random() {
	let tiles = [(0x12_3456, noise(1)), (0, noise(2)), (u32::MAX, noise(3))];
	let (leaves, roots) = hash(&tiles);
	assert_eq!(Some(leaves), tile_leaf_hashes(tiles[0].0, &tiles[0].1));
	for ((tile, entries), root) in tiles.iter().zip(roots) {
		assert_eq!(Some(root), tile_root(*tile, entries), "tile {tile:#x}");
	}
}

#[test]
fn leaves_should_differ_when_only_the_index_of_the_tile_does() {
	let (_, roots) = hash(&[(5, vec![-1; 65_536]), (6, vec![-1; 65_536])]);
	assert_eq!(Some(roots[0]), tile_root(5, &[-1; 65_536]));
	assert_eq!(Some(roots[1]), tile_root(6, &[-1; 65_536]));
	assert_ne!(roots[0], roots[1]);
}
