//! Presets hold, and every rule refuses what it is about.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use assay_market::{
	charge::{cancellation_fee, charge},
	term::{after_notice, is_stale},
	Amounts, Attendance, Checkpoint, Currency, MaintenanceRules, Parameters, Reputation, Term,
	Window, MAX_PRICE,
};
use proptest::prelude::*;

#[test]
fn presets_should_be_accepted() {
	assert_eq!(Parameters::LIVE.validate(), Ok(()));
	assert_eq!(Parameters::DEVELOPMENT.validate(), Ok(()));
	assert_eq!(Parameters::default(), Parameters::LIVE);
}

#[test]
fn every_contradiction_should_be_refused_by_its_name() {
	type Change = fn(&mut Parameters);
	let cases: [(&str, Change); 18] = [
		("the interval", |p| p.interval = 1),
		("the grace period", |p| p.grace = 2 * p.interval - 1),
		("the start window", |p| p.start_window = 1),
		("the fee must be at least", |p| p.fee_ppm = 0),
		("the fee must be at most", |p| p.fee_ppm = 500_001),
		("the minimum fee must be at least", |p| p.minimum_fee.native = 0),
		("the minimum fee must be at least", |p| p.minimum_fee.credits = 0),
		("the minimum fee must be at most", |p| p.minimum_fee.native = MAX_PRICE / 4 + 1),
		("the minimum fee must be at most", |p| p.minimum_fee.credits = u128::MAX),
		("a lease must", |p| p.lease_stake = 0),
		("maintenance must be announced", |p| p.maintenance.notice = p.interval - 1),
		("maintenance must be allowed", |p| p.maintenance.longest = 0),
		("the gap", |p| p.maintenance.gap = p.grace),
		("an offer", |p| p.stale_after = p.maintenance.longest + p.grace),
		("the longest lease", |p| p.max_duration = p.interval - 1),
		("the renter's notice", |p| p.end_notice = p.max_duration + 1),
		("the notice of a spot lease", |p| p.max_spot_notice = p.max_duration + 1),
		("the half-life", |p| p.half_life = 0),
	];
	for (start, change) in cases {
		let mut parameters = Parameters::LIVE;
		change(&mut parameters);
		let refusal = parameters.validate().unwrap_err();
		assert!(refusal.starts_with(start), "{refusal}");
	}
}

#[test]
fn a_price_should_leave_the_provider_at_least_half_of_it() {
	let parameters =
		Parameters { minimum_fee: Amounts { native: 10, credits: 7 }, ..Parameters::LIVE };
	for (price, currency, holds) in [
		(19, Currency::Native, false),
		(20, Currency::Native, true),
		(13, Currency::Credits, false),
		(14, Currency::Credits, true),
		(MAX_PRICE, Currency::Native, true),
		(MAX_PRICE + 1, Currency::Native, false),
	] {
		assert_eq!(parameters.is_price(price, currency), holds, "{price}");
	}
}

#[test]
fn presets_should_survive_their_own_text() {
	// Genesis presets are JSON: every number has to fit what its parsers hold exactly.
	for parameters in [Parameters::LIVE, Parameters::DEVELOPMENT] {
		assert!(u64::try_from(parameters.lease_stake).is_ok());
		assert!(u64::try_from(parameters.minimum_fee.native).is_ok());
		assert!(u64::try_from(parameters.minimum_fee.credits).is_ok());
	}
}

/// A number of blocks as extreme as they come, or any.
fn blocks() -> impl Strategy<Value = u32> {
	prop_oneof![
		Just(0),
		Just(1),
		Just(2),
		Just(u32::MAX / 2),
		Just(u32::MAX - 1),
		Just(u32::MAX),
		any::<u32>()
	]
}

/// An amount as extreme as they come, or any.
fn amount() -> impl Strategy<Value = u128> {
	prop_oneof![
		Just(0),
		Just(1),
		Just(MAX_PRICE),
		Just(u128::MAX - 1),
		Just(u128::MAX),
		any::<u128>()
	]
}

prop_compose! {
	/// Numbers that nobody would choose, most of which are refused.
	fn wild()(
		times in prop::array::uniform11(blocks()), fee_ppm in prop_oneof![blocks(), 0u32..=500_001],
		native in amount(), credits in amount(), lease_stake in amount(),
	) -> Parameters {
		let [interval, grace, start_window, end_notice, stale_after, notice, ..] = times;
		let [.., longest, gap, max_spot_notice, max_duration, half_life] = times;
		Parameters {
			interval,
			grace,
			start_window,
			end_notice,
			fee_ppm,
			minimum_fee: Amounts { native, credits },
			lease_stake,
			stale_after,
			maintenance: MaintenanceRules { notice, longest, gap },
			max_spot_notice,
			max_duration,
			half_life,
		}
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(5_000))]

	#[test]
	fn m12_nothing_should_panic_or_pay_more_than_is_held_whatever_the_numbers_are(
		rules in wild(), price in amount(), bought in any::<u64>(), covered in blocks(),
		payable in blocks(), capacities in prop::collection::vec(any::<u64>(), 0..=16),
		last in blocks(), missed in blocks(), now in blocks(), window in (blocks(), blocks()),
		until in blocks(), credits in any::<bool>(),
	) {
		let currency = if credits { Currency::Credits } else { Currency::Native };
		let _ = (rules.validate(), rules.is_price(price, currency));
		let parts = charge(price, bought, &capacities, covered, payable, currency, &rules);
		let count = u32::try_from(capacities.len()).unwrap();
		let held = assay_market::charge::total(price, count, covered);
		let sum = parts.net.checked_add(parts.fee).and_then(|sum| sum.checked_add(parts.refund));
		prop_assert_eq!(sum, Some(held));
		prop_assert!(cancellation_fee(held, count, currency, &rules) <= held);

		let window = Window { from: window.0, until: window.1 };
		let worker = Attendance { last, missed, maintenance: Some(window), maintained_until: until };
		for worker in [worker, worker.beat(now, &rules)] {
			let span = worker.span(Checkpoint { block: payable, missed: covered }, until);
			prop_assert!(span.payable <= span.covered);
			let lost = worker.is_lost(now, &rules);
			prop_assert!(!lost || now > worker.deadline(&rules));
			let _ = (worker.is_early(now, &rules), Term::of(&worker, until, now, &rules));
			let _ = (worker.announce(window, now, &rules.maintenance), worker.cancel(now));
			let _ = worker.is_maintained(now, now.saturating_add(rules.start_window));
		}
		let _ = (after_notice(until, now, rules.end_notice), is_stale(last, now, &rules));

		let mut known = Reputation { updated_at: last, ..Default::default() };
		known.serve(currency, parts.fee, price, &rules);
		known.lose(currency, price, credits);
		known.keep();
		let later = known.at(now, rules.half_life);
		prop_assert!(later.kept.of(currency) <= parts.fee);
	}
}
