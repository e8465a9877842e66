//! Becoming an operator.

use crate::{mock::*, pallet::HoldReason, Error, Event};
use frame_support::{assert_noop, assert_ok, traits::fungible::Inspect};
use sp_runtime::TokenError;

#[test]
fn register_should_hold_the_minimum_bond_when_the_account_can_pay() {
	build_and_execute(|| {
		assert_ok!(register(BOB, CAROL));
		assert_eq!(held(HoldReason::Bond, BOB), MinimumBond::get());
		assert_eq!(record(BOB).bonded, MinimumBond::get());
		assert_eq!(record(BOB).payout, CAROL);
		assert!(happened(Event::OperatorRegistered {
			operator: BOB,
			payout: CAROL,
			bond: MinimumBond::get(),
			allocations: all_flops().try_into().unwrap()
		}));
	});
}

#[test]
fn register_should_fail_when_the_account_is_an_operator() {
	build_and_execute(|| {
		assert_noop!(register(ALICE, PAYOUT), Error::<Test>::AlreadyRegistered);
	});
}

#[test]
fn register_should_fail_when_a_hot_key_is_involved() {
	build_and_execute(|| {
		assert_ok!(Operators::add_worker(RuntimeOrigin::signed(ALICE), CAROL));
		assert_noop!(register(CAROL, BOB), Error::<Test>::AccountIsHotKey);
		assert_noop!(register(BOB, KEY), Error::<Test>::PayoutIsHotKey);
	});
}

#[test]
fn register_should_fail_when_funds_are_missing() {
	build_and_execute(|| {
		assert_noop!(register(NOBODY, PAYOUT), TokenError::FundsUnavailable);
	});
}

#[test]
fn set_payout_should_redirect_rewards_when_the_account_is_no_hot_key() {
	build_and_execute(|| {
		assert_ok!(Operators::set_payout(RuntimeOrigin::signed(ALICE), BOB));
		assert_eq!(<Operators as crate::Workers<_>>::payout_of(&ALICE), Some(BOB));
		assert!(happened(Event::PayoutSet { operator: ALICE, payout: BOB }));
		assert_noop!(
			Operators::set_payout(RuntimeOrigin::signed(ALICE), KEY),
			Error::<Test>::PayoutIsHotKey
		);
		assert_noop!(
			Operators::set_payout(RuntimeOrigin::signed(BOB), BOB),
			Error::<Test>::UnknownOperator
		);
	});
}

#[test]
fn bond_more_should_raise_the_bond_when_the_operator_is_not_retiring() {
	build_and_execute(|| {
		let free = Balances::balance(&ALICE);
		assert_ok!(Operators::bond_more(RuntimeOrigin::signed(ALICE), 700));
		assert_eq!(record(ALICE).bonded, BOND + 700);
		assert_eq!(held(HoldReason::Bond, ALICE), BOND + 700);
		assert_eq!(Balances::balance(&ALICE), free - 700);
		assert!(happened(Event::BondRaised { operator: ALICE, amount: 700, bonded: BOND + 700 }));
		assert_noop!(
			Operators::bond_more(RuntimeOrigin::signed(ALICE), 0),
			Error::<Test>::AmountIsZero
		);
		assert_noop!(
			Operators::bond_more(RuntimeOrigin::signed(ALICE), 2 * FUNDS),
			TokenError::FundsUnavailable
		);
		assert_noop!(
			Operators::bond_more(RuntimeOrigin::signed(BOB), 1),
			Error::<Test>::UnknownOperator
		);
		assert_ok!(Operators::retire(RuntimeOrigin::signed(ALICE)));
		assert_noop!(
			Operators::bond_more(RuntimeOrigin::signed(ALICE), 1),
			Error::<Test>::OperatorRetiring
		);
	});
}
