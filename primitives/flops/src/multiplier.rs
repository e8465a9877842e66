//! The liveness multiplier: who stays, earns more for the same work.
//!
//! `1 + 0.2 · ln(1 + t ÷ 12 h)` for a worker that has missed no round for the time t, in integers.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

/// A factor of the reward in parts per million, never below 1,000,000.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
)]
#[serde(transparent)]
pub struct Multiplier(pub u32);

impl Multiplier {
	/// A newcomer's, which is the smallest.
	pub const NEWCOMER: Self = Self(1_000_000);
}

impl Default for Multiplier {
	fn default() -> Self {
		Self::NEWCOMER
	}
}

/// The time scale of growth: 12 hours, in milliseconds.
pub const SCALE_MS: u64 = 43_200_000;

/// Steps of the table between 1 and 2.
const STEPS: u32 = 64;

/// `0.2 · ln(1 + k ÷ 64)` in parts of 10¹², rounded down, for k = 0 to 64. The last is `0.2 · ln
/// 2`, which is also what every doubling of `1 + t ÷ 12 h` adds.
const TABLE: [u64; 65] = [
	0,
	3_100_837_307,
	6_154_331_733,
	9_161_907_206,
	12_124_924_363,
	15_044_684_247,
	17_922_431_737,
	20_759_358_736,
	23_556_607_131,
	26_315_271_557,
	29_036_401_968,
	31_721_006_035,
	34_370_051_385,
	36_984_467_698,
	39_565_148_665,
	42_112_953_821,
	44_628_710_262,
	47_113_214_262,
	49_567_232_780,
	51_991_504_887,
	54_386_743_096,
	56_753_634_626,
	59_092_842_578,
	61_405_007_058,
	63_690_746_223,
	65_950_657_274,
	68_185_317_394,
	70_395_284_631,
	72_581_098_737,
	74_743_281_958,
	76_882_339_782,
	78_998_761_648,
	81_093_021_621,
	83_165_579_028,
	85_216_879_062,
	87_247_353_354,
	89_257_420_525,
	91_247_486_696,
	93_217_945_984,
	95_169_180_973,
	97_101_563_156,
	99_015_453_359,
	100_911_202_150,
	102_789_150_220,
	104_649_628_752,
	106_492_959_773,
	108_319_456_486,
	110_129_423_590,
	111_923_157_587,
	113_700_947_070,
	115_463_073_006,
	117_209_809_000,
	118_941_421_549,
	120_658_170_287,
	122_360_308_221,
	124_048_081_950,
	125_721_731_884,
	127_381_492_447,
	129_027_592_274,
	130_660_254_402,
	132_279_696_449,
	133_886_130_788,
	135_479_764_718,
	137_060_800_619,
	138_629_436_111,
];
/// See [`TABLE`].
const DOUBLING: u64 = TABLE[64];
/// Parts of the table in one part per million.
const PARTS: u64 = 1_000_000;

/// Multiplier of a worker that has been unbroken for `unbroken_ms` milliseconds.
///
/// Defined for every u64 (at its end it is 6.37), never falls when the time grows, and is never
/// above the real function: it is at most 8 parts per million below (linear interpolation of ln
/// between steps of 1/64 costs up to 0.2 ÷ (8 · 64²) = 6.1 · 10⁻⁶, rounding the rest).
pub fn multiplier(unbroken_ms: u64) -> Multiplier {
	// x = SCALE_MS + t = SCALE_MS · 2^e · (1 + part ÷ width), with 0 ≤ part < width.
	let x = u128::from(unbroken_ms).saturating_add(SCALE_MS.into());
	let mut width = u128::from(SCALE_MS);
	let mut logarithm = 0u64;
	// At most 39 rounds: 2⁶⁴ ÷ SCALE_MS < 2³⁹.
	while x >= width.saturating_mul(2) {
		width = width.saturating_mul(2);
		logarithm = logarithm.saturating_add(DOUBLING);
	}
	// Below 2⁷², and so everything below is exact.
	let position = x.saturating_sub(width).saturating_mul(STEPS.into());
	let step = position.checked_div(width).unwrap_or(0);
	let rest = position.checked_rem(width).unwrap_or(0);
	let knot = |step: u128| {
		let index = usize::try_from(step).unwrap_or(usize::MAX);
		TABLE.get(index).copied().unwrap_or(DOUBLING)
	};
	let (low, high) = (knot(step), knot(step.saturating_add(1)));
	let rise = u128::from(high.saturating_sub(low)).saturating_mul(rest);
	let rise = u64::try_from(rise.checked_div(width).unwrap_or(0)).unwrap_or(0);
	let growth = logarithm.saturating_add(low).saturating_add(rise) / PARTS;
	let growth = u32::try_from(growth).unwrap_or(0);
	Multiplier(Multiplier::NEWCOMER.0.saturating_add(growth))
}

/// What is left of the unbroken time after `missed_rounds` rounds were missed in a row: the
/// shortest time that has the multiplier halved once for each of them, and 0 (a newcomer's) where
/// that is 1 or less.
///
/// A bounded search over the 64 bits of the time.
pub fn after_missed(unbroken_ms: u64, missed_rounds: u32) -> u64 {
	if missed_rounds == 0 {
		return unbroken_ms;
	}
	let target = multiplier(unbroken_ms).0.checked_shr(missed_rounds).unwrap_or(0);
	if target <= Multiplier::NEWCOMER.0 {
		return 0;
	}
	// Invariant: multiplier(short) < target ≤ multiplier(long).
	let (mut short, mut long) = (0, unbroken_ms);
	while long.saturating_sub(short) > 1 {
		let middle = short.midpoint(long);
		if multiplier(middle).0 < target {
			short = middle;
		} else {
			long = middle;
		}
	}
	long
}
