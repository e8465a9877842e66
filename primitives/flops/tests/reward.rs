//! Rates, credits, multiplier and capacity.

use assay_flops::{
	capacity::{capacity, flop_per_second, Proven},
	multiplier::{after_missed, multiplier, SCALE_MS},
	reward::{credits, rate_claim, FLOP_PER_CREDIT, UNITS_PER_CREDIT},
	Multiplier, DEPTH, LEAF_ENTRIES, LEAVES_PER_TILE, MAX_TILES, PANEL_ROWS, TILE_FLOP,
};
use proptest::prelude::*;

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;

/// The multiplier in plain floating point, in parts per million.
fn model(unbroken_ms: u64) -> f64 {
	1e6 * (1. + 0.2 * (unbroken_ms as f64 / SCALE_MS as f64).ln_1p())
}

#[test]
fn constants_should_fit_together() {
	let (rows, depth) = (u64::from(PANEL_ROWS), u64::from(DEPTH));
	assert_eq!(TILE_FLOP, 2 * rows * rows * depth);
	assert_eq!(LEAVES_PER_TILE * u64::from(LEAF_ENTRIES), rows * rows);
}

#[test]
fn multiplier_should_follow_the_formula_at_known_times() {
	assert_eq!(multiplier(0), Multiplier::NEWCOMER);
	for (time, expected) in [
		(12 * HOUR, 1_138_629),
		(DAY, 1_219_722),
		(7 * DAY, 1_541_610),
		(30 * DAY, 1_822_174),
		(365 * DAY, 2_318_882),
	] {
		let Multiplier(ppm) = multiplier(time);
		assert!((expected - 8..=expected + 1).contains(&ppm), "{time}: {ppm}");
	}
}

#[test]
fn multiplier_should_lie_within_eight_millionths_below_the_real_function() {
	let mut time = 0u64;
	let mut worst: f64 = 0.;
	while time < 200 * 365 * DAY {
		let error = model(time) - f64::from(multiplier(time).0);
		assert!((-0.001..=8.).contains(&error), "{time}: {error}");
		worst = worst.max(error);
		time += 100_000 + time / 5_000;
	}
	// The bound is not idle.
	assert!(worst > 5., "{worst}");
}

#[test]
fn multiplier_should_be_defined_at_the_end_of_time() {
	let error = model(u64::MAX) - f64::from(multiplier(u64::MAX).0);
	assert!((-0.001..=8.).contains(&error), "{error}");
}

#[test]
fn missed_rounds_should_halve_the_multiplier_but_not_below_a_newcomers() {
	let year = 365 * DAY;
	assert_eq!(after_missed(year, 0), year);
	let once = after_missed(year, 1);
	assert_eq!(multiplier(once).0, multiplier(year).0 / 2);
	assert_eq!(after_missed(year, 2), 0);
	assert_eq!(after_missed(30 * DAY, 1), 0);
	assert_eq!(after_missed(u64::MAX, u32::MAX), 0);
	assert_eq!(after_missed(0, 1), 0);
	assert_eq!(multiplier(after_missed(u64::MAX, 2)).0, multiplier(u64::MAX).0 / 4);
}

#[test]
fn rate_claim_should_count_a_late_commitment_no_higher() {
	assert_eq!(rate_claim(1_000, 20, 20), 1_000);
	assert_eq!(rate_claim(1_050, 20, 21), 1_000);
	assert_eq!(rate_claim(1_000, 20, 21), 952);
	assert_eq!(rate_claim(1_000, 20, 0), 1_000);
	assert_eq!(rate_claim(u32::MAX, u32::MAX, 0), u32::MAX);
	assert_eq!(rate_claim(5, 20, u64::MAX), 0);
	assert_eq!(rate_claim(5, 0, 0), 0);
	assert_eq!(rate_claim(0, 20, 20), 0);
}

#[test]
fn credits_should_count_a_credit_for_each_peta_flop() {
	// 10⁶ tiles are 2.147483648 · 10¹⁵ FLOP.
	assert_eq!(credits(1_000_000, Multiplier::NEWCOMER), 2_147_483_648_000);
	assert_eq!(credits(1_000_000, Multiplier(1_500_000)), 3_221_225_472_000);
	assert_eq!(credits(1, Multiplier::NEWCOMER), 2_147_483);
	assert_eq!(credits(0, Multiplier(u32::MAX)), 0);
	let flop = u128::from(MAX_TILES) * u128::from(TILE_FLOP);
	let units = credits(MAX_TILES, Multiplier::NEWCOMER);
	assert_eq!(units, flop * UNITS_PER_CREDIT / FLOP_PER_CREDIT);
}

#[test]
fn mean_should_count_every_round_since_when_some_proved_nothing() {
	let proven = |tiles, rounds| Proven { tiles, rounds };
	assert_eq!(proven(1_000, 20).since(proven(400, 10)), (60, 10));
	assert_eq!(proven(1_009, 20).since(proven(400, 10)), (60, 10), "rounded down");
	assert_eq!(proven(400, 20).since(proven(400, 10)), (0, 10));
	assert_eq!(proven(500, 10).since(proven(400, 10)), (0, 0), "no round is no mean");
	// A device that begins anew has proven nothing since.
	assert_eq!(proven(100, 20).since(proven(400, 10)), (0, 10));
	assert_eq!(proven(u64::MAX, 1).since(Proven::default()), (u32::MAX, 1));
}

#[test]
fn capacity_should_be_the_mean_but_never_above_the_last_opened_claim() {
	assert_eq!(capacity(&[], 100), 0);
	assert_eq!(capacity(&[100, 101], 1_000), 100);
	assert_eq!(capacity(&[100, 100], 70), 70);
	assert_eq!(capacity(&[100, 100], 0), 0);
	assert_eq!(capacity(&[u32::MAX; 50], u32::MAX), u32::MAX);
}

#[test]
fn flop_per_second_should_divide_the_work_by_the_windows_time() {
	// 600 tiles in 20 slots of 6 s: 10.7 GFLOP/s.
	assert_eq!(flop_per_second(600, 20, 6_000), 10_737_418_240);
	assert_eq!(flop_per_second(600, 0, 6_000), 0);
	assert_eq!(
		flop_per_second(u32::MAX, 1, 1),
		9_223_372_034_707_292_160_000u128.min(u128::from(u64::MAX)) as u64
	);
}

proptest! {
	#![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

	#[test]
	fn multiplier_should_never_fall_when_time_grows(
		time in prop_oneof![any::<u64>(), 0..400 * DAY],
		more in prop_oneof![0u64..1_000_000, any::<u64>()],
	) {
		prop_assert!(multiplier(time) <= multiplier(time.saturating_add(more)));
		prop_assert!(multiplier(time) >= Multiplier::NEWCOMER);
	}

	#[test]
	fn after_missed_should_be_the_shortest_time_with_the_halved_multiplier(
		time in prop_oneof![any::<u64>(), 0..400 * DAY],
		missed in 1u32..6,
	) {
		let rest = after_missed(time, missed);
		let halved = (multiplier(time).0 >> missed).max(1_000_000);
		prop_assert!(rest <= time);
		prop_assert_eq!(multiplier(rest).0, halved);
		if rest > 0 {
			prop_assert!(multiplier(rest - 1).0 < halved);
		}
	}

	#[test]
	fn rate_claim_should_round_down_the_exact_rate(
		tiles in any::<u32>(),
		window in 1u32..1_000,
		late in 0u64..1_000,
	) {
		let slots = u64::from(window) + late;
		let exact = u64::from(tiles) * u64::from(window) / slots;
		prop_assert_eq!(u64::from(rate_claim(tiles, window, slots)), exact);
	}

	#[test]
	fn credits_should_not_gain_by_splitting_a_claim(a in 0u32..1 << 29, b in 0u32..1 << 29) {
		let m = Multiplier(1_234_567);
		prop_assert!(credits(a, m) + credits(b, m) <= credits(a + b, m));
	}

	#[test]
	fn capacity_should_stay_below_mean_and_last_opened(
		recent in prop::collection::vec(any::<u32>(), 1..20),
		last in any::<u32>(),
	) {
		let sum: u64 = recent.iter().map(|x| u64::from(*x)).sum();
		let capacity = u64::from(capacity(&recent, last));
		prop_assert_eq!(capacity, u64::from(last).min(sum / recent.len() as u64));
	}
}
