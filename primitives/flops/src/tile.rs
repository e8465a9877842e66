//! A whole tile on the CPU: the reference for every kernel.

use crate::{morton, stream, Hash, Side, LEAF_ENTRIES, LEAVES_PER_TILE, PANEL_ROWS};
use alloc::{vec, vec::Vec};
use assay_merkle::leaf_hash;

/// Entries of a tile: 256 × 256.
pub const TILE_ENTRIES: usize = 65_536;

/// Entries of a line that are multiplied before the next line's turn, so that a block of a whole
/// panel stays in the processor's cache.
const BLOCK: usize = 1_024;
/// Bytes of a packed block.
const BLOCK_BYTES: usize = BLOCK / 2;
/// Rows multiplied together, which share the loads of a column.
const ROWS_AT_ONCE: usize = 4;

/// The 256 packed lines of a panel, one after another (2 MiB).
fn panel(seed: &Hash, side: Side, panel: u32) -> Vec<u8> {
	let mut bytes = Vec::new();
	for line in 0..PANEL_ROWS {
		bytes.extend_from_slice(&stream::line(seed, side, panel, line));
	}
	bytes
}

/// Block `block` of all 256 lines of a panel, one entry a word, line by line.
fn unpack(panel: &[u8], block: usize, out: &mut [i16]) {
	let lines = panel.chunks_exact(stream::LINE_BYTES);
	for (line, out) in lines.zip(out.chunks_exact_mut(BLOCK)) {
		let Some(bytes) = line.chunks_exact(BLOCK_BYTES).nth(block) else { continue };
		for (byte, pair) in bytes.iter().zip(out.chunks_exact_mut(2)) {
			if let [low, high] = pair {
				*low = i16::from(byte & 15);
				*high = i16::from(byte >> 4);
			}
		}
	}
}

/// Dot product of two blocks, at most 1,024 · 15².
fn dot(a: &[i16], b: &[i16]) -> i32 {
	a.iter()
		.zip(b)
		.fold(0i32, |sum, (a, b)| sum.wrapping_add(i32::from(*a).wrapping_mul(i32::from(*b))))
}

/// All 65,536 entries of tile `tile`, row by row. Takes some tenths of a second and 6 MiB.
///
/// Equals [`stream::entry`] at every place; made for tests, self-tests and the CPU back end.
pub fn reference_tile(seed: &Hash, tile: u32) -> Vec<i32> {
	let (i, j) = morton::panels(tile);
	let left = panel(seed, Side::Left, i);
	let right = panel(seed, Side::Right, j);
	let rows = 256;
	let mut a = vec![0i16; BLOCK.saturating_mul(rows)];
	let mut b = a.clone();
	let mut entries = vec![0i32; TILE_ENTRIES];
	for block in 0..stream::LINE_BYTES / BLOCK_BYTES {
		unpack(&left, block, &mut a);
		unpack(&right, block, &mut b);
		let row_groups = a.chunks_exact(BLOCK.saturating_mul(ROWS_AT_ONCE));
		let out_groups = entries.chunks_exact_mut(ROWS_AT_ONCE.saturating_mul(rows));
		for (a_rows, out_rows) in row_groups.zip(out_groups) {
			for (column, b_column) in b.chunks_exact(BLOCK).enumerate() {
				let lines = a_rows.chunks_exact(BLOCK).zip(out_rows.chunks_exact_mut(rows));
				for (a_row, out_row) in lines {
					if let Some(entry) = out_row.get_mut(column) {
						*entry = entry.wrapping_add(dot(a_row, b_column));
					}
				}
			}
		}
	}
	entries
}

/// Data of a leaf: its 64 entries as i32 LE.
pub fn leaf_data(entries: &[i32; 64]) -> [u8; 256] {
	let mut data = [0; 256];
	for (bytes, entry) in data.chunks_exact_mut(4).zip(entries) {
		bytes.copy_from_slice(&entry.to_le_bytes());
	}
	data
}

/// The leaf's 64 entries within a tile's 65,536.
pub(crate) fn leaf_entries(entries: &[i32], leaf: usize) -> Option<&[i32; 64]> {
	let leaf_size = usize::try_from(LEAF_ENTRIES).ok()?;
	entries.chunks_exact(leaf_size).nth(leaf)?.first_chunk()
}

/// The 1,024 leaf hashes of tile `tile`, given its entries row by row. The leaf `row · 4 + quarter`
/// of the tile has number `tile · 1,024 + row · 4 + quarter` in the claim.
///
/// `None` when there are not exactly 65,536 entries.
pub fn tile_leaf_hashes(tile: u32, entries: &[i32]) -> Option<Vec<Hash>> {
	if entries.len() != TILE_ENTRIES {
		return None;
	}
	let leaf_size = usize::try_from(LEAF_ENTRIES).ok()?;
	let first = u64::from(tile).checked_mul(LEAVES_PER_TILE)?;
	(first..)
		.zip(entries.chunks_exact(leaf_size))
		.map(|(index, leaf)| Some(leaf_hash(index, &leaf_data(leaf.first_chunk()?))))
		.collect()
}

/// Root of the tree over the leaves of tile `tile`, given its entries row by row.
///
/// `None` when there are not exactly 65,536 entries.
pub fn tile_root(tile: u32, entries: &[i32]) -> Option<Hash> {
	assay_merkle::root(&tile_leaf_hashes(tile, entries)?)
}

/// Root of a claim: the tree over the roots of its tiles 0, 1, 2, …. A tile is exactly 2¹⁰ leaves,
/// so this is the tree over all leaves, too.
///
/// `None` when there is no tile.
pub fn commitment_root(tile_roots: &[Hash]) -> Option<Hash> {
	assay_merkle::root(tile_roots)
}
