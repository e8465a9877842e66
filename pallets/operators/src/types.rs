//! The words of this pallet as types.

#![allow(clippy::as_conversions, reason = "the derived codec's own code; there is none of ours")]

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
	traits::{fungible::Inspect, Get},
	BoundedVec, CloneNoBound, DebugNoBound, EqNoBound, PartialEqNoBound,
};
use frame_system::pallet_prelude::BlockNumberFor;
use scale_info::TypeInfo;

/// Stable name of a worker; never reused.
pub type WorkerId = u64;

/// One GPU of a worker, numbered from 0; never reused within a worker.
pub type DeviceIndex = u16;

/// Part of a device, in thousandths.
pub type Share = u16;

/// A whole device, in thousandths.
pub const WHOLE_DEVICE: Share = 1_000;

/// Name of a conviction; never reused.
pub type ConvictionId = u64;

/// Something a bond secures.
#[derive(
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	MaxEncodedLen,
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
)]
pub enum Service {
	/// Block production and finality.
	Consensus,
	/// Proof of FLOPS.
	Flops,
	/// Leases of the GPU market.
	Market,
	/// Verified jobs.
	Jobs,
	/// Data requests.
	Data,
}

impl Service {
	/// All services, in the order of their encoding.
	pub const ALL: [Service; 5] =
		[Service::Consensus, Service::Flops, Service::Market, Service::Jobs, Service::Data];

	/// Whether obligations of this service are those of a worker; else of the operator itself.
	pub const fn binds_worker(self) -> bool {
		!matches!(self, Service::Consensus)
	}

	/// Whether obligations of this service are those of one device.
	pub const fn binds_device(self) -> bool {
		matches!(self, Service::Flops | Service::Market)
	}
}

/// Names a reservation inside a service of an operator.
#[derive(
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	MaxEncodedLen,
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
)]
pub struct Obligation {
	/// The worker that is obliged; has no meaning in `Service::Consensus`.
	pub worker: WorkerId,
	/// The device that is obliged; has a meaning in `Service::Flops` and `Service::Market`.
	pub device: DeviceIndex,
	/// Chosen by the service: a round, job, lease or request.
	pub nonce: u64,
}

/// What convicts, and nothing else. Every one is found by code.
#[derive(
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	MaxEncodedLen,
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
)]
pub enum Fault {
	/// An opening that does not fit its commitment or its seed.
	WrongOpening,
	/// An opening that did not come in its window.
	MissedOpening,
	/// A reveal that did not come in its window.
	MissedReveal,
	/// A case that the court decided against the operator.
	LostCase,
	/// A move before the court that did not come in time.
	UnansweredCase,
	/// Evidence that does not verify.
	InvalidEvidence,
	/// Evidence that did not come in time.
	MissingEvidence,
	/// Two different attestations of the same thing.
	DoubleAttestation,
	/// A lease that the provider abandoned.
	LostLease,
	/// Two blocks or two votes where only one was allowed.
	Equivocation,
}

impl Fault {
	/// Whether the fault is that something did not happen. Nobody has to prove silence, so it
	/// pays no bounty.
	pub const fn is_silence(self) -> bool {
		matches!(
			self,
			Fault::MissedOpening
				| Fault::MissedReveal
				| Fault::UnansweredCase
				| Fault::MissingEvidence
				| Fault::LostLease
		)
	}
}

/// Stake that was unbonded and waits for its time.
#[derive(
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	MaxEncodedLen,
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
)]
pub struct UnbondingChunk<Balance, BlockNumber> {
	/// How much is leaving.
	pub amount: Balance,
	/// The first block in which it can be withdrawn.
	pub due: BlockNumber,
}

/// An operator as it is stored.
///
/// The bond hold of its account is `bonded` plus all `unbonding`, its escrow hold is `escrowed`.
#[derive(
	Encode, Decode, TypeInfo, MaxEncodedLen, CloneNoBound, DebugNoBound, PartialEqNoBound, EqNoBound,
)]
#[scale_info(skip_type_params(MaxChunks))]
pub struct OperatorRecord<
	AccountId: Clone + core::fmt::Debug + PartialEq + Eq,
	Balance: Clone + core::fmt::Debug + PartialEq + Eq,
	BlockNumber: Clone + core::fmt::Debug + PartialEq + Eq,
	MaxChunks: Get<u32>,
> {
	/// Where rewards go.
	pub payout: AccountId,
	/// Stake that can be reserved, reserved stake included; without what is unbonding or in
	/// escrow.
	pub bonded: Balance,
	/// The part of `bonded` that is set aside for open obligations.
	pub reserved: Balance,
	/// Stake of convictions that are neither executed nor cancelled.
	pub escrowed: Balance,
	/// Stake on its way out, earliest first.
	pub unbonding: BoundedVec<UnbondingChunk<Balance, BlockNumber>, MaxChunks>,
	/// How many workers it has.
	pub workers: u32,
	/// How many of its convictions are in escrow.
	pub convictions: u32,
	/// The block since which it is retiring.
	pub retiring_since: Option<BlockNumber>,
}

/// What an operator has at stake in the consensus. Amounts are in the smallest native unit.
#[derive(
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	MaxEncodedLen,
	Clone,
	Copy,
	Debug,
	Default,
	PartialEq,
	Eq,
)]
pub struct ConsensusStake<Balance> {
	/// By what the operator is elected: its allocation to `Service::Consensus`, less the part of
	/// it that is leaving. Zero if it is not eligible.
	pub weight: Balance,
	/// The operator's own active stake, in all services.
	pub own: Balance,
	/// The active stake of its delegators, in all services.
	pub delegated: Balance,
	/// What the operator keeps of its delegators' rewards, in parts in a million.
	pub commission_ppm: u32,
}

/// A hot key that takes over at the next round.
#[derive(
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	MaxEncodedLen,
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
)]
pub struct NextKey<AccountId> {
	/// The key.
	pub key: AccountId,
	/// The first round in which it signs.
	pub from_round: u32,
}

/// A worker as it is stored.
#[derive(Encode, Decode, TypeInfo, MaxEncodedLen, Clone, Debug, PartialEq, Eq)]
pub struct WorkerRecord<AccountId, Balance> {
	/// Its operator.
	pub operator: AccountId,
	/// The key that signs until `next_key` is effective.
	pub key: AccountId,
	/// The key that signs from a round on.
	pub next_key: Option<NextKey<AccountId>>,
	/// How many devices it has.
	pub devices: DeviceIndex,
	/// The index that the next device gets.
	pub next_device: DeviceIndex,
	/// How many obligations of it have a reservation.
	pub reservations: u32,
	/// What the operator's account holds for this record.
	pub deposit: Balance,
}

impl<AccountId, Balance> WorkerRecord<AccountId, Balance> {
	/// The key that signs in `round`.
	pub fn key_in(&self, round: u32) -> &AccountId {
		match &self.next_key {
			Some(next) if next.from_round <= round => &next.key,
			_ => &self.key,
		}
	}
}

/// A device as it is stored.
#[derive(
	Encode, Decode, TypeInfo, MaxEncodedLen, CloneNoBound, DebugNoBound, PartialEqNoBound, EqNoBound,
)]
#[scale_info(skip_type_params(MaxDescription))]
pub struct DeviceRecord<
	Balance: Clone + core::fmt::Debug + PartialEq + Eq,
	MaxDescription: Get<u32>,
> {
	/// What the operator says about it. Informational: nothing is ever paid for a description.
	pub description: BoundedVec<u8, MaxDescription>,
	/// How much of it is in use, in thousandths.
	pub occupied: Share,
	/// How many obligations of it have a reservation.
	pub reservations: u32,
	/// What the operator's account holds for this record.
	pub deposit: Balance,
}

/// A conviction that waits in escrow.
#[derive(
	Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen, Clone, Debug, PartialEq, Eq,
)]
pub struct ConvictionRecord<AccountId, Balance, BlockNumber> {
	/// Who was convicted.
	pub operator: AccountId,
	/// In which service.
	pub service: Service,
	/// Which obligation was broken.
	pub obligation: Obligation,
	/// How.
	pub fault: Fault,
	/// The stake in escrow.
	pub amount: Balance,
	/// The part of `amount` that goes to `prover`; zero if there is none.
	pub bounty: Balance,
	/// Who earns the bounty.
	pub prover: Option<AccountId>,
	/// The block of the conviction.
	pub convicted_at: BlockNumber,
	/// The first block in which it can be executed and no more be cancelled.
	pub execute_at: BlockNumber,
}

/// Whether an operator's workers may begin new work.
#[derive(Encode, Decode, DecodeWithMemTracking, TypeInfo, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
	/// They may.
	Active,
	/// They may not before the bond is raised to the minimum.
	BondBelowMinimum,
	/// They may not any more.
	Retiring,
}

/// What the view function tells about an operator. Amounts are in the smallest native unit.
#[derive(Encode, Decode, DecodeWithMemTracking, TypeInfo, Clone, Debug, PartialEq, Eq)]
pub struct OperatorStatus<AccountId, Balance, BlockNumber> {
	/// Where rewards go.
	pub payout: AccountId,
	/// Whether its workers may begin new work.
	pub activity: Activity,
	/// Stake that secures services.
	pub bonded: Balance,
	/// The part of it that is set aside for open obligations.
	pub reserved: Balance,
	/// The part of it that can still be reserved.
	pub free: Balance,
	/// Stake on its way out, due or not.
	pub unbonding: Balance,
	/// Stake that can be withdrawn now.
	pub withdrawable: Balance,
	/// The first block in which something more can be withdrawn.
	pub next_due: Option<BlockNumber>,
	/// Stake of convictions that are not final.
	pub escrowed: Balance,
	/// The number of its workers.
	pub workers: u32,
	/// The number of convictions in escrow.
	pub convictions: u32,
}

/// What the view function tells about a device.
#[derive(Encode, Decode, DecodeWithMemTracking, TypeInfo, Clone, Debug, PartialEq, Eq)]
pub struct DeviceStatus {
	/// Its index.
	pub device: DeviceIndex,
	/// What the operator says about it.
	pub description: Vec<u8>,
	/// How much of it is in use, in thousandths.
	pub occupied: Share,
	/// How many obligations of it have a reservation.
	pub reservations: u32,
}

/// What the view function tells about a worker.
#[derive(Encode, Decode, DecodeWithMemTracking, TypeInfo, Clone, Debug, PartialEq, Eq)]
pub struct WorkerStatus<AccountId> {
	/// Its operator.
	pub operator: AccountId,
	/// Whether it may begin new work.
	pub activity: Activity,
	/// The key that signs in the current round.
	pub key: AccountId,
	/// The key that will sign from a later round on.
	pub next_key: Option<NextKey<AccountId>>,
	/// How many obligations of it have a reservation.
	pub reservations: u32,
	/// Its devices, by index.
	pub devices: Vec<DeviceStatus>,
}

/// An amount of the native currency.
pub type BalanceOf<T> =
	<<T as crate::Config>::Currency as Inspect<<T as frame_system::Config>::AccountId>>::Balance;

/// An operator of this runtime.
pub type OperatorRecordOf<T> = OperatorRecord<
	<T as frame_system::Config>::AccountId,
	BalanceOf<T>,
	BlockNumberFor<T>,
	<T as crate::Config>::MaxUnbondingChunks,
>;

/// A worker of this runtime.
pub type WorkerRecordOf<T> = WorkerRecord<<T as frame_system::Config>::AccountId, BalanceOf<T>>;

/// A device of this runtime.
pub type DeviceRecordOf<T> = DeviceRecord<BalanceOf<T>, <T as crate::Config>::MaxDescription>;

/// A conviction of this runtime.
pub type ConvictionRecordOf<T> =
	ConvictionRecord<<T as frame_system::Config>::AccountId, BalanceOf<T>, BlockNumberFor<T>>;

/// Words of the operator about a device.
pub type DescriptionOf<T> = BoundedVec<u8, <T as crate::Config>::MaxDescription>;

/// An operator of the chain specification: its account, its payout account, its bond, and its
/// workers, each a hot key and a number of devices.
pub type GenesisOperator<T> = (
	<T as frame_system::Config>::AccountId,
	<T as frame_system::Config>::AccountId,
	BalanceOf<T>,
	Vec<(<T as frame_system::Config>::AccountId, DeviceIndex)>,
);
