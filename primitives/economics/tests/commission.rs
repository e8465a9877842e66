//! Raises of a commission, and the shares of a reward.

use assay_economics::{
	commission::{check_raise, share_reward, CommissionError, CommissionRules},
	MILLION,
};
use proptest::prelude::*;

const RULES: CommissionRules = CommissionRules { max_ppm: 300_000, max_raise_ppm: 50_000 };

#[test]
fn raise_should_be_refused_when_it_is_too_large_or_above_the_maximum() {
	assert_eq!(check_raise(100_000, 150_000, &RULES), Ok(()));
	assert_eq!(check_raise(100_000, 150_001, &RULES), Err(CommissionError::RaiseTooLarge));
	assert_eq!(check_raise(290_000, 300_000, &RULES), Ok(()));
	assert_eq!(check_raise(290_000, 300_001, &RULES), Err(CommissionError::AboveMaximum));
	let unbounded = CommissionRules { max_ppm: u32::MAX, max_raise_ppm: u32::MAX };
	assert_eq!(check_raise(0, MILLION, &unbounded), Ok(()));
	assert_eq!(check_raise(0, MILLION + 1, &unbounded), Err(CommissionError::AboveMaximum));
}

#[test]
fn cut_should_always_be_allowed() {
	assert_eq!(check_raise(900_000, 899_999, &RULES), Ok(()));
	assert_eq!(check_raise(900_000, 900_000, &RULES), Ok(()));
	assert_eq!(check_raise(100_000, 0, &RULES), Ok(()));
}

#[test]
fn reward_should_be_shared_by_stake_and_commission() {
	assert_eq!(share_reward(1_000, 250, 750, 100_000), (325, 675));
	assert_eq!(share_reward(1_000, 250, 750, 0), (250, 750));
	assert_eq!(share_reward(1_000, 250, 750, MILLION), (1_000, 0));
	assert_eq!(share_reward(1_000, 250, 750, u32::MAX), (1_000, 0));
	assert_eq!(share_reward(1_000, 1, 0, 0), (1_000, 0));
	assert_eq!(share_reward(1_000, 0, 0, 0), (1_000, 0));
	assert_eq!(share_reward(10, 1, 2, 0), (4, 6), "dust goes to the operator");
	assert_eq!(share_reward(u128::MAX, u128::MAX, 1, 0), (u128::MAX, 0));
}

proptest! {
	#[test]
	fn reward_should_be_conserved_and_never_exceed_the_delegators_share(
		amount in 0..1u128 << 64, own in 0..1u128 << 63, delegated in 0..1u128 << 63,
		commission_ppm in 0..=MILLION,
	) {
		let (operator, delegators) = share_reward(amount, own, delegated, commission_ppm);
		prop_assert_eq!(operator + delegators, amount);
		let stake = own + delegated;
		prop_assume!(stake > 0);
		let gross = amount * delegated / stake;
		let kept = u128::from(MILLION - commission_ppm);
		prop_assert_eq!(delegators, gross * kept / u128::from(MILLION));
	}
}
