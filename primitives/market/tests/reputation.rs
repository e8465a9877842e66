//! Reputation halves, whoever looks at it how often.

use assay_market::{reputation::decay, Amounts, Currency, Parameters, Reputation};
use proptest::prelude::*;

/// A minimum fee of 2.
const RULES: Parameters =
	Parameters { minimum_fee: Amounts { native: 2, credits: 2 }, ..Parameters::LIVE };

#[test]
fn a_value_should_halve_with_every_half_life() {
	assert_eq!(decay(1_000, 0, 99, 100), 1_000);
	assert_eq!(decay(1_000, 0, 100, 100), 500);
	assert_eq!(decay(1_001, 150, 350, 100), 250);
	assert_eq!(decay(u128::MAX, 0, 12_800, 100), 0);
	assert_eq!(decay(7, 100, 0, 100), 7, "time does not run backwards");
	assert_eq!(decay(7, 0, u32::MAX, 0), 7);
}

#[test]
fn counts_should_stay_and_fees_should_decay() {
	let mut known = Reputation { updated_at: 10, ..Default::default() };
	known.serve(Currency::Native, 100, 40, &RULES);
	known.serve(Currency::Credits, 8, 4, &RULES);
	known.keep();
	known.lose(Currency::Credits, 6, true);
	known.lose(Currency::Native, 2, false);
	let later = known.at(110, 100);
	assert_eq!(later.updated_at, 110);
	assert_eq!(later.kept, Amounts { native: 50, credits: 4 });
	assert_eq!(later.lost, Amounts { native: 1, credits: 3 });
	assert_eq!(later.service, 22);
	assert_eq!((later.leases_kept, later.leases_lost, later.convictions), (1, 2, 1));
}

#[test]
fn f13_service_should_count_only_as_far_as_the_minimum_fee_was_burnt_for_it() {
	let mut known = Reputation::default();
	known.serve(Currency::Native, 0, 1_000, &RULES);
	assert_eq!(known.service, 0);
	known.serve(Currency::Native, 7, 1_000, &RULES);
	assert_eq!(known.service, 3);
	known.serve(Currency::Native, 5_000, 1_000, &RULES);
	assert_eq!(known.service, 1_003);
}

proptest! {
	#[test]
	fn decay_should_not_depend_on_how_often_it_is_computed(
		value in any::<u128>(), from in any::<u32>(), steps in prop::collection::vec(0u32..10_000, 1..20),
		half_life in 1u32..5_000,
	) {
		let mut at = from;
		let mut stepwise = value;
		for step in steps {
			let next = at.saturating_add(step);
			stepwise = decay(stepwise, at, next, half_life);
			at = next;
		}
		prop_assert_eq!(stepwise, decay(value, from, at, half_life));
		prop_assert!(stepwise <= value);
	}
}
