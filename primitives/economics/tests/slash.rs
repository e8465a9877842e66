//! What a conviction takes, and that nobody gains from being convicted.

use assay_economics::{
	slash::{concurrent, split, Split, LARGEST_BOUNTY},
	MILLION,
};
use proptest::prelude::*;

/// Larger than any stake.
const LARGEST: u128 = 1 << 97;

#[test]
fn split_should_take_the_operators_own_stake_first() {
	for (amount, own, delegated, bounty, proven, expected) in [
		(100, 300, 700, 490_000, true, (100, 0, 49)),
		(400, 300, 700, 490_000, true, (300, 100, 147)),
		(2_000, 300, 700, 490_000, true, (300, 700, 147)),
		(400, 300, 700, 490_000, false, (300, 100, 0)),
		(400, 300, 700, 1_000_000, true, (300, 100, 147)),
		(400, 0, 700, 490_000, true, (0, 400, 0)),
		(3, 3, 0, 400_000, true, (3, 0, 1)),
	] {
		let (own_part, delegated_part, bounty_part) = expected;
		let expected = Split { own: own_part, delegated: delegated_part, bounty: bounty_part };
		assert_eq!(split(amount, own, delegated, bounty, proven), expected);
	}
}

#[test]
fn concurrent_should_cost_the_largest_fraction_rounded_up() {
	assert_eq!(concurrent(1_000, 0, 50_000), 50);
	assert_eq!(concurrent(1_000, 50, 50_000), 0);
	assert_eq!(concurrent(1_000, 50, 70_000), 20);
	assert_eq!(concurrent(1_000, 70, 2 * MILLION), 930);
	assert_eq!(concurrent(1_000, 1_000, MILLION), 0);
	assert_eq!(concurrent(1, 0, 1), 1);
}

proptest! {
	#[test]
	fn bounty_should_never_come_from_delegated_stake(
		amount in 0..LARGEST, own in prop_oneof![Just(0), 0..LARGEST], delegated in 0..LARGEST,
		bounty_ppm: u32, proven: bool,
	) {
		let taken = split(amount, own, delegated, bounty_ppm, proven);
		prop_assert_eq!(taken.own + taken.delegated, amount.min(own + delegated));
		prop_assert!(taken.own <= own && taken.delegated <= delegated);
		prop_assert!(taken.delegated == 0 || taken.own == own, "own stake goes first");
		prop_assert!(taken.bounty * u128::from(MILLION) <= taken.own * u128::from(LARGEST_BOUNTY));
		// An operator that proves its own fault through a second account loses more than half.
		prop_assert!(taken.own == 0 || 2 * taken.bounty < taken.own);
		prop_assert!(proven && own > 0 || taken.bounty == 0);
	}

	#[test]
	fn concurrent_offences_should_cost_the_maximum_and_not_the_sum(
		exposure in 0..LARGEST, mut fractions in prop::collection::vec(0..2 * MILLION, 1..20),
	) {
		let mut taken = 0;
		for fraction in &fractions {
			taken += concurrent(exposure, taken, *fraction);
			prop_assert!(taken <= exposure);
		}
		fractions.sort();
		prop_assert_eq!(taken, concurrent(exposure, 0, fractions[fractions.len() - 1]));
	}
}
