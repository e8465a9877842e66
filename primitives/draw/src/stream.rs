//! Uniform numbers from a seed.

use crate::Hash;
use core::num::NonZeroU64;
use rand_chacha::{
	rand_core::{RngCore, SeedableRng},
	ChaCha8Rng,
};

/// A reproducible stream of uniform numbers: ChaCha8 (`rand_chacha`) with the seed as its key and
/// stream number 0.
///
/// Everybody who has the seed draws the same numbers, in the same order, on every machine.
#[derive(Clone, Debug)]
pub struct Draw(ChaCha8Rng);

impl Draw {
	/// The stream that belongs to `seed`, at its start.
	pub fn new(seed: Hash) -> Self {
		Self(ChaCha8Rng::from_seed(seed))
	}

	/// The next 64 bits.
	pub fn next_u64(&mut self) -> u64 {
		self.0.next_u64()
	}

	/// A number in `0..n`, every one equally likely.
	///
	/// Multiply-shift with rejection (D. Lemire, "Fast Random Integer Generation in an Interval",
	/// 2019, algorithm 5), so there is no modulo bias. Each attempt is rejected with a probability
	/// of `(2⁶⁴ mod n) ÷ 2⁶⁴`, always less than ½ and about 10⁻¹⁶ for everything that is counted
	/// here.
	pub fn below(&mut self, n: NonZeroU64) -> u64 {
		let n = n.get();
		// 2⁶⁴ mod n: products whose low half is smaller belong to an incomplete interval.
		let incomplete = n.wrapping_neg().checked_rem(n).unwrap_or(0);
		loop {
			let (low, high) = widening_mul(self.next_u64(), n);
			if low >= incomplete {
				return high;
			}
		}
	}

	/// True with a probability of `numerator ÷ denominator`; always, when the numerator is not
	/// smaller; never, when it is 0. One number is drawn in every case.
	pub fn chance(&mut self, numerator: u64, denominator: NonZeroU64) -> bool {
		self.below(denominator) < numerator
	}
}

/// Low and high half of `a × b`.
fn widening_mul(a: u64, b: u64) -> (u64, u64) {
	// Exact: (2⁶⁴ − 1)² < 2¹²⁸.
	let bytes = u128::from(a).wrapping_mul(u128::from(b)).to_le_bytes();
	let [l0, l1, l2, l3, l4, l5, l6, l7, h0, h1, h2, h3, h4, h5, h6, h7] = bytes;
	(
		u64::from_le_bytes([l0, l1, l2, l3, l4, l5, l6, l7]),
		u64::from_le_bytes([h0, h1, h2, h3, h4, h5, h6, h7]),
	)
}
