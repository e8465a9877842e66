//! F18: nobody leaves before the last fault can be punished.

use crate::{
	mock::*,
	pallet::{HoldReason, Operators as Records, VoidedAt},
	Error, Event, Fault,
};
use frame_support::{
	assert_noop, assert_ok,
	traits::{fungible::Inspect, Hooks},
};

fn retire() -> frame_support::dispatch::DispatchResult {
	Operators::retire(RuntimeOrigin::signed(ALICE))
}

fn withdraw() -> frame_support::dispatch::DispatchResult {
	Operators::withdraw(RuntimeOrigin::signed(ALICE))
}

fn remove_everything() {
	assert_ok!(Operators::remove_device(RuntimeOrigin::signed(ALICE), 0, 0));
	assert_ok!(Operators::remove_worker(RuntimeOrigin::signed(ALICE), 0));
}

#[test]
fn retire_should_unbond_everything_when_nothing_is_reserved() {
	build_and_execute(|| {
		assert_ok!(retire());
		assert!(happened(Event::RetirementBegun { operator: ALICE }));
		assert!(happened(Event::Unbonded { operator: ALICE, amount: BOND, due: 101, bonded: 0 }));
		assert_noop!(retire(), Error::<Test>::NothingToUnbond);
		assert_noop!(
			Operators::add_worker(RuntimeOrigin::signed(ALICE), 50),
			Error::<Test>::OperatorRetiring
		);
		assert_noop!(
			Operators::add_device(RuntimeOrigin::signed(ALICE), 0, Default::default()),
			Error::<Test>::OperatorRetiring
		);
		remove_everything();
		skip(UnbondingDelay::get());
		assert_ok!(withdraw());
		assert!(happened(Event::Retired { operator: ALICE }));
		assert!(!Records::<Test>::contains_key(ALICE));
		assert_eq!(Balances::balance(&ALICE), FUNDS);
		assert_noop!(retire(), Error::<Test>::UnknownOperator);
		// The account may begin anew.
		assert_ok!(register(ALICE, PAYOUT));
	});
}

#[test]
fn f18_stake_should_stay_locked_when_something_is_reserved() {
	build_and_execute(|| {
		assert_ok!(reserve(0, 2_000));
		assert_ok!(retire());
		assert_eq!(record(ALICE).bonded, 2_000);
		assert_noop!(retire(), Error::<Test>::NothingToUnbond);
		skip(10 * UnbondingDelay::get());
		assert_ok!(withdraw());
		// The reservation does not leave, however long it takes.
		assert_eq!(held(HoldReason::Bond, ALICE), 2_000);
		assert_noop!(withdraw(), Error::<Test>::NothingToWithdraw);
		assert_noop!(
			Operators::unbond(RuntimeOrigin::signed(ALICE), 1),
			Error::<Test>::StakeIsReserved
		);
		assert_noop!(
			Operators::remove_device(RuntimeOrigin::signed(ALICE), 0, 0),
			Error::<Test>::DeviceHasObligations
		);
		// The penalty still lands.
		assert_eq!(convict(0, Fault::MissedOpening, None), Ok(2_000));
		skip(EscrowDelay::get());
		assert_ok!(Operators::execute_conviction(RuntimeOrigin::signed(BOB), 0));
		remove_everything();
		assert_ok!(withdraw());
		assert_eq!(Balances::total_balance(&ALICE), FUNDS - 2_000);
		assert_eq!(VoidedAt::<Test>::iter().count(), 0);
	});
}

#[test]
fn f18_operator_should_stay_when_a_conviction_is_in_escrow() {
	build_and_execute(|| {
		EscrowDelay::set(90);
		assert_ok!(reserve(0, 2_000));
		assert_ok!(retire());
		remove_obligation_late();
		EscrowDelay::set(30);
	});
}

fn remove_obligation_late() {
	skip(60);
	assert_ok!(convict(0, Fault::WrongOpening, Some(BOB)));
	remove_everything();
	skip(60);
	assert_ok!(withdraw());
	assert!(Records::<Test>::contains_key(ALICE));
	assert_noop!(withdraw(), Error::<Test>::NothingToWithdraw);
	// A cancelled conviction gives back stake that has to unbond first.
	assert_ok!(Operators::cancel_conviction(RuntimeOrigin::root(), 0, Default::default()));
	assert_noop!(withdraw(), Error::<Test>::NothingToWithdraw);
	assert_ok!(retire());
	assert_noop!(withdraw(), Error::<Test>::NothingToWithdraw);
	skip(UnbondingDelay::get());
	assert_ok!(withdraw());
	assert!(!Records::<Test>::contains_key(ALICE));
}

#[test]
fn retire_should_unbond_in_parts_when_obligations_end_one_by_one() {
	build_and_execute(|| {
		assert_ok!(reserve(0, 2_000));
		assert_ok!(reserve(1, 3_000));
		assert_ok!(retire());
		assert!(!System::events()
			.iter()
			.any(|record| matches!(record.event, RuntimeEvent::Operators(Event::Unbonded { .. }))));
		assert_ok!(release(0));
		assert_ok!(retire());
		assert_eq!(record(ALICE).bonded, 3_000);
		skip(1);
		assert_ok!(release(1));
		assert_ok!(Operators::unbond(RuntimeOrigin::signed(ALICE), 1_000));
		assert_ok!(retire());
		assert_eq!(record(ALICE).bonded, 0);
		skip(UnbondingDelay::get());
		assert_ok!(withdraw());
		// The worker is still there; so is the operator.
		assert!(Records::<Test>::contains_key(ALICE));
		remove_everything();
		assert_ok!(withdraw());
		assert!(!Records::<Test>::contains_key(ALICE));
	});
}

#[test]
fn f18_constants_should_be_refused_when_stake_could_leave_before_the_last_fault() {
	build_and_execute(|| {
		Operators::integrity_test();
		let broken = |break_it: fn(), mend: fn(), message: &str| {
			break_it();
			assert_eq!(Operators::check_constants().unwrap_err(), message);
			mend();
			assert_eq!(Operators::check_constants(), Ok(()));
		};
		broken(
			|| LongestFaultWindow::set(100),
			|| LongestFaultWindow::set(60),
			"unbonding has to take longer than any window in which a fault can be proven",
		);
		broken(
			|| EscrowDelay::set(100),
			|| EscrowDelay::set(30),
			"unbonding has to take longer than the escrow of a conviction",
		);
		broken(
			|| MinimumDelegation::set(ED - 1),
			|| MinimumDelegation::set(100),
			"a delegation has to be at least the existential deposit",
		);
		broken(
			|| MaxCommission::set(1_000_001),
			|| MaxCommission::set(300_000),
			"a commission is at most the whole",
		);
		broken(
			|| CommissionDelay::set(0),
			|| CommissionDelay::set(40),
			"a commission is raised with a delay",
		);
		broken(
			|| MinimumBond::set(0),
			|| MinimumBond::set(1_000),
			"the minimum bond has to be above zero",
		);
		broken(
			|| MaxWorkers::set(0),
			|| MaxWorkers::set(3),
			"an operator has to be able to have a worker",
		);
		broken(
			|| MaxDevices::set(0),
			|| MaxDevices::set(3),
			"a worker has to be able to have a device",
		);
		broken(
			|| MaxUnbondingChunks::set(0),
			|| MaxUnbondingChunks::set(4),
			"an operator has to be able to unbond",
		);
	});
}

#[test]
#[should_panic = "contradict each other"]
fn f18_integrity_test_should_panic_when_unbonding_is_too_short() {
	UnbondingDelay::set(60);
	Operators::integrity_test();
}
