//! The words of this pallet as types.

#![allow(clippy::as_conversions, reason = "the derived codec's own code; there is none of ours")]

use alloc::vec::Vec;
use assay_economics::{
	allocation::{Ledger, SERVICES},
	pool::Pool,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
	traits::{ConstU32, Get},
	BoundedVec, CloneNoBound, DebugNoBound, DefaultNoBound, EqNoBound, PartialEqNoBound,
};
use frame_system::pallet_prelude::BlockNumberFor;
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

/// An amount of the native currency, in its smallest unit.
pub type Balance = u128;

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
	Serialize,
	Deserialize,
)]
#[serde(rename_all = "camelCase")]
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

	/// Its place in a [`Ledger`].
	pub const fn index(self) -> usize {
		match self {
			Service::Consensus => 0,
			Service::Flops => 1,
			Service::Market => 2,
			Service::Jobs => 3,
			Service::Data => 4,
		}
	}

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
pub struct UnbondingChunk<BlockNumber> {
	/// How much is leaving.
	pub amount: Balance,
	/// The first block in which it can be withdrawn.
	pub due: BlockNumber,
}

/// An announced change of an allocation.
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
pub struct Change<BlockNumber> {
	/// The share of the operator's stake that the service will have, in parts in a million.
	pub share_ppm: u32,
	/// The first block in which it holds.
	pub due: BlockNumber,
	/// Whether it raises the allocation; else it cuts it.
	pub raise: bool,
}

/// An operator as it is stored.
///
/// The bond hold of its account is `bonded` plus all `unbonding`, its escrow hold is `escrowed`;
/// the stake of `pool` and `escrowed_delegated` lie in the account of all delegated stake.
#[derive(
	Encode, Decode, TypeInfo, MaxEncodedLen, CloneNoBound, DebugNoBound, PartialEqNoBound, EqNoBound,
)]
#[scale_info(skip_type_params(MaxChunks))]
pub struct OperatorRecord<
	AccountId: Clone + core::fmt::Debug + PartialEq + Eq,
	BlockNumber: Clone + core::fmt::Debug + PartialEq + Eq,
	MaxChunks: Get<u32>,
> {
	/// Where rewards go.
	pub payout: AccountId,
	/// The operator's own stake that secures services.
	pub bonded: Balance,
	/// Its own stake on its way out, in the order in which it is due. Still slashable.
	pub unbonding: BoundedVec<UnbondingChunk<BlockNumber>, MaxChunks>,
	/// Its own stake of convictions that are not final yet.
	pub escrowed: Balance,
	/// Its delegators' stake of convictions that are not final yet.
	pub escrowed_delegated: Balance,
	/// The stake of its delegators.
	pub pool: Pool,
	/// How many accounts have a delegation to it.
	pub delegators: u32,
	/// What is promised to each service, and what each has reserved.
	pub ledger: Ledger,
	/// The announced change of each allocation, by [`Service::index`].
	pub changes: [Option<Change<BlockNumber>>; SERVICES],
	/// What it keeps of its delegators' rewards, in parts in a million.
	pub commission_ppm: u32,
	/// An announced raise of it, and the first block in which that holds.
	pub commission_change: Option<(u32, BlockNumber)>,
	/// Its own rewards and commission, not claimed yet.
	pub rewards: Balance,
	/// The number of its workers.
	pub workers: u32,
	/// How many of its convictions are in escrow.
	pub convictions: u32,
	/// The block since which it is retiring.
	pub retiring_since: Option<BlockNumber>,
}

impl<AccountId, BlockNumber, MaxChunks> OperatorRecord<AccountId, BlockNumber, MaxChunks>
where
	AccountId: Clone + core::fmt::Debug + PartialEq + Eq,
	BlockNumber: Clone + core::fmt::Debug + PartialEq + Eq,
	MaxChunks: Get<u32>,
{
	/// A new operator, which has promised nothing yet.
	pub(crate) fn new(payout: AccountId, bonded: Balance) -> Self {
		Self {
			payout,
			bonded,
			unbonding: Default::default(),
			escrowed: 0,
			escrowed_delegated: 0,
			pool: Default::default(),
			delegators: 0,
			ledger: Default::default(),
			changes: [const { None }; SERVICES],
			commission_ppm: 0,
			commission_change: None,
			rewards: 0,
			workers: 0,
			convictions: 0,
			retiring_since: None,
		}
	}

	/// The operator's own stake that can be slashed: bonded and unbonding.
	pub fn own(&self) -> Balance {
		self.unbonding.iter().fold(self.bonded, |sum, chunk| sum.saturating_add(chunk.amount))
	}

	/// Everything that can be slashed: own and delegated stake, leaving or not.
	pub fn stake(&self) -> Balance {
		self.own().saturating_add(self.pool.stake)
	}

	/// The part of the stake that is not on its way out.
	pub fn active(&self) -> Balance {
		self.bonded.saturating_add(self.pool.active())
	}

	/// How much of the bond may back obligations if `leaving` of it leaves: all but the part that
	/// answers for the validators.
	pub fn backing(&self, leaving: Balance) -> Balance {
		self.ledger.backing(self.bonded.saturating_sub(leaving), self.stake())
	}

	/// What is bonded and no obligation has reserved.
	pub fn unreserved(&self) -> Balance {
		self.bonded.saturating_sub(self.ledger.total_reserved())
	}
}

/// Delegators' shares of one operator that begin to earn in the same session.
#[derive(Encode, Decode, TypeInfo, MaxEncodedLen, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cohort {
	/// The pool's reward index when that session came; nothing before it.
	pub index: Option<u128>,
	/// How many delegations have to be told.
	pub members: u32,
}

/// Shares that leave a pool and wait for their time.
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
pub struct LeavingShares<BlockNumber> {
	/// How many; what they are worth is decided when they are withdrawn.
	pub shares: u128,
	/// The first block in which they can be withdrawn.
	pub due: BlockNumber,
}

/// What one account has delegated to one operator, as it is stored.
#[derive(
	Encode,
	Decode,
	TypeInfo,
	MaxEncodedLen,
	CloneNoBound,
	DebugNoBound,
	DefaultNoBound,
	PartialEqNoBound,
	EqNoBound,
)]
#[scale_info(skip_type_params(MaxChunks))]
pub struct Delegation<BlockNumber: Clone + core::fmt::Debug + PartialEq + Eq, MaxChunks: Get<u32>> {
	/// Shares of the operator's pool that earn.
	pub shares: u128,
	/// Shares that will earn: the first session in which they do, and how many; oldest first.
	pub joining: BoundedVec<(u32, u128), ConstU32<2>>,
	/// The pool's reward index up to which `rewards` counts.
	pub index: u128,
	/// Rewards that are settled and not claimed yet.
	pub rewards: Balance,
	/// Shares on their way out, in the order in which they are due. Still slashable.
	pub leaving: BoundedVec<LeavingShares<BlockNumber>, MaxChunks>,
}

impl<BlockNumber, MaxChunks> Delegation<BlockNumber, MaxChunks>
where
	BlockNumber: Clone + core::fmt::Debug + PartialEq + Eq,
	MaxChunks: Get<u32>,
{
	/// Shares that are not leaving, whether they earn already or not.
	pub fn staying(&self) -> u128 {
		self.joining.iter().fold(self.shares, |sum, (_, shares)| sum.saturating_add(*shares))
	}

	/// Whether no stake is left of it.
	pub fn is_empty(&self) -> bool {
		self.staying() == 0 && self.leaving.is_empty()
	}
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
pub struct ConsensusStake<Amount> {
	/// By what the operator is elected: its allocation to `Service::Consensus`, less the part of
	/// it that is leaving. Zero if it is not eligible.
	pub weight: Amount,
	/// The operator's own active stake that no obligation has reserved: it goes first.
	pub own: Amount,
	/// The active stake of its delegators, in all services.
	pub delegated: Amount,
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
pub struct WorkerRecord<AccountId> {
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

impl<AccountId> WorkerRecord<AccountId> {
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
pub struct DeviceRecord<MaxDescription: Get<u32>> {
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
pub struct ConvictionRecord<AccountId, BlockNumber> {
	/// Who was convicted.
	pub operator: AccountId,
	/// In which service.
	pub service: Service,
	/// Which obligation was broken.
	pub obligation: Obligation,
	/// How.
	pub fault: Fault,
	/// The operator's own stake in escrow.
	pub own: Balance,
	/// Its delegators' stake in escrow.
	pub delegated: Balance,
	/// The part of `own` that goes to `prover`; zero if there is none.
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
	/// They may not before enough obligations are final: convictions have left less of the bond
	/// than what is reserved and the part that answers for the validators.
	Overcommitted,
}

/// What the view function tells about an allocation. Amounts are in the smallest native unit.
#[derive(Encode, Decode, DecodeWithMemTracking, TypeInfo, Clone, Debug, PartialEq, Eq)]
pub struct AllocationStatus<BlockNumber> {
	/// The service.
	pub service: Service,
	/// Stake that this service, and no other, may slash.
	pub allocated: Balance,
	/// The part of it that is set aside for open obligations.
	pub reserved: Balance,
	/// The part of it that can be reserved now.
	pub free: Balance,
	/// The announced change.
	pub pending: Option<Change<BlockNumber>>,
}

/// What the view function tells about an operator. Amounts are in the smallest native unit.
#[derive(Encode, Decode, DecodeWithMemTracking, TypeInfo, Clone, Debug, PartialEq, Eq)]
pub struct OperatorStatus<AccountId, BlockNumber> {
	/// Where rewards go.
	pub payout: AccountId,
	/// Whether its workers may begin new work.
	pub activity: Activity,
	/// Its own stake that secures services.
	pub bonded: Balance,
	/// Its own stake on its way out, due or not.
	pub unbonding: Balance,
	/// Its own stake that can be withdrawn now.
	pub withdrawable: Balance,
	/// The first block in which something more of it can be withdrawn.
	pub next_due: Option<BlockNumber>,
	/// Its delegators' stake, leaving or not.
	pub delegated: Balance,
	/// Everything that can be slashed.
	pub stake: Balance,
	/// The part of it that is not on its way out.
	pub active: Balance,
	/// The part of it that is set aside for open obligations of all services.
	pub reserved: Balance,
	/// Stake of convictions that are not final, its own and its delegators'.
	pub escrowed: Balance,
	/// The part of that which is its delegators'.
	pub escrowed_delegated: Balance,
	/// What each service has, in the order of [`Service::ALL`].
	pub allocations: Vec<AllocationStatus<BlockNumber>>,
	/// What it keeps of its delegators' rewards, in parts in a million.
	pub commission_ppm: u32,
	/// An announced raise of it, and the first block in which that holds.
	pub pending_commission: Option<(u32, BlockNumber)>,
	/// Its own rewards and commission that can be claimed.
	pub rewards: Balance,
	/// The number of its delegators.
	pub delegators: u32,
	/// The number of its workers.
	pub workers: u32,
	/// The number of convictions in escrow.
	pub convictions: u32,
}

/// What the view function tells about a delegation. Amounts are in the smallest native unit.
#[derive(Encode, Decode, DecodeWithMemTracking, TypeInfo, Clone, Debug, PartialEq, Eq)]
pub struct DelegationStatus<BlockNumber> {
	/// Stake that is not leaving.
	pub active: Balance,
	/// The part of it that does not earn yet.
	pub joining: Balance,
	/// Stake on its way out, due or not.
	pub leaving: Balance,
	/// Stake that can be withdrawn now.
	pub withdrawable: Balance,
	/// The first block in which something more can be withdrawn.
	pub next_due: Option<BlockNumber>,
	/// Rewards that can be claimed.
	pub rewards: Balance,
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

/// An operator of this runtime.
pub type OperatorRecordOf<T> = OperatorRecord<
	<T as frame_system::Config>::AccountId,
	BlockNumberFor<T>,
	<T as crate::Config>::MaxUnbondingChunks,
>;

/// A delegation of this runtime.
pub type DelegationOf<T> = Delegation<BlockNumberFor<T>, <T as crate::Config>::MaxUnbondingChunks>;

/// A worker of this runtime.
pub type WorkerRecordOf<T> = WorkerRecord<<T as frame_system::Config>::AccountId>;

/// A device of this runtime.
pub type DeviceRecordOf<T> = DeviceRecord<<T as crate::Config>::MaxDescription>;

/// A conviction of this runtime.
pub type ConvictionRecordOf<T> =
	ConvictionRecord<<T as frame_system::Config>::AccountId, BlockNumberFor<T>>;

/// Words of the operator about a device.
pub type DescriptionOf<T> = BoundedVec<u8, <T as crate::Config>::MaxDescription>;

/// With how much of its stake an operator begins in which services: shares in parts in a million.
pub type InitialAllocations = BoundedVec<(Service, u32), ConstU32<5>>;

/// An operator of the chain specification: its account, its payout account, its bond, its
/// allocations (a service and a share in parts in a million each), and its workers, each a hot
/// key and a number of devices.
pub type GenesisOperator<T> = (
	<T as frame_system::Config>::AccountId,
	<T as frame_system::Config>::AccountId,
	Balance,
	Vec<(Service, u32)>,
	Vec<(<T as frame_system::Config>::AccountId, DeviceIndex)>,
);
