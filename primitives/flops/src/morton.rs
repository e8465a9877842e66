//! The order of tiles.
//!
//! Tile t multiplies the left panel i and the right panel j, where i and j are the even and the odd
//! bits of t (G. M. Morton, 1966). Any aligned square of 2ⁿ × 2ⁿ tiles is contiguous, so a device
//! that works through a range of tiles uses every panel many times, whatever its memory.

/// Left and right panel `(i, j)` of `tile`, each below 2¹⁶.
pub fn panels(tile: u32) -> (u32, u32) {
	(even_bits(tile), even_bits(tile >> 1))
}

/// The tile of left panel `i` and right panel `j`, the inverse of [`panels`]; `None` when one of
/// them is 2¹⁶ or more.
pub fn tile(i: u32, j: u32) -> Option<u32> {
	let fits = i <= 0xFFFF && j <= 0xFFFF;
	fits.then(|| spread(i) | (spread(j) << 1))
}

/// Gathers bits 0, 2, 4, … into the low half.
fn even_bits(x: u32) -> u32 {
	let x = x & 0x5555_5555;
	let x = (x | (x >> 1)) & 0x3333_3333;
	let x = (x | (x >> 2)) & 0x0F0F_0F0F;
	let x = (x | (x >> 4)) & 0x00FF_00FF;
	(x | (x >> 8)) & 0x0000_FFFF
}

/// Spreads the low half over bits 0, 2, 4, ….
fn spread(x: u32) -> u32 {
	let x = (x | (x << 8)) & 0x00FF_00FF;
	let x = (x | (x << 4)) & 0x0F0F_0F0F;
	let x = (x | (x << 2)) & 0x3333_3333;
	(x | (x << 1)) & 0x5555_5555
}
