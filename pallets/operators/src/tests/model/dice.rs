//! Seeded choices.

use crate::mock::Balance;

/// A reproducible source of choices (SplitMix64).
pub(super) struct Dice(u64);

impl Dice {
	/// Choices that depend on nothing but the seed.
	pub(super) fn new(seed: u64) -> Self {
		Self(seed)
	}

	/// Any number.
	pub(super) fn roll(&mut self) -> u64 {
		self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
		let mut mixed = self.0;
		mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
		mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
		mixed ^ (mixed >> 31)
	}

	/// A number below `bound`, which is above zero.
	pub(super) fn below(&mut self, bound: u64) -> u64 {
		self.roll() % bound
	}

	/// Yes, once in `times`.
	pub(super) fn once_in(&mut self, times: u64) -> bool {
		self.below(times) == 0
	}

	/// One of them.
	pub(super) fn pick<T: Clone>(&mut self, among: &[T]) -> Option<T> {
		let count = u64::try_from(among.len()).unwrap();
		(count > 0).then(|| among[usize::try_from(self.below(count)).unwrap()].clone())
	}

	/// An odd-looking amount of at most `bound`, as often small as large.
	pub(super) fn amount(&mut self, bound: Balance) -> Balance {
		let bits = u32::try_from(self.below(64)).unwrap();
		let any = Balance::from(self.roll() >> bits);
		match self.below(8) {
			0 => bound,
			1..=4 => Balance::from(self.roll()) % (bound + 1),
			_ => any % (bound + 1),
		}
	}

	/// An amount that nobody expects.
	pub(super) fn wild_amount(&mut self) -> Balance {
		let power = u32::try_from(self.below(128)).unwrap();
		match self.below(6) {
			0 => 0,
			1 => Balance::MAX - Balance::from(self.below(3)),
			2 => (1 << power) - 1,
			3 => (1 << power) + Balance::from(self.below(2)),
			_ => self.amount(1 << 40),
		}
	}
}
