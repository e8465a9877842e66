//! The issuance curve and what blocks mint by it.

use assay_economics::issuance::{annual_ppm, block_reward, FIRST_PPM, LEAST_PPM, YEAR_MS};
use proptest::prelude::*;

/// A live network's slot.
const SLOT_MS: u64 = 6_000;
/// A billion ASY.
const BILLION: u128 = 1_000_000_000_000_000_000_000;

/// What a year's blocks mint, year after year, when rewards add to what there is or do not.
fn year(issuance: u128, year: u64, compounds: bool) -> u128 {
	let mut minted = 0;
	for slot in 0..YEAR_MS / SLOT_MS {
		let base = if compounds { issuance + minted } else { issuance };
		minted += block_reward(base, year * YEAR_MS + slot * SLOT_MS, SLOT_MS);
	}
	minted
}

#[test]
fn annual_rate_should_follow_the_stated_curve() {
	let table = [
		80_000, 72_000, 64_800, 58_320, 52_488, 47_239, 42_515, 38_263, 34_436, 30_992, 27_892,
		25_102, 22_591, 20_331, 20_000, 20_000, 20_000,
	];
	for (year, rate) in table.into_iter().enumerate() {
		let begins = year as u64 * YEAR_MS;
		assert_eq!(annual_ppm(begins), rate, "at the beginning of year {year}");
		assert_eq!(annual_ppm(begins + YEAR_MS - 1), rate, "at the end of year {year}");
	}
	assert_eq!(annual_ppm(u64::MAX), LEAST_PPM);
}

#[test]
fn annual_rate_should_lie_less_than_a_millionth_a_year_below_the_plain_curve() {
	for year in 0..30 {
		let plain = (80_000. * 0.9f64.powi(year)).max(20_000.);
		let rate = f64::from(annual_ppm(year as u64 * YEAR_MS));
		assert!(rate <= plain && plain - rate < 10., "year {year}: {rate}, {plain}");
	}
}

#[test]
fn block_reward_should_be_the_slots_share_of_the_year_rounded_down() {
	// 80,000,000 ASY over 5,259,600 slots.
	assert_eq!(block_reward(BILLION, 0, SLOT_MS), 15_210_282_150_733);
	assert_eq!(block_reward(0, 0, SLOT_MS), 0);
	assert_eq!(block_reward(BILLION, 0, 0), 0);
	// The issuance that earns one whole unit, and what lies a unit below that or two of it.
	let least = 65_745_000;
	assert_eq!(block_reward(least, 0, SLOT_MS), 1);
	assert_eq!(block_reward(least - 1, 0, SLOT_MS), 0);
	assert_eq!(block_reward(2 * least - 1, 0, SLOT_MS), 1);
}

#[test]
fn block_reward_should_count_a_slot_for_a_year_at_most() {
	let whole = block_reward(BILLION, 0, YEAR_MS);
	assert_eq!(whole, BILLION / 100 * 8);
	assert_eq!(block_reward(BILLION, 0, u64::MAX), whole);
	assert_eq!(block_reward(u128::MAX, 0, u64::MAX), u128::MAX / 25 * 2);
}

#[test]
fn year_should_mint_no_more_than_the_stated_rate_and_lose_only_rounding() {
	for (number, rate) in [(0, 80_000u128), (1, 72_000), (20, 20_000)] {
		let stated = BILLION * rate / 1_000_000;
		let minted = year(BILLION, number, false);
		assert!(minted <= stated, "year {number}: {minted}");
		// Each block rounds off less than one unit.
		assert!(stated - minted <= u128::from(YEAR_MS / SLOT_MS), "year {number}: {minted}");
	}
}

#[test]
fn year_should_add_no_more_than_the_exponential_of_the_rate_when_rewards_compound() {
	let mut issuance = BILLION;
	for number in 0..3 {
		let minted = year(issuance, number, true);
		let rate = f64::from(annual_ppm(number * YEAR_MS)) / 1e6;
		let share = minted as f64 / issuance as f64;
		assert!(share <= rate.exp_m1(), "year {number}: {share}");
		assert!(share > rate.exp_m1() - 1e-8, "year {number}: {share}");
		issuance += minted;
	}
}

proptest! {
	#[test]
	fn annual_rate_should_never_rise(a: u64, b: u64) {
		prop_assert!(annual_ppm(a.min(b)) >= annual_ppm(a.max(b)));
		prop_assert!((LEAST_PPM..=FIRST_PPM).contains(&annual_ppm(a)));
	}

	#[test]
	fn block_reward_should_be_monotone_and_never_above_the_annual_rate(
		issuance: u128, more: u128, elapsed in 0..40 * YEAR_MS, later in 0..40 * YEAR_MS,
		slot in 0..=YEAR_MS, longer in 0..=YEAR_MS,
	) {
		let reward = block_reward(issuance, elapsed, slot);
		let share = issuance as f64 * f64::from(annual_ppm(elapsed)) / 1e6;
		let part = share * slot as f64 / YEAR_MS as f64;
		prop_assert!(reward as f64 <= part * (1. + 1e-12));
		prop_assert!(reward as f64 >= part * (1. - 1e-12) - 1.);
		prop_assert!(block_reward(issuance.saturating_add(more), elapsed, slot) >= reward);
		prop_assert!(block_reward(issuance, elapsed, slot.saturating_add(longer)) >= reward);
		prop_assert!(block_reward(issuance, elapsed + later, slot) <= reward);
	}

	#[test]
	fn block_reward_should_not_gain_when_a_slot_is_split(
		issuance: u128, first in 0..=YEAR_MS / 2, second in 0..=YEAR_MS / 2,
	) {
		let parts = block_reward(issuance, 0, first) + block_reward(issuance, 0, second);
		let whole = block_reward(issuance, 0, first + second);
		prop_assert!(parts <= whole && whole - parts <= 1);
	}
}
