//! Presets hold, and every rule refuses what it is about.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use assay_market::{Amounts, Currency, Parameters, MAX_PRICE};

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
