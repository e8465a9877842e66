//! Devices of a worker.

use crate::{
	mock::*,
	pallet::{Devices, HoldReason, Workers as Records},
	Error, Event, Occupancy, Workers as _,
};
use frame_support::{assert_noop, assert_ok, BoundedVec};
use sp_runtime::DispatchError;

fn text(words: &str) -> BoundedVec<u8, MaxDescription> {
	words.as_bytes().to_vec().try_into().unwrap()
}

fn add(words: &str) -> frame_support::dispatch::DispatchResult {
	Operators::add_device(RuntimeOrigin::signed(ALICE), 0, text(words))
}

#[test]
fn add_device_should_hold_a_deposit_when_there_is_room() {
	build_and_execute(|| {
		let before = held(HoldReason::Deposit, ALICE);
		assert_ok!(add("10de:2684"));
		assert_eq!(held(HoldReason::Deposit, ALICE), before + DEVICE_DEPOSIT);
		assert!(Operators::device_exists(0, 1));
		assert!(!Operators::device_exists(0, 2));
		assert!(happened(Event::DeviceAdded {
			worker: 0,
			device: 1,
			description: text("10de:2684"),
			deposit: DEVICE_DEPOSIT
		}));
		let status = Operators::worker_status(0).unwrap();
		assert_eq!(status.devices.len(), 2);
		assert_eq!(status.devices[1].description, b"10de:2684".to_vec());
	});
}

#[test]
fn add_device_should_fail_when_there_are_too_many() {
	build_and_execute(|| {
		assert_ok!(add("a"));
		assert_ok!(add("b"));
		assert_noop!(add("c"), Error::<Test>::TooManyDevices);
		assert_ok!(Operators::remove_device(RuntimeOrigin::signed(ALICE), 0, 1));
		// An index is never used twice, and there is an end to them.
		Records::<Test>::mutate(0, |worker| worker.as_mut().unwrap().next_device = u16::MAX);
		assert_noop!(add("c"), Error::<Test>::TooManyDevices);
	});
}

#[test]
fn device_index_should_never_be_reused_when_a_device_is_removed() {
	build_and_execute(|| {
		assert_ok!(Operators::remove_device(RuntimeOrigin::signed(ALICE), 0, 0));
		assert_ok!(add("another"));
		assert!(!Operators::device_exists(0, 0));
		assert!(Operators::device_exists(0, 1));
	});
}

#[test]
fn device_calls_should_fail_when_the_caller_is_not_the_operator() {
	build_and_execute(|| {
		assert_ok!(register(BOB, BOB));
		let bob = || RuntimeOrigin::signed(BOB);
		let error: DispatchError = Error::<Test>::NotTheOperator.into();
		assert_noop!(Operators::add_device(bob(), 0, text("x")), error);
		assert_noop!(Operators::describe_device(bob(), 0, 0, text("x")), error);
		assert_noop!(Operators::remove_device(bob(), 0, 0), error);
		let error: DispatchError = Error::<Test>::UnknownWorker.into();
		assert_noop!(Operators::add_device(bob(), 8, text("x")), error);
		assert_noop!(Operators::describe_device(bob(), 8, 0, text("x")), error);
		assert_noop!(Operators::remove_device(bob(), 8, 0), error);
	});
}

#[test]
fn describe_device_should_replace_words_when_the_device_exists() {
	build_and_execute(|| {
		let alice = || RuntimeOrigin::signed(ALICE);
		assert_ok!(Operators::describe_device(alice(), 0, 0, text("new")));
		assert_eq!(Devices::<Test>::get(0, 0).unwrap().description, text("new"));
		assert!(happened(Event::DeviceDescribed {
			worker: 0,
			device: 0,
			description: text("new")
		}));
		assert_noop!(
			Operators::describe_device(alice(), 0, 5, text("new")),
			Error::<Test>::UnknownDevice
		);
	});
}

#[test]
fn remove_device_should_give_the_deposit_back_when_it_is_free() {
	build_and_execute(|| {
		let alice = || RuntimeOrigin::signed(ALICE);
		assert_ok!(Operators::remove_device(alice(), 0, 0));
		assert_eq!(held(HoldReason::Deposit, ALICE), WORKER_DEPOSIT);
		assert!(happened(Event::DeviceRemoved { worker: 0, device: 0, deposit: DEVICE_DEPOSIT }));
		assert_noop!(Operators::remove_device(alice(), 0, 0), Error::<Test>::UnknownDevice);
	});
}

#[test]
fn remove_device_should_fail_when_it_is_in_use_or_obliged() {
	build_and_execute(|| {
		let alice = || RuntimeOrigin::signed(ALICE);
		assert_ok!(<Operators as Occupancy>::occupy(0, 0, 1));
		assert_noop!(Operators::remove_device(alice(), 0, 0), Error::<Test>::DeviceIsOccupied);
		assert_ok!(<Operators as Occupancy>::release(0, 0, 1));
		assert_ok!(reserve(0, 10));
		assert_noop!(Operators::remove_device(alice(), 0, 0), Error::<Test>::DeviceHasObligations);
		assert_ok!(release(0));
		assert_ok!(Operators::remove_device(alice(), 0, 0));
	});
}

#[test]
fn f01_description_should_change_nothing_but_itself_when_it_lies() {
	build_and_execute(|| {
		let before = record(ALICE);
		let words = text("8x H200, 1000 TFLOP/s, trust me");
		assert_ok!(Operators::describe_device(RuntimeOrigin::signed(ALICE), 0, 0, words));
		assert_eq!(record(ALICE), before);
	});
}
