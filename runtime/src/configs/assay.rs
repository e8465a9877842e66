//! Assay's own pallets.

use frame_support::{
	parameter_types,
	traits::{ConstU16, ConstU32},
	PalletId,
};
use pallet_beacon::AuthorVrf;
use sp_runtime::traits::Get;

use super::{
	money::{FlopsCredits, HeldCredits},
	pause::RootOrFastTrack,
};
use crate::{
	deposit, timing, weights, Balance, Balances, Beacon, GpuMarket, Operators, ProofOfFlops,
	Runtime, RuntimeHoldReason, Session, ASY,
};

/// The bond with which an operator begins.
pub const MINIMUM_BOND: Balance = 1_000 * ASY;
/// The least that somebody can have delegated to an operator.
pub const MINIMUM_DELEGATION: Balance = 10 * ASY;
/// Stake reserved for each device that takes part in proof of FLOPS.
pub const DEVICE_STAKE: Balance = 100 * ASY;

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

/// The number of the session that is running.
pub struct CurrentSession;
impl Get<u32> for CurrentSession {
	fn get() -> u32 {
		Session::current_index()
	}
}

parameter_types! {
	pub const MinimumBond: Balance = MINIMUM_BOND;
	pub const DeviceStake: Balance = DEVICE_STAKE;
	pub const WorkerDeposit: Balance = deposit(2, 256);
	pub const DeviceDeposit: Balance = deposit(1, 256);
	pub const OfferDeposit: Balance = deposit(3, 512);
	pub const LeaseDeposit: Balance = deposit(3, 512);
	pub const MinimumDelegation: Balance = MINIMUM_DELEGATION;
	pub const DelegationPot: PalletId = PalletId(*b"assay/de");
	pub const RewardsPot: PalletId = PalletId(*b"assay/rw");
}

impl pallet_beacon::Config for Runtime {
	type AuthorVrf = ParentVrf;
	type RingLength = ConstU32<256>;
	type WeightInfo = weights::pallet_beacon::WeightInfo<Runtime>;
}

impl pallet_operators::Config for Runtime {
	type CancelOrigin = RootOrFastTrack;
	type CommissionDelay = timing::CommissionDelay<Runtime>;
	type Currency = Balances;
	type DelegationPot = DelegationPot;
	type DeviceDeposit = DeviceDeposit;
	type EscrowDelay = timing::EscrowDelay<Runtime>;
	type LongestFaultWindow = timing::LongestFaultWindow<Runtime>;
	// A half.
	type MaxCommission = ConstU32<500_000>;
	// Five in a hundred at a time, so that a commission of a half takes ten announcements.
	type MaxCommissionRaise = ConstU32<50_000>;
	type MaxDescription = ConstU32<128>;
	type MaxDevices = ConstU16<16>;
	type MaxReason = ConstU32<256>;
	type MaxUnbondingChunks = ConstU32<32>;
	type MaxWorkers = ConstU32<256>;
	type MinimumBond = MinimumBond;
	type MinimumDelegation = MinimumDelegation;
	type OpenObligations = (ProofOfFlops, GpuMarket);
	type RewardsPot = RewardsPot;
	type Rounds = ProofOfFlops;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Session = CurrentSession;
	type UnbondingDelay = timing::UnbondingDelay<Runtime>;
	type WeightInfo = weights::pallet_operators::WeightInfo<Runtime>;
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
	type WeightInfo = weights::pallet_proof_of_flops::WeightInfo<Runtime>;
	type Workers = Operators;
}

impl pallet_gpu_market::Config for Runtime {
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = pallet_gpu_market::FromPallets<Runtime>;
	type Capacity = ProofOfFlops;
	type Credits = HeldCredits;
	type LeaseDeposit = LeaseDeposit;
	type Native = Balances;
	type Occupancy = Operators;
	type OfferDeposit = OfferDeposit;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Security = Operators;
	type WeightInfo = weights::pallet_gpu_market::WeightInfo<Runtime>;
	type Workers = Operators;
}
