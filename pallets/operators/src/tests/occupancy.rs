//! The occupancy ledger.

use crate::{mock::*, Error, Event, Occupancy, WHOLE_DEVICE};
use frame_support::{assert_noop, assert_ok};

type Ledger = Operators;

fn occupy(share: u16) -> frame_support::dispatch::DispatchResult {
	<Ledger as Occupancy>::occupy(0, 0, share)
}

fn free(share: u16) -> frame_support::dispatch::DispatchResult {
	<Ledger as Occupancy>::release(0, 0, share)
}

#[test]
fn device_should_never_be_sold_twice_when_shares_add_up() {
	build_and_execute(|| {
		assert_ok!(occupy(600));
		assert_noop!(occupy(401), Error::<Test>::DeviceFull);
		assert_ok!(occupy(400));
		assert!(happened(Event::DeviceOccupied {
			worker: 0,
			device: 0,
			share: 400,
			occupied: 1_000
		}));
		assert_eq!(Ledger::occupied(0, 0), WHOLE_DEVICE);
		assert_noop!(occupy(1), Error::<Test>::DeviceFull);
		assert_noop!(occupy(WHOLE_DEVICE), Error::<Test>::DeviceFull);
		assert_ok!(free(600));
		assert!(happened(Event::DeviceFreed { worker: 0, device: 0, share: 600, occupied: 400 }));
		assert_noop!(free(401), Error::<Test>::ShareNotOccupied);
		assert_ok!(free(400));
		assert_eq!(Ledger::occupied(0, 0), 0);
		assert_eq!(Ledger::occupied(4, 2), 0);
	});
}

#[test]
fn ledger_should_refuse_when_share_worker_or_device_is_wrong() {
	build_and_execute(|| {
		for share in [0, WHOLE_DEVICE + 1, u16::MAX] {
			assert_noop!(occupy(share), Error::<Test>::InvalidShare);
			assert_noop!(free(share), Error::<Test>::InvalidShare);
		}
		assert_noop!(Ledger::occupy(5, 0, 1), Error::<Test>::UnknownWorker);
		assert_noop!(Ledger::occupy(0, 5, 1), Error::<Test>::UnknownDevice);
		assert_noop!(<Ledger as Occupancy>::release(0, 5, 1), Error::<Test>::UnknownDevice);
	});
}

#[test]
fn device_should_be_freed_but_not_sold_when_its_worker_is_inactive() {
	build_and_execute(|| {
		assert_ok!(occupy(500));
		assert_ok!(Operators::retire(RuntimeOrigin::signed(ALICE)));
		assert_noop!(occupy(1), Error::<Test>::WorkerInactive);
		assert_ok!(free(500));
	});
}
