//! Weights of `pallet-proof-of-flops`.

use frame_support::weights::Weight;

/// Weights of the calls and hooks of this pallet.
pub trait WeightInfo {
	/// A block in which no round opens and no sample is due.
	fn on_initialize_idle() -> Weight;
	/// A block in which a round opens.
	fn on_initialize_open() -> Weight;
	/// A block in which a sample is fixed.
	fn on_initialize_sample() -> Weight;
	/// A commitment that settles `claims` older claims first.
	fn commit(claims: u32) -> Weight;
	/// A reveal of `openings` openings that settles as many claims as can be pending.
	fn reveal(openings: u32) -> Weight;
	/// A settlement of `claims` claims.
	fn settle(claims: u32) -> Weight;
	/// A release that settles `claims` claims first.
	fn release_buffer(claims: u32) -> Weight;
}

/// What a step weighs in this pallet's tests. A runtime has what `scripts/benchmark` measured.
const UNIT: Weight = Weight::from_parts(1_000_000, 1_000);

impl WeightInfo for () {
	fn on_initialize_idle() -> Weight {
		UNIT
	}

	fn on_initialize_open() -> Weight {
		UNIT.saturating_mul(3)
	}

	fn on_initialize_sample() -> Weight {
		UNIT.saturating_mul(2)
	}

	fn commit(claims: u32) -> Weight {
		UNIT.saturating_mul(u64::from(claims).saturating_add(1))
	}

	fn reveal(openings: u32) -> Weight {
		UNIT.saturating_mul(u64::from(openings).saturating_add(1))
	}

	fn settle(claims: u32) -> Weight {
		UNIT.saturating_mul(u64::from(claims).saturating_add(1))
	}

	fn release_buffer(claims: u32) -> Weight {
		UNIT.saturating_mul(u64::from(claims).saturating_add(1))
	}
}
