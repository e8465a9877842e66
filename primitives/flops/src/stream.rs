//! The panels' entries.
//!
//! Row r of the left panel A_i is ChaCha8 stream `(256·i + r)·2` of the device's seed, column c of
//! the right panel B_j is stream `(256·j + c)·2 + 1` (64-bit counter from 0 and 64-bit stream
//! number, `rand_chacha`'s layout). A line is the stream's first 8,192 bytes, two entries a byte,
//! the low nibble first; read as u32 LE words, entry 8w + n stands at bits 4n of word w. Entries
//! are uniform in `[0, 15]` and independent, and every line can be made alone.

use crate::{morton, Hash, DEPTH};
use rand_chacha::{
	rand_core::{RngCore, SeedableRng},
	ChaCha8Rng,
};

/// Bytes of a line: [`DEPTH`] entries, two a byte.
pub const LINE_BYTES: usize = 8_192;

/// Bytes that the generator makes at a time: four ChaCha blocks.
const CHUNK: usize = 256;
/// Chunks of a line.
const CHUNKS: usize = LINE_BYTES / CHUNK;
const _: () = assert!(CHUNK * CHUNKS == LINE_BYTES && LINE_BYTES == 16_384 / 2 && DEPTH == 16_384);

/// Which factor of the product a line belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
	/// Rows of a left panel A.
	Left,
	/// Columns of a right panel B.
	Right,
}

/// Number of the ChaCha8 stream that holds `line` (0 to 255) of `panel`.
pub fn stream_id(side: Side, panel: u32, line: u32) -> u64 {
	// Below 2⁴¹, so nothing saturates.
	u64::from(panel)
		.saturating_mul(256)
		.saturating_add(line.into())
		.saturating_mul(2)
		.saturating_add(match side {
			Side::Left => 0,
			Side::Right => 1,
		})
}

/// The generator of a line, at its start.
fn generator(seed: &Hash, side: Side, panel: u32, line: u32) -> ChaCha8Rng {
	let mut generator = ChaCha8Rng::from_seed(*seed);
	generator.set_stream(stream_id(side, panel, line));
	generator
}

/// The packed entries of row or column `line` (0 to 255) of `panel`.
pub fn line(seed: &Hash, side: Side, panel: u32, line: u32) -> [u8; LINE_BYTES] {
	let mut bytes = [0; LINE_BYTES];
	generator(seed, side, panel, line).fill_bytes(&mut bytes);
	bytes
}

/// Dot product of two packed lines, at most 16,384 · 15² = 3,686,400.
pub fn dot(a: &[u8; LINE_BYTES], b: &[u8; LINE_BYTES]) -> u32 {
	dot_packed(a, b)
}

/// Entry at `row`, `column` (each 0 to 255) of tile `tile`, from the seed alone: one row of A, one
/// column of B, and their product, in 512 bytes of memory.
pub fn entry(seed: &Hash, tile: u32, row: u32, column: u32) -> i32 {
	let (i, j) = morton::panels(tile);
	let mut left = generator(seed, Side::Left, i, row);
	let mut right = generator(seed, Side::Right, j, column);
	let (mut a, mut b) = ([0; CHUNK], [0; CHUNK]);
	let mut sum = 0u32;
	for _ in 0..CHUNKS {
		left.fill_bytes(&mut a);
		right.fill_bytes(&mut b);
		sum = sum.saturating_add(dot_packed(&a, &b));
	}
	// Always fits: at most 3,686,400.
	i32::try_from(sum).unwrap_or(i32::MAX)
}

/// Dot product of packed entries of equal length, a multiple of 8 bytes.
fn dot_packed(a: &[u8], b: &[u8]) -> u32 {
	let sum = a
		.chunks_exact(8)
		.zip(b.chunks_exact(8))
		.fold(0u64, |sum, (a, b)| sum.wrapping_add(dot_word(word(a), word(b))));
	u32::try_from(sum).unwrap_or(u32::MAX)
}

/// Eight bytes as a little-endian word.
fn word(bytes: &[u8]) -> u64 {
	bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// Dot product of sixteen pairs of nibbles with four multiplications.
///
/// Nibbles k, k + 4, k + 8, k + 12 of a word are spread over four lanes of 16 bits. With b's lanes
/// in reverse order the top lane of the product a·b collects a₀b₀ + a₁b₁ + a₂b₂ + a₃b₃. No lane
/// sums more than 4 · 15² = 900 < 2¹⁶, so nothing is carried from one into the next, and what lies
/// above the top lane is what wrapping drops.
fn dot_word(a: u64, b: u64) -> u64 {
	const LANES: u64 = 0x000F_000F_000F_000F;
	let b = reverse_lanes(b);
	let part = |shift: u32| ((a >> shift) & LANES).wrapping_mul((b >> shift) & LANES) >> 48;
	part(0).wrapping_add(part(4)).wrapping_add(part(8)).wrapping_add(part(12))
}

/// Reverses the order of the four 16-bit lanes.
fn reverse_lanes(x: u64) -> u64 {
	let x = x.rotate_left(32);
	((x & 0x0000_FFFF_0000_FFFF) << 16) | ((x >> 16) & 0x0000_FFFF_0000_FFFF)
}
