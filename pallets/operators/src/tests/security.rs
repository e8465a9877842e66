//! Reservations.

use crate::{mock::*, Error, Event, Obligation, Security, Service};
use frame_support::{assert_noop, assert_ok, assert_storage_noop};

#[test]
fn reserve_should_set_stake_aside_when_it_is_free() {
	build_and_execute(|| {
		assert_ok!(reserve(1, 2_000));
		assert_eq!(Operators::reserved(&ALICE, Service::Flops, duty(1)), 2_000);
		assert_eq!(Operators::reserved(&ALICE, Service::Market, duty(1)), 0);
		assert_eq!(Operators::free_stake(&ALICE, Service::Flops), 3_000);
		assert_eq!(Operators::free_stake(&BOB, Service::Flops), 0);
		assert!(happened(Event::StakeReserved {
			operator: ALICE,
			service: Service::Flops,
			obligation: duty(1),
			amount: 2_000
		}));
	});
}

#[test]
fn reserve_should_fail_when_stake_is_promised_already() {
	build_and_execute(|| {
		assert_ok!(reserve(1, 3_000));
		assert_noop!(reserve(1, 1), Error::<Test>::AlreadyReserved);
		assert_noop!(reserve(2, 2_001), Error::<Test>::InsufficientStake);
		assert_noop!(reserve(2, 0), Error::<Test>::AmountIsZero);
		// Another service has nothing of this stake.
		assert_noop!(
			Operators::reserve(&ALICE, Service::Jobs, duty(1), 1),
			Error::<Test>::InsufficientStake
		);
		assert_ok!(reserve(2, 2_000));
		assert_eq!(Operators::free_stake(&ALICE, Service::Flops), 0);
	});
}

#[test]
fn reserve_should_fail_when_the_operator_may_not_take_on_more() {
	build_and_execute(|| {
		assert_noop!(
			Operators::reserve(&BOB, Service::Flops, duty(1), 1),
			Error::<Test>::UnknownOperator
		);
		MinimumBond::set(BOND + 1);
		assert_noop!(reserve(1, 1), Error::<Test>::BondBelowMinimum);
		MinimumBond::set(1_000);
		assert_ok!(Operators::retire(RuntimeOrigin::signed(ALICE)));
		assert_noop!(reserve(1, 1), Error::<Test>::OperatorRetiring);
	});
}

#[test]
fn reserve_should_bind_worker_and_device_when_the_service_needs_them() {
	execute(fifths(), || {
		assert_ok!(Operators::register(
			RuntimeOrigin::signed(BOB),
			BOB,
			fifths().try_into().unwrap()
		));
		let strange = Obligation { worker: 7, device: 9, nonce: 0 };
		let no_device = Obligation { worker: 0, device: 9, nonce: 0 };
		for service in [Service::Flops, Service::Market, Service::Jobs, Service::Data] {
			assert_noop!(
				Operators::reserve(&ALICE, service, strange, 10),
				Error::<Test>::UnknownWorker
			);
			assert_noop!(
				Operators::reserve(&BOB, service, duty(0), 10),
				Error::<Test>::NotTheOperator
			);
		}
		for service in [Service::Flops, Service::Market] {
			assert_noop!(
				Operators::reserve(&ALICE, service, no_device, 10),
				Error::<Test>::UnknownDevice
			);
		}
		for service in [Service::Jobs, Service::Data] {
			assert_ok!(Operators::reserve(&ALICE, service, no_device, 10));
		}
		// The operator itself is obliged.
		assert_ok!(Operators::reserve(&BOB, Service::Consensus, strange, 10));
		assert_ok!(Operators::release(&BOB, Service::Consensus, strange));
	});
}

#[test]
fn release_should_free_the_stake_when_the_obligation_is_final() {
	build_and_execute(|| {
		assert_ok!(reserve(1, 2_000));
		assert_ok!(release(1));
		assert_eq!(Operators::free_stake(&ALICE, Service::Flops), BOND);
		assert!(happened(Event::StakeReleased {
			operator: ALICE,
			service: Service::Flops,
			obligation: duty(1),
			amount: 2_000
		}));
		assert_noop!(release(1), Error::<Test>::UnknownReservation);
		assert_noop!(
			Operators::release(&BOB, Service::Flops, duty(1)),
			Error::<Test>::UnknownOperator
		);
	});
}

#[test]
fn failing_reservation_should_leave_no_trace_when_the_caller_goes_on() {
	build_and_execute(|| {
		// The worker is counted before the device is found missing.
		let no_device = Obligation { worker: 0, device: 9, nonce: 0 };
		assert_storage_noop!({
			let _ = Operators::reserve(&ALICE, Service::Flops, no_device, 10);
		});
		assert_storage_noop!({
			let _ = release(5);
		});
		assert_storage_noop!({
			let _ = convict(5, crate::Fault::WrongOpening, None);
		});
	});
}
