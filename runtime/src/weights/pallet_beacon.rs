//! Weights of `pallet_beacon`, written by `scripts/benchmark`: do not edit.
//!
//! CPU: Intel(R) Xeon(R) Processor @ 2.50GHz. Steps: 50, repetitions: 20.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(clippy::unnecessary_cast, unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of `pallet_beacon`.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_beacon::WeightInfo for WeightInfo<T> {
	/// Storage: `Beacon::Accumulator` (r:1 w:1)
	/// Proof: `Beacon::Accumulator` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
	/// Storage: `Beacon::LastVrf` (r:1 w:1)
	/// Proof: `Beacon::LastVrf` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
	/// Storage: `Beacon::Ring` (r:0 w:1)
	/// Proof: `Beacon::Ring` (`max_values`: None, `max_size`: Some(48), added: 2523, mode: `MaxEncodedLen`)
	fn advance() -> Weight {
		// At least 18_370_000 picoseconds.
		Weight::from_parts(19_524_000, 1517)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(3))
	}
}
