//! Weights of `pallet-validators`.
//!
//! The numbers are an upper estimate, counted by hand from the storage accesses and sizes of the
//! worst case, until `scripts/benchmark` writes them. An access to an account counts as two.

use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{constants::RocksDbWeight, RuntimeDbWeight, Weight},
};

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
	/// Weight of the election among `c` candidates.
	fn new_session(c: u32) -> Weight;
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

/// Weights on a node's usual hardware and the runtime's own database costs.
pub struct SubstrateWeight<T>(PhantomData<T>);

/// Computation in microseconds, bytes of proof, reads and writes.
type Cost = (u64, u64, u64, u64);

/// A fixed cost and one for each of `count` items, with accesses at the price of `Db`.
fn estimate<Db: Get<RuntimeDbWeight>>(fixed: Cost, each: Cost, count: u32) -> Weight {
	let weight = |(micros, proof, reads, writes): Cost| {
		Weight::from_parts(micros.saturating_mul(1_000_000), proof)
			.saturating_add(Db::get().reads_writes(reads, writes))
	};
	weight(fixed).saturating_add(weight(each).saturating_mul(count.into()))
}

macro_rules! weights {
	(@estimate $db:ty, $fixed:expr) => {
		estimate::<$db>($fixed, (0, 0, 0, 0), 0)
	};
	(@estimate $db:ty, $fixed:expr, $each:expr, $count:ident) => {
		estimate::<$db>($fixed, $each, $count)
	};
	($($hook:ident$(($count:ident))?: $fixed:expr $(, $each:expr)?;)*) => {
		impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
			$(fn $hook($($count: u32)?) -> Weight {
				weights!(@estimate T::DbWeight, $fixed $(, $each, $count)?)
			})*
		}

		impl WeightInfo for () {
			$(fn $hook($($count: u32)?) -> Weight {
				weights!(@estimate RocksDbWeight, $fixed $(, $each, $count)?)
			})*
		}
	};
}

// Microseconds, bytes of proof, reads, writes; then the same for each item.
weights! {
	// Keys, Operators, MinimumSelfBond, Candidates and their count; each: the candidate, its keys,
	// its operator.
	validate(c): (60, 16_000, 6, 3), (12, 8_000, 3, 0);
	// Candidates and their count, the session's index.
	stop_validating: (35, 8_000, 3, 2);
	// Limits.
	set_limits: (15, 2_000, 0, 1);
	// Candidates, the running and the next validators.
	remove_keys: (40, 30_000, 3, 0);
	// Limits, MinimumSelfBond, the running validators; each: the candidate, its keys, its operator,
	// its exposure.
	new_session(c): (80, 16_000, 4, 1), (20, 8_000, 3, 1);
	// Validators, disabled ones; each: its mark and candidacy, and the search in the set.
	start_session(v): (30, 16_000, 2, 1), (15, 4_000, 2, 1);
	// Validators, Limits, the historical roots; each: its tally, exposure and candidacy, its operator
	// with a cohort or two, the exposure and the charge that are forgotten.
	end_session(v): (120, 24_000, 8, 4), (70, 20_000, 9, 7);
	// The tally, the mark, the rewards account, total issuance.
	note_author: (50, 10_000, 5, 4);
	// The session's index and sets; each: charge, exposure, mark, candidacy, the queue.
	on_offence(n): (30, 30_000, 5, 2), (60, 12_000, 4, 5);
	// The queue's ends; each: its entry, exposure, charge, the operator with its account and holds,
	// the pot, the conviction and its number, the mark of voided rewards.
	drain_charges(n): (10, 2_000, 1, 1), (220, 30_000, 12, 12);
}
