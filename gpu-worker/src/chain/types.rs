//! The chain's answers in plain types. Nothing outside of this module's parent sees generated code.

use assay_flops::{Hash, Sample};
use serde::{Serialize, Serializer};
use std::fmt;
pub use subxt::utils::AccountId32 as AccountId;

/// A block, by number and hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
	/// Its number.
	pub number: u32,
	/// Its hash.
	pub hash: Hash,
}

/// What is going on in a round, as of the next block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
	/// Tiles are computed.
	Work,
	/// Commitments are taken.
	Commit,
	/// The sample is not fixed yet.
	Sampling,
	/// Reveals are taken.
	Reveal,
	/// Nothing, until the next round opens.
	Idle,
}

impl fmt::Display for Phase {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.pad(match self {
			Self::Work => "work",
			Self::Commit => "commit",
			Self::Sampling => "sampling",
			Self::Reveal => "reveal",
			Self::Idle => "idle",
		})
	}
}

/// The current round. Every range of blocks is half-open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Round {
	/// Index of the round.
	pub index: u32,
	/// What may be included in the next block.
	pub phase: Phase,
	/// Block in which the round opened.
	pub opened_at: u32,
	/// The beacon's value in that block.
	#[serde(serialize_with = "hex_string")]
	pub beacon: Hash,
	/// First block that takes commitments.
	pub commit_from: u32,
	/// First block that takes no more commitments.
	pub commit_until: u32,
	/// First block that takes reveals.
	pub sampled_at: u32,
	/// First block that takes no more reveals.
	pub reveal_until: u32,
	/// First block in which another round may open.
	pub next_from: u32,
	/// Commitments so far.
	pub commitments: u32,
}

/// What is going on with a claim that is not settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimState {
	/// The sample is not fixed yet.
	AwaitsSample {
		/// Block in whose start it is fixed.
		sampled_at: u32,
	},
	/// Drawn: these samples have to be opened, in this order.
	OpeningDue {
		/// First block that is too late.
		until: u32,
		/// The samples.
		samples: Vec<Sample>,
	},
	/// Opened, and waits for an older claim.
	Opened,
	/// Not drawn: it can be settled.
	NotDrawn,
	/// Drawn and not opened in time: settling it convicts the device.
	Overdue,
	/// Its round was never sampled: it can be settled.
	Unsampled,
}

impl ClaimState {
	/// One word for people.
	pub fn word(&self) -> &'static str {
		match self {
			Self::AwaitsSample { .. } => "awaits the sample",
			Self::OpeningDue { .. } => "opening due",
			Self::Opened => "opened",
			Self::NotDrawn => "not drawn",
			Self::Overdue => "overdue",
			Self::Unsampled => "never sampled",
		}
	}
}

/// A claim that is not settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
	/// Round of the claim.
	pub round: u32,
	/// Tiles under the root.
	pub tiles: u32,
	/// Root of the commitment.
	pub root: Hash,
	/// Block of the commitment.
	pub committed_at: u32,
	/// Seed of the device in that round and on that fork.
	pub seed: Hash,
	/// What is going on with it.
	pub state: ClaimState,
	/// What it is worth, in units of 10⁻¹² credits.
	pub credits: u128,
	/// Whether a conviction voided it.
	pub void: bool,
}

/// All about one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
	/// Worker that the device belongs to.
	pub worker: u64,
	/// Index of the device.
	pub device: u16,
	/// Operator that answers for it.
	pub operator: Option<AccountId>,
	/// Account that credits are paid to.
	pub payout: Option<AccountId>,
	/// Whether it may commit at all; else why not.
	pub eligible: Result<(), &'static str>,
	/// The next step, as a sentence.
	pub next: String,
	/// The round whose claim anybody may settle now.
	pub settle: Option<u32>,
	/// Round and outcome of the latest final claim.
	pub outcome: Option<(u32, &'static str)>,
	/// Capacity in FLOP per second.
	pub capacity: u64,
	/// Liveness multiplier in parts per million.
	pub multiplier: u32,
	/// Withheld credits, in units of 10⁻¹² credits.
	pub buffer: u128,
	/// Level up to which the buffer fills first.
	pub required: u128,
	/// Credits of one more claim like the latest.
	pub expected_credits: u128,
	/// Whether a claim like the latest would be covered by the buffer.
	pub covered: bool,
	/// Claims that are not settled, oldest first.
	pub claims: Vec<Claim>,
}

/// What the worker needs to know of a block.
#[derive(Clone, Debug)]
pub struct Snapshot {
	/// The block.
	pub head: Head,
	/// The current round, if one has ever opened.
	pub round: Option<Round>,
	/// The asked-for devices.
	pub devices: Vec<Status>,
}

/// A device as its operator described it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeviceView {
	/// Its index.
	pub device: u16,
	/// The description; nothing is ever paid for it.
	pub description: String,
	/// How much of it is in use, in thousandths.
	pub occupied: u16,
	/// How many obligations of it have a reservation.
	pub reservations: u32,
}

/// A worker as the chain knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WorkerView {
	/// Its id.
	pub worker: u64,
	/// Its operator.
	pub operator: AccountId,
	/// Whether it may begin new work; else why not.
	pub activity: &'static str,
	/// The key that signs in the current round.
	pub key: AccountId,
	/// The key that takes over, with the first round in which it signs.
	pub next_key: Option<(AccountId, u32)>,
	/// Its devices.
	pub devices: Vec<DeviceView>,
}

/// Something that a bond secures. The order is that of the runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
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
	/// All services.
	pub const ALL: [Self; 5] = [Self::Consensus, Self::Flops, Self::Market, Self::Jobs, Self::Data];

	/// Its name in lower case, as people write it.
	pub fn name(&self) -> &'static str {
		match self {
			Self::Consensus => "consensus",
			Self::Flops => "flops",
			Self::Market => "market",
			Self::Jobs => "jobs",
			Self::Data => "data",
		}
	}
}

impl fmt::Display for Service {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.pad(self.name())
	}
}

/// A number in parts in a million that takes over in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Pending {
	/// The number.
	pub ppm: u32,
	/// The first block in which it holds.
	pub due: u32,
}

/// What an operator has allocated to one service. Amounts are in units of 10⁻¹² ASY.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AllocationView {
	/// The service.
	pub service: Service,
	/// Stake that the service may slash.
	pub allocated: u128,
	/// The part of it that is set aside for open obligations.
	pub reserved: u128,
	/// The part of it that can still be reserved.
	pub free: u128,
	/// The share of the stake that is on its way.
	pub pending: Option<Pending>,
}

/// An operator as the chain knows it. Amounts are in units of 10⁻¹² ASY.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OperatorView {
	/// Its account.
	pub operator: AccountId,
	/// Where rewards go.
	pub payout: AccountId,
	/// Whether its workers may begin new work; else why not.
	pub activity: &'static str,
	/// Whether it has begun to retire.
	pub retiring: bool,
	/// The operator's own stake, without what is on its way out.
	pub bonded: u128,
	/// The operator's own stake on its way out.
	pub unbonding: u128,
	/// Stake of its delegators, with what is on its way out.
	pub delegated: u128,
	/// Everything that can be slashed: own and delegated stake, leaving or not.
	pub stake: u128,
	/// The part of it that is not on its way out.
	pub active: u128,
	/// The part of it that is set aside for open obligations, over all services.
	pub reserved: u128,
	/// Own stake that can be withdrawn now.
	pub withdrawable: u128,
	/// First block in which something more can be withdrawn.
	pub next_due: Option<u32>,
	/// Stake of convictions that are not final, own and delegated.
	pub escrowed: u128,
	/// The part of it that is its delegators'.
	pub escrowed_delegated: u128,
	/// What it has allocated, by service.
	pub allocations: Vec<AllocationView>,
	/// What it keeps of its delegators' rewards, in parts in a million.
	pub commission_ppm: u32,
	/// A raise of the commission that is announced.
	pub pending_commission: Option<Pending>,
	/// Its own rewards and its commission that wait to be claimed.
	pub rewards: u128,
	/// The number of its delegators.
	pub delegators: u32,
	/// The number of its workers.
	pub workers: u32,
	/// The number of its convictions in escrow.
	pub convictions: u32,
}

impl OperatorView {
	/// What is allocated to a service.
	pub fn allocation(&self, service: Service) -> Option<&AllocationView> {
		self.allocations.iter().find(|allocation| allocation.service == service)
	}
}

/// A delegator's part of an operator's stake. Amounts are in units of 10⁻¹² ASY.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DelegationView {
	/// Stake that is not on its way out.
	pub active: u128,
	/// The part of it that does not earn yet.
	pub joining: u128,
	/// Stake on its way out.
	pub leaving: u128,
	/// Stake that can be withdrawn now.
	pub withdrawable: u128,
	/// First block in which something more can be withdrawn.
	pub next_due: Option<u32>,
	/// Rewards that wait to be claimed.
	pub rewards: u128,
}

/// A conviction in escrow. Amounts are in units of 10⁻¹² ASY.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ConvictionView {
	/// Who was convicted.
	pub operator: AccountId,
	/// In which service.
	pub service: Service,
	/// Stake in escrow, of the operator and of its delegators.
	pub amount: u128,
	/// The part of it that goes to whoever proved the fault.
	pub bounty: u128,
	/// First block in which it can be executed.
	pub execute_at: u32,
}

/// Whether an account stands for election as a validator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Candidacy {
	/// It does not.
	None,
	/// It does.
	Ready,
	/// It did, and was put out in a session since it had made no block in it.
	Silent(u32),
	/// It did, and was put out in a session since it had equivocated.
	Equivocated(u32),
}

impl fmt::Display for Candidacy {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Self::None => write!(f, "no candidate"),
			Self::Ready => write!(f, "candidate"),
			Self::Silent(session) => write!(f, "put out: it made no block in session {session}"),
			Self::Equivocated(session) => {
				write!(f, "put out: reported for an equivocation in session {session}")
			}
		}
	}
}

/// An account as the election of validators sees it. Amounts are in units of 10⁻¹² ASY.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ValidatorView {
	/// Whether it stands for election.
	pub candidacy: Candidacy,
	/// Whether its session keys are set.
	pub has_keys: bool,
	/// The stake by which it is elected; zero if it is not eligible.
	pub weight: u128,
	/// Its own stake as the election sees it.
	pub own: u128,
	/// Whether it would be elected now.
	pub elected: bool,
	/// Whether it validates in this session.
	pub serving: bool,
	/// Whether it will validate in the next session.
	pub serving_next: bool,
	/// Whether it is disabled since it was reported for an equivocation.
	pub disabled: bool,
	/// Blocks that it has made in this session.
	pub blocks: u32,
	/// What it has earned in this session so far, for itself and its delegators.
	pub earned: u128,
}

fn hex_string<S: Serializer>(hash: &Hash, serializer: S) -> Result<S::Ok, S::Error> {
	serializer.serialize_str(&format!("0x{}", hex::encode(hash)))
}
