//! The words of this pallet as types.

#![allow(clippy::as_conversions, reason = "the derived codec's own code; there is none of ours")]

use assay_market::{
	endpoint::MAX_URL, Attendance, Blocks, Checkpoint, Currency, Window, MAX_DEVICES,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use pallet_operators::{DeviceIndex, WorkerId};
use pallet_proof_of_flops::Proven;
use scale_info::TypeInfo;

/// An amount of either currency, in its smallest unit.
pub type Balance = u128;

/// Name of an offer; never reused.
pub type OfferId = u64;

/// Name of a lease; never reused.
pub type LeaseId = u64;

/// Name of a cluster; never reused.
pub type ClusterId = u64;

/// Devices of one worker, in ascending order.
pub type Devices = BoundedVec<DeviceIndex, ConstU32<MAX_DEVICES>>;

/// Where devices are, in the provider's words; matched byte by byte.
pub type Region = BoundedVec<u8, ConstU32<32>>;

/// Offers that a renter names.
pub type Choice = BoundedVec<OfferId, ConstU32<MAX_DEVICES>>;

/// Members of a cluster, as they are asked for.
pub type Members = BoundedVec<Member, ConstU32<MAX_DEVICES>>;

/// A lower price for a lease that the provider may end.
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
pub struct Spot {
	/// Price per GPU and block.
	pub price: Balance,
	/// Blocks of service from the provider's notice on.
	pub notice: Blocks,
}

/// What of an offer can be changed.
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
pub struct Terms {
	/// Price per GPU and block.
	pub price: Balance,
	/// The lower price of spot leases, if there are any.
	pub spot: Option<Spot>,
	/// Shortest lease, in blocks.
	pub minimum_duration: Blocks,
	/// Longest lease, extensions included, in blocks.
	pub maximum_duration: Blocks,
	/// Most devices of one lease.
	pub maximum_count: u32,
}

/// What a provider publishes.
#[derive(Encode, Decode, TypeInfo, MaxEncodedLen, Clone, Debug, PartialEq, Eq)]
pub struct Offer<AccountId> {
	/// The operator, whose account holds the deposit.
	pub operator: AccountId,
	/// The worker with the devices.
	pub worker: WorkerId,
	/// The devices that are offered.
	pub devices: Devices,
	/// In what leases are paid.
	pub currency: Currency,
	/// Memory of each device in MiB, as the provider says.
	pub memory_mib: u32,
	/// Where the devices are, as the provider says.
	pub region: Region,
	/// What can be changed.
	pub terms: Terms,
	/// Whether it can be rented.
	pub listed: bool,
	/// Block in which it was created, updated or unlisted.
	pub changed_at: Blocks,
	/// Block in which its worker was last ready for a lease of it.
	pub last_started: Blocks,
	/// What is held for it.
	pub deposit: Balance,
}

/// What a renter asks of each offer.
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
pub struct Ask {
	/// How many blocks.
	pub duration: Blocks,
	/// Highest price per GPU and block.
	pub max_price: Balance,
	/// Fewest proven FLOP/s of each device.
	pub minimum_capacity: u64,
	/// Whether the provider may end the lease, for the lower price.
	pub spot: bool,
	/// For a spot lease, the fewest blocks of service from the provider's notice on.
	pub minimum_notice: Blocks,
}

/// What a renter asks of one member of a cluster.
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
pub struct Member {
	/// The offer.
	pub offer: OfferId,
	/// How many of its devices.
	pub count: u32,
	/// What is asked of that offer.
	pub ask: Ask,
}

/// What a renter asks of offers that it does not know.
#[derive(
	Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen, Clone, Debug, PartialEq, Eq,
)]
pub struct Requirements {
	/// What is asked of each offer.
	pub ask: Ask,
	/// How many devices of one offer.
	pub count: u32,
	/// In what is paid.
	pub currency: Currency,
	/// Least memory of each device in MiB.
	pub minimum_memory_mib: u32,
	/// Where the devices have to be; `None` for anywhere.
	pub region: Option<Region>,
}

/// Permission to lengthen a lease out of the renter's balance.
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
pub struct TopUp {
	/// By how many blocks each time.
	pub blocks: Blocks,
	/// What may still be held for that, in the lease's currency.
	pub limit: Balance,
}

/// Why a lease is no more.
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
pub enum CloseReason {
	/// The renter ended it.
	EndedByRenter,
	/// It reached its end.
	Expired,
	/// It reached its end, and the top-up that the renter wished for was not possible.
	OutOfFunds,
	/// The provider gave notice of a spot lease.
	ProviderNotice,
	/// The worker was silent for too long.
	ProviderLost,
	/// Nobody took the request in time.
	NeverStarted,
	/// The renter cancelled the request.
	Cancelled,
	/// The worker declined the request.
	Declined,
}

/// A lease that has started.
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
pub struct Running {
	/// Its first block.
	pub since: Blocks,
	/// The first block that nothing is held for.
	pub until: Blocks,
	/// How far it is settled.
	pub checkpoint: Checkpoint,
	/// Why it ends at `until`, if that is decided.
	pub ending: Option<CloseReason>,
	/// Whether a fee was burnt for it; only then does it count as kept.
	pub served: bool,
}

/// Where a lease stands.
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
pub enum LeaseState {
	/// It waits for its worker; no device is occupied.
	Requested {
		/// Since when.
		at: Blocks,
	},
	/// Its worker is ready, and it waits for the other members of its cluster; no device is occupied.
	Waiting {
		/// Since when it was requested.
		at: Blocks,
	},
	/// It runs.
	Active(Running),
}

/// What a renter holds. All terms are those of the offer when it was rented.
#[derive(Encode, Decode, TypeInfo, MaxEncodedLen, Clone, Debug, PartialEq, Eq)]
pub struct Lease<AccountId> {
	/// Who pays.
	pub renter: AccountId,
	/// Who may use it.
	pub access: AccountId,
	/// Who answers for it.
	pub operator: AccountId,
	/// Who serves it.
	pub worker: WorkerId,
	/// Of which offer it is; that may be gone.
	pub offer: OfferId,
	/// In what it is paid.
	pub currency: Currency,
	/// Price per GPU and block.
	pub price: Balance,
	/// How many devices.
	pub count: u32,
	/// The offered devices; once the worker is ready, those that it chose.
	pub devices: Devices,
	/// What each of the devices had proven when the lease was settled last; empty before it starts.
	pub proven: BoundedVec<Proven, ConstU32<MAX_DEVICES>>,
	/// Proven FLOP/s of each device that were bought.
	pub bought: u64,
	/// For a spot lease, the blocks of service from the provider's notice on.
	pub spot_notice: Option<Blocks>,
	/// How many blocks were asked for.
	pub duration: Blocks,
	/// How many it can have in all.
	pub maximum_duration: Blocks,
	/// Permission to lengthen it.
	pub top_up: Option<TopUp>,
	/// The cluster that it belongs to.
	pub cluster: Option<ClusterId>,
	/// What is held for it in its currency: the price of what is not settled, and `owed`.
	pub escrow: Balance,
	/// What was earned and could not be paid out yet.
	pub owed: Balance,
	/// What is held for its record in the native token.
	pub deposit: Balance,
	/// Where it stands.
	pub state: LeaseState,
}

/// Leases that start together or not at all.
#[derive(Encode, Decode, TypeInfo, MaxEncodedLen, Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
	/// The leases.
	pub members: BoundedVec<LeaseId, ConstU32<MAX_DEVICES>>,
	/// How many of them have a worker that is ready.
	pub ready: u32,
}

/// A worker in the market. The record lives as long as one of the counts is not zero.
#[derive(Encode, Decode, TypeInfo, MaxEncodedLen, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presence {
	/// When it was there.
	pub attendance: Attendance,
	/// Its offers.
	pub offers: u32,
	/// Its leases that wait for the rest of their cluster.
	pub waiting: u32,
	/// Its leases that run.
	pub leases: u32,
}

/// Where the API of a worker is.
#[derive(
	Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen, Clone, Debug, PartialEq, Eq,
)]
pub struct Endpoint {
	/// Its address, with `http://` or `https://`.
	pub url: BoundedVec<u8, ConstU32<MAX_URL>>,
	/// SHA-256 of the certificate that it presents, in DER; without one, it is the web's authorities
	/// that vouch for an address with `https`.
	pub certificate: Option<[u8; 32]>,
}

/// An offer as renters see it.
#[derive(Encode, Decode, TypeInfo, Clone, Debug, PartialEq, Eq)]
pub struct OfferView<AccountId> {
	/// Its name.
	pub id: OfferId,
	/// The offer.
	pub offer: Offer<AccountId>,
	/// Proven FLOP/s of each device: the least that one of them proves.
	pub capacity: u64,
	/// How many of its devices are free now.
	pub free: u32,
	/// Whether its operator may begin something new.
	pub active: bool,
	/// Block of its worker's latest heartbeat. A worker without leases need not send any.
	pub last_seen: Blocks,
	/// The maintenance that its worker has announced, if it is not over.
	pub maintenance: Option<Window>,
}

/// A lease as it stands.
#[derive(Encode, Decode, TypeInfo, Clone, Debug, PartialEq, Eq)]
pub struct LeaseView<AccountId> {
	/// Its name.
	pub id: LeaseId,
	/// The lease.
	pub lease: Lease<AccountId>,
	/// What a settlement would pay the provider now, earlier debts included.
	pub due: Balance,
	/// What it would burn as fee.
	pub fee: Balance,
	/// What it would refund of the blocks that it covers.
	pub refund: Balance,
	/// What the renter would have back if it ended the lease now, apart from what is due, the fee
	/// and the notice: all that is held for later blocks.
	pub refundable: Balance,
	/// The last block in which a heartbeat, or for a request the worker's `ready`, is not too late.
	pub deadline: Blocks,
	/// Why a settlement would close it now, if it would.
	pub closes: Option<CloseReason>,
	/// Whether a settlement would lengthen it now, as its renter permitted.
	pub tops_up: bool,
}

/// What a lease would cost.
#[derive(Encode, Decode, TypeInfo, Clone, Debug, PartialEq, Eq)]
pub struct Quote {
	/// In what it is paid.
	pub currency: Currency,
	/// Price per GPU and block.
	pub price: Balance,
	/// What is held for the whole duration.
	pub escrow: Balance,
	/// What is held for the lease's record, in the native token.
	pub deposit: Balance,
	/// What of the escrow is burnt if all of it is earned.
	pub fee: Balance,
	/// What is burnt if the request is cancelled.
	pub cancellation_fee: Balance,
	/// Proven FLOP/s of each device.
	pub capacity: u64,
	/// Stake that answers for the lease.
	pub stake: Balance,
}

/// A page of offers.
#[derive(Encode, Decode, TypeInfo, Clone, Debug, PartialEq, Eq)]
pub struct Candidates<AccountId> {
	/// The cheapest of those that fit, the cheapest first.
	pub offers: alloc::vec::Vec<OfferView<AccountId>>,
	/// Where the next page begins; `None` after the last one.
	pub next: Option<OfferId>,
}
