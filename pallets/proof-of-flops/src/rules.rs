//! The rules of `assay-flops`, applied to what this pallet stores.

use crate::{Claim, Standing, Turnout, MAX_PENDING, MAX_SAMPLES, RECENT};
use assay_flops::{coverage, reward, Multiplier, Parameters, Ratio};
use frame_support::{pallet_prelude::ConstU32, BoundedVec};

/// The buffer fills to the level of a claim that is larger by one part in so many: the multiplier
/// grows from round to round, and without room for that every next claim would be uncovered.
pub(crate) const HEADROOM: u128 = 4;

/// Refuses parameters under which a rule of this pallet would not hold.
pub(crate) fn validate(parameters: &Parameters) -> Result<(), &'static str> {
	parameters.validate()?;
	if parameters.sampled_at(0) >= parameters.minimum_gap {
		return Err("a round must be sampled before the next one may open: raise the minimum gap");
	}
	if parameters.unsettled() > MAX_PENDING {
		return Err("a device could have more open claims than are kept: raise the minimum gap");
	}
	if parameters.samples > MAX_SAMPLES {
		return Err("a reveal would open more samples than a call takes");
	}
	Ok(())
}

/// Probability with which a claim of a class was drawn in a round with this turnout.
pub(crate) fn ratio(parameters: &Parameters, turnout: &Turnout, covered: bool) -> Ratio {
	let (of_covered, of_uncovered) =
		coverage::audit_ratios(parameters.audit_budget, turnout.covered, turnout.uncovered);
	if covered {
		of_covered
	} else {
		of_uncovered
	}
}

/// The probability that a buffer has to be made for: that of the covered class, or the one there
/// would be if all were covered, whichever is smaller. While hardly anybody is covered, those who
/// are will all be drawn; a buffer made for that would be worth nothing as soon as others join.
pub(crate) fn aim(parameters: &Parameters, turnout: &Turnout) -> Ratio {
	let now = ratio(parameters, turnout, true);
	let everybody =
		Turnout { covered: turnout.covered.saturating_add(turnout.uncovered), uncovered: 0 };
	let then = ratio(parameters, &everybody, true);
	let (left, right) = (
		u128::from(now.num).saturating_mul(then.den.into()),
		u128::from(then.num).saturating_mul(now.den.into()),
	);
	if left < right {
		now
	} else {
		then
	}
}

/// Credits of a claim, in units of 10⁻¹² credits.
pub(crate) fn credits(claim: &Claim) -> u128 {
	reward::credits(claim.size, claim.multiplier)
}

/// Whether a claim worth so much would be of the covered class, by the latest turnout known.
pub(crate) fn covered(
	parameters: &Parameters,
	last: &Turnout,
	buffer: u128,
	credits: u128,
) -> bool {
	coverage::covered(aim(parameters, last), parameters, buffer, credits)
}

/// Level up to which a buffer fills before a claim worth so much is paid out.
pub(crate) fn required(parameters: &Parameters, turnout: &Turnout, credits: u128) -> u128 {
	let room = credits.checked_div(HEADROOM).unwrap_or(0);
	coverage::required_buffer(aim(parameters, turnout), parameters, credits.saturating_add(room))
}

/// Adds the size of a final claim, or a zero for a missed round, and forgets the oldest.
pub(crate) fn remember(recent: &mut BoundedVec<u32, ConstU32<RECENT>>, size: u32) {
	if recent.is_full() {
		recent.remove(0);
	}
	// There is room for one now.
	let _ = recent.try_push(size);
}

/// Adds a zero for every missed round.
pub(crate) fn remember_missed(recent: &mut BoundedVec<u32, ConstU32<RECENT>>, missed: u32) {
	for _ in 0..missed.min(RECENT) {
		remember(recent, 0);
	}
}

/// Capacity in tiles per window of a device that was absent from the latest `missed` rounds.
pub(crate) fn capacity<AccountId>(standing: &Standing<AccountId>, missed: u32) -> u32 {
	let mut recent = standing.recent.clone();
	remember_missed(&mut recent, missed);
	assay_flops::capacity::capacity(&recent, standing.last_opened)
}

/// Unbroken presence in milliseconds as of a round that opened in `slot`, after `missed` rounds.
pub(crate) fn unbroken_ms<AccountId>(
	standing: &Standing<AccountId>,
	missed: u32,
	slot: u64,
	slot_ms: u64,
) -> u64 {
	if missed > 0 {
		// The time of absence does not count.
		return assay_flops::multiplier::after_missed(standing.unbroken_ms, missed);
	}
	let passed = slot.saturating_sub(standing.last_slot).saturating_mul(slot_ms);
	standing.unbroken_ms.saturating_add(passed)
}

/// Multiplier after so many milliseconds.
pub(crate) fn multiplier(unbroken_ms: u64) -> Multiplier {
	assay_flops::multiplier::multiplier(unbroken_ms)
}
