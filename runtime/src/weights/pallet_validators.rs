//! Weights of `pallet_validators`, written by `scripts/benchmark`: do not edit.
//!
//! CPU: Intel(R) Xeon(R) Processor @ 2.50GHz. Steps: 50, repetitions: 20.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(clippy::unnecessary_cast, unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of `pallet_validators`.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_validators::WeightInfo for WeightInfo<T> {
	/// Storage: `Session::NextKeys` (r:301 w:0)
	/// Proof: `Session::NextKeys` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Operators::Operators` (r:301 w:0)
	/// Proof: `Operators::Operators` (`max_values`: None, `max_size`: Some(1145), added: 3620, mode: `MaxEncodedLen`)
	/// Storage: `Validators::MinimumSelfBond` (r:1 w:0)
	/// Proof: `Validators::MinimumSelfBond` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	/// Storage: `Validators::Candidates` (r:302 w:2)
	/// Proof: `Validators::Candidates` (`max_values`: None, `max_size`: Some(54), added: 2529, mode: `MaxEncodedLen`)
	/// Storage: `Session::CurrentIndex` (r:1 w:0)
	/// Proof: `Session::CurrentIndex` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Validators::LastReports` (r:1 w:0)
	/// Proof: `Validators::LastReports` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	/// Storage: `Validators::CounterForCandidates` (r:1 w:1)
	/// Proof: `Validators::CounterForCandidates` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// `c` is in `[1, 300]`.
	fn validate(c: u32, ) -> Weight {
		// At least 189_790_000 picoseconds.
		Weight::from_parts(216_024_288, 6048)
			// Standard error: 786_458
			.saturating_add(Weight::from_parts(32_884_991, 0).saturating_mul(c.into()))
			.saturating_add(T::DbWeight::get().reads(8))
			.saturating_add(T::DbWeight::get().reads((3_u64).saturating_mul(c.into())))
			.saturating_add(T::DbWeight::get().writes(3))
			.saturating_add(Weight::from_parts(0, 3620).saturating_mul(c.into()))
	}
	/// Storage: `Validators::Candidates` (r:1 w:1)
	/// Proof: `Validators::Candidates` (`max_values`: None, `max_size`: Some(54), added: 2529, mode: `MaxEncodedLen`)
	/// Storage: `Session::CurrentIndex` (r:1 w:0)
	/// Proof: `Session::CurrentIndex` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Validators::LastReports` (r:1 w:0)
	/// Proof: `Validators::LastReports` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	/// Storage: `Validators::CounterForCandidates` (r:1 w:1)
	/// Proof: `Validators::CounterForCandidates` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	fn stop_validating() -> Weight {
		// At least 47_946_000 picoseconds.
		Weight::from_parts(89_725_000, 3519)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	/// Storage: `Validators::Limits` (r:0 w:1)
	/// Proof: `Validators::Limits` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	fn set_limits() -> Weight {
		// At least 13_064_000 picoseconds.
		Weight::from_parts(16_983_000, 0)
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// Storage: `Validators::Candidates` (r:1 w:0)
	/// Proof: `Validators::Candidates` (`max_values`: None, `max_size`: Some(54), added: 2529, mode: `MaxEncodedLen`)
	/// Storage: `Session::Validators` (r:1 w:0)
	/// Proof: `Session::Validators` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Session::QueuedKeys` (r:1 w:0)
	/// Proof: `Session::QueuedKeys` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Session::NextKeys` (r:1 w:1)
	/// Proof: `Session::NextKeys` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Session::ExternallySetKeys` (r:1 w:0)
	/// Proof: `Session::ExternallySetKeys` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Session::KeyOwner` (r:0 w:2)
	/// Proof: `Session::KeyOwner` (`max_values`: None, `max_size`: None, mode: `Measured`)
	fn remove_keys() -> Weight {
		// At least 312_623_000 picoseconds.
		Weight::from_parts(355_016_000, 19549)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(5))
	}
	/// Storage: `Timing::UnbondingEpochs` (r:1 w:0)
	/// Proof: `Timing::UnbondingEpochs` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Validators::Limits` (r:1 w:0)
	/// Proof: `Validators::Limits` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Validators::Candidates` (r:301 w:0)
	/// Proof: `Validators::Candidates` (`max_values`: None, `max_size`: Some(54), added: 2529, mode: `MaxEncodedLen`)
	/// Storage: `Session::NextKeys` (r:300 w:0)
	/// Proof: `Session::NextKeys` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Operators::Operators` (r:300 w:0)
	/// Proof: `Operators::Operators` (`max_values`: None, `max_size`: Some(1145), added: 3620, mode: `MaxEncodedLen`)
	/// Storage: `Validators::MinimumSelfBond` (r:1 w:0)
	/// Proof: `Validators::MinimumSelfBond` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	/// Storage: `Validators::Exposures` (r:0 w:100)
	/// Proof: `Validators::Exposures` (`max_values`: None, `max_size`: Some(112), added: 2587, mode: `MaxEncodedLen`)
	/// `v` is in `[1, 100]`.
	/// `c` is in `[100, 300]`.
	fn new_session(v: u32, c: u32, ) -> Weight {
		// At least 2_741_762_000 picoseconds.
		Weight::from_parts(2_628_499_234, 3519)
			// Standard error: 1_109_724
			.saturating_add(Weight::from_parts(28_826_756, 0).saturating_mul(c.into()))
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().reads((3_u64).saturating_mul(c.into())))
			.saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(v.into())))
			.saturating_add(Weight::from_parts(0, 3620).saturating_mul(c.into()))
	}
	/// Storage: `Timing::UnbondingEpochs` (r:1 w:0)
	/// Proof: `Timing::UnbondingEpochs` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Session::QueuedKeys` (r:1 w:0)
	/// Proof: `Session::QueuedKeys` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Validators::Offenders` (r:101 w:100)
	/// Proof: `Validators::Offenders` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	/// Storage: `Session::DisabledValidators` (r:1 w:1)
	/// Proof: `Session::DisabledValidators` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Session::Validators` (r:1 w:0)
	/// Proof: `Session::Validators` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Validators::Candidates` (r:100 w:0)
	/// Proof: `Validators::Candidates` (`max_values`: None, `max_size`: Some(54), added: 2529, mode: `MaxEncodedLen`)
	/// Storage: `Validators::KeysInUse` (r:0 w:1)
	/// Proof: `Validators::KeysInUse` (`max_values`: None, `max_size`: Some(16214), added: 18689, mode: `MaxEncodedLen`)
	/// `v` is in `[1, 100]`.
	fn start_session(v: u32, ) -> Weight {
		// At least 59_095_000 picoseconds.
		Weight::from_parts(60_586_000, 3517)
			// Standard error: 577_763
			.saturating_add(Weight::from_parts(52_756_411, 0).saturating_mul(v.into()))
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().reads((2_u64).saturating_mul(v.into())))
			.saturating_add(T::DbWeight::get().writes(2))
			.saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(v.into())))
			.saturating_add(Weight::from_parts(0, 2529).saturating_mul(v.into()))
	}
	/// Storage: `Timing::UnbondingEpochs` (r:1 w:0)
	/// Proof: `Timing::UnbondingEpochs` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Validators::Tallies` (r:101 w:100)
	/// Proof: `Validators::Tallies` (`max_values`: None, `max_size`: Some(68), added: 2543, mode: `MaxEncodedLen`)
	/// Storage: `Validators::Exposures` (r:200 w:100)
	/// Proof: `Validators::Exposures` (`max_values`: None, `max_size`: Some(112), added: 2587, mode: `MaxEncodedLen`)
	/// Storage: `Validators::Offenders` (r:100 w:0)
	/// Proof: `Validators::Offenders` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Operators` (r:100 w:100)
	/// Proof: `Operators::Operators` (`max_values`: None, `max_size`: Some(1145), added: 3620, mode: `MaxEncodedLen`)
	/// Storage: `Session::CurrentIndex` (r:1 w:0)
	/// Proof: `Session::CurrentIndex` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Operators::Cohorts` (r:100 w:100)
	/// Proof: `Operators::Cohorts` (`max_values`: None, `max_size`: Some(81), added: 2556, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Operators::TotalBurnt` (r:1 w:1)
	/// Proof: `Operators::TotalBurnt` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	/// Storage: `Session::Validators` (r:1 w:0)
	/// Proof: `Session::Validators` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Validators::Candidates` (r:101 w:33)
	/// Proof: `Validators::Candidates` (`max_values`: None, `max_size`: Some(54), added: 2529, mode: `MaxEncodedLen`)
	/// Storage: `Session::NextKeys` (r:100 w:0)
	/// Proof: `Session::NextKeys` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Validators::MinimumSelfBond` (r:1 w:0)
	/// Proof: `Validators::MinimumSelfBond` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	/// Storage: `Validators::Limits` (r:1 w:0)
	/// Proof: `Validators::Limits` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Validators::LastReports` (r:101 w:100)
	/// Proof: `Validators::LastReports` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	/// Storage: `Validators::CounterForLastReports` (r:1 w:1)
	/// Proof: `Validators::CounterForLastReports` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Validators::Charges` (r:100 w:100)
	/// Proof: `Validators::Charges` (`max_values`: None, `max_size`: Some(114), added: 2589, mode: `MaxEncodedLen`)
	/// Storage: `Validators::KeysInUse` (r:0 w:1)
	/// Proof: `Validators::KeysInUse` (`max_values`: None, `max_size`: Some(16214), added: 18689, mode: `MaxEncodedLen`)
	/// `v` is in `[1, 100]`.
	fn end_session(v: u32, ) -> Weight {
		// At least 194_760_000 picoseconds.
		Weight::from_parts(939_770_906, 3593)
			// Standard error: 2_379_294
			.saturating_add(Weight::from_parts(133_422_054, 0).saturating_mul(v.into()))
			.saturating_add(T::DbWeight::get().reads(10))
			.saturating_add(T::DbWeight::get().reads((10_u64).saturating_mul(v.into())))
			.saturating_add(T::DbWeight::get().writes(3))
			.saturating_add(T::DbWeight::get().writes((6_u64).saturating_mul(v.into())))
			.saturating_add(Weight::from_parts(0, 5174).saturating_mul(v.into()))
	}
	/// Storage: `Validators::Tallies` (r:1 w:1)
	/// Proof: `Validators::Tallies` (`max_values`: None, `max_size`: Some(68), added: 2543, mode: `MaxEncodedLen`)
	/// Storage: `Timing::SlotDuration` (r:1 w:0)
	/// Proof: `Timing::SlotDuration` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Validators::Offenders` (r:1 w:0)
	/// Proof: `Validators::Offenders` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	fn note_author() -> Weight {
		// At least 78_282_000 picoseconds.
		Weight::from_parts(83_050_000, 3593)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	/// Storage: `Timing::UnbondingEpochs` (r:1 w:0)
	/// Proof: `Timing::UnbondingEpochs` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Validators::Charges` (r:100 w:100)
	/// Proof: `Validators::Charges` (`max_values`: None, `max_size`: Some(114), added: 2589, mode: `MaxEncodedLen`)
	/// Storage: `Session::CurrentIndex` (r:1 w:0)
	/// Proof: `Session::CurrentIndex` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Validators::LastReports` (r:100 w:100)
	/// Proof: `Validators::LastReports` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	/// Storage: `Validators::CounterForLastReports` (r:1 w:1)
	/// Proof: `Validators::CounterForLastReports` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Session::Validators` (r:1 w:0)
	/// Proof: `Session::Validators` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Validators::Offenders` (r:100 w:100)
	/// Proof: `Validators::Offenders` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	/// Storage: `Validators::Candidates` (r:100 w:100)
	/// Proof: `Validators::Candidates` (`max_values`: None, `max_size`: Some(54), added: 2529, mode: `MaxEncodedLen`)
	/// Storage: `Session::DisabledValidators` (r:1 w:1)
	/// Proof: `Session::DisabledValidators` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Validators::Exposures` (r:100 w:0)
	/// Proof: `Validators::Exposures` (`max_values`: None, `max_size`: Some(112), added: 2587, mode: `MaxEncodedLen`)
	/// Storage: `Validators::OffenceQueueEnds` (r:1 w:1)
	/// Proof: `Validators::OffenceQueueEnds` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	/// Storage: `Validators::OffenceQueue` (r:0 w:100)
	/// Proof: `Validators::OffenceQueue` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	/// `n` is in `[1, 100]`.
	fn on_offence(n: u32, ) -> Weight {
		// At least 269_711_000 picoseconds.
		Weight::from_parts(809_987_370, 10128)
			// Standard error: 1_598_270
			.saturating_add(Weight::from_parts(83_209_574, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().reads((5_u64).saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(3))
			.saturating_add(T::DbWeight::get().writes((5_u64).saturating_mul(n.into())))
			.saturating_add(Weight::from_parts(0, 2589).saturating_mul(n.into()))
	}
	/// Storage: `Validators::OffenceQueueEnds` (r:1 w:1)
	/// Proof: `Validators::OffenceQueueEnds` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	/// Storage: `Validators::OffenceQueue` (r:4 w:4)
	/// Proof: `Validators::OffenceQueue` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	/// Storage: `Validators::Exposures` (r:4 w:0)
	/// Proof: `Validators::Exposures` (`max_values`: None, `max_size`: Some(112), added: 2587, mode: `MaxEncodedLen`)
	/// Storage: `Validators::Charges` (r:4 w:4)
	/// Proof: `Validators::Charges` (`max_values`: None, `max_size`: Some(114), added: 2589, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Operators` (r:4 w:4)
	/// Proof: `Operators::Operators` (`max_values`: None, `max_size`: Some(1145), added: 3620, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Keys` (r:1 w:0)
	/// Proof: `Operators::Keys` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
	/// Storage: `Operators::EconomicPolicy` (r:1 w:0)
	/// Proof: `Operators::EconomicPolicy` (`max_values`: Some(1), `max_size`: Some(22), added: 517, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:4 w:4)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:4 w:4)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Operators::NextConvictionId` (r:1 w:1)
	/// Proof: `Operators::NextConvictionId` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Timing::EpochLength` (r:1 w:0)
	/// Proof: `Timing::EpochLength` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Timing::UnbondingEpochs` (r:1 w:0)
	/// Proof: `Timing::UnbondingEpochs` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Convictions` (r:0 w:4)
	/// Proof: `Operators::Convictions` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
	/// Storage: `Operators::VoidedAt` (r:0 w:4)
	/// Proof: `Operators::VoidedAt` (`max_values`: None, `max_size`: Some(61), added: 2536, mode: `MaxEncodedLen`)
	/// `n` is in `[0, 4]`.
	fn drain_charges(n: u32, ) -> Weight {
		// At least 10_826_000 picoseconds.
		Weight::from_parts(118_607_405, 3521)
			// Standard error: 5_138_752
			.saturating_add(Weight::from_parts(245_791_050, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().reads((7_u64).saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(1))
			.saturating_add(T::DbWeight::get().writes((8_u64).saturating_mul(n.into())))
			.saturating_add(Weight::from_parts(0, 3620).saturating_mul(n.into()))
	}
}
