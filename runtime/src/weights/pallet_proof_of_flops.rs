//! Weights of `pallet_proof_of_flops`, written by `scripts/benchmark`: do not edit.
//!
//! CPU: Intel(R) Xeon(R) Processor @ 2.50GHz. Steps: 50, repetitions: 20.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(clippy::unnecessary_cast, unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of `pallet_proof_of_flops`.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_proof_of_flops::WeightInfo for WeightInfo<T> {
	/// Storage: `ProofOfFlops::Parameters` (r:1 w:0)
	/// Proof: `ProofOfFlops::Parameters` (`max_values`: Some(1), `max_size`: Some(52), added: 547, mode: `MaxEncodedLen`)
	/// Storage: `ProofOfFlops::CurrentRound` (r:1 w:0)
	/// Proof: `ProofOfFlops::CurrentRound` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `ProofOfFlops::Rounds` (r:1 w:0)
	/// Proof: `ProofOfFlops::Rounds` (`max_values`: None, `max_size`: Some(101), added: 2576, mode: `MaxEncodedLen`)
	/// Storage: `Beacon::Accumulator` (r:1 w:0)
	/// Proof: `Beacon::Accumulator` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
	fn on_initialize_idle() -> Weight {
		// At least 20_312_000 picoseconds.
		Weight::from_parts(22_090_000, 3566)
			.saturating_add(T::DbWeight::get().reads(4))
	}
	/// Storage: `ProofOfFlops::Parameters` (r:1 w:0)
	/// Proof: `ProofOfFlops::Parameters` (`max_values`: Some(1), `max_size`: Some(52), added: 547, mode: `MaxEncodedLen`)
	/// Storage: `ProofOfFlops::CurrentRound` (r:1 w:1)
	/// Proof: `ProofOfFlops::CurrentRound` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `ProofOfFlops::Rounds` (r:1 w:2)
	/// Proof: `ProofOfFlops::Rounds` (`max_values`: None, `max_size`: Some(101), added: 2576, mode: `MaxEncodedLen`)
	/// Storage: `Beacon::Accumulator` (r:1 w:0)
	/// Proof: `Beacon::Accumulator` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
	/// Storage: `Babe::CurrentSlot` (r:1 w:0)
	/// Proof: `Babe::CurrentSlot` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	fn on_initialize_open() -> Weight {
		// At least 46_188_000 picoseconds.
		Weight::from_parts(52_122_000, 3566)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	/// Storage: `ProofOfFlops::Parameters` (r:1 w:0)
	/// Proof: `ProofOfFlops::Parameters` (`max_values`: Some(1), `max_size`: Some(52), added: 547, mode: `MaxEncodedLen`)
	/// Storage: `ProofOfFlops::CurrentRound` (r:1 w:0)
	/// Proof: `ProofOfFlops::CurrentRound` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `ProofOfFlops::Rounds` (r:1 w:1)
	/// Proof: `ProofOfFlops::Rounds` (`max_values`: None, `max_size`: Some(101), added: 2576, mode: `MaxEncodedLen`)
	/// Storage: `Beacon::Delay` (r:1 w:0)
	/// Proof: `Beacon::Delay` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Beacon::Ring` (r:1 w:0)
	/// Proof: `Beacon::Ring` (`max_values`: None, `max_size`: Some(48), added: 2523, mode: `MaxEncodedLen`)
	/// Storage: `Beacon::Accumulator` (r:1 w:0)
	/// Proof: `Beacon::Accumulator` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
	/// Storage: `ProofOfFlops::LastTurnout` (r:0 w:1)
	/// Proof: `ProofOfFlops::LastTurnout` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	fn on_initialize_sample() -> Weight {
		// At least 43_443_000 picoseconds.
		Weight::from_parts(67_176_000, 3566)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	/// Storage: `Operators::Keys` (r:1 w:0)
	/// Proof: `Operators::Keys` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Workers` (r:1 w:1)
	/// Proof: `Operators::Workers` (`max_values`: None, `max_size`: Some(141), added: 2616, mode: `MaxEncodedLen`)
	/// Storage: `ProofOfFlops::CurrentRound` (r:1 w:0)
	/// Proof: `ProofOfFlops::CurrentRound` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Devices` (r:1 w:1)
	/// Proof: `Operators::Devices` (`max_values`: None, `max_size`: Some(178), added: 2653, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Operators` (r:1 w:1)
	/// Proof: `Operators::Operators` (`max_values`: None, `max_size`: Some(1145), added: 3620, mode: `MaxEncodedLen`)
	/// Storage: `ProofOfFlops::Parameters` (r:1 w:0)
	/// Proof: `ProofOfFlops::Parameters` (`max_values`: Some(1), `max_size`: Some(52), added: 547, mode: `MaxEncodedLen`)
	/// Storage: `ProofOfFlops::Rounds` (r:9 w:9)
	/// Proof: `ProofOfFlops::Rounds` (`max_values`: None, `max_size`: Some(101), added: 2576, mode: `MaxEncodedLen`)
	/// Storage: `ProofOfFlops::Standings` (r:1 w:1)
	/// Proof: `ProofOfFlops::Standings` (`max_values`: None, `max_size`: Some(590), added: 3065, mode: `MaxEncodedLen`)
	/// Storage: `Operators::VoidedAt` (r:1 w:0)
	/// Proof: `Operators::VoidedAt` (`max_values`: None, `max_size`: Some(61), added: 2536, mode: `MaxEncodedLen`)
	/// Storage: `Assets::Asset` (r:1 w:1)
	/// Proof: `Assets::Asset` (`max_values`: None, `max_size`: Some(210), added: 2685, mode: `MaxEncodedLen`)
	/// Storage: `Assets::Account` (r:1 w:1)
	/// Proof: `Assets::Account` (`max_values`: None, `max_size`: Some(134), added: 2609, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Reservations` (r:1 w:1)
	/// Proof: `Operators::Reservations` (`max_values`: None, `max_size`: Some(107), added: 2582, mode: `MaxEncodedLen`)
	/// Storage: `Timing::SlotDuration` (r:1 w:0)
	/// Proof: `Timing::SlotDuration` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Babe::CurrentSlot` (r:1 w:0)
	/// Proof: `Babe::CurrentSlot` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `ProofOfFlops::LastTurnout` (r:1 w:0)
	/// Proof: `ProofOfFlops::LastTurnout` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// `c` is in `[0, 8]`.
	fn commit(c: u32, ) -> Weight {
		// At least 168_643_000 picoseconds.
		Weight::from_parts(292_918_685, 4610)
			// Standard error: 1_101_261
			.saturating_add(Weight::from_parts(51_125_895, 0).saturating_mul(c.into()))
			.saturating_add(T::DbWeight::get().reads(15))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(c.into())))
			.saturating_add(T::DbWeight::get().writes(8))
			.saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(c.into())))
			.saturating_add(Weight::from_parts(0, 2576).saturating_mul(c.into()))
	}
	/// Storage: `Operators::Keys` (r:1 w:0)
	/// Proof: `Operators::Keys` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Workers` (r:1 w:0)
	/// Proof: `Operators::Workers` (`max_values`: None, `max_size`: Some(141), added: 2616, mode: `MaxEncodedLen`)
	/// Storage: `ProofOfFlops::CurrentRound` (r:1 w:0)
	/// Proof: `ProofOfFlops::CurrentRound` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `ProofOfFlops::Standings` (r:1 w:1)
	/// Proof: `ProofOfFlops::Standings` (`max_values`: None, `max_size`: Some(590), added: 3065, mode: `MaxEncodedLen`)
	/// Storage: `ProofOfFlops::Parameters` (r:1 w:0)
	/// Proof: `ProofOfFlops::Parameters` (`max_values`: Some(1), `max_size`: Some(52), added: 547, mode: `MaxEncodedLen`)
	/// Storage: `ProofOfFlops::Rounds` (r:8 w:8)
	/// Proof: `ProofOfFlops::Rounds` (`max_values`: None, `max_size`: Some(101), added: 2576, mode: `MaxEncodedLen`)
	/// Storage: `Operators::VoidedAt` (r:1 w:0)
	/// Proof: `Operators::VoidedAt` (`max_values`: None, `max_size`: Some(61), added: 2536, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Operators` (r:1 w:0)
	/// Proof: `Operators::Operators` (`max_values`: None, `max_size`: Some(1145), added: 3620, mode: `MaxEncodedLen`)
	/// Storage: `Assets::Asset` (r:1 w:1)
	/// Proof: `Assets::Asset` (`max_values`: None, `max_size`: Some(210), added: 2685, mode: `MaxEncodedLen`)
	/// Storage: `Assets::Account` (r:1 w:1)
	/// Proof: `Assets::Account` (`max_values`: None, `max_size`: Some(134), added: 2609, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// `o` is in `[1, 16]`.
	fn reveal(o: u32, ) -> Weight {
		// At least 592_568_000 picoseconds.
		Weight::from_parts(690_424_327, 21598)
			// Standard error: 4_520_316
			.saturating_add(Weight::from_parts(193_649_092, 0).saturating_mul(o.into()))
			.saturating_add(T::DbWeight::get().reads(18))
			.saturating_add(T::DbWeight::get().writes(12))
	}
	/// Storage: `ProofOfFlops::Standings` (r:1 w:1)
	/// Proof: `ProofOfFlops::Standings` (`max_values`: None, `max_size`: Some(590), added: 3065, mode: `MaxEncodedLen`)
	/// Storage: `ProofOfFlops::Parameters` (r:1 w:0)
	/// Proof: `ProofOfFlops::Parameters` (`max_values`: Some(1), `max_size`: Some(52), added: 547, mode: `MaxEncodedLen`)
	/// Storage: `ProofOfFlops::CurrentRound` (r:1 w:0)
	/// Proof: `ProofOfFlops::CurrentRound` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Operators::VoidedAt` (r:1 w:1)
	/// Proof: `Operators::VoidedAt` (`max_values`: None, `max_size`: Some(61), added: 2536, mode: `MaxEncodedLen`)
	/// Storage: `ProofOfFlops::Rounds` (r:8 w:8)
	/// Proof: `ProofOfFlops::Rounds` (`max_values`: None, `max_size`: Some(101), added: 2576, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Operators` (r:1 w:1)
	/// Proof: `Operators::Operators` (`max_values`: None, `max_size`: Some(1145), added: 3620, mode: `MaxEncodedLen`)
	/// Storage: `Assets::Asset` (r:1 w:1)
	/// Proof: `Assets::Asset` (`max_values`: None, `max_size`: Some(210), added: 2685, mode: `MaxEncodedLen`)
	/// Storage: `Assets::Account` (r:1 w:1)
	/// Proof: `Assets::Account` (`max_values`: None, `max_size`: Some(134), added: 2609, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Reservations` (r:1 w:1)
	/// Proof: `Operators::Reservations` (`max_values`: None, `max_size`: Some(107), added: 2582, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Workers` (r:1 w:1)
	/// Proof: `Operators::Workers` (`max_values`: None, `max_size`: Some(141), added: 2616, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Devices` (r:1 w:1)
	/// Proof: `Operators::Devices` (`max_values`: None, `max_size`: Some(178), added: 2653, mode: `MaxEncodedLen`)
	/// Storage: `Operators::EconomicPolicy` (r:1 w:0)
	/// Proof: `Operators::EconomicPolicy` (`max_values`: Some(1), `max_size`: Some(22), added: 517, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(193), added: 2668, mode: `MaxEncodedLen`)
	/// Storage: `Operators::NextConvictionId` (r:1 w:1)
	/// Proof: `Operators::NextConvictionId` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Timing::EpochLength` (r:1 w:0)
	/// Proof: `Timing::EpochLength` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Timing::UnbondingEpochs` (r:1 w:0)
	/// Proof: `Timing::UnbondingEpochs` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Convictions` (r:0 w:1)
	/// Proof: `Operators::Convictions` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
	/// `c` is in `[1, 8]`.
	fn settle(c: u32, ) -> Weight {
		// At least 202_102_000 picoseconds.
		Weight::from_parts(264_035_225, 4610)
			// Standard error: 1_311_724
			.saturating_add(Weight::from_parts(79_329_650, 0).saturating_mul(c.into()))
			.saturating_add(T::DbWeight::get().reads(15))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(c.into())))
			.saturating_add(T::DbWeight::get().writes(11))
			.saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(c.into())))
			.saturating_add(Weight::from_parts(0, 2576).saturating_mul(c.into()))
	}
	/// Storage: `ProofOfFlops::Standings` (r:1 w:1)
	/// Proof: `ProofOfFlops::Standings` (`max_values`: None, `max_size`: Some(590), added: 3065, mode: `MaxEncodedLen`)
	/// Storage: `ProofOfFlops::Parameters` (r:1 w:0)
	/// Proof: `ProofOfFlops::Parameters` (`max_values`: Some(1), `max_size`: Some(52), added: 547, mode: `MaxEncodedLen`)
	/// Storage: `ProofOfFlops::CurrentRound` (r:1 w:0)
	/// Proof: `ProofOfFlops::CurrentRound` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Operators::VoidedAt` (r:1 w:0)
	/// Proof: `Operators::VoidedAt` (`max_values`: None, `max_size`: Some(61), added: 2536, mode: `MaxEncodedLen`)
	/// Storage: `ProofOfFlops::Rounds` (r:8 w:8)
	/// Proof: `ProofOfFlops::Rounds` (`max_values`: None, `max_size`: Some(101), added: 2576, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Operators` (r:1 w:1)
	/// Proof: `Operators::Operators` (`max_values`: None, `max_size`: Some(1145), added: 3620, mode: `MaxEncodedLen`)
	/// Storage: `Assets::Asset` (r:1 w:1)
	/// Proof: `Assets::Asset` (`max_values`: None, `max_size`: Some(210), added: 2685, mode: `MaxEncodedLen`)
	/// Storage: `Assets::Account` (r:1 w:1)
	/// Proof: `Assets::Account` (`max_values`: None, `max_size`: Some(134), added: 2609, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Reservations` (r:1 w:1)
	/// Proof: `Operators::Reservations` (`max_values`: None, `max_size`: Some(107), added: 2582, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Workers` (r:1 w:1)
	/// Proof: `Operators::Workers` (`max_values`: None, `max_size`: Some(141), added: 2616, mode: `MaxEncodedLen`)
	/// Storage: `Operators::Devices` (r:1 w:1)
	/// Proof: `Operators::Devices` (`max_values`: None, `max_size`: Some(178), added: 2653, mode: `MaxEncodedLen`)
	/// `c` is in `[0, 8]`.
	fn release_buffer(c: u32, ) -> Weight {
		// At least 159_084_000 picoseconds.
		Weight::from_parts(292_704_266, 4610)
			// Standard error: 943_666
			.saturating_add(Weight::from_parts(45_089_711, 0).saturating_mul(c.into()))
			.saturating_add(T::DbWeight::get().reads(11))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(c.into())))
			.saturating_add(T::DbWeight::get().writes(8))
			.saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(c.into())))
			.saturating_add(Weight::from_parts(0, 2576).saturating_mul(c.into()))
	}
}
