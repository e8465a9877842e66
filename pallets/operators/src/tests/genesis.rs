//! Operators of the chain specification.

use crate::{mock::*, pallet::HoldReason, Workers as _};
use frame_support::assert_ok;

#[test]
fn genesis_should_build_operators_when_accounts_are_endowed() {
	genesis(vec![
		(ALICE, PAYOUT, 2_000, all_flops(), vec![(KEY, 2), (31, 0)]),
		(BOB, BOB, MinimumBond::get(), fifths(), vec![]),
	])
	.execute_with(|| {
		assert_eq!(record(ALICE).bonded, 2_000);
		assert_eq!(record(ALICE).workers, 2);
		assert_eq!(record(BOB).workers, 0);
		assert_eq!(Operators::worker_of(&KEY), Some(0));
		assert_eq!(Operators::worker_of(&31), Some(1));
		assert!(Operators::device_exists(0, 1));
		assert!(!Operators::device_exists(1, 0));
		assert_eq!(held(HoldReason::Deposit, ALICE), 2 * WORKER_DEPOSIT + 2 * DEVICE_DEPOSIT);
		assert_ok!(Operators::do_try_state());
	});
}

#[test]
#[should_panic = "BondBelowMinimum"]
fn genesis_should_panic_when_the_bond_is_below_the_minimum() {
	genesis(vec![(ALICE, PAYOUT, MinimumBond::get() - 1, vec![], vec![])]);
}

#[test]
#[should_panic = "KeyIsOperator"]
fn genesis_should_panic_when_an_operator_is_its_own_hot_key() {
	genesis(vec![(ALICE, PAYOUT, 2_000, all_flops(), vec![(ALICE, 1)])]);
}

#[test]
#[should_panic = "FundsUnavailable"]
fn genesis_should_panic_when_the_account_is_not_endowed() {
	genesis(vec![(NOBODY, PAYOUT, 2_000, vec![], vec![])]);
}

#[test]
#[should_panic = "contradict each other"]
fn genesis_should_panic_when_constants_contradict_each_other() {
	LongestFaultWindow::set(1_000);
	genesis(vec![]);
}
