//! What the pallet stores and what its views return.

#![allow(clippy::as_conversions, reason = "the derived codec's own code; there is none of ours")]

use alloc::vec::Vec;
use assay_flops::{round, Fault, Multiplier, Phase, Sample};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{pallet_prelude::ConstU32, BoundedVec};
use pallet_operators::{DeviceIndex, WorkerId};
use scale_info::TypeInfo;
use sp_core::H256;

/// Index of a round; the first round is 1.
pub type RoundIndex = u32;

/// Most claims of one device that wait for their settlement. Genesis refuses parameters under
/// which an honest device could need more.
pub const MAX_PENDING: u32 = round::MAX_UNSETTLED;

/// Final claims and missed rounds that a device's capacity looks back on.
pub const RECENT: u32 = 8;

/// Most leaves that one reveal opens. Genesis refuses parameters that ask for more.
pub const MAX_SAMPLES: u32 = round::MAX_SAMPLES;

/// One network-wide round: when it opened, who came, and what was sampled.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
)]
pub struct Round {
	/// Block in which the round opened (`s` in every formula).
	pub opened_at: u32,
	/// BABE slot of that block; claims are rates over slots, not blocks.
	pub opened_slot: u64,
	/// The beacon's value in that block: every device's seed follows from it.
	pub beacon: H256,
	/// Commitments of covered claims, and of uncovered ones.
	pub turnout: Turnout,
	/// Commitments of this round that are not settled yet; the record lives until this is zero.
	pub pending: u32,
	/// Seed of the audit: who opens and what. `None` until block `s + W + G − 1 + D`.
	pub sample: Option<H256>,
}

/// How many commitments of each class a round received.
#[derive(
	Clone,
	Copy,
	Debug,
	Default,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	MaxEncodedLen,
)]
pub struct Turnout {
	/// Commitments whose claim was covered by the device's buffer when it was made.
	pub covered: u32,
	/// Commitments whose claim was not.
	pub uncovered: u32,
}

/// A commitment that is not settled yet.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
)]
pub struct Claim {
	/// Round that the commitment belongs to.
	pub round: RoundIndex,
	/// Tiles under the root.
	pub tiles: u32,
	/// Claimed rate × W, in tiles: what is credited.
	pub size: u32,
	/// Liveness multiplier at the commitment.
	pub multiplier: Multiplier,
	/// Merkle root over the leaves of all tiles.
	pub root: H256,
	/// Block of the commitment.
	pub committed_at: u32,
	/// Class of the commitment: whether the buffer covered the claim when it was made.
	pub covered: bool,
	/// Whether the samples were opened, and rightly so.
	pub opened: bool,
}

/// How a device's latest final claim ended: why it was, or was not, paid.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	MaxEncodedLen,
)]
pub enum Outcome {
	/// Credited, and something was paid out.
	Paid,
	/// Credited, but all that was granted went into the buffer, which is not full yet.
	Buffered,
	/// Not drawn, and nothing of it covered by the buffer: nothing is paid for it.
	Uncovered,
	/// The round was never sampled: nothing is paid for it.
	Unsampled,
	/// Void, since another device of the operator was convicted.
	Voided,
	/// Convicted: an opening was wrong.
	WrongOpening,
	/// Convicted: the claim was drawn and not opened in time.
	MissedOpening,
}

/// What the chain knows of one device.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
)]
pub struct Standing<AccountId> {
	/// Operator that answers for the device: its bond holds the reservation.
	pub operator: AccountId,
	/// Withheld credits, in units of 10⁻¹² credits. A conviction burns them.
	pub buffer: u128,
	/// Milliseconds of unbroken presence as of the latest commitment's round: the multiplier.
	pub unbroken_ms: u64,
	/// Slot in which the round of the latest commitment opened.
	pub last_slot: u64,
	/// Round of the latest commitment.
	pub last_round: RoundIndex,
	/// Round of the latest successful reveal; zero when there was none.
	pub last_revealed: RoundIndex,
	/// Size in tiles of the latest claim that was opened.
	pub last_opened: u32,
	/// Sizes in tiles of the latest final claims, oldest first, with zeros for missed rounds.
	pub recent: BoundedVec<u32, ConstU32<RECENT>>,
	/// Tiles of all final claims.
	pub proven_tiles: u64,
	/// Claims that wait for their settlement, oldest first.
	pub pending: BoundedVec<Claim, ConstU32<MAX_PENDING>>,
	/// Round and outcome of the latest final claim.
	pub outcome: Option<(RoundIndex, Outcome)>,
}

impl<AccountId> Standing<AccountId> {
	/// That of a device which commits for the first time in a round, opened in a slot.
	pub fn new(operator: AccountId, round: RoundIndex, slot: u64) -> Self {
		Self {
			operator,
			buffer: 0,
			unbroken_ms: 0,
			last_slot: slot,
			// The rounds before a device's first one are not missed.
			last_round: round.saturating_sub(1),
			last_revealed: 0,
			last_opened: 0,
			recent: BoundedVec::default(),
			proven_tiles: 0,
			pending: BoundedVec::default(),
			outcome: None,
		}
	}
}

/// Why a device was convicted.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	MaxEncodedLen,
)]
pub enum Misdeed {
	/// An opening was wrong.
	WrongOpening {
		/// Its number among the samples.
		opening: u32,
		/// What is wrong with it.
		fault: Fault,
	},
	/// The claim was drawn and was not opened before the reveal window closed.
	Silence,
}

/// Why a claim ended without a credit and without a fault.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	MaxEncodedLen,
)]
pub enum Lapse {
	/// It was not drawn, and the buffer covers nothing of it.
	Uncovered,
	/// Its round was never sampled.
	Unsampled,
}

/// The current round with all its edges. Every range of blocks is half-open.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct RoundView {
	/// Index of the round.
	pub index: RoundIndex,
	/// Where the round stands in the current block.
	pub phase: Phase,
	/// Block in which the round opened.
	pub opened_at: u32,
	/// Slot of that block.
	pub opened_slot: u64,
	/// The beacon's value in that block.
	pub beacon: H256,
	/// First block that takes commitments.
	pub commit_from: u32,
	/// First block that takes no more commitments.
	pub commit_until: u32,
	/// Block in whose start the sample is fixed; the first that takes reveals.
	pub sampled_at: u32,
	/// First block that takes no more reveals.
	pub reveal_until: u32,
	/// First block in which another round may open.
	pub next_from: u32,
	/// Commitments so far.
	pub turnout: Turnout,
	/// The seed of the sample, once it is fixed.
	pub sample: Option<H256>,
}

/// What is going on with a pending claim.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub enum ClaimState {
	/// The sample is fixed in this block.
	AwaitsSample {
		/// Block in whose start the sample is fixed.
		sampled_at: u32,
	},
	/// Drawn: these samples have to be opened before the block `until`.
	OpeningDue {
		/// First block that is too late.
		until: u32,
		/// The samples, in the order in which they have to be opened.
		samples: Vec<Sample>,
	},
	/// Opened, and waits for an older claim.
	Opened,
	/// Not drawn: it can be settled as soon as the older claims are.
	NotDrawn,
	/// Drawn and not opened in time: whoever settles it convicts the device.
	Overdue,
	/// Its round was never sampled: settling it lets it lapse.
	Unsampled,
}

/// A pending claim as a worker needs to see it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct ClaimView {
	/// The claim itself.
	pub claim: Claim,
	/// Seed of the device in that round: its matrices follow from it.
	pub seed: H256,
	/// What is going on with it.
	pub state: ClaimState,
	/// Credits of the claim, in units of 10⁻¹² credits: what is granted if it is opened.
	pub credits: u128,
	/// What of them would be granted now: all of an opened claim, what the buffer covers of one that
	/// was not drawn, and nothing otherwise. Older claims change the buffer before.
	pub granted: u128,
	/// Whether a later conviction of the operator voided it.
	pub void: bool,
}

/// The next thing that a device has to do, or why there is nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub enum NextStep {
	/// There is no such worker, or no such device of it.
	Register,
	/// The operator is retiring or its bond is below the minimum: nothing can be begun.
	Inactive,
	/// Too little of the operator's bond is free for this device's reservation: bond more.
	BondMore,
	/// Wait for a round to open.
	AwaitRound,
	/// Compute tiles; commitments are taken in the half-open range of blocks.
	Work {
		/// Round to work for.
		round: RoundIndex,
		/// First block that takes commitments.
		commit_from: u32,
		/// First block that takes no more.
		commit_until: u32,
	},
	/// Commit now.
	Commit {
		/// Round to commit in.
		round: RoundIndex,
		/// First block that takes no more commitments.
		commit_until: u32,
	},
	/// Committed: wait for the sample.
	AwaitSample {
		/// Round of the claim.
		round: RoundIndex,
		/// Block in which the sample is fixed.
		sampled_at: u32,
	},
	/// Open the samples of a claim that was drawn.
	Reveal {
		/// Round of the claim.
		round: RoundIndex,
		/// First block that is too late.
		until: u32,
	},
	/// A claim is ready: anybody may settle it; the next commitment does it too.
	Settle {
		/// Round of the claim.
		round: RoundIndex,
	},
}

/// All about one device: what it has proven, what it is owed, and why it is paid or not.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Status<AccountId> {
	/// Worker that the device belongs to.
	pub worker: WorkerId,
	/// Index of the device.
	pub device: DeviceIndex,
	/// Operator that answers for it.
	pub operator: Option<AccountId>,
	/// Account that credits are paid to.
	pub payout: Option<AccountId>,
	/// What to do next.
	pub next: NextStep,
	/// Round and outcome of the latest final claim: why it was paid, or why not.
	pub outcome: Option<(RoundIndex, Outcome)>,
	/// Capacity in tiles per window.
	pub capacity_tiles: u32,
	/// Capacity in FLOP per second.
	pub capacity: u64,
	/// Liveness multiplier of a commitment in a round that opens now.
	pub multiplier: Multiplier,
	/// Withheld credits, in units of 10⁻¹² credits.
	pub buffer: u128,
	/// Level up to which the buffer fills before credits are paid out, for a claim like the latest by
	/// the latest turnout. A buffer that holds more stays as it is.
	pub required: u128,
	/// Credits of one more claim like the latest, in units of 10⁻¹² credits: what is granted if it is
	/// drawn and opened.
	pub expected_credits: u128,
	/// What of them would be granted if it is not drawn, by the buffer and the latest turnout.
	pub expected_undrawn: u128,
	/// Whether a claim like the latest would be of the covered class now.
	pub covered: bool,
	/// Claims that wait for their settlement.
	pub pending: Vec<ClaimView>,
}
