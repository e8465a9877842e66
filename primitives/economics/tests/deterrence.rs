//! The deterrence condition against a plain model of it.

use assay_economics::{
	deterrence::{deters, margin, Margin, Policy, MAX_CONCURRENCY, MAX_VERIFIERS},
	MILLION,
};
use codec::{Decode, Encode, MaxEncodedLen};
use proptest::prelude::*;

/// An ASY, in units.
const ASY: u128 = 1_000_000_000_000;

/// The condition's left side, as one would write it down.
fn plain_risk(policy: &Policy, reward: u128, reservation: u128, reserved: u128) -> f64 {
	let share = |ppm: u32| f64::from(ppm) / 1e6;
	let found = 1. - share(policy.colluding_ppm).powi(policy.verifiers.into());
	let stake = reservation.min(reserved) as f64 * (1. - share(policy.bounty_ppm));
	share(policy.sampling_ppm) * found * (reward as f64 + stake)
}

/// The condition's right side.
fn plain_gain(policy: &Policy, cost: u128) -> f64 {
	f64::from(policy.deterrence) * cost as f64
}

/// Policies within the ranges of the single parameters, most of which break the condition or are
/// far from it.
fn policies() -> impl Strategy<Value = Policy> {
	(
		1..=MILLION,
		1..=MAX_VERIFIERS,
		0..MILLION,
		2..=20u8,
		0..=490_000u32,
		(0..4_000u32),
		1..=MAX_CONCURRENCY,
	)
		.prop_map(
			|(
				sampling_ppm,
				verifiers,
				colluding_ppm,
				deterrence,
				bounty_ppm,
				stake_per_cost,
				concurrency,
			)| Policy {
				sampling_ppm,
				verifiers,
				colluding_ppm,
				deterrence,
				bounty_ppm,
				stake_per_cost,
				concurrency,
			},
		)
}

/// Amounts up to a trillion ASY.
fn amounts() -> impl Strategy<Value = u128> {
	(0..80u32, any::<u128>()).prop_map(|(bits, n)| n & ((1 << bits) - 1))
}

#[test]
fn live_and_development_policies_should_be_valid_with_the_stated_margin() {
	for policy in [Policy::LIVE, Policy::DEVELOPMENT] {
		assert_eq!(policy.validate(), Ok(()));
		let stake = policy.reservation(ASY).expect("a small cost");
		assert_eq!(margin(&policy, 0, stake, stake, ASY).margin_ppm(), 1_152_000, "{policy:?}");
		// A reward of the cost adds to it, but deters from nothing alone.
		assert!(margin(&policy, ASY, stake, stake, ASY).margin_ppm() > 1_152_000);
		assert!(!deters(&policy, ASY, 0, 0, ASY));
	}
	assert_eq!(Policy::LIVE.reservation(ASY), Some(80 * ASY));
}

#[test]
fn margin_should_be_both_sides_of_the_condition() {
	// 5 % · (1 − 20 %²) = 4.8 %, of the reward and of 60 % of the stake.
	let got = margin(&Policy::LIVE, 10_000, 80_000, 80_000, 1_000);
	assert_eq!(got, Margin { gained: 2_000, risked: 480 + 2_304 });
	assert!(got.holds());
	assert_eq!(got.margin_ppm(), 1_392_000);
	// What is not reserved for the job does not count, nor what is reserved beyond the reservation.
	let less = margin(&Policy::LIVE, 10_000, 80_000, 40_000, 1_000);
	assert_eq!(less, Margin { gained: 2_000, risked: 480 + 1_152 });
	assert!(!less.holds());
	assert_eq!(margin(&Policy::LIVE, 10_000, 40_000, u128::MAX, 1_000), less);
}

#[test]
fn margin_should_be_that_of_the_designs_example() {
	let example = Policy {
		sampling_ppm: 10_000,
		verifiers: 1,
		colluding_ppm: 100_000,
		bounty_ppm: 0,
		stake_per_cost: 150,
		..Policy::LIVE
	};
	// 0.9 % of 151.2 times the cost, half of what twice the cost asks for and a third of that more.
	let got = margin(&example, 12 * ASY / 10, 150 * ASY, 150 * ASY, ASY);
	assert_eq!(got, Margin { gained: 2 * ASY, risked: 13_608 * ASY / 10_000 });
	assert_eq!(got.margin_ppm(), 680_400);
	assert!(example.validate().is_err());
	assert_eq!(Policy { stake_per_cost: 223, ..example }.validate(), Ok(()));
}

#[test]
fn margin_should_be_largest_when_there_is_nothing_to_gain_and_broken_when_the_gain_is_no_amount() {
	let free = margin(&Policy::LIVE, 0, 0, 0, 0);
	assert!(free.holds());
	assert_eq!(free.margin_ppm(), u128::MAX);
	let whole = Policy { sampling_ppm: MILLION, colluding_ppm: 0, bounty_ppm: 0, ..Policy::LIVE };
	let all = margin(&whole, u128::MAX, u128::MAX, u128::MAX, u128::MAX / 2);
	assert_eq!(all.risked, u128::MAX);
	assert!(all.holds());
	assert!(!deters(&whole, u128::MAX, u128::MAX, u128::MAX, u128::MAX / 2 + 1));
	assert_eq!(Policy::LIVE.reservation(u128::MAX / 80 + 1), None);
}

#[test]
fn condition_should_hold_from_its_boundary_on() {
	// 4.8 % of 60 % of the stake make 2 · 144 from 10,000 units on, and not before.
	assert!(deters(&Policy::LIVE, 0, 10_000, 10_000, 144));
	assert!(!deters(&Policy::LIVE, 0, 9_999, 10_000, 144));
	assert!(!deters(&Policy::LIVE, 0, 10_000, 9_999, 144));
	assert!(!deters(&Policy::LIVE, 0, 10_000, 10_000, 145));
	// 4.8 % of 500 is 24: what the stake is short of.
	assert!(deters(&Policy::LIVE, 500, 10_000, 10_000, 156));
	assert!(!deters(&Policy::LIVE, 499, 10_000, 10_000, 156));
}

#[test]
fn policy_should_be_refused_with_a_reason_when_it_contradicts_itself_or_lets_cheating_pay() {
	let live = Policy::LIVE;
	for (broken, reason) in [
		(Policy { sampling_ppm: 0, ..live }, "at least one job in a million must be sampled"),
		(Policy { sampling_ppm: MILLION + 1, ..live }, "at most all jobs"),
		(Policy { verifiers: 0, ..live }, "at least one verifier"),
		(Policy { verifiers: MAX_VERIFIERS + 1, ..live }, "at most 16 verifiers"),
		(Policy { colluding_ppm: MILLION, ..live }, "less than all verifiers"),
		(Policy { colluding_ppm: u32::MAX, ..live }, "less than all verifiers"),
		(Policy { deterrence: 0, ..live }, "at least 2"),
		(Policy { deterrence: 1, ..live }, "at least 2"),
		(Policy { bounty_ppm: 490_001, ..live }, "at most 490000"),
		(Policy { bounty_ppm: u32::MAX, ..live }, "at most 490000"),
		(Policy { concurrency: 0, ..live }, "at least one job must be allowed"),
		(Policy { concurrency: MAX_CONCURRENCY + 1, ..live }, "at most a million jobs"),
		// Each parameter just beyond what the others bear.
		(Policy { stake_per_cost: 0, ..live }, "cheating would pay"),
		(Policy { stake_per_cost: 69, ..live }, "cheating would pay"),
		(Policy { sampling_ppm: 43_402, ..live }, "cheating would pay"),
		(Policy { verifiers: 1, colluding_ppm: 170_000, ..live }, "cheating would pay"),
		(Policy { colluding_ppm: 410_000, ..live }, "cheating would pay"),
		(Policy { bounty_ppm: 479_167, ..live }, "cheating would pay"),
		(Policy { deterrence: 3, ..live }, "cheating would pay"),
	] {
		let got = broken.validate();
		assert!(got.is_err_and(|why| why.contains(reason)), "{broken:?}: {got:?}");
	}
	// The last values that pass.
	for sound in [
		Policy { stake_per_cost: 70, ..live },
		Policy { sampling_ppm: 43_403, ..live },
		Policy { sampling_ppm: MILLION, ..live },
		Policy { verifiers: 1, colluding_ppm: 160_000, ..live },
		Policy { verifiers: MAX_VERIFIERS, ..live },
		Policy { colluding_ppm: 400_000, ..live },
		Policy { colluding_ppm: 0, ..live },
		Policy { bounty_ppm: 479_166, ..live },
		Policy { bounty_ppm: 0, ..live },
		Policy { bounty_ppm: 490_000, stake_per_cost: u32::MAX, ..live },
		Policy { deterrence: u8::MAX, stake_per_cost: u32::MAX, ..live },
		Policy { concurrency: 1, ..live },
		Policy { concurrency: MAX_CONCURRENCY, ..live },
	] {
		assert_eq!(sound.validate(), Ok(()), "{sound:?}");
	}
}

#[test]
fn policy_should_keep_its_encoding() {
	let bytes = Policy::LIVE.encode();
	assert_eq!(bytes.len(), Policy::max_encoded_len());
	assert_eq!(Policy::decode(&mut &bytes[..]), Ok(Policy::LIVE));
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(4_096))]

	#[test]
	fn margin_should_agree_with_the_plain_model(
		policy in policies(), reward in amounts(), reservation in amounts(), reserved in amounts(),
		cost in amounts(),
	) {
		let got = margin(&policy, reward, reservation, reserved, cost);
		let risk = plain_risk(&policy, reward, reservation, reserved);
		let gain = plain_gain(&policy, cost);
		prop_assert!((got.gained as f64 - gain).abs() <= gain * 1e-12);
		prop_assert!((got.risked as f64 - risk).abs() <= risk * 1e-9 + 2.);
		// Beyond what rounding can explain, both decide alike.
		if (risk - gain).abs() > gain * 1e-9 + 2. {
			prop_assert_eq!(got.holds(), risk > gain);
		}
		if got.gained > 0 {
			prop_assert_eq!(got.holds(), got.margin_ppm() >= 1_000_000);
		}
	}

	#[test]
	fn margin_should_round_against_the_cheat(
		mut policy in policies(), verifiers in 1..=3u8, reward in 0..100_000_000u128,
		stake in 0..100_000_000u128,
	) {
		policy.verifiers = verifiers;
		// All in parts of 10³⁰: exact with three verifiers at most.
		let million = 1_000_000u128;
		let colluding = u128::from(policy.colluding_ppm).pow(verifiers.into())
			* million.pow(3 - u32::from(verifiers));
		let weight = u128::from(policy.sampling_ppm) * (million.pow(3) - colluding);
		let exact = |amount: u128, ppm: u128| {
			let parts = amount * ppm * weight;
			(parts / million.pow(5), parts % million.pow(5))
		};
		let from_reward = exact(reward, million);
		let from_stake = exact(stake, million - u128::from(policy.bounty_ppm));
		let floor = from_reward.0 + from_stake.0;
		let risked = margin(&policy, reward, stake, stake, 1).risked;
		// Never a unit too much. r³ has no more than eighteen places: nothing else is rounded.
		prop_assert_eq!(risked, floor);
	}

	#[test]
	fn margin_should_be_monotone_in_every_parameter(
		policy in policies(), reward in amounts(), reservation in amounts(), reserved in amounts(),
		cost in amounts(), more in amounts(), parts in 0..MILLION, few in 1..=8u8,
	) {
		let base = margin(&policy, reward, reservation, reserved, cost);
		let risked = |policy: Policy| margin(&policy, reward, reservation, reserved, cost).risked;
		let up = |ppm: u32| (ppm + parts).min(MILLION);
		prop_assert!(margin(&policy, reward + more, reservation, reserved, cost).risked >= base.risked);
		prop_assert!(margin(&policy, reward, reservation + more, reserved, cost).risked >= base.risked);
		prop_assert!(margin(&policy, reward, reservation, reserved + more, cost).risked >= base.risked);
		prop_assert!(margin(&policy, reward, reservation, reserved, cost + more).gained >= base.gained);
		let sampled_more = Policy { sampling_ppm: up(policy.sampling_ppm), ..policy };
		prop_assert!(risked(sampled_more) >= base.risked);
		let verified_more = Policy { verifiers: policy.verifiers + few, ..policy };
		prop_assert!(risked(verified_more) >= base.risked);
		let colluding_more = Policy { colluding_ppm: up(policy.colluding_ppm), ..policy };
		prop_assert!(risked(colluding_more) <= base.risked);
		let paying_more = Policy { bounty_ppm: up(policy.bounty_ppm), ..policy };
		prop_assert!(risked(paying_more) <= base.risked);
		let stricter = Policy { deterrence: policy.deterrence + few, ..policy };
		prop_assert!(margin(&stricter, reward, reservation, reserved, cost).gained >= base.gained);
	}

	#[test]
	fn valid_policy_should_deter_on_every_job_that_reserves_what_it_asks_for(
		policy in policies(), reward in amounts(), cost in amounts(),
	) {
		let stake = policy.reservation(cost).expect("a small cost");
		// With as much at stake as 10³⁰ units of cost bear, the plain model tells every case apart.
		let large = 1_000_000_000_000_000_000_000_000_000_000;
		let large_stake = policy.reservation(large).expect("a cost in range");
		match policy.validate() {
			Ok(()) => prop_assert!(deters(&policy, reward, stake, stake, cost)),
			Err(_) => prop_assert!(!deters(&policy, 0, large_stake, large_stake, large)),
		}
	}

	#[test]
	fn condition_should_bear_any_numbers(
		sampling_ppm: u32, verifiers: u8, colluding_ppm: u32, deterrence: u8, bounty_ppm: u32,
		stake_per_cost: u32, concurrency: u32, amounts: [u128; 4],
	) {
		let policy = Policy {
			sampling_ppm, verifiers, colluding_ppm, deterrence, bounty_ppm, stake_per_cost, concurrency,
		};
		let [reward, reservation, reserved, cost] = amounts;
		let got = margin(&policy, reward, reservation, reserved, cost);
		prop_assert!(got.risked <= reward.saturating_add(reservation.min(reserved)));
		got.margin_ppm();
		let _ = policy.validate();
	}
}
