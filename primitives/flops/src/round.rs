//! A round: its parameters, when it opens, and what may be done when.

use crate::{Hash, Ratio};
use assay_draw::Draw;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::num::NonZeroU64;
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

/// Domain of [`opens`].
pub const OPENS_DOMAIN: &[u8] = b"assay/flops/opens";

/// Most openings of one claim: with the longest path they take 25 KiB, and 16 of them are what a
/// block has time for.
pub const MAX_SAMPLES: u32 = 16;
/// Most rounds that may be unsettled at the same time.
pub const MAX_UNSETTLED: u32 = 8;
/// Longest of all spans, in blocks: about three years of 6 s.
const MAX_SPAN: u32 = 1 << 24;

/// What a network fixes about its rounds at genesis. Spans are in blocks.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Parameters {
	/// W: how long everybody works. A claim is what was done in this time.
	pub window: u32,
	/// G: how long after the window a commitment is taken.
	pub grace: u32,
	/// Fewest blocks from one round's opening to the next.
	pub minimum_gap: u32,
	/// Mean number of blocks from one round's opening to the next.
	pub mean_gap: u32,
	/// D: from the last block of the commit window to the block whose beacon value draws who opens
	/// what.
	pub delay: u32,
	/// How long openings are taken from that block on.
	pub reveal_window: u32,
	/// Commitments that are drawn in a round, on average.
	pub audit_budget: u32,
	/// k: entries that a drawn claim opens.
	pub samples: u32,
	/// α: the share of block authors that is assumed to collude with a claimant.
	pub colluding_authors: Ratio,
	/// λ: how many times what a fake gains it must be expected to lose.
	pub deterrence: u32,
}

impl Parameters {
	/// A live network with blocks of 6 s: a window of two minutes, an hour for openings.
	pub const LIVE: Self = Self {
		window: 20,
		grace: 2,
		minimum_gap: 300,
		mean_gap: 1_000,
		delay: 8,
		reveal_window: 600,
		audit_budget: 512,
		samples: 16,
		colluding_authors: Ratio { num: 1, den: 3 },
		deterrence: 2,
	};

	/// Development and local test networks with blocks of 1 s.
	pub const DEVELOPMENT: Self = Self {
		window: 5,
		grace: 2,
		minimum_gap: 12,
		mean_gap: 20,
		delay: 2,
		reveal_window: 10,
		audit_budget: 512,
		samples: 4,
		..Self::LIVE
	};

	/// Refuses parameters that contradict each other or break the rules' proofs.
	///
	/// # Errors
	/// One sentence on what to change.
	pub fn validate(&self) -> Result<(), &'static str> {
		let spans = [
			self.window,
			self.grace,
			self.minimum_gap,
			self.mean_gap,
			self.delay,
			self.reveal_window,
		];
		let alpha = self.colluding_authors;
		let honest = alpha.den.saturating_sub(alpha.num);
		let rules = [
			(spans.iter().all(|span| *span <= MAX_SPAN), "no span may exceed 2^24 blocks"),
			(self.window >= 1, "the window must be at least one block"),
			(self.grace >= 1, "the grace must be at least one block, or nobody can commit"),
			(
				self.minimum_gap >= self.commit_until(0),
				"the minimum gap must be at least window and grace, or two rounds share a device",
			),
			(self.mean_gap >= self.minimum_gap, "the mean gap must be at least the minimum gap"),
			(
				self.delay >= 2,
				"the delay must be at least two blocks, or a commitment's author knows its draw",
			),
			(self.reveal_window >= 1, "the reveal window must be at least one block"),
			(
				self.unsettled() <= MAX_UNSETTLED,
				"too many unsettled rounds at once: raise the gap or shorten the reveal window",
			),
			(self.audit_budget >= 2, "the audit budget must be at least one for each class"),
			(self.samples >= 1, "at least one entry must be opened"),
			(self.samples <= MAX_SAMPLES, "at most 16 entries may be opened"),
			(
				alpha.den >= 1 && alpha.den <= 65_535,
				"the colluding share needs a denominator from 1 to 65535",
			),
			(alpha.num < alpha.den, "the colluding share must be less than all authors"),
			(
				u64::from(self.samples).saturating_mul(honest) >= alpha.den,
				"too few entries for that colluding share: samples x (1 - share) must reach 1",
			),
			(self.deterrence >= 2, "the deterrence must be at least 2, or faking breaks even"),
			(self.deterrence <= 65_535, "the deterrence must be at most 65535"),
		];
		rules.iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, why)| Err(why))
	}

	/// Probability `(numerator, denominator)` that a round opens in a block once the minimum gap
	/// has passed: `1 ÷ (mean gap − minimum gap + 1)`, which gives the mean gap, since the first
	/// block that may open a round is the one at the minimum gap.
	pub fn hazard(&self) -> (u64, u64) {
		(1, u64::from(self.mean_gap.saturating_sub(self.minimum_gap)).saturating_add(1))
	}

	/// First block that takes commitments of the round opened in block `opened`: s + W.
	pub fn commit_from(&self, opened: u32) -> u32 {
		opened.saturating_add(self.window)
	}

	/// First block that takes no commitments any more: s + W + G.
	pub fn commit_until(&self, opened: u32) -> u32 {
		self.commit_from(opened).saturating_add(self.grace)
	}

	/// The block whose beacon value draws the round's openings: D blocks after the last one that
	/// took a commitment. Openings are taken from this block on.
	pub fn sampled_at(&self, opened: u32) -> u32 {
		self.commit_until(opened).saturating_sub(1).saturating_add(self.delay)
	}

	/// First block that takes no openings any more; from it on the round can be settled.
	pub fn reveal_until(&self, opened: u32) -> u32 {
		self.sampled_at(opened).saturating_add(self.reveal_window)
	}

	/// Most rounds that can be unsettled at the same time, the youngest included.
	pub fn unsettled(&self) -> u32 {
		self.reveal_until(0)
			.checked_add(self.minimum_gap.saturating_sub(1))
			.map_or(u32::MAX, |n| n.checked_div(self.minimum_gap).unwrap_or(u32::MAX))
	}

	/// Where the round that was opened in block `opened` stands in block `now`.
	pub fn phase(&self, opened: u32, now: u32) -> Phase {
		match now {
			_ if now < self.commit_from(opened) => Phase::Working,
			_ if now < self.commit_until(opened) => Phase::Committing,
			_ if now < self.sampled_at(opened) => Phase::Waiting,
			_ if now < self.reveal_until(opened) => Phase::Revealing,
			_ => Phase::Settling,
		}
	}

	/// Whether block `now` takes a commitment of the round opened in block `opened`.
	///
	/// # Errors
	/// On which side it misses `[s + W, s + W + G)`.
	pub fn commit_in_time(&self, opened: u32, now: u32) -> Result<(), Untimely> {
		within(self.commit_from(opened), self.commit_until(opened), now)
	}

	/// Whether block `now` takes openings of the round opened in block `opened`.
	///
	/// # Errors
	/// On which side it misses `[sampled_at, reveal_until)`.
	pub fn reveal_in_time(&self, opened: u32, now: u32) -> Result<(), Untimely> {
		within(self.sampled_at(opened), self.reveal_until(opened), now)
	}
}

/// Whether `now` lies in `[from, until)`.
fn within(from: u32, until: u32, now: u32) -> Result<(), Untimely> {
	if now < from {
		Err(Untimely::TooEarly)
	} else if now >= until {
		Err(Untimely::TooLate)
	} else {
		Ok(())
	}
}

/// Where a round stands. Every phase is half open: it ends before the block that begins the next.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::as_conversions, reason = "the codec's derive casts the variants' constant numbers")]
pub enum Phase {
	/// Devices work; nothing is taken.
	Working,
	/// Commitments are taken.
	Committing,
	/// The beacon has yet to draw.
	Waiting,
	/// Openings are taken.
	Revealing,
	/// It is final who has opened; claims are paid or convicted.
	Settling,
}

/// On which side of its window an action is.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
#[allow(clippy::as_conversions, reason = "the codec's derive casts the variants' constant numbers")]
pub enum Untimely {
	/// The window has not begun.
	TooEarly,
	/// The window is over.
	TooLate,
}

/// Whether a round opens in a block, given the beacon's value `beacon` at its parent and the number
/// of blocks since the last round opened.
///
/// Never before the minimum gap; after it with the same probability in every block
/// ([`Parameters::hazard`]), so that the past says nothing about the next opening.
pub fn opens(params: &Parameters, beacon: &Hash, blocks_since_last: u32) -> bool {
	let (numerator, denominator) = params.hazard();
	blocks_since_last >= params.minimum_gap
		&& NonZeroU64::new(denominator).is_some_and(|denominator| {
			Draw::new(assay_draw::seed(OPENS_DOMAIN, &[beacon])).chance(numerator, denominator)
		})
}
