//! Weights of `pallet-beacon`.
//!
//! The numbers are an upper estimate, counted by hand from the storage accesses and hashes of the
//! worst case, until `scripts/benchmark` writes them.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of what the pallet does.
pub trait WeightInfo {
	/// The hook of every block: the folding of one VRF output.
	fn advance() -> Weight;
}

/// Weights on a node's usual hardware and the runtime's own database costs.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	fn advance() -> Weight {
		// Reads: the accumulator, the last VRF output, BABE's author VRF output, the parent hash
		// (first block only). Writes: the accumulator, the last VRF output, one place of the ring.
		Weight::from_parts(15_000_000, 3_600)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(3))
	}
}

impl WeightInfo for () {
	fn advance() -> Weight {
		Weight::from_parts(15_000_000, 3_600)
	}
}
