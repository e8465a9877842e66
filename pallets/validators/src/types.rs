//! The words of this pallet as types.

#![allow(clippy::as_conversions, reason = "the derived codec's own code; there is none of ours")]

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use pallet_operators::types::ConsensusStake;
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::Permill;
use sp_staking::SessionIndex;

/// An amount of the native currency, in its smallest unit.
pub type Balance = u128;

/// Stake with which an operator serves as validator.
pub type Stake = ConsensusStake<Balance>;

/// How many validators there may be.
#[derive(
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	MaxEncodedLen,
	Serialize,
	Deserialize,
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
)]
#[serde(deny_unknown_fields)]
pub struct Limits {
	/// With fewer eligible candidates than this no set is elected: the running one stays. At least
	/// 1.
	pub minimum: u32,
	/// How many candidates are elected at most. At least `minimum`.
	pub maximum: u32,
}

impl Default for Limits {
	fn default() -> Self {
		Self { minimum: 1, maximum: 1 }
	}
}

impl Limits {
	/// Whether these can be the limits where `most` validators are possible.
	pub const fn are_valid(&self, most: u32) -> bool {
		self.minimum >= 1 && self.minimum <= self.maximum && self.maximum <= most
	}
}

/// Why a candidate is not elected until it says that it is back.
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
pub enum PutOutReason {
	/// It authored nothing in a session in which blocks were expected of it.
	MissedBlocks,
	/// It signed two blocks or two votes where only one was allowed.
	Equivocation,
}

/// Whether a candidate takes part in elections.
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
pub enum CandidateState {
	/// It does.
	Ready,
	/// It does not before it calls `validate` again.
	PutOut {
		/// Why.
		reason: PutOutReason,
		/// The session in which that was found.
		session: SessionIndex,
	},
}

/// What a validator did and earned in the running session.
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
pub struct Tally {
	/// Blocks it authored.
	pub blocks: u32,
	/// Block rewards and fees; they lie in the rewards account.
	pub earned: Balance,
}

/// What a validator is charged for its equivocations in one session.
#[derive(
	Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen, Clone, Debug, PartialEq, Eq,
)]
pub struct Charge<AccountId> {
	/// The largest fraction of its exposure that any report asked for.
	pub fraction: Permill,
	/// What was charged for it so far: all of it unless `queued`.
	pub charged: Balance,
	/// Who reported the largest fraction first.
	pub reporter: Option<AccountId>,
	/// Whether the charge waits in the queue.
	pub queued: bool,
}

/// The ends of the queue of charges: entries are numbered from `head` up to, without, `tail`.
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
pub struct QueueEnds {
	/// The number of the oldest entry.
	pub head: u64,
	/// The number that the next entry gets.
	pub tail: u64,
}

/// What the view function tells about a candidate.
#[derive(Encode, Decode, DecodeWithMemTracking, TypeInfo, Clone, Debug, PartialEq, Eq)]
pub struct CandidateStatus<AccountId> {
	/// The operator.
	pub account: AccountId,
	/// Whether it takes part in elections.
	pub state: CandidateState,
	/// Its stake as of now.
	pub stake: Stake,
	/// Whether it would be elected if the election were now.
	pub elected: bool,
}

/// What the view function tells about an account as validator.
#[derive(Encode, Decode, DecodeWithMemTracking, TypeInfo, Clone, Debug, PartialEq, Eq)]
pub struct ValidatorStatus {
	/// Its candidacy; nothing if it is no candidate.
	pub candidate: Option<CandidateState>,
	/// Whether its session keys are set.
	pub has_keys: bool,
	/// Its stake as of now.
	pub stake: Stake,
	/// Whether it would be elected if the election were now.
	pub elected: bool,
	/// The stake with which it serves in the running session; nothing if it does not.
	pub serving: Option<Stake>,
	/// The stake with which it will serve in the next session; nothing if it will not.
	pub next: Option<Stake>,
	/// Whether it is disabled: reported for an equivocation, it may not author for now.
	pub disabled: bool,
	/// Blocks it authored in the running session.
	pub blocks: u32,
	/// What it has earned in the running session so far, in the smallest unit.
	pub earned: Balance,
	/// Whether these earnings are void because of an equivocation.
	pub void: bool,
}
