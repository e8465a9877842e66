//! Charges are exact to the last unit, and never favour whoever could repeat them.

use assay_market::{
	charge::{cancellation_fee, charge, fee, scaled, total},
	Amounts, Currency, Parameters, MAX_DEVICES, MAX_PRICE,
};
use proptest::prelude::*;

/// A fee of 2 %, at least 5 and 7.
const RULES: Parameters =
	Parameters { minimum_fee: Amounts { native: 5, credits: 7 }, ..Parameters::LIVE };

#[test]
fn a_charge_should_be_what_the_page_says() {
	// Two devices at 1,000 for 10 blocks, one of which was missed; one device proves half.
	let charge = charge(1_000, 80, &[80, 40], 10, 9, Currency::Native, &RULES);
	assert_eq!(charge.net + charge.fee, 9 * 1_000 + 9 * 500);
	assert_eq!(charge.fee, 270);
	assert_eq!(charge.refund, 20_000 - 13_500);
}

#[test]
fn f12_the_minimum_fee_should_be_burnt_when_the_price_is_low() {
	assert_eq!(fee(20, 1, Currency::Native, &RULES), 5);
	assert_eq!(fee(20, 1, Currency::Credits, &RULES), 7);
	assert_eq!(fee(2_000, 4, Currency::Native, &RULES), 40);
	assert_eq!(fee(2_001, 4, Currency::Native, &RULES), 41, "the share is rounded up");
	assert_eq!(fee(3, 1, Currency::Native, &RULES), 3, "never more than the payment");
	assert_eq!(fee(0, 9, Currency::Native, &RULES), 0);
}

#[test]
fn f11_half_a_device_should_earn_half() {
	assert_eq!(scaled(1_001, 50, 100), 500);
	assert_eq!(scaled(1_001, 200, 100), 1_001, "more than was bought costs no more");
	assert_eq!(scaled(1_001, 0, 100), 0);
	assert_eq!(scaled(1_001, 5, 0), 0);
	assert_eq!(scaled(u128::MAX, u64::MAX - 1, u64::MAX), u128::MAX - 18_446_744_073_709_551_617);
}

#[test]
fn products_should_stay_amounts_at_the_highest_price() {
	let most = total(MAX_PRICE, MAX_DEVICES, u32::MAX);
	assert_eq!(most / MAX_PRICE, u128::from(MAX_DEVICES) * u128::from(u32::MAX));
	assert_eq!(total(u128::MAX, 2, 1), u128::MAX);
}

#[test]
fn a_cancellation_should_never_cost_more_than_the_escrow() {
	assert_eq!(cancellation_fee(1_000, 4, Currency::Native, &RULES), 20);
	assert_eq!(cancellation_fee(1_000, 4, Currency::Credits, &RULES), 28);
	assert_eq!(cancellation_fee(19, 4, Currency::Native, &RULES), 19);
}

fn currency() -> impl Strategy<Value = Currency> {
	prop_oneof![Just(Currency::Native), Just(Currency::Credits)]
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(5_000))]

	#[test]
	fn m08_the_parts_of_a_charge_should_add_up_to_what_was_held(
		price in 0..=MAX_PRICE, bought in any::<u64>(), covered in any::<u32>(),
		payable in any::<u32>(), currency in currency(),
		capacities in prop::collection::vec(any::<u64>(), 0..=16),
	) {
		let parts = charge(price, bought, &capacities, covered, payable, currency, &RULES);
		let held = total(price, capacities.len() as u32, covered);
		prop_assert_eq!(parts.net + parts.fee + parts.refund, held);
		let paid = total(price, capacities.len() as u32, payable.min(covered));
		prop_assert!(parts.net + parts.fee <= paid);
	}

	#[test]
	fn m08_settling_often_should_never_pay_the_provider_more(
		price in 10u128..10_000, bought in 1u64..1_000, capacities in prop::collection::vec(0u64..2_000, 1..=4),
		cuts in prop::collection::vec(1u32..50, 1..20), currency in currency(),
	) {
		let whole: u32 = cuts.iter().sum();
		let once = charge(price, bought, &capacities, whole, whole, currency, &RULES);
		let (mut net, mut fees) = (0, 0);
		for blocks in &cuts {
			let part = charge(price, bought, &capacities, *blocks, *blocks, currency, &RULES);
			net += part.net;
			fees += part.fee;
		}
		prop_assert!(net <= once.net, "{net} {}", once.net);
		prop_assert!(net + fees <= once.net + once.fee);
		// Each settlement rounds down once for every device.
		prop_assert!(net + fees + (cuts.len() * capacities.len()) as u128 > once.net + once.fee);
	}

	#[test]
	fn a_price_that_is_allowed_should_leave_the_provider_half_when_it_keeps_what_it_sold(
		price in 0u128..1_000, count in 1usize..=16, blocks in 1u32..1_000, bought in 1u64..,
		currency in currency(), fee_ppm in 1u32..=500_000,
	) {
		let rules = Parameters { fee_ppm, ..RULES };
		if rules.is_price(price, currency) {
			let parts = charge(price, bought, &vec![bought; count], blocks, blocks, currency, &rules);
			prop_assert_eq!(parts.refund, 0);
			prop_assert!(parts.net >= parts.fee.saturating_sub(1));
			prop_assert!(parts.fee > 0);
		}
	}
}
