//! When a lease is over, and when it is lost.

use crate::{Attendance, Blocks, Parameters};

/// How a lease that has started stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Term {
	/// It goes on, or its last blocks may still be attested.
	Running,
	/// It has reached its end, and nothing of it can be attested any more that is not yet.
	Over,
	/// Its worker was silent for too long, before the end.
	Lost,
}

impl Term {
	/// How a lease that is paid up to `until` stands at `now`.
	///
	/// At its end the worker has one interval to attest the last blocks, or it would lose them to
	/// whoever settles first. Whether a lease is lost does not depend on when it is settled.
	pub fn of(attendance: &Attendance, until: Blocks, now: Blocks, rules: &Parameters) -> Self {
		let deadline = attendance.deadline(rules);
		if now > deadline && deadline < until {
			return Self::Lost;
		}
		let attested = attendance.last >= until;
		let too_late = now > deadline || now >= until.saturating_add(rules.interval);
		if now >= until && (attested || too_late) {
			Self::Over
		} else {
			Self::Running
		}
	}
}

/// The end of a lease after a notice of so many blocks that is given at `now`.
pub fn after_notice(until: Blocks, now: Blocks, notice: Blocks) -> Blocks {
	until.min(now.saturating_add(notice))
}

/// Whether a request is too old to be taken. It can be taken in the block it was made in and in the
/// `start_window − 1` blocks that follow.
pub fn is_stale(requested_at: Blocks, now: Blocks, rules: &Parameters) -> bool {
	now >= requested_at.saturating_add(rules.start_window)
}
