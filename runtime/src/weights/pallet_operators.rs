//! Weights of `pallet_operators`, written by `scripts/benchmark`: do not edit.
//!
//! CPU: Intel(R) Xeon(R) Processor @ 2.50GHz. Steps: 50, repetitions: 20.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(clippy::unnecessary_cast, unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of `pallet_operators`.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_operators::WeightInfo for WeightInfo<T> {
	/// Storage: `Operators::Operators` (r:1 w:1)
	/// Proof: `Operators::Operators` (`max_values`: None, `max_size`: Some(1145), added: 3620, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Keys` (r:2 w:0)
	/// Proof: `Operators::Keys` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
	fn register() -> Weight {
		// At least 101_620_000 picoseconds.
		Weight::from_parts(105_354_000, 6052)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	/// Storage: `Operators::Operators` (r:1 w:1)
	/// Proof: `Operators::Operators` (`max_values`: None, `max_size`: Some(1145), added: 3620, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Keys` (r:1 w:0)
	/// Proof: `Operators::Keys` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
	fn set_payout() -> Weight {
		// At least 42_405_000 picoseconds.
		Weight::from_parts(44_459_000, 4610)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// Storage: `Operators::Operators` (r:1 w:1)
	/// Proof: `Operators::Operators` (`max_values`: None, `max_size`: Some(1145), added: 3620, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
	fn bond_more() -> Weight {
		// At least 107_489_000 picoseconds.
		Weight::from_parts(112_945_000, 4610)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	/// Storage: `Operators::Operators` (r:1 w:1)
	/// Proof: `Operators::Operators` (`max_values`: None, `max_size`: Some(1145), added: 3620, mode: `MaxEncodedLen`)
	/// Storage: `Timing::EpochLength` (r:1 w:0)
	/// Proof: `Timing::EpochLength` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Timing::UnbondingEpochs` (r:1 w:0)
	/// Proof: `Timing::UnbondingEpochs` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	fn unbond() -> Weight {
		// At least 46_882_000 picoseconds.
		Weight::from_parts(48_863_000, 4610)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// Storage: `Operators::Operators` (r:1 w:1)
	/// Proof: `Operators::Operators` (`max_values`: None, `max_size`: Some(1145), added: 3620, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
	/// Storage: `Operators::VoidedAt` (r:0 w:5)
	/// Proof: `Operators::VoidedAt` (`max_values`: None, `max_size`: Some(61), added: 2536, mode: `MaxEncodedLen`)
	fn withdraw() -> Weight {
		// At least 113_583_000 picoseconds.
		Weight::from_parts(118_171_000, 4610)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(7))
	}
	/// Storage: `Operators::Operators` (r:2 w:1)
	/// Proof: `Operators::Operators` (`max_values`: None, `max_size`: Some(1145), added: 3620, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Keys` (r:1 w:1)
	/// Proof: `Operators::Keys` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
	/// Storage: `Operators::NextWorkerId` (r:1 w:1)
	/// Proof: `Operators::NextWorkerId` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Workers` (r:0 w:1)
	/// Proof: `Operators::Workers` (`max_values`: None, `max_size`: Some(141), added: 2616, mode: `MaxEncodedLen`)
	/// Storage: `Operators::WorkersOf` (r:0 w:1)
	/// Proof: `Operators::WorkersOf` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	fn add_worker() -> Weight {
		// At least 130_946_000 picoseconds.
		Weight::from_parts(135_380_000, 8230)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(6))
	}
	/// Storage: `Operators::Workers` (r:1 w:1)
	/// Proof: `Operators::Workers` (`max_values`: None, `max_size`: Some(141), added: 2616, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Operators` (r:2 w:0)
	/// Proof: `Operators::Operators` (`max_values`: None, `max_size`: Some(1145), added: 3620, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Keys` (r:1 w:2)
	/// Proof: `Operators::Keys` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
	/// Storage: `ProofOfFlops::CurrentRound` (r:1 w:0)
	/// Proof: `ProofOfFlops::CurrentRound` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	fn rotate_key() -> Weight {
		// At least 62_665_000 picoseconds.
		Weight::from_parts(65_905_000, 8230)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	/// Storage: `Operators::Workers` (r:1 w:1)
	/// Proof: `Operators::Workers` (`max_values`: None, `max_size`: Some(141), added: 2616, mode: `MaxEncodedLen`)
	/// Storage: `ProofOfFlops::Standings` (r:1 w:0)
	/// Proof: `ProofOfFlops::Standings` (`max_values`: None, `max_size`: Some(590), added: 3065, mode: `MaxEncodedLen`)
	/// Storage: `GpuMarket::Presences` (r:1 w:0)
	/// Proof: `GpuMarket::Presences` (`max_values`: None, `max_size`: Some(49), added: 2524, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Operators` (r:1 w:1)
	/// Proof: `Operators::Operators` (`max_values`: None, `max_size`: Some(1145), added: 3620, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Keys` (r:0 w:2)
	/// Proof: `Operators::Keys` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
	/// Storage: `Operators::WorkersOf` (r:0 w:1)
	/// Proof: `Operators::WorkersOf` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	fn remove_worker() -> Weight {
		// At least 132_663_000 picoseconds.
		Weight::from_parts(142_244_000, 4610)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(6))
	}
	/// Storage: `Operators::Workers` (r:1 w:1)
	/// Proof: `Operators::Workers` (`max_values`: None, `max_size`: Some(141), added: 2616, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Operators` (r:1 w:0)
	/// Proof: `Operators::Operators` (`max_values`: None, `max_size`: Some(1145), added: 3620, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Devices` (r:0 w:1)
	/// Proof: `Operators::Devices` (`max_values`: None, `max_size`: Some(178), added: 2653, mode: `MaxEncodedLen`)
	fn add_device() -> Weight {
		// At least 119_063_000 picoseconds.
		Weight::from_parts(151_044_000, 4610)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	/// Storage: `Operators::Workers` (r:1 w:0)
	/// Proof: `Operators::Workers` (`max_values`: None, `max_size`: Some(141), added: 2616, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Devices` (r:1 w:1)
	/// Proof: `Operators::Devices` (`max_values`: None, `max_size`: Some(178), added: 2653, mode: `MaxEncodedLen`)
	fn describe_device() -> Weight {
		// At least 35_352_000 picoseconds.
		Weight::from_parts(51_457_000, 3643)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// Storage: `Operators::Workers` (r:1 w:1)
	/// Proof: `Operators::Workers` (`max_values`: None, `max_size`: Some(141), added: 2616, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Devices` (r:1 w:1)
	/// Proof: `Operators::Devices` (`max_values`: None, `max_size`: Some(178), added: 2653, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
	fn remove_device() -> Weight {
		// At least 95_966_000 picoseconds.
		Weight::from_parts(146_147_000, 3658)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	/// Storage: `Operators::Operators` (r:1 w:1)
	/// Proof: `Operators::Operators` (`max_values`: None, `max_size`: Some(1145), added: 3620, mode: `MaxEncodedLen`)
	/// Storage: `Timing::EpochLength` (r:1 w:0)
	/// Proof: `Timing::EpochLength` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Timing::UnbondingEpochs` (r:1 w:0)
	/// Proof: `Timing::UnbondingEpochs` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	fn retire() -> Weight {
		// At least 51_344_000 picoseconds.
		Weight::from_parts(78_244_000, 4610)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// Storage: `Operators::Convictions` (r:1 w:1)
	/// Proof: `Operators::Convictions` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Operators` (r:1 w:1)
	/// Proof: `Operators::Operators` (`max_values`: None, `max_size`: Some(1145), added: 3620, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:2 w:2)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Operators::TotalBurnt` (r:1 w:1)
	/// Proof: `Operators::TotalBurnt` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	fn execute_conviction() -> Weight {
		// At least 200_908_000 picoseconds.
		Weight::from_parts(263_442_000, 6196)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(6))
	}
	/// Storage: `Operators::Convictions` (r:1 w:1)
	/// Proof: `Operators::Convictions` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Operators` (r:1 w:1)
	/// Proof: `Operators::Operators` (`max_values`: None, `max_size`: Some(1145), added: 3620, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
	fn cancel_conviction() -> Weight {
		// At least 104_988_000 picoseconds.
		Weight::from_parts(141_972_000, 4610)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	/// Storage: `Operators::Operators` (r:1 w:1)
	/// Proof: `Operators::Operators` (`max_values`: None, `max_size`: Some(1145), added: 3620, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Delegations` (r:1 w:1)
	/// Proof: `Operators::Delegations` (`max_values`: None, `max_size`: Some(826), added: 3301, mode: `MaxEncodedLen`)
	/// Storage: `Session::CurrentIndex` (r:1 w:0)
	/// Proof: `Session::CurrentIndex` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Operators::Cohorts` (r:3 w:2)
	/// Proof: `Operators::Cohorts` (`max_values`: None, `max_size`: Some(81), added: 2556, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:2 w:2)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	fn delegate() -> Weight {
		// At least 162_056_000 picoseconds.
		Weight::from_parts(182_653_000, 8658)
			.saturating_add(T::DbWeight::get().reads(8))
			.saturating_add(T::DbWeight::get().writes(6))
	}
	/// Storage: `Operators::Operators` (r:1 w:1)
	/// Proof: `Operators::Operators` (`max_values`: None, `max_size`: Some(1145), added: 3620, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Delegations` (r:1 w:1)
	/// Proof: `Operators::Delegations` (`max_values`: None, `max_size`: Some(826), added: 3301, mode: `MaxEncodedLen`)
	/// Storage: `Session::CurrentIndex` (r:1 w:0)
	/// Proof: `Session::CurrentIndex` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Operators::Cohorts` (r:2 w:2)
	/// Proof: `Operators::Cohorts` (`max_values`: None, `max_size`: Some(81), added: 2556, mode: `MaxEncodedLen`)
	/// Storage: `Timing::EpochLength` (r:1 w:0)
	/// Proof: `Timing::EpochLength` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Timing::UnbondingEpochs` (r:1 w:0)
	/// Proof: `Timing::UnbondingEpochs` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	fn undelegate() -> Weight {
		// At least 101_632_000 picoseconds.
		Weight::from_parts(114_491_000, 6102)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	/// Storage: `Operators::Operators` (r:1 w:1)
	/// Proof: `Operators::Operators` (`max_values`: None, `max_size`: Some(1145), added: 3620, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Delegations` (r:1 w:1)
	/// Proof: `Operators::Delegations` (`max_values`: None, `max_size`: Some(826), added: 3301, mode: `MaxEncodedLen`)
	/// Storage: `Session::CurrentIndex` (r:1 w:0)
	/// Proof: `Session::CurrentIndex` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Operators::Cohorts` (r:2 w:1)
	/// Proof: `Operators::Cohorts` (`max_values`: None, `max_size`: Some(81), added: 2556, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:2 w:2)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	fn withdraw_delegation() -> Weight {
		// At least 157_660_000 picoseconds.
		Weight::from_parts(198_660_000, 6196)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(5))
	}
	/// Storage: `Operators::Operators` (r:2 w:2)
	/// Proof: `Operators::Operators` (`max_values`: None, `max_size`: Some(1145), added: 3620, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Delegations` (r:2 w:2)
	/// Proof: `Operators::Delegations` (`max_values`: None, `max_size`: Some(826), added: 3301, mode: `MaxEncodedLen`)
	/// Storage: `Session::CurrentIndex` (r:1 w:0)
	/// Proof: `Session::CurrentIndex` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Operators::Cohorts` (r:5 w:4)
	/// Proof: `Operators::Cohorts` (`max_values`: None, `max_size`: Some(81), added: 2556, mode: `MaxEncodedLen`)
	fn redelegate() -> Weight {
		// At least 154_770_000 picoseconds.
		Weight::from_parts(229_199_000, 13770)
			.saturating_add(T::DbWeight::get().reads(10))
			.saturating_add(T::DbWeight::get().writes(8))
	}
	/// Storage: `Operators::Operators` (r:1 w:1)
	/// Proof: `Operators::Operators` (`max_values`: None, `max_size`: Some(1145), added: 3620, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Delegations` (r:1 w:1)
	/// Proof: `Operators::Delegations` (`max_values`: None, `max_size`: Some(826), added: 3301, mode: `MaxEncodedLen`)
	/// Storage: `Session::CurrentIndex` (r:1 w:0)
	/// Proof: `Session::CurrentIndex` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Operators::Cohorts` (r:2 w:1)
	/// Proof: `Operators::Cohorts` (`max_values`: None, `max_size`: Some(81), added: 2556, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:2 w:2)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	fn claim_rewards() -> Weight {
		// At least 153_192_000 picoseconds.
		Weight::from_parts(168_610_000, 6196)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(5))
	}
	/// Storage: `Operators::Operators` (r:1 w:1)
	/// Proof: `Operators::Operators` (`max_values`: None, `max_size`: Some(1145), added: 3620, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Delegations` (r:1 w:1)
	/// Proof: `Operators::Delegations` (`max_values`: None, `max_size`: Some(826), added: 3301, mode: `MaxEncodedLen`)
	/// Storage: `Session::CurrentIndex` (r:1 w:0)
	/// Proof: `Session::CurrentIndex` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
	/// Storage: `Operators::Cohorts` (r:2 w:2)
	/// Proof: `Operators::Cohorts` (`max_values`: None, `max_size`: Some(81), added: 2556, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:3 w:3)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	fn settle_delegation() -> Weight {
		// At least 221_859_000 picoseconds.
		Weight::from_parts(245_830_000, 8799)
			.saturating_add(T::DbWeight::get().reads(8))
			.saturating_add(T::DbWeight::get().writes(7))
	}
	/// Storage: `Operators::Operators` (r:1 w:1)
	/// Proof: `Operators::Operators` (`max_values`: None, `max_size`: Some(1145), added: 3620, mode: `MaxEncodedLen`)
	/// Storage: `Timing::EpochLength` (r:1 w:0)
	/// Proof: `Timing::EpochLength` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Timing::UnbondingEpochs` (r:1 w:0)
	/// Proof: `Timing::UnbondingEpochs` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	fn set_commission() -> Weight {
		// At least 45_576_000 picoseconds.
		Weight::from_parts(49_774_000, 4610)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// Storage: `Operators::Operators` (r:1 w:1)
	/// Proof: `Operators::Operators` (`max_values`: None, `max_size`: Some(1145), added: 3620, mode: `MaxEncodedLen`)
	/// Storage: `Operators::AllocationDelay` (r:1 w:0)
	/// Proof: `Operators::AllocationDelay` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	fn allocate() -> Weight {
		// At least 42_522_000 picoseconds.
		Weight::from_parts(46_310_000, 4610)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// Storage: `Operators::AllocationDelayFloor` (r:1 w:0)
	/// Proof: `Operators::AllocationDelayFloor` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Operators::AllocationDelay` (r:0 w:1)
	/// Proof: `Operators::AllocationDelay` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	fn set_allocation_delay() -> Weight {
		// At least 18_710_000 picoseconds.
		Weight::from_parts(25_776_000, 1489)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// Storage: `Operators::EconomicPolicy` (r:0 w:1)
	/// Proof: `Operators::EconomicPolicy` (`max_values`: Some(1), `max_size`: Some(22), added: 517, mode: `MaxEncodedLen`)
	fn set_policy() -> Weight {
		// At least 13_850_000 picoseconds.
		Weight::from_parts(15_604_000, 0)
			.saturating_add(T::DbWeight::get().writes(1))
	}
}
