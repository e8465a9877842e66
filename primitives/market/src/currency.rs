//! In what a lease is paid.

#![allow(clippy::as_conversions, reason = "the derived codec's own code; there is none of ours")]

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

/// In what a lease is priced and paid.
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
#[serde(rename_all = "camelCase")]
pub enum Currency {
	/// The native token.
	Native,
	/// The credits that are minted for proven work.
	Credits,
}

/// One amount in each currency.
#[derive(
	Clone,
	Copy,
	Debug,
	Default,
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
pub struct Amounts {
	/// In the smallest unit of the native token.
	pub native: u128,
	/// In the smallest unit of the credits.
	pub credits: u128,
}

impl Amounts {
	/// The amount in one currency.
	pub const fn of(&self, currency: Currency) -> u128 {
		match currency {
			Currency::Native => self.native,
			Currency::Credits => self.credits,
		}
	}

	/// Adds to the amount in one currency, up to the largest number.
	pub fn add(&mut self, currency: Currency, amount: u128) {
		let sum = match currency {
			Currency::Native => &mut self.native,
			Currency::Credits => &mut self.credits,
		};
		*sum = sum.saturating_add(amount);
	}
}
