//! Assay's own pallets.

use frame_support::{
	parameter_types,
	traits::{ConstU16, ConstU32},
};
use pallet_beacon::AuthorVrf;
use sp_runtime::{traits::Get, Permill};

use super::money::FlopsCredits;
use crate::{
	deposit, timing, Balance, Balances, Beacon, BlockNumber, Operators, ProofOfFlops, Runtime,
	RuntimeHoldReason, ASY,
};

/// The bond with which an operator begins.
pub const MINIMUM_BOND: Balance = 1_000 * ASY;
/// Stake reserved for each device that takes part in proof of FLOPS.
pub const DEVICE_STAKE: Balance = 100 * ASY;

/// A number of epochs in blocks, so that delays are days on a live network and minutes on a
/// developer's machine.
pub struct Epochs<const N: u32>;
impl<const N: u32> Get<BlockNumber> for Epochs<N> {
	fn get() -> BlockNumber {
		u32::try_from(timing::EpochLength::<Runtime>::get())
			.unwrap_or(BlockNumber::MAX)
			.saturating_mul(N)
	}
}

/// The VRF output of the parent's author, which BABE writes when a block ends.
pub struct ParentVrf;
impl AuthorVrf for ParentVrf {
	fn parent_vrf() -> Option<[u8; 32]> {
		pallet_babe::AuthorVrfRandomness::<Runtime>::get()
	}
}

/// The slot of the current block.
pub struct CurrentSlot;
impl Get<u64> for CurrentSlot {
	fn get() -> u64 {
		*pallet_babe::CurrentSlot::<Runtime>::get()
	}
}

parameter_types! {
	pub const MinimumBond: Balance = MINIMUM_BOND;
	pub const DeviceStake: Balance = DEVICE_STAKE;
	pub const WorkerDeposit: Balance = deposit(2, 256);
	pub const DeviceDeposit: Balance = deposit(1, 256);
	pub const BountyShare: Permill = Permill::from_percent(40);
}

impl pallet_beacon::Config for Runtime {
	type AuthorVrf = ParentVrf;
	type RingLength = ConstU32<256>;
	type WeightInfo = pallet_beacon::weights::SubstrateWeight<Runtime>;
}

impl pallet_operators::Config for Runtime {
	type BountyShare = BountyShare;
	type Currency = Balances;
	type DeviceDeposit = DeviceDeposit;
	// Live: three days.
	type EscrowDelay = Epochs<18>;
	// Live: one day.
	type LongestFaultWindow = Epochs<6>;
	type MaxDescription = ConstU32<128>;
	type MaxDevices = ConstU16<16>;
	type MaxReason = ConstU32<256>;
	type MaxUnbondingChunks = ConstU32<32>;
	type MaxWorkers = ConstU32<256>;
	type MinimumBond = MinimumBond;
	type OpenObligations = ProofOfFlops;
	type Rounds = ProofOfFlops;
	type RuntimeHoldReason = RuntimeHoldReason;
	// Live: fourteen days.
	type UnbondingDelay = Epochs<84>;
	type WeightInfo = pallet_operators::weights::SubstrateWeight<Runtime>;
	type WorkerDeposit = WorkerDeposit;
}

impl pallet_proof_of_flops::Config for Runtime {
	type Balance = Balance;
	type Beacon = Beacon;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = Operators;
	type Credits = FlopsCredits;
	type DeviceStake = DeviceStake;
	type Security = Operators;
	type SlotDuration = timing::SlotMilliseconds<Runtime>;
	type Slots = CurrentSlot;
	type WeightInfo = pallet_proof_of_flops::weights::SubstrateWeight<Runtime>;
	type Workers = Operators;
}
