//! Fractions.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

/// A fraction `num ÷ den`, used for probabilities and shares.
///
/// A decoded value may be anything: one with `den` = 0 is taken for 0 wherever it is used, which is
/// against the claimant.
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
	Serialize,
	Deserialize,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ratio {
	/// Numerator.
	pub num: u64,
	/// Denominator; more than 0.
	pub den: u64,
}

impl Ratio {
	/// Nothing, never.
	pub const ZERO: Self = Self { num: 0, den: 1 };
	/// All, always.
	pub const ONE: Self = Self { num: 1, den: 1 };

	/// `part` of `whole` as a probability: capped at 1, and 1 of nothing.
	pub fn probability(part: u32, whole: u32) -> Self {
		if part >= whole {
			Self::ONE
		} else {
			Self { num: part.into(), den: whole.into() }
		}
	}
}
