//! What becomes of a claim, over all claims and rounds there can be.

use crate::{
	mock::*,
	rules,
	settlement::{Context, Verdict},
	*,
};
use assay_flops::{coverage, sampling, Multiplier};
use proptest::prelude::*;
use sp_core::H256;

/// Index of the claim's round.
const ROUND: RoundIndex = 7;
/// Block in which it opened.
const OPENED: u32 = 1_000;

proptest! {
	#[test]
	fn verdict_should_grant_only_what_was_opened_or_is_covered_and_not_void(
		(covered, uncovered) in (1u32..5_000, 1u32..5_000),
		buffer in 0u128..10_000_000_000,
		(size, class, opened) in (0u32..1_000, any::<bool>(), any::<bool>()),
		sample in proptest::option::of(any::<[u8; 32]>()),
		age in 0u32..100,
		voided in proptest::option::of(0u32..20),
		current in ROUND..ROUND + 2,
	) {
		let turnout = Turnout { covered, uncovered };
		let round = Round {
			opened_at: OPENED,
			opened_slot: 0,
			beacon: H256::zero(),
			turnout,
			pending: 1,
			sample: sample.map(H256),
		};
		let claim = Claim {
			round: ROUND,
			tiles: size.max(1),
			size,
			multiplier: Multiplier::NEWCOMER,
			root: H256::zero(),
			committed_at: OPENED + 10,
			covered: class,
			// Nothing can be opened before it is sampled.
			opened: opened && sample.is_some(),
		};
		let context = Context {
			parameters: PARAMETERS,
			current,
			now: OPENED + age,
			voided_at: voided.map(|block| OPENED + block),
		};
		let verdict = ProofOfFlops::verdict(&context, 3, 1, buffer, &claim, &round);
		let ratio = rules::ratio(&PARAMETERS, &turnout, class);
		let drawn = sample.map(|sample| sampling::drawn(&sample, 3, 1, ratio));
		let late = OPENED + age >= PARAMETERS.reveal_until(OPENED);
		let void = voided.is_some_and(|block| block >= 10);
		let credits = rules::credits(&claim);
		let payable = coverage::payable(ratio, &PARAMETERS, buffer, credits);
		let expected = match (drawn, claim.opened) {
			(None, _) if current > ROUND => Verdict::Lapse(Lapse::Unsampled),
			(None, _) => Verdict::Wait,
			(Some(true), false) if late => Verdict::Convict,
			(Some(true), false) => Verdict::Wait,
			_ if void => Verdict::Void,
			(_, true) => Verdict::Credit { granted: credits },
			(Some(false), false) if payable > 0 => Verdict::Credit { granted: payable },
			_ => Verdict::Lapse(Lapse::Uncovered),
		};
		prop_assert_eq!(verdict, expected);
	}
}
