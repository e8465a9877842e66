//! Weights of `pallet-validators`.

use frame_support::weights::Weight;

/// Weights of the calls and hooks.
pub trait WeightInfo {
	/// Weight of `validate` when it is compared with `c` candidates.
	fn validate(c: u32) -> Weight;
	/// Weight of `stop_validating`.
	fn stop_validating() -> Weight;
	/// Weight of `set_limits`.
	fn set_limits() -> Weight;
	/// Weight of `remove_keys`, without the session's own `purge_keys`.
	fn remove_keys() -> Weight;
	/// Weight of the election of `v` validators among `c` candidates.
	fn new_session(v: u32, c: u32) -> Weight;
	/// Weight of the begin of a session with `v` validators, all of them offenders.
	fn start_session(v: u32) -> Weight;
	/// Weight of the end of a session with `v` validators.
	fn end_session(v: u32) -> Weight;
	/// Weight of counting and rewarding a block.
	fn note_author() -> Weight;
	/// Weight of a report against `n` validators.
	fn on_offence(n: u32) -> Weight;
	/// Weight of the execution of `n` charges.
	fn drain_charges(n: u32) -> Weight;
}

/// What a step weighs in this pallet's tests. A runtime has what `scripts/benchmark` measured.
const UNIT: Weight = Weight::from_parts(1_000_000, 1_000);

impl WeightInfo for () {
	fn validate(c: u32) -> Weight {
		UNIT.saturating_mul(u64::from(c).saturating_add(1))
	}

	fn stop_validating() -> Weight {
		UNIT
	}

	fn set_limits() -> Weight {
		UNIT
	}

	fn remove_keys() -> Weight {
		UNIT
	}

	fn new_session(v: u32, c: u32) -> Weight {
		UNIT.saturating_mul(u64::from(v).saturating_add(c.into()).saturating_add(1))
	}

	fn start_session(v: u32) -> Weight {
		UNIT.saturating_mul(u64::from(v).saturating_add(1))
	}

	fn end_session(v: u32) -> Weight {
		UNIT.saturating_mul(u64::from(v).saturating_add(1))
	}

	fn note_author() -> Weight {
		UNIT
	}

	fn on_offence(n: u32) -> Weight {
		UNIT.saturating_mul(u64::from(n).saturating_add(1))
	}

	fn drain_charges(n: u32) -> Weight {
		UNIT.saturating_mul(u64::from(n).saturating_add(1))
	}
}
