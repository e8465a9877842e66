//! The rule that makes faking a loss.
//!
//! Each worker's device has a buffer P of withheld credits. A claim that was drawn and passes is
//! granted in full. One that was not drawn is granted as far as it is *covered*: up to the largest
//! r with `q · (1 − α) · (P + r) ≥ λ · r`, where q is the probability that it was drawn, α the
//! assumed share of colluding block authors and λ the deterrence. What is granted fills the buffer
//! up to a level; what the buffer has no room for is paid out. A buffer **never shrinks** before it
//! is released or burnt.
//!
//! Why it holds: a conviction costs P, r and every other claim that is not final yet. An author who
//! withholds a block re-rolls the draw, so a fake is found with a probability of at least
//! q′ = q(1 − α). Faking all of a covered claim yields r − q′·(P + r) ≤ r·(1 − λ) < 0; faking a
//! share φ of it yields φ·r and is found with a probability of at least q′·(1 − (1 − φ)ᵏ) ≥ q′·φ;
//! faking n claims that are open at the same time yields at most n·(1 − q′)ⁿ⁻¹·r·(1 − λ) < 0.
//!
//! That counts on one P for a claim, whether it is drawn or not. Whoever keeps the buffer therefore
//! settles the claims of a device **in the order of their rounds**, so that nothing earned later
//! covers an earlier claim, and takes nothing out of the buffer while a claim is open. If it could
//! be paid down to the level of a claim that is settled, a worker that has seen itself drawn would
//! let a small, older claim empty what it is about to lose. Paying it down to what the open claims
//! need would be safe, but cost honest workers whose claims vary much of their income: after a few
//! small claims, the next one of the usual size would be covered in part only.

use crate::{Parameters, Ratio};

/// Probabilities of being drawn, `(covered, uncovered)`, when `budget` openings are shared by a
/// round of so many commitments of either class.
///
/// Half of the budget (the larger one) goes to commitments that are not covered; what one class
/// cannot use the other one may. A class that is empty has probability 1.
pub fn audit_ratios(
	budget: u32,
	covered_commitments: u32,
	uncovered_commitments: u32,
) -> (Ratio, Ratio) {
	let spare = budget.saturating_sub(covered_commitments);
	let for_uncovered = budget.div_ceil(2).max(spare).min(uncovered_commitments);
	let for_covered = budget.saturating_sub(for_uncovered);
	(
		Ratio::probability(for_covered, covered_commitments),
		Ratio::probability(for_uncovered, uncovered_commitments),
	)
}

/// The probability that a buffer has to be made for in a round of so many commitments of either
/// class: that of the covered class, or the one there would be if all were covered, whichever is
/// smaller.
///
/// While hardly anybody is covered, those who are will all be drawn; a buffer made for that would be
/// worth nothing as soon as the others are covered as well. It is never more than twice the
/// probability of either class, since each gets half of the budget if it can use that much.
pub fn aim(budget: u32, covered_commitments: u32, uncovered_commitments: u32) -> Ratio {
	let (now, _) = audit_ratios(budget, covered_commitments, uncovered_commitments);
	let everybody = covered_commitments.saturating_add(uncovered_commitments);
	let (then, _) = audit_ratios(budget, everybody, 0);
	let product = |a: u64, b: u64| u128::from(a).saturating_mul(b.into());
	if product(now.num, then.den) < product(then.num, now.den) {
		now
	} else {
		then
	}
}

/// Smallest buffer that covers a claim worth `claim_units` with probability `q`, rounded up: a
/// buffer of one unit less does not cover it.
///
/// 0 for a claim of nothing. `u128::MAX`, which nobody reaches, when no buffer suffices (q is 0,
/// every author colludes, a denominator is 0) or the numbers leave 128 bits; with claims of less
/// than 2⁶⁴ units and ratios in 16 bits for α and λ and 32 for q they never do.
pub fn required_buffer(q: Ratio, params: &Parameters, claim_units: u128) -> u128 {
	if claim_units == 0 {
		return 0;
	}
	at_stake(q, params, claim_units).map_or(u128::MAX, |all| all.saturating_sub(claim_units))
}

/// Smallest P + r with `q · (1 − α) · (P + r) ≥ λ · r`; `None` when there is none in 128 bits.
fn at_stake(q: Ratio, params: &Parameters, claim_units: u128) -> Option<u128> {
	let alpha = params.colluding_authors;
	let honest = alpha.den.checked_sub(alpha.num)?;
	if q.den == 0 || alpha.den == 0 {
		return None;
	}
	let wanted = u128::from(params.deterrence)
		.checked_mul(claim_units)?
		.checked_mul(q.den.into())?
		.checked_mul(alpha.den.into())?;
	// A probability above 1 is no better than 1.
	let chance = u128::from(q.num.min(q.den)).checked_mul(honest.into())?;
	(chance != 0).then(|| wanted.div_ceil(chance))
}

/// Whether `buffer` covers a claim worth `claim_units` that was drawn with probability `q`:
/// `q · (1 − α) · (buffer + claim) ≥ λ · claim`.
pub fn covered(q: Ratio, params: &Parameters, buffer: u128, claim_units: u128) -> bool {
	let required = required_buffer(q, params, claim_units);
	required != u128::MAX && buffer >= required
}

/// Largest claim that `buffer` covers when it is drawn with probability `q`, rounded down:
/// `covered(q, params, buffer, claim)` is true exactly up to here.
///
/// `u128::MAX` when every claim is covered, which no valid parameters allow; rounded down further,
/// still against the claimant, for buffers of more than 2⁸⁰ units.
pub fn coverable(q: Ratio, params: &Parameters, buffer: u128) -> u128 {
	// (P + r) · n ≥ λ · r · d with q(1 − α) = n ÷ d, and so r ≤ n · P ÷ (λ · d − n).
	let alpha = params.colluding_authors;
	let honest = alpha.den.saturating_sub(alpha.num);
	if q.den == 0 || alpha.den == 0 {
		return 0;
	}
	let chance = u128::from(q.num.min(q.den)).saturating_mul(honest.into());
	let Some(wanted) = u128::from(params.deterrence)
		.checked_mul(q.den.into())
		.and_then(|wanted| wanted.checked_mul(alpha.den.into()))
	else {
		return 0;
	};
	match wanted.checked_sub(chance) {
		None | Some(0) => u128::MAX,
		Some(rest) => match buffer.checked_mul(chance) {
			Some(all) => all.checked_div(rest).unwrap_or(0),
			None => buffer.checked_div(rest).unwrap_or(0).saturating_mul(chance),
		},
	}
}

/// What of a claim that was **not** drawn may be paid: as much of it as `buffer` covers.
///
/// Paying the covered part only is as safe as paying covered claims only, since what a fake gains
/// is what is paid. It spares honest workers a cliff: a claim or a network that outgrows the
/// buffers would otherwise leave all of them short at once, and none could fill again before it is
/// drawn.
pub fn payable(q: Ratio, params: &Parameters, buffer: u128, claim_units: u128) -> u128 {
	claim_units.min(coverable(q, params, buffer))
}

/// The headroom of a full buffer: it covers claims an eighth larger.
const HEADROOM: u128 = 8;

/// What the buffer of a device with a claim worth `claim_units` is filled up to: what a claim
/// larger by an eighth requires, so that a claim or a network that is a little larger the next time
/// is still covered. `u128::MAX` where [`required_buffer`] is.
pub fn buffer_level(q: Ratio, params: &Parameters, claim_units: u128) -> u128 {
	required_buffer(q, params, claim_units.saturating_add(claim_units.div_ceil(HEADROOM)))
}

/// What becomes of what is granted of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payment {
	/// Units to pay out now, of those that were granted.
	pub paid: u128,
	/// Units in the buffer afterwards, no fewer than before.
	pub buffer: u128,
}

/// Pays `granted` units, which is a drawn claim that has passed or the [`payable`] part of one that
/// was not drawn: they fill `buffer` up to `level`, the claim's [`buffer_level`], and the rest is
/// paid out. What is above the level stays in the buffer.
/// Nothing is made or lost: `paid + new buffer = buffer + granted`.
pub fn pay(buffer: u128, granted: u128, level: u128) -> Payment {
	let kept = granted.min(level.saturating_sub(buffer));
	Payment { paid: granted.saturating_sub(kept), buffer: buffer.saturating_add(kept) }
}
