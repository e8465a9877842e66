//! Who was present, and for how many blocks: one heartbeat of a worker attests for all its leases.
//!
//! A heartbeat attests the blocks since the one before it, but no more than an interval of them. What
//! it does not attest is added to a count that only grows. A lease remembers that count at its
//! checkpoint, so that the blocks it has to pay for follow from two subtractions, however many
//! leases the worker has.

#![allow(clippy::as_conversions, reason = "the derived codec's own code; there is none of ours")]

use crate::{Blocks, MaintenanceRules, Parameters};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Announced silence of a worker: from block `from` on, before block `until`.
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
pub struct Window {
	/// Its first block.
	pub from: Blocks,
	/// The first block after it.
	pub until: Blocks,
}

impl Window {
	/// Whether one of the blocks `from..=until` is in it.
	pub const fn overlaps(&self, from: Blocks, until: Blocks) -> bool {
		self.from <= until && from < self.until
	}
}

/// Presence of one worker.
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
pub struct Attendance {
	/// Block of the latest heartbeat.
	pub last: Blocks,
	/// Blocks up to `last` that no heartbeat attests, since the record began.
	pub missed: Blocks,
	/// The latest maintenance that was announced and not cancelled.
	pub maintenance: Option<Window>,
	/// End of the one before it; zero if there was none.
	pub maintained_until: Blocks,
}

/// Where the payment of a lease stands.
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
pub struct Checkpoint {
	/// Blocks before this one are settled.
	pub block: Blocks,
	/// [`Attendance::missed`] at that settlement.
	pub missed: Blocks,
}

/// Blocks that a settlement covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
	/// The checkpoint after it.
	pub end: Checkpoint,
	/// How many blocks it covers; those that are not payable are refunded.
	pub covered: Blocks,
	/// How many of them were attested.
	pub payable: Blocks,
}

impl Span {
	/// The same blocks, of which those before `block` are not payable.
	pub fn void_until(self, block: Blocks) -> Self {
		let valid = self.end.block.saturating_sub(block).min(self.covered);
		Self { payable: self.payable.min(valid), ..self }
	}
}

/// Why an announcement of maintenance is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadMaintenance {
	/// It begins too soon after its announcement.
	ShortNotice,
	/// It has no block, or too many.
	BadLength,
	/// Another one is announced and not over, or the worker has not come back from it.
	AlreadyAnnounced,
	/// It begins too soon after the previous one.
	TooSoonAfterPrevious,
}

impl Attendance {
	/// A worker that appears at `now`.
	pub const fn new(now: Blocks) -> Self {
		Self { last: now, missed: 0, maintenance: None, maintained_until: 0 }
	}

	/// Whether a heartbeat would come too soon after the latest one: before half an interval.
	pub fn is_early(&self, now: Blocks, rules: &Parameters) -> bool {
		now.saturating_sub(self.last) < rules.interval.div_ceil(2)
	}

	/// The presence after a heartbeat at `now`, which attests at most one interval back.
	pub fn beat(self, now: Blocks, rules: &Parameters) -> Self {
		let gap = now.saturating_sub(self.last);
		let missed = gap.saturating_sub(gap.min(rules.interval));
		Self { last: self.last.max(now), missed: self.missed.saturating_add(missed), ..self }
	}

	/// The last block in which the worker is not lost: the grace period after the latest heartbeat,
	/// or after the maintenance that begins within it.
	pub fn deadline(&self, rules: &Parameters) -> Blocks {
		let deadline = self.last.saturating_add(rules.grace);
		match self.maintenance {
			Some(window) if window.from <= deadline && window.until > self.last => {
				deadline.max(window.until.saturating_add(rules.grace))
			}
			_ => deadline,
		}
	}

	/// Whether the worker was silent for too long.
	pub fn is_lost(&self, now: Blocks, rules: &Parameters) -> bool {
		now > self.deadline(rules)
	}

	/// Whether the worker may be silent in one of the blocks `from..=until`, as it has announced. Of
	/// maintenances before the latest one only the last end is known, so that whatever begins before
	/// it counts as well.
	pub fn is_maintained(&self, from: Blocks, until: Blocks) -> bool {
		from < self.maintained_until
			|| self.maintenance.is_some_and(|window| window.overlaps(from, until))
	}

	/// What a lease that is paid up to `until` has to settle.
	///
	/// Never more blocks than were attested in it. Fewer, if a gap began before the checkpoint or
	/// ended after `until`: the whole gap is subtracted then, so that it pays to settle in time.
	pub fn span(&self, checkpoint: Checkpoint, until: Blocks) -> Span {
		let end = until.min(self.last).max(checkpoint.block);
		let covered = end.saturating_sub(checkpoint.block);
		let missed = self.missed.saturating_sub(checkpoint.missed);
		Span {
			end: Checkpoint { block: end, missed: self.missed },
			covered,
			payable: covered.saturating_sub(missed),
		}
	}

	/// Announces maintenance at `now`.
	///
	/// # Errors
	/// [`BadMaintenance`] if the window breaks the rules.
	pub fn announce(
		self,
		window: Window,
		now: Blocks,
		rules: &MaintenanceRules,
	) -> Result<Self, BadMaintenance> {
		if window.from < now.saturating_add(rules.notice) {
			return Err(BadMaintenance::ShortNotice);
		}
		let length = window.until.saturating_sub(window.from);
		if length == 0 || length > rules.longest {
			return Err(BadMaintenance::BadLength);
		}
		// A worker has to come back before it may go again, or its silence would never end.
		if self.maintenance.is_some_and(|previous| now.min(self.last) < previous.until) {
			return Err(BadMaintenance::AlreadyAnnounced);
		}
		let maintained_until =
			self.maintenance.map_or(self.maintained_until, |previous| previous.until);
		if maintained_until > 0 && window.from < maintained_until.saturating_add(rules.gap) {
			return Err(BadMaintenance::TooSoonAfterPrevious);
		}
		Ok(Self { maintenance: Some(window), maintained_until, ..self })
	}

	/// Cancels maintenance that has not begun at `now`. `None` if there is none.
	pub fn cancel(self, now: Blocks) -> Option<Self> {
		self.maintenance
			.filter(|window| now < window.from)
			.map(|_| Self { maintenance: None, ..self })
	}
}
