//! The rules of `assay-flops`, applied to what this pallet stores.

use crate::{Claim, Standing, Turnout, MAX_PENDING, MAX_SAMPLES, RECENT};
use assay_flops::{capacity::Proven, coverage, reward, Multiplier, Parameters, Ratio};
use frame_support::{pallet_prelude::ConstU32, BoundedVec};

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

/// The probability that a buffer has to be made for, by this turnout.
pub(crate) fn aim(parameters: &Parameters, turnout: &Turnout) -> Ratio {
	coverage::aim(parameters.audit_budget, turnout.covered, turnout.uncovered)
}

/// Credits of a claim, in units of 10⁻¹² credits.
pub(crate) fn credits(claim: &Claim) -> u128 {
	reward::credits(claim.size, claim.multiplier)
}

/// What the buffer fills up to for a claim worth so much, by this turnout.
pub(crate) fn level(parameters: &Parameters, turnout: &Turnout, credits: u128) -> u128 {
	coverage::buffer_level(aim(parameters, turnout), parameters, credits)
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

/// What is granted of a claim that is not convicted, in a round with this turnout: all of one that
/// was opened, and of one that was not drawn what the buffer covers.
pub(crate) fn granted(
	parameters: &Parameters,
	turnout: &Turnout,
	buffer: u128,
	claim: &Claim,
) -> u128 {
	let credits = credits(claim);
	if claim.opened {
		credits
	} else {
		coverage::payable(ratio(parameters, turnout, claim.covered), parameters, buffer, credits)
	}
}

/// Counts the size of a final claim.
pub(crate) fn count<AccountId>(standing: &mut Standing<AccountId>, size: u32) {
	standing.proven_tiles = standing.proven_tiles.saturating_add(size.into());
	remember(&mut standing.recent, size);
}

/// Adds the size of a final claim, or a zero for a missed round, and forgets the oldest.
fn remember(recent: &mut BoundedVec<u32, ConstU32<RECENT>>, size: u32) {
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

/// What a device has proven that was absent from the latest `missed` rounds.
pub(crate) fn proven<AccountId>(standing: &Standing<AccountId>, missed: u32) -> Proven {
	let pending = u32::try_from(standing.pending.len()).unwrap_or(u32::MAX);
	Proven {
		tiles: standing.proven_tiles,
		rounds: standing.last_round.saturating_add(missed).saturating_sub(pending),
	}
}

/// Mean tiles per window in the rounds since `then`, or the capacity if it looks back further.
pub(crate) fn capacity_since<AccountId>(
	standing: &Standing<AccountId>,
	missed: u32,
	then: Proven,
) -> u32 {
	let (mean, rounds) = proven(standing, missed).since(then);
	if rounds > RECENT {
		mean.min(standing.last_opened)
	} else {
		capacity(standing, missed)
	}
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
