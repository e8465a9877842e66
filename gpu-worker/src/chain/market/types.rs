//! The market in plain types. Amounts are in units of 10⁻¹² of the named currency, prices are per GPU
//! and block, capacities in FLOP per second. The rules' own types are those of `assay_market`.

use super::super::AccountId;
use assay_market::{Attendance, Blocks, Checkpoint, Currency, Parameters, Window};

/// A lower price for a lease that the provider may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
	/// The price.
	pub price: u128,
	/// Blocks of service from the provider's notice on.
	pub notice: Blocks,
}

/// What of an offer can be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfferTerms {
	/// The price.
	pub price: u128,
	/// The lower price of spot leases, if there are any.
	pub spot: Option<Spot>,
	/// Shortest lease.
	pub minimum_duration: Blocks,
	/// Longest lease, extensions included.
	pub maximum_duration: Blocks,
	/// Most devices of one lease.
	pub maximum_count: u32,
}

impl OfferTerms {
	/// The price of a lease, or of a spot lease; the highest number if there are none.
	pub fn price_of(&self, spot: bool) -> u128 {
		match (spot, self.spot) {
			(false, _) => self.price,
			(true, Some(spot)) => spot.price,
			(true, None) => u128::MAX,
		}
	}
}

/// What a provider has published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
	/// The operator.
	pub operator: AccountId,
	/// The worker with the devices.
	pub worker: u64,
	/// The devices that are offered.
	pub devices: Vec<u16>,
	/// In what leases are paid.
	pub currency: Currency,
	/// Memory of each device in MiB, as the provider says.
	pub memory_mib: u32,
	/// Where the devices are, as the provider says.
	pub region: String,
	/// What can be changed.
	pub terms: OfferTerms,
	/// Whether it can be rented.
	pub listed: bool,
}

/// An offer as renters see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferView {
	/// Its name.
	pub id: u64,
	/// The offer.
	pub offer: Offer,
	/// Proven capacity of each device: the least that one of them proves.
	pub capacity: u64,
	/// How many of its devices are free.
	pub free: u32,
	/// Whether its operator may begin something new.
	pub active: bool,
	/// Block of its worker's latest heartbeat.
	pub last_seen: Blocks,
	/// The maintenance that its worker has announced, if it is not over.
	pub maintenance: Option<Window>,
}

/// What a renter asks of each offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
	/// How many blocks.
	pub duration: Blocks,
	/// The highest price.
	pub max_price: u128,
	/// The least proven capacity of each device.
	pub minimum_capacity: u64,
	/// Whether the provider may end the lease, for the lower price.
	pub spot: bool,
	/// For a spot lease, the fewest blocks of service from the provider's notice on.
	pub minimum_notice: Blocks,
}

/// What a renter asks of one member of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
	/// The offer.
	pub offer: u64,
	/// How many of its devices.
	pub count: u32,
	/// What is asked of that offer.
	pub ask: Ask,
}

/// What a renter asks of offers that it does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
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
	pub region: Option<String>,
}

/// Permission to lengthen a lease out of the renter's balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopUp {
	/// By how many blocks each time.
	pub blocks: Blocks,
	/// What may still be held for that.
	pub limit: u128,
}

/// What a lease would cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
	/// In what it is paid.
	pub currency: Currency,
	/// The price.
	pub price: u128,
	/// What is held for the whole duration.
	pub escrow: u128,
	/// What is held for the lease's record, in ASY.
	pub deposit: u128,
	/// What is burnt if the request is cancelled.
	pub cancellation_fee: u128,
	/// Proven capacity of each device.
	pub capacity: u64,
	/// Stake of the operator that answers for the lease, in ASY.
	pub stake: u128,
}

/// Why a lease is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

impl CloseReason {
	/// A few words for people.
	pub fn words(self) -> &'static str {
		match self {
			Self::EndedByRenter => "ended by the renter",
			Self::Expired => "expired",
			Self::OutOfFunds => "out of funds",
			Self::ProviderNotice => "notice of the provider",
			Self::ProviderLost => "provider lost",
			Self::NeverStarted => "never started",
			Self::Cancelled => "cancelled",
			Self::Declined => "declined",
		}
	}
}

/// A lease that has started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Running {
	/// Its first block.
	pub since: Blocks,
	/// The first block that nothing is held for.
	pub until: Blocks,
	/// How far it is settled.
	pub checkpoint: Checkpoint,
	/// Why it ends at `until`, if that is decided.
	pub ending: Option<CloseReason>,
}

/// Where a lease stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseState {
	/// It waits for its worker; no device is occupied.
	Requested {
		/// Since when.
		at: Blocks,
	},
	/// Its worker is ready, and it waits for the rest of its cluster; no device is occupied.
	Waiting {
		/// Since when it was requested.
		at: Blocks,
	},
	/// It runs.
	Active(Running),
}

impl LeaseState {
	/// One word for people.
	pub fn word(&self) -> &'static str {
		match self {
			Self::Requested { .. } => "requested",
			Self::Waiting { .. } => "waiting",
			Self::Active(Running { ending: None, .. }) => "active",
			Self::Active(_) => "ending",
		}
	}
}

/// What a renter holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
	/// Who pays.
	pub renter: AccountId,
	/// Who may use it.
	pub access: AccountId,
	/// Who answers for it.
	pub operator: AccountId,
	/// Who serves it.
	pub worker: u64,
	/// Of which offer it is; that may be gone.
	pub offer: u64,
	/// In what it is paid.
	pub currency: Currency,
	/// The price.
	pub price: u128,
	/// How many devices.
	pub count: u32,
	/// The offered devices; once the worker is ready, those that it chose.
	pub devices: Vec<u16>,
	/// Proven capacity of each device that was bought.
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
	pub cluster: Option<u64>,
	/// What is held for it in its currency.
	pub escrow: u128,
	/// What was earned and could not be paid out yet.
	pub owed: u128,
	/// What is held for its record, in ASY.
	pub deposit: u128,
	/// Where it stands.
	pub state: LeaseState,
}

/// A lease as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseView {
	/// Its name.
	pub id: u64,
	/// The lease.
	pub lease: Lease,
	/// What a settlement would pay the provider now.
	pub due: u128,
	/// What it would burn as fee.
	pub fee: u128,
	/// What it would refund of the blocks that it covers.
	pub refund: u128,
	/// What the renter would have back of later blocks if it ended the lease now.
	pub refundable: u128,
	/// The last block in which a heartbeat, or for a request the worker's answer, is not too late.
	pub deadline: Blocks,
	/// Why a settlement would close it now, if it would.
	pub closes: Option<CloseReason>,
	/// Whether a settlement would lengthen it now, as its renter permitted.
	pub tops_up: bool,
}

/// A worker in the market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
	/// Its address.
	pub url: String,
	/// SHA-256 of the certificate that it presents; without one, it is the web's authorities that
	/// vouch for an address with `https`.
	pub certificate: Option<[u8; 32]>,
}

/// All that decides what a worker has to do in the market after a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Market {
	/// Number of the block.
	pub head: Blocks,
	/// The numbers of the market.
	pub rules: Parameters,
	/// The worker's record; nothing if it has neither an offer nor a lease that was taken.
	pub presence: Option<Presence>,
	/// Where its API is, as it has announced.
	pub endpoint: Option<Endpoint>,
	/// The worker's devices that nobody uses, in ascending order.
	pub free: Vec<u16>,
	/// Whether the operator may begin something new.
	pub active: bool,
	/// The operator's stake in the market that can be reserved, in ASY.
	pub free_stake: u128,
	/// Leases of the worker, oldest first: all of them, or the next ones of many.
	pub leases: Vec<LeaseView>,
	/// Where the next ones begin, if these were not the last.
	pub next: Option<u64>,
}
