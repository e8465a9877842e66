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

/// An operator as the chain knows it. Amounts are in units of 10⁻¹² ASY.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OperatorView {
	/// Its account.
	pub operator: AccountId,
	/// Where rewards go.
	pub payout: AccountId,
	/// Whether its workers may begin new work; else why not.
	pub activity: &'static str,
	/// Stake that secures services.
	pub bonded: u128,
	/// The part of it that is set aside for open obligations.
	pub reserved: u128,
	/// The part of it that can still be reserved.
	pub free: u128,
	/// Stake on its way out.
	pub unbonding: u128,
	/// Stake that can be withdrawn now.
	pub withdrawable: u128,
	/// First block in which something more can be withdrawn.
	pub next_due: Option<u32>,
	/// Stake of convictions that are not final.
	pub escrowed: u128,
	/// The number of its workers.
	pub workers: u32,
	/// The number of its convictions in escrow.
	pub convictions: u32,
}

fn hex_string<S: Serializer>(hash: &Hash, serializer: S) -> Result<S::Ok, S::Error> {
	serializer.serialize_str(&format!("0x{}", hex::encode(hash)))
}
