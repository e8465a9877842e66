//! Workers and their hot keys.

use crate::{
	mock::*,
	pallet::{HoldReason, Keys, Workers as Records},
	Activity, Error, Event, Workers as _,
};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::DispatchError;

const NEW: AccountId = 30;

fn add(key: AccountId) -> frame_support::dispatch::DispatchResult {
	Operators::add_worker(RuntimeOrigin::signed(ALICE), key)
}

fn rotate(worker: u64, key: AccountId) -> frame_support::dispatch::DispatchResult {
	Operators::rotate_key(RuntimeOrigin::signed(ALICE), worker, key)
}

fn remove(worker: u64) -> frame_support::dispatch::DispatchResult {
	Operators::remove_worker(RuntimeOrigin::signed(ALICE), worker)
}

#[test]
fn add_worker_should_hold_a_deposit_when_the_key_is_fresh() {
	build_and_execute(|| {
		let before = held(HoldReason::Deposit, ALICE);
		assert_ok!(add(NEW));
		assert_eq!(held(HoldReason::Deposit, ALICE), before + WORKER_DEPOSIT);
		assert_eq!(Operators::worker_of(&NEW), Some(1));
		assert_eq!(Operators::key_of(1), Some(NEW));
		assert_eq!(Operators::operator_of(1), Some(ALICE));
		assert_eq!(Operators::workers_of(ALICE), vec![0, 1]);
		assert!(happened(Event::WorkerAdded {
			operator: ALICE,
			worker: 1,
			key: NEW,
			deposit: WORKER_DEPOSIT
		}));
	});
}

#[test]
fn add_worker_should_fail_when_the_key_could_move_funds_or_is_taken() {
	build_and_execute(|| {
		assert_noop!(add(ALICE), Error::<Test>::KeyIsOperator);
		assert_noop!(add(PAYOUT), Error::<Test>::KeyIsPayout);
		assert_noop!(add(KEY), Error::<Test>::KeyInUse);
		assert_ok!(register(BOB, BOB));
		assert_noop!(add(BOB), Error::<Test>::KeyIsOperator);
		assert_noop!(
			Operators::add_worker(RuntimeOrigin::signed(CAROL), NEW),
			Error::<Test>::UnknownOperator
		);
	});
}

#[test]
fn add_worker_should_fail_when_there_are_too_many() {
	build_and_execute(|| {
		for key in 0..u64::from(MaxWorkers::get()) - 1 {
			assert_ok!(add(NEW + key));
		}
		assert_noop!(add(NEW + 100), Error::<Test>::TooManyWorkers);
	});
}

#[test]
fn worker_numbers_should_never_be_reused_when_workers_are_removed() {
	build_and_execute(|| {
		assert_ok!(add(NEW));
		assert_ok!(remove(1));
		assert_ok!(add(NEW));
		assert_eq!(Operators::worker_of(&NEW), Some(2));
		assert_eq!(Operators::operator_of(1), None);
	});
}

#[test]
fn rotated_key_should_sign_only_when_the_next_round_has_begun() {
	build_and_execute(|| {
		assert_ok!(rotate(0, NEW));
		assert!(happened(Event::KeyRotated { worker: 0, key: NEW, from_round: 6 }));
		assert_eq!(Operators::worker_of(&KEY), Some(0));
		assert_eq!(Operators::worker_of(&NEW), None);
		let next = Operators::worker_status(0).unwrap().next_key.unwrap();
		assert_eq!((next.key, next.from_round), (NEW, 6));
		assert_noop!(
			Operators::ensure_worker(RuntimeOrigin::signed(NEW)),
			Error::<Test>::NotAHotKey
		);
		Round::set(6);
		assert_eq!(Operators::worker_of(&KEY), None);
		assert_eq!(Operators::ensure_worker(RuntimeOrigin::signed(NEW)), Ok(0));
		assert_eq!(Operators::key_of(0), Some(NEW));
		let status = Operators::worker_status(0).unwrap();
		assert_eq!((status.key, status.next_key), (NEW, None));
		Round::set(5);
	});
}

#[test]
fn ensure_worker_should_fail_when_the_origin_is_no_hot_key() {
	build_and_execute(|| {
		assert_noop!(
			Operators::ensure_worker(RuntimeOrigin::signed(ALICE)),
			Error::<Test>::NotAHotKey
		);
		assert_noop!(Operators::ensure_worker(RuntimeOrigin::root()), DispatchError::BadOrigin);
		assert_eq!(Operators::ensure_worker(RuntimeOrigin::signed(KEY)), Ok(0));
	});
}

#[test]
fn rotation_should_replace_the_waiting_key_when_it_is_not_effective() {
	build_and_execute(|| {
		assert_ok!(rotate(0, NEW));
		assert_noop!(rotate(0, NEW), Error::<Test>::KeyInUse);
		assert_ok!(rotate(0, NEW + 1));
		assert_eq!(Keys::<Test>::get(NEW), None);
		assert_eq!(Keys::<Test>::get(KEY), Some(0));
		// The key that was replaced is free for another worker.
		assert_ok!(add(NEW));
	});
}

#[test]
fn rotation_should_free_the_old_key_when_it_is_followed_by_another() {
	build_and_execute(|| {
		assert_ok!(rotate(0, NEW));
		Round::set(6);
		// Until then nobody else can take it, whatever it signed.
		assert_noop!(add(KEY), Error::<Test>::KeyInUse);
		assert_ok!(rotate(0, NEW + 1));
		assert_eq!(Keys::<Test>::get(KEY), None);
		assert_eq!(Operators::worker_of(&NEW), Some(0));
		Round::set(7);
		assert_eq!(Operators::worker_of(&NEW), None);
		assert_eq!(Operators::worker_of(&(NEW + 1)), Some(0));
		Round::set(5);
	});
}

#[test]
fn rotate_should_fail_when_caller_or_key_is_wrong() {
	build_and_execute(|| {
		assert_ok!(register(BOB, BOB));
		assert_noop!(
			Operators::rotate_key(RuntimeOrigin::signed(BOB), 0, NEW),
			Error::<Test>::NotTheOperator
		);
		assert_noop!(rotate(7, NEW), Error::<Test>::UnknownWorker);
		assert_noop!(rotate(0, ALICE), Error::<Test>::KeyIsOperator);
		assert_noop!(rotate(0, PAYOUT), Error::<Test>::KeyIsPayout);
		assert_noop!(rotate(0, KEY), Error::<Test>::KeyInUse);
	});
}

#[test]
fn remove_worker_should_give_the_deposit_back_when_nothing_is_open() {
	build_and_execute(|| {
		assert_ok!(Operators::remove_device(RuntimeOrigin::signed(ALICE), 0, 0));
		assert_ok!(rotate(0, NEW));
		assert_ok!(remove(0));
		assert_eq!(held(HoldReason::Deposit, ALICE), 0);
		assert_eq!(Keys::<Test>::iter().count(), 0);
		assert!(!Records::<Test>::contains_key(0));
		assert_eq!(Operators::worker_of_key(KEY), None);
		assert!(happened(Event::WorkerRemoved {
			operator: ALICE,
			worker: 0,
			deposit: WORKER_DEPOSIT
		}));
	});
}

#[test]
fn remove_worker_should_fail_when_something_is_open() {
	execute(fifths(), || {
		assert_noop!(remove(0), Error::<Test>::WorkerHasDevices);
		assert_ok!(Operators::remove_device(RuntimeOrigin::signed(ALICE), 0, 0));
		WorkerIsOwed::set(true);
		assert_noop!(remove(0), Error::<Test>::WorkerHasObligations);
		WorkerIsOwed::set(false);
		let report = crate::Obligation { worker: 0, device: 0, nonce: 1 };
		assert_ok!(<Operators as crate::Security<_, _, _>>::reserve(
			&ALICE,
			crate::Service::Data,
			report,
			10
		));
		assert_noop!(remove(0), Error::<Test>::WorkerHasObligations);
		assert_noop!(
			Operators::remove_worker(RuntimeOrigin::signed(BOB), 0),
			Error::<Test>::NotTheOperator
		);
		assert_noop!(remove(9), Error::<Test>::UnknownWorker);
	});
}

#[test]
fn worker_should_be_inactive_when_its_operator_retires_or_lacks_stake() {
	build_and_execute(|| {
		assert!(Operators::is_active(0));
		assert!(!Operators::is_active(9));
		MinimumBond::set(BOND + 1);
		assert!(!Operators::is_active(0));
		assert_eq!(Operators::worker_status(0).unwrap().activity, Activity::BondBelowMinimum);
		MinimumBond::set(1_000);
		assert_ok!(Operators::retire(RuntimeOrigin::signed(ALICE)));
		assert!(!Operators::is_active(0));
		assert_eq!(Operators::worker_status(0).unwrap().activity, Activity::Retiring);
		// It still has to answer for what it began.
		assert_eq!(Operators::ensure_worker(RuntimeOrigin::signed(KEY)), Ok(0));
	});
}
