//! Unbonding and withdrawing.

use crate::{mock::*, pallet::HoldReason, Error, Event, Service};
use frame_support::{assert_noop, assert_ok, traits::fungible::Inspect};

fn unbond(amount: Balance) -> frame_support::dispatch::DispatchResult {
	Operators::unbond(RuntimeOrigin::signed(ALICE), amount)
}

fn withdraw() -> frame_support::dispatch::DispatchResult {
	Operators::withdraw(RuntimeOrigin::signed(ALICE))
}

#[test]
fn unbond_should_start_the_delay_when_the_stake_is_free() {
	build_and_execute(|| {
		assert_ok!(unbond(1_500));
		assert_eq!(record(ALICE).bonded, BOND - 1_500);
		assert_eq!(held(HoldReason::Bond, ALICE), BOND);
		assert!(happened(Event::Unbonded {
			operator: ALICE,
			amount: 1_500,
			due: 101,
			bonded: BOND - 1_500
		}));
	});
}

#[test]
fn unbond_should_fail_when_too_little_would_stay() {
	build_and_execute(|| {
		assert_noop!(unbond(0), Error::<Test>::AmountIsZero);
		assert_noop!(unbond(BOND - MinimumBond::get() + 1), Error::<Test>::BondBelowMinimum);
		assert_noop!(unbond(BOND + 1), Error::<Test>::BondBelowMinimum);
		assert_ok!(reserve(0, 3_000));
		assert_noop!(unbond(2_001), Error::<Test>::StakeIsReserved);
		assert_ok!(unbond(2_000));
		assert_noop!(
			Operators::unbond(RuntimeOrigin::signed(BOB), 1),
			Error::<Test>::UnknownOperator
		);
	});
}

#[test]
fn reserve_should_fail_when_the_stake_is_unbonding() {
	build_and_execute(|| {
		assert_ok!(unbond(2_000));
		assert_noop!(reserve(0, 3_001), Error::<Test>::InsufficientStake);
		assert_ok!(reserve(0, 3_000));
	});
}

#[test]
fn unbond_should_fail_when_all_chunks_are_taken() {
	build_and_execute(|| {
		for _ in 0..MaxUnbondingChunks::get() {
			// Two amounts of one block share a chunk.
			assert_ok!(unbond(10));
			assert_ok!(unbond(10));
			skip(1);
		}
		assert_noop!(unbond(10), Error::<Test>::TooManyUnbondingChunks);
		assert_noop!(
			Operators::retire(RuntimeOrigin::signed(ALICE)),
			Error::<Test>::TooManyUnbondingChunks
		);
		skip(UnbondingDelay::get());
		assert_ok!(withdraw());
		assert_ok!(unbond(10));
	});
}

#[test]
fn f17_withdraw_should_pay_only_when_the_due_block_has_come() {
	build_and_execute(|| {
		let free = Balances::balance(&ALICE);
		assert_noop!(withdraw(), Error::<Test>::NothingToWithdraw);
		assert_ok!(unbond(100));
		skip(10);
		assert_ok!(unbond(200));
		for (block, expected) in [(100, None), (101, Some(100)), (110, None), (111, Some(200))] {
			System::set_block_number(block);
			match expected {
				None => {
					assert_noop!(withdraw(), Error::<Test>::NothingToWithdraw);
				}
				Some(amount) => {
					assert_ok!(withdraw());
					assert!(happened(Event::Withdrawn { operator: ALICE, amount }));
				}
			}
		}
		assert_eq!(Balances::balance(&ALICE), free + 300);
		assert_eq!(held(HoldReason::Bond, ALICE), BOND - 300);
	});
}

#[test]
fn withdraw_should_take_every_due_amount_when_several_are() {
	build_and_execute(|| {
		for _ in 0..3 {
			assert_ok!(unbond(100));
			skip(1);
		}
		skip(UnbondingDelay::get());
		let status = Operators::operator_status(ALICE).unwrap();
		assert_eq!((status.withdrawable, status.unbonding, status.next_due), (300, 300, None));
		assert_ok!(withdraw());
		assert!(record(ALICE).unbonding.is_empty());
		assert_noop!(
			Operators::withdraw(RuntimeOrigin::signed(BOB)),
			Error::<Test>::UnknownOperator
		);
	});
}

#[test]
fn operator_status_should_tell_every_amount_when_asked() {
	build_and_execute(|| {
		assert_ok!(reserve(0, 400));
		assert_ok!(unbond(1_000));
		let status = Operators::operator_status(ALICE).unwrap();
		assert_eq!(status.payout, PAYOUT);
		assert_eq!(status.activity, crate::Activity::Active);
		assert_eq!((status.bonded, status.reserved), (4_000, 400));
		assert_eq!((status.stake, status.active), (5_000, 4_000));
		let flops = &status.allocations[Service::Flops.index()];
		assert_eq!((flops.allocated, flops.reserved, flops.free), (5_000, 400, 3_600));
		assert_eq!(status.allocations[Service::Jobs.index()].free, 0);
		assert_eq!((status.unbonding, status.withdrawable), (1_000, 0));
		assert_eq!(status.next_due, Some(101));
		assert_eq!((status.escrowed, status.convictions, status.workers), (0, 0, 1));
		assert_eq!(Operators::operator_status(BOB), None);
	});
}
