//! Weights of the calls and hooks.
//!
//! These are conservative estimates, not measurements: an opening is put at 0.5 ms of Wasm (checking
//! one takes about 0.1 ms there), a settlement at 0.2 ms, and every record that can be touched is
//! counted as a read and a write of its own. `benchmarking.rs` holds the worst cases.

use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{constants::RocksDbWeight, RuntimeDbWeight, Weight},
};

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

/// Picoseconds of a microsecond.
const MICROSECOND: u64 = 1_000_000;
/// Proof size of one record: an upper bound for every item that is touched.
const RECORD: u64 = 4_096;
/// Claims of a device that can be pending.
const MAX_PENDING: u32 = crate::MAX_PENDING;

/// Reads and writes of one settlement: the round, the payout account, the asset and its account.
const SETTLEMENT: Work = Work { microseconds: 200, reads: 6, writes: 5 };
/// One opening: at most 40 siblings, a leaf, and an entry recomputed from the seed.
const OPENING: Work = Work { microseconds: 500, reads: 0, writes: 0 };

/// What something takes.
#[derive(Clone, Copy)]
struct Work {
	/// Reference time.
	microseconds: u64,
	/// Database reads.
	reads: u64,
	/// Database writes.
	writes: u64,
}

impl Work {
	/// This and `count` times `each`.
	fn and(self, count: u32, each: Work) -> Work {
		let count = u64::from(count);
		Work {
			microseconds: self.microseconds.saturating_add(each.microseconds.saturating_mul(count)),
			reads: self.reads.saturating_add(each.reads.saturating_mul(count)),
			writes: self.writes.saturating_add(each.writes.saturating_mul(count)),
		}
	}

	/// As a weight, with the database's prices.
	fn weigh(self, database: RuntimeDbWeight) -> Weight {
		Weight::from_parts(
			self.microseconds.saturating_mul(MICROSECOND),
			self.reads.saturating_mul(RECORD),
		)
		.saturating_add(database.reads_writes(self.reads, self.writes))
	}
}

/// What each item of [`WeightInfo`] takes.
mod works {
	use super::{Work, MAX_PENDING, OPENING, SETTLEMENT};

	/// See [`WeightInfo::on_initialize_idle`](super::WeightInfo::on_initialize_idle).
	pub(super) const IDLE: Work = Work { microseconds: 10, reads: 4, writes: 0 };
	/// See [`WeightInfo::on_initialize_open`](super::WeightInfo::on_initialize_open).
	pub(super) const OPEN: Work = Work { microseconds: 30, reads: 6, writes: 4 };
	/// See [`WeightInfo::on_initialize_sample`](super::WeightInfo::on_initialize_sample).
	pub(super) const SAMPLE: Work = Work { microseconds: 40, reads: 6, writes: 3 };

	/// A conviction on the way costs less than the commitment that is not made then.
	pub(super) fn commit(claims: u32) -> Work {
		Work { microseconds: 150, reads: 20, writes: 12 }.and(claims, SETTLEMENT)
	}

	/// The openings, and the settlement of all that can be pending.
	pub(super) fn reveal(openings: u32) -> Work {
		Work { microseconds: 150, reads: 14, writes: 10 }
			.and(openings, OPENING)
			.and(MAX_PENDING, SETTLEMENT)
	}

	/// The settlements, the last of which may be a conviction.
	pub(super) fn settle(claims: u32) -> Work {
		Work { microseconds: 100, reads: 14, writes: 10 }.and(claims, SETTLEMENT)
	}

	/// The settlements, and the release of stake and buffer.
	pub(super) fn release_buffer(claims: u32) -> Work {
		Work { microseconds: 150, reads: 20, writes: 14 }.and(claims, SETTLEMENT)
	}
}

/// Weights with the runtime's own database prices.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	fn on_initialize_idle() -> Weight {
		works::IDLE.weigh(T::DbWeight::get())
	}

	fn on_initialize_open() -> Weight {
		works::OPEN.weigh(T::DbWeight::get())
	}

	fn on_initialize_sample() -> Weight {
		works::SAMPLE.weigh(T::DbWeight::get())
	}

	fn commit(claims: u32) -> Weight {
		works::commit(claims).weigh(T::DbWeight::get())
	}

	fn reveal(openings: u32) -> Weight {
		works::reveal(openings).weigh(T::DbWeight::get())
	}

	fn settle(claims: u32) -> Weight {
		works::settle(claims).weigh(T::DbWeight::get())
	}

	fn release_buffer(claims: u32) -> Weight {
		works::release_buffer(claims).weigh(T::DbWeight::get())
	}
}

impl WeightInfo for () {
	fn on_initialize_idle() -> Weight {
		works::IDLE.weigh(RocksDbWeight::get())
	}

	fn on_initialize_open() -> Weight {
		works::OPEN.weigh(RocksDbWeight::get())
	}

	fn on_initialize_sample() -> Weight {
		works::SAMPLE.weigh(RocksDbWeight::get())
	}

	fn commit(claims: u32) -> Weight {
		works::commit(claims).weigh(RocksDbWeight::get())
	}

	fn reveal(openings: u32) -> Weight {
		works::reveal(openings).weigh(RocksDbWeight::get())
	}

	fn settle(claims: u32) -> Weight {
		works::settle(claims).weigh(RocksDbWeight::get())
	}

	fn release_buffer(claims: u32) -> Weight {
		works::release_buffer(claims).weigh(RocksDbWeight::get())
	}
}
