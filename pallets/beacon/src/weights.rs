//! Weights of `pallet-beacon`.

use frame_support::weights::Weight;

/// Weights of what the pallet does.
pub trait WeightInfo {
	/// The hook of every block: the folding of one VRF output.
	fn advance() -> Weight;
}

/// What a step weighs in this pallet's tests. A runtime has what `scripts/benchmark` measured.
const UNIT: Weight = Weight::from_parts(1_000_000, 1_000);

impl WeightInfo for () {
	fn advance() -> Weight {
		UNIT
	}
}
