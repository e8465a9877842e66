//! Delegations that are refused, and what the caller is told.

use crate::{mock::*, Error, Event, Service};
use frame_support::{
	assert_noop, assert_ok,
	traits::{fungible::Inspect, fungible::Mutate, tokens::Preservation::Expendable},
};

fn redelegate(
	who: AccountId,
	to: AccountId,
	amount: Balance,
) -> frame_support::dispatch::DispatchResult {
	Operators::redelegate(RuntimeOrigin::signed(who), ALICE, to, amount)
}

#[test]
fn delegate_should_fail_when_amount_or_operator_is_wrong() {
	build_and_execute(|| {
		assert_noop!(delegate(BOB, 0), Error::<Test>::AmountIsZero);
		assert_noop!(delegate(BOB, 99), Error::<Test>::DelegationTooSmall);
		assert_noop!(delegate(ALICE, 100), Error::<Test>::SelfDelegation);
		assert_noop!(delegate(BOB, FUNDS - ED + 1), Error::<Test>::BalanceTooLow);
		assert_noop!(delegate(NOBODY, 100), Error::<Test>::BalanceTooLow);
		assert_noop!(delegate(BOB, 1 << 97), Error::<Test>::DelegationTooLarge);
		assert_noop!(
			Operators::delegate(RuntimeOrigin::signed(BOB), CAROL, 100),
			Error::<Test>::UnknownOperator
		);
		assert_ok!(delegate(BOB, FUNDS - ED));
		// Who has enough there may add any amount.
		assert_ok!(delegate(CAROL, 100));
		assert_ok!(delegate(CAROL, 1));
		assert!(happened(Event::Delegated {
			operator: ALICE,
			delegator: CAROL,
			amount: 1,
			shares: 1
		}));
		assert_ok!(Operators::retire(RuntimeOrigin::signed(ALICE)));
		assert_noop!(delegate(CAROL, 100), Error::<Test>::OperatorRetiring);
	});
}

#[test]
fn undelegate_should_take_all_when_too_little_would_stay() {
	build_and_execute(|| {
		assert_noop!(undelegate(BOB, 1), Error::<Test>::NothingDelegated);
		assert_ok!(delegate(BOB, 1_000));
		assert_noop!(undelegate(BOB, 0), Error::<Test>::AmountIsZero);
		assert_ok!(undelegate(BOB, 900));
		assert_eq!(Operators::delegation_status(ALICE, BOB).unwrap().active, 100);
		assert_ok!(undelegate(BOB, 1));
		let status = Operators::delegation_status(ALICE, BOB).unwrap();
		assert_eq!((status.active, status.leaving, status.next_due), (0, 1_000, Some(101)));
		assert_noop!(undelegate(BOB, 1), Error::<Test>::NothingDelegated);
		assert_noop!(
			Operators::undelegate(RuntimeOrigin::signed(BOB), CAROL, 1),
			Error::<Test>::UnknownOperator
		);
	});
}

#[test]
fn undelegate_should_fail_when_all_chunks_are_taken() {
	build_and_execute(|| {
		assert_ok!(delegate(BOB, 1_000));
		for _ in 0..MaxUnbondingChunks::get() {
			assert_ok!(undelegate(BOB, 10));
			assert_ok!(undelegate(BOB, 10));
			skip(1);
		}
		assert_noop!(undelegate(BOB, 10), Error::<Test>::TooManyUnbondingChunks);
		skip(UnbondingDelay::get());
		assert_ok!(withdraw_delegation(BOB));
		assert_ok!(undelegate(BOB, 10));
	});
}

#[test]
fn f17_delegation_should_be_withdrawn_only_when_it_is_due() {
	build_and_execute(|| {
		assert_noop!(withdraw_delegation(BOB), Error::<Test>::NothingToWithdraw);
		assert_ok!(delegate(BOB, 1_000));
		assert_noop!(withdraw_delegation(BOB), Error::<Test>::NothingToWithdraw);
		assert_ok!(undelegate(BOB, 1_000));
		System::set_block_number(100);
		assert_noop!(withdraw_delegation(BOB), Error::<Test>::NothingToWithdraw);
		System::set_block_number(101);
		assert_ok!(withdraw_delegation(BOB));
		assert!(happened(Event::DelegationWithdrawn {
			operator: ALICE,
			delegator: BOB,
			shares: 1_000,
			amount: 1_000
		}));
		assert_eq!(Balances::balance(&BOB), FUNDS);
		assert_eq!(Operators::delegation_status(ALICE, BOB), None);
	});
}

#[test]
fn withdrawal_should_lose_nothing_when_the_account_cannot_receive() {
	execute(vec![(Service::Consensus, 1_000_000)], || {
		assert_ok!(delegate(BOB, 1_000));
		assert_ok!(undelegate(BOB, 1_000));
		let taken = <Operators as crate::Staking<_, _>>::convict_consensus(
			&ALICE,
			6,
			BOND + 1_000 - ED / 2,
			None,
		);
		assert_eq!(taken, BOND + 1_000 - ED / 2);
		skip(UnbondingDelay::get());
		assert_ok!(Balances::transfer(&BOB, &CAROL, FUNDS - 1_000, Expendable));
		assert_noop!(withdraw_delegation(BOB), Error::<Test>::CannotReceive);
		assert_ok!(Balances::transfer(&CAROL, &BOB, ED, Expendable));
		assert_ok!(withdraw_delegation(BOB));
		assert_eq!(Balances::balance(&BOB), ED + ED / 2);
	});
}

#[test]
fn redelegate_should_move_at_once_when_nothing_can_be_slashed() {
	execute(vec![], || {
		assert_ok!(register(CAROL, CAROL));
		assert_noop!(redelegate(BOB, CAROL, 600), Error::<Test>::NothingDelegated);
		assert_ok!(delegate(BOB, 1_000));
		assert_noop!(redelegate(BOB, CAROL, 0), Error::<Test>::AmountIsZero);
		assert_noop!(redelegate(BOB, CAROL, 99), Error::<Test>::DelegationTooSmall);
		assert_noop!(redelegate(BOB, DAVE, 600), Error::<Test>::UnknownOperator);
		assert_ok!(redelegate(BOB, CAROL, 600));
		assert!(happened(Event::Redelegated {
			delegator: BOB,
			from: ALICE,
			to: CAROL,
			amount: 600,
			sold: 600,
			bought: 600
		}));
		assert_eq!((record(ALICE).pool.stake, record(CAROL).pool.stake), (400, 600));
		assert_eq!(record(CAROL).ledger.total_allocated(), 1_600);
		// All of it goes if too little would stay.
		assert_ok!(redelegate(BOB, CAROL, 350));
		assert_eq!((record(ALICE).delegators, record(CAROL).pool.stake), (0, 1_000));
	});
}

#[test]
fn redelegate_should_fail_when_a_slash_could_be_evaded() {
	execute(vec![(Service::Consensus, 500_000)], || {
		assert_ok!(register(CAROL, CAROL));
		assert_ok!(delegate(BOB, 1_000));
		let refused = || {
			assert_noop!(redelegate(BOB, CAROL, 600), Error::<Test>::StakeIsAnswerable);
		};
		refused();
		assert_ok!(allocate(Service::Consensus, 0));
		refused();
		skip(UnbondingDelay::get());
		// Announced, it may be slashed before a withdrawal would have been due.
		assert_ok!(allocate(Service::Jobs, 1_000));
		refused();
		assert_ok!(allocate(Service::Jobs, 0));
		assert_ok!(redelegate(BOB, CAROL, 600));
	});
}

#[test]
fn redelegate_should_fail_when_a_conviction_is_in_escrow() {
	execute(vec![(Service::Consensus, 1_000_000)], || {
		assert_ok!(register(CAROL, CAROL));
		assert_ok!(delegate(BOB, 3_000));
		let convict = <Operators as crate::Staking<_, _>>::convict_consensus;
		assert_eq!(convict(&ALICE, 6, 7_000, None), 7_000);
		assert_ok!(allocate(Service::Consensus, 0));
		EscrowDelay::set(500);
		assert_eq!(convict(&ALICE, 6, 500, None), 500);
		skip(UnbondingDelay::get());
		EscrowDelay::set(30);
		assert_eq!(record(ALICE).ledger.total_allocated(), 500);
		assert_noop!(redelegate(BOB, CAROL, 500), Error::<Test>::StakeIsAnswerable);
	});
}
