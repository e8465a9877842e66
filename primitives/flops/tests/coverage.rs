//! The audit budget and the coverage rule.

use assay_flops::{
	coverage::{
		aim, audit_ratios, buffer_level, coverable, covered, pay, payable, required_buffer,
	},
	Parameters, Ratio,
};
use proptest::prelude::*;

const LIVE: Parameters = Parameters::LIVE;

#[test]
fn audit_ratios_should_give_half_to_uncovered_claims_and_pass_on_what_is_spare() {
	let ratio = |num, den| Ratio { num, den };
	for (covered, uncovered, expected) in [
		(0, 0, (Ratio::ONE, Ratio::ONE)),
		(10, 10, (Ratio::ONE, Ratio::ONE)),
		(512, 0, (Ratio::ONE, Ratio::ONE)),
		(10_000, 0, (ratio(512, 10_000), Ratio::ONE)),
		(10_000, 100, (ratio(412, 10_000), Ratio::ONE)),
		(10_000, 300, (ratio(256, 10_000), ratio(256, 300))),
		(100, 10_000, (Ratio::ONE, ratio(412, 10_000))),
		(0, 10_000, (Ratio::ONE, ratio(512, 10_000))),
	] {
		assert_eq!(audit_ratios(512, covered, uncovered), expected, "{covered}, {uncovered}");
	}
	assert_eq!(audit_ratios(3, 9, 9), (ratio(1, 9), ratio(2, 9)));
	assert_eq!(audit_ratios(0, 9, 9), (ratio(0, 9), ratio(0, 9)));
}

#[test]
fn aim_should_be_the_smaller_probability_of_now_and_of_a_network_of_covered_claims() {
	for (covered, uncovered, (num, den)) in [
		(0, 0, (1, 1)),
		(10, 20, (1, 1)),
		// Nobody is covered: once all are, 512 of 10,000 will be drawn.
		(0, 10_000, (512, 10_000)),
		(100, 9_900, (512, 10_000)),
		// Half of the budget is for the others.
		(10_000, 300, (256, 10_000)),
		(10_000, 100, (412, 10_000)),
		(10_000, 0, (512, 10_000)),
		(u32::MAX, u32::MAX, (256, u32::MAX.into())),
	] {
		assert_eq!(aim(512, covered, uncovered), Ratio { num, den }, "{covered}, {uncovered}");
	}
}

#[test]
fn required_buffer_should_be_sixty_claims_when_one_in_twenty_is_drawn() {
	// q (1 − α) (P + r) ≥ 2 r with q = 5 % and α = 1/3: P + r ≥ 60 r.
	let q = Ratio { num: 1, den: 20 };
	assert_eq!(required_buffer(q, &LIVE, 1_000), 59_000);
	assert_eq!(required_buffer(Ratio::ONE, &LIVE, 1_000), 2_000);
	assert!(covered(q, &LIVE, 59_000, 1_000) && !covered(q, &LIVE, 58_999, 1_000));
}

#[test]
fn nothing_should_be_covered_when_nobody_is_drawn_or_the_rule_is_broken() {
	for (q, params) in [
		(Ratio::ZERO, LIVE),
		(Ratio { num: 1, den: 0 }, LIVE),
		(Ratio::ONE, Parameters { colluding_authors: Ratio::ONE, ..LIVE }),
		(Ratio::ONE, Parameters { colluding_authors: Ratio { num: 2, den: 1 }, ..LIVE }),
		(Ratio::ONE, Parameters { colluding_authors: Ratio { num: 0, den: 0 }, ..LIVE }),
	] {
		assert_eq!(required_buffer(q, &params, 1), u128::MAX);
		assert!(!covered(q, &params, u128::MAX, 1));
		assert!(covered(q, &params, 0, 0));
		assert_eq!(coverable(q, &params, u128::MAX), 0);
	}
	assert!(!covered(Ratio { num: 1, den: u64::MAX }, &LIVE, u128::MAX, u128::MAX / 2));
	let large = coverable(Ratio::ONE, &LIVE, u128::MAX);
	assert!(large < u128::MAX / 2 && large > u128::MAX / 4);
	assert_eq!(coverable(Ratio::ONE, &Parameters { deterrence: 0, ..LIVE }, 0), u128::MAX);
}

#[test]
fn probability_above_one_should_count_as_one() {
	let q = Ratio { num: 10, den: 1 };
	assert_eq!(required_buffer(q, &LIVE, 7), required_buffer(Ratio::ONE, &LIVE, 7));
}

#[test]
fn payment_should_fill_the_buffer_first_and_never_empty_it() {
	let all = |p: assay_flops::coverage::Payment| (p.paid, p.buffer);
	assert_eq!(all(pay(0, 10, 100)), (0, 10));
	assert_eq!(all(pay(95, 10, 100)), (5, 100));
	assert_eq!(all(pay(100, 10, 100)), (10, 100));
	assert_eq!(all(pay(100, 10, 20)), (10, 100));
	assert_eq!(all(pay(u128::MAX, 10, 0)), (10, u128::MAX));
	assert_eq!(all(pay(100, 10, u128::MAX)), (0, 110));
}

proptest! {
	#![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

	#[test]
	fn audit_ratios_should_never_exceed_the_budget_nor_waste_it(
		budget in 2u32..2_000,
		covered in 0u32..100_000,
		uncovered in 0u32..100_000,
	) {
		let (q_covered, q_uncovered) = audit_ratios(budget, covered, uncovered);
		// A class's expected number of draws, which is a whole number by construction.
		let drawn = |q: Ratio, n: u32| u64::from(n) * q.num / q.den;
		let total = drawn(q_covered, covered) + drawn(q_uncovered, uncovered);
		prop_assert_eq!(total, u64::from(budget.min(covered + uncovered)));
		prop_assert!(drawn(q_uncovered, uncovered) >= u64::from(uncovered.min(budget.div_ceil(2))));
		prop_assert!(q_covered.num <= q_covered.den && q_uncovered.num <= q_uncovered.den);
		prop_assert!(q_covered.num > 0 && q_uncovered.num > 0);
	}

	#[test]
	fn aim_should_never_exceed_the_covered_probability_nor_twice_the_uncovered(
		budget in 2u32..2_000,
		covered in 0u32..10_000,
		uncovered in 0u32..10_000,
	) {
		let less = |a: Ratio, b: Ratio| {
			u128::from(a.num) * u128::from(b.den) <= u128::from(b.num) * u128::from(a.den)
		};
		let aim = aim(budget, covered, uncovered);
		let (q_covered, q_uncovered) = audit_ratios(budget, covered, uncovered);
		prop_assert!(less(aim, q_covered));
		let twice = Ratio { num: 2 * q_uncovered.num, ..q_uncovered };
		prop_assert!(less(aim, twice));
	}

	#[test]
	fn payment_should_never_shrink_a_buffer_nor_pay_before_it_is_full(
		buffer in 0u128..1 << 70,
		granted in 0u128..1 << 70,
		num in 0u64..1_000,
		claim in 0u128..1 << 60,
	) {
		let level = buffer_level(Ratio { num, den: 1_000 }, &LIVE, claim);
		let payment = pay(buffer, granted, level);
		prop_assert_eq!(payment.paid + payment.buffer, buffer + granted);
		prop_assert!(payment.buffer >= buffer && payment.buffer <= buffer.max(level));
		prop_assert!(payment.paid == 0 || payment.buffer >= level);
	}

	#[test]
	fn required_buffer_should_be_the_smallest_that_satisfies_the_rule(
		num in 1u64..100_000,
		more in 0u64..100_000,
		alpha_den in 1u64..1_000,
		alpha in 0u64..1_000,
		deterrence in 2u32..20,
		claim in 1u128..1 << 60,
	) {
		let q = Ratio { num, den: num + more };
		let colluding_authors = Ratio { num: alpha % alpha_den, den: alpha_den };
		let params = Parameters { colluding_authors, deterrence, ..LIVE };
		let honest = u128::from(alpha_den - colluding_authors.num);
		// q (1 − α) (P + r) ≥ λ r without a division.
		let rule = |buffer: u128| {
			u128::from(num) * honest * (buffer + claim)
				>= u128::from(deterrence) * claim * u128::from(q.den) * u128::from(alpha_den)
		};
		let required = required_buffer(q, &params, claim);
		prop_assert!(rule(required) && covered(q, &params, required, claim));
		prop_assert!(required > 0 && !rule(required - 1));
		prop_assert!(!covered(q, &params, required - 1, claim));
		prop_assert!(coverable(q, &params, required) >= claim);
		prop_assert!(coverable(q, &params, required - 1) < claim);
		prop_assert_eq!(payable(q, &params, required, claim), claim);
		let level = buffer_level(q, &params, claim);
		prop_assert!(level > required && covered(q, &params, level, claim + claim / 8));
	}

	#[test]
	fn coverable_should_be_the_largest_claim_that_is_covered(
		num in 0u64..100_000,
		more in 1u64..100_000,
		buffer in 0u128..1 << 70,
	) {
		let q = Ratio { num, den: num + more };
		let most = coverable(q, &LIVE, buffer);
		prop_assert!(covered(q, &LIVE, buffer, most));
		prop_assert!(!covered(q, &LIVE, buffer, most + 1));
		prop_assert_eq!(payable(q, &LIVE, buffer, most + 1), most);
		prop_assert_eq!(payable(q, &LIVE, buffer, most / 2), most / 2);
	}

	#[test]
	fn required_buffer_should_grow_with_the_claim_and_fall_with_the_probability(
		num in 1u64..1_000,
		claim in 0u128..1 << 60,
		more in 0u128..1 << 60,
	) {
		let (q, less) = (Ratio { num, den: 1_000 }, Ratio { num: num - 1, den: 1_000 });
		let required = required_buffer(q, &LIVE, claim);
		prop_assert!(required <= required_buffer(q, &LIVE, claim + more));
		prop_assert!(required <= required_buffer(less, &LIVE, claim));
	}

	#[test]
	fn coverage_should_not_panic_whatever_it_is_given(
		num in any::<u64>(),
		den in any::<u64>(),
		alpha_num in any::<u64>(),
		alpha_den in any::<u64>(),
		deterrence in any::<u32>(),
		buffer in any::<u128>(),
		claim in any::<u128>(),
	) {
		let colluding_authors = Ratio { num: alpha_num, den: alpha_den };
		let params = Parameters { colluding_authors, deterrence, ..LIVE };
		let _ = covered(Ratio { num, den }, &params, buffer, claim);
		let _ = coverable(Ratio { num, den }, &params, buffer);
		let q = Ratio { num, den };
		let payment = pay(buffer / 2, claim / 2, buffer_level(q, &params, claim));
		prop_assert_eq!(payment.paid + payment.buffer, buffer / 2 + claim / 2);
	}
}
