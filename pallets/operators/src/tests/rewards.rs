//! What validators are elected by and paid for: the trait `Staking`, commissions and claims.

use crate::{
	mock::*,
	pallet::{Convictions, HoldReason, TotalBurnt},
	ConsensusStake, Error, Event, Fault, Service, Staking,
};
use frame_support::{assert_noop, assert_ok, traits::fungible::Inspect};

fn commission(ppm: u32) -> frame_support::dispatch::DispatchResult {
	Operators::set_commission(RuntimeOrigin::signed(ALICE), ppm)
}

fn all_consensus() -> Vec<(Service, u32)> {
	vec![(Service::Consensus, 1_000_000)]
}

fn stake() -> ConsensusStake<Balance> {
	Operators::consensus_stake(&ALICE)
}

fn claimable(who: AccountId) -> Balance {
	Operators::delegation_status(ALICE, who).unwrap().rewards
}

#[test]
fn consensus_stake_should_count_what_does_not_leave_when_the_operator_is_active() {
	execute(vec![(Service::Consensus, 500_000)], || {
		assert_ok!(delegate(BOB, 5_000));
		let all = ConsensusStake { weight: 5_000, own: 5_000, delegated: 5_000, commission_ppm: 0 };
		assert_eq!(stake(), all);
		assert_ok!(undelegate(BOB, 2_000));
		assert_eq!((stake().weight, stake().delegated), (4_000, 3_000));
		// A cut elects no more from its announcement on.
		assert_ok!(allocate(Service::Consensus, 250_000));
		assert_eq!(stake().weight, 2_000);
		assert_eq!(Operators::consensus_stake(&BOB), ConsensusStake::default());
		assert_ok!(Operators::retire(RuntimeOrigin::signed(ALICE)));
		assert_eq!(stake(), ConsensusStake::default());
	});
}

#[test]
fn conviction_should_take_own_stake_first_when_an_operator_equivocated() {
	execute(all_consensus(), || {
		assert_ok!(delegate(BOB, 5_000));
		skip(3);
		assert_ok!(Operators::unbond(RuntimeOrigin::signed(ALICE), 1_000));
		assert_eq!(Operators::convict_consensus(&ALICE, 6, 6_000, Some(&CAROL)), 6_000);
		let after = record(ALICE);
		assert_eq!((after.bonded, after.unbonding.len()), (0, 0));
		assert_eq!((after.pool.stake, after.escrowed_delegated), (4_000, 1_000));
		assert_eq!(held(HoldReason::Escrow, ALICE), 5_000);
		let conviction = Convictions::<Test>::get(0).unwrap();
		assert_eq!((conviction.own, conviction.delegated), (5_000, 1_000));
		// The bounty is a share of the operator's own stake alone.
		assert_eq!((conviction.bounty, conviction.prover), (2_000, Some(CAROL)));
		assert_eq!(conviction.fault, Fault::Equivocation);
		assert_eq!(conviction.obligation.nonce, 6);
		assert_eq!(crate::pallet::VoidedAt::<Test>::get(ALICE, Service::Consensus), Some(4));
		check();
		// No more than is allocated, and nothing from nobody.
		assert_eq!(Operators::convict_consensus(&ALICE, 6, 9_000, None), 4_000);
		assert_eq!(Operators::convict_consensus(&ALICE, 6, 9_000, None), 0);
		assert_eq!(Operators::convict_consensus(&BOB, 6, 9_000, None), 0);
		check();
		skip(EscrowDelay::get());
		let issuance = Balances::total_issuance();
		for id in 0..2 {
			assert_ok!(Operators::execute_conviction(RuntimeOrigin::signed(BOB), id));
		}
		assert_eq!(TotalBurnt::<Test>::get(), 8_000);
		assert_eq!(Balances::total_issuance(), issuance - 8_000);
	});
}

#[test]
fn newest_unbonding_stake_should_go_first_when_the_bond_is_not_enough() {
	execute(all_consensus(), || {
		assert_ok!(Operators::unbond(RuntimeOrigin::signed(ALICE), 1_500));
		skip(1);
		assert_ok!(Operators::unbond(RuntimeOrigin::signed(ALICE), 2_500));
		assert_eq!(Operators::convict_consensus(&ALICE, 6, 2_000, None), 2_000);
		let amounts: Vec<_> = record(ALICE).unbonding.iter().map(|chunk| chunk.amount).collect();
		assert_eq!((record(ALICE).bonded, amounts), (0, vec![1_500, 1_500]));
	});
}

#[test]
fn cancellation_should_restore_every_share_when_all_was_taken() {
	execute(all_consensus(), || {
		assert_ok!(delegate(BOB, 3_000));
		assert_ok!(delegate(CAROL, 1_000));
		assert_eq!(Operators::convict_consensus(&ALICE, 6, 9_000, None), 9_000);
		assert_eq!(record(ALICE).pool.stake, 0);
		check();
		// Nobody may buy into what others may get back.
		assert_noop!(delegate(DAVE, 1_000), Error::<Test>::DelegatedStakeInEscrow);
		assert_ok!(Operators::cancel_conviction(RuntimeOrigin::root(), 0, Default::default()));
		assert_eq!(Operators::delegation_status(ALICE, BOB).unwrap().active, 3_000);
		assert_eq!(Operators::delegation_status(ALICE, CAROL).unwrap().active, 1_000);
		assert_eq!((stake().weight, record(ALICE).bonded), (9_000, BOND));
	});
}

#[test]
fn cancelled_stake_should_be_burnt_when_no_delegator_is_left() {
	execute(all_consensus(), || {
		assert_ok!(delegate(BOB, 3_000));
		assert_eq!(Operators::convict_consensus(&ALICE, 6, 6_000, None), 6_000);
		assert_ok!(undelegate(BOB, 3_000));
		EscrowDelay::set(500);
		assert_eq!(Operators::convict_consensus(&ALICE, 6, 1_000, None), 1_000);
		EscrowDelay::set(30);
		skip(UnbondingDelay::get());
		assert_ok!(withdraw_delegation(BOB));
		let issuance = Balances::total_issuance();
		assert_ok!(Operators::cancel_conviction(RuntimeOrigin::root(), 1, Default::default()));
		assert_eq!(Balances::total_issuance(), issuance - 1_000);
		assert_eq!(record(ALICE).ledger.allocated(0), record(ALICE).stake());
	});
}

#[test]
fn pool_should_take_no_delegation_when_convictions_took_nearly_all() {
	execute(all_consensus(), || {
		assert_ok!(delegate(BOB, 3_000));
		assert_eq!(Operators::convict_consensus(&ALICE, 6, 8_000, None), 8_000);
		skip(EscrowDelay::get());
		assert_ok!(Operators::execute_conviction(RuntimeOrigin::signed(BOB), 0));
		assert_noop!(delegate(CAROL, 1_000), Error::<Test>::PoolExhausted);
		// Who has lost everything can still go.
		assert_ok!(undelegate(BOB, 1));
		skip(UnbondingDelay::get());
		assert_ok!(withdraw_delegation(BOB));
		assert_eq!(record(ALICE).delegators, 0);
		assert_ok!(delegate(CAROL, 1_000));
	});
}

#[test]
fn reward_should_reach_those_who_were_counted_when_a_session_ends() {
	execute(all_consensus(), || {
		assert_ok!(delegate(BOB, 5_000));
		let counted = stake();
		// Bob was elected with from the second session after this one on.
		let alone = ConsensusStake { delegated: 0, ..counted };
		pay_session(1_000, &alone);
		pay_session(1_000, &alone);
		assert_eq!((record(ALICE).rewards, claimable(BOB)), (2_000, 0));
		pay_session(1_001, &counted);
		assert!(happened(Event::Rewarded {
			operator: ALICE,
			session: 9,
			own: 501,
			delegated: 500,
			burnt: 0
		}));
		// A tenth of a unit for each share, rounded down.
		assert_eq!((record(ALICE).rewards, claimable(BOB)), (2_501, 499));
		// A newcomer takes nothing of what was earned before it.
		assert_ok!(delegate(CAROL, 5_000));
		assert_eq!(claimable(CAROL), 0);
		let free = Balances::balance(&BOB);
		assert_ok!(claim(BOB));
		assert_eq!(Balances::balance(&BOB), free + 499);
		assert_noop!(claim(BOB), Error::<Test>::NothingToClaim);
		assert_noop!(claim(CAROL), Error::<Test>::NothingToClaim);
		assert_noop!(claim(DAVE), Error::<Test>::NothingToClaim);
		assert_ok!(claim(ALICE));
		assert_eq!(Balances::balance(&PAYOUT), 2_501);
		assert_noop!(claim(ALICE), Error::<Test>::NothingToClaim);
		assert_eq!(Balances::balance(&rewards_pot()), ED + 1);
	});
}

#[test]
fn operator_and_delegators_should_gain_nothing_when_others_leave_in_a_session() {
	execute(all_consensus(), || {
		assert_ok!(delegate(BOB, 4_000));
		assert_ok!(delegate(CAROL, 1_000));
		let alone = ConsensusStake { delegated: 0, ..stake() };
		pay_session(1_000, &alone);
		pay_session(1_000, &alone);
		let elected = stake();
		assert_ok!(undelegate(BOB, 4_000));
		pay_session(1_000, &elected);
		let (own, delegated, burnt) = (500, 100, 400);
		assert!(happened(Event::Rewarded { operator: ALICE, session: 9, own, delegated, burnt }));
		assert_eq!((record(ALICE).rewards, claimable(CAROL), claimable(BOB)), (2_500, 99, 0));
		// With the last one goes what all of them would have had.
		assert_ok!(undelegate(CAROL, 1_000));
		pay_session(1_000, &elected);
		assert_eq!((record(ALICE).rewards, TotalBurnt::<Test>::get()), (3_000, 900));
	});
}

#[test]
fn reward_should_be_burnt_when_the_operator_is_gone() {
	build_and_execute(|| {
		let rewards = Operators::rewards_account();
		assert_ok!(<Balances as frame_support::traits::fungible::Mutate<_>>::mint_into(
			&rewards, 500
		));
		Operators::reward(&BOB, 7, 500, &ConsensusStake::default());
		assert_eq!((Balances::balance(&rewards), TotalBurnt::<Test>::get()), (ED, 500));
	});
}

#[test]
fn claim_should_lose_nothing_when_the_payee_cannot_receive() {
	execute(all_consensus(), || {
		pay_session(ED - 1, &stake());
		assert_noop!(claim(ALICE), Error::<Test>::CannotReceive);
		assert_eq!(record(ALICE).rewards, ED - 1);
		pay_session(1, &stake());
		assert_ok!(claim(ALICE));
		assert_eq!(Balances::balance(&PAYOUT), ED);
	});
}

#[test]
fn operator_should_stay_when_it_has_rewards_or_delegators() {
	execute(vec![], || {
		assert_ok!(delegate(BOB, 1_000));
		pay_session(50, &ConsensusStake { own: 1, ..Default::default() });
		assert_ok!(Operators::retire(RuntimeOrigin::signed(ALICE)));
		assert_ok!(Operators::remove_device(RuntimeOrigin::signed(ALICE), 0, 0));
		assert_ok!(Operators::remove_worker(RuntimeOrigin::signed(ALICE), 0));
		skip(UnbondingDelay::get());
		let withdraw = || Operators::withdraw(RuntimeOrigin::signed(ALICE));
		assert_ok!(withdraw());
		assert_noop!(withdraw(), Error::<Test>::NothingToWithdraw);
		// Nothing was allocated: the delegator need not wait.
		assert_ok!(undelegate(BOB, 1_000));
		assert_eq!(Operators::delegation_status(ALICE, BOB).unwrap().withdrawable, 1_000);
		assert_ok!(withdraw_delegation(BOB));
		assert_noop!(withdraw(), Error::<Test>::NothingToWithdraw);
		assert_ok!(claim(ALICE));
		assert_ok!(withdraw());
		assert_eq!(Operators::operator_status(ALICE), None);
	});
}

#[test]
fn commission_should_rise_only_when_it_was_announced_in_time() {
	build_and_execute(|| {
		assert_ok!(commission(100_000));
		assert!(happened(Event::CommissionAnnounced {
			operator: ALICE,
			commission_ppm: 100_000,
			due: 41
		}));
		assert_noop!(commission(50_000), Error::<Test>::CommissionRaisePending);
		System::set_block_number(40);
		assert_eq!(stake().commission_ppm, 0);
		let status = Operators::operator_status(ALICE).unwrap();
		assert_eq!((status.commission_ppm, status.pending_commission), (0, Some((100_000, 41))));
		System::set_block_number(41);
		assert_eq!(stake().commission_ppm, 100_000);
		assert_noop!(commission(100_000), Error::<Test>::NothingToChange);
		assert_noop!(commission(200_001), Error::<Test>::CommissionRaiseTooLarge);
		assert_noop!(commission(300_001), Error::<Test>::CommissionTooHigh);
		assert_noop!(
			Operators::set_commission(RuntimeOrigin::signed(BOB), 1),
			Error::<Test>::UnknownOperator
		);
	});
}

#[test]
fn commission_should_fall_at_once_and_end_an_announced_raise_when_it_is_cut() {
	build_and_execute(|| {
		assert_ok!(commission(100_000));
		skip(CommissionDelay::get());
		assert_ok!(commission(200_000));
		assert_ok!(commission(10_000));
		assert_eq!(stake().commission_ppm, 10_000);
		skip(CommissionDelay::get());
		assert_eq!(stake().commission_ppm, 10_000);
		// Naming the present one withdraws an announcement too.
		assert_ok!(commission(20_000));
		assert_ok!(commission(10_000));
		skip(CommissionDelay::get());
		assert_eq!(stake().commission_ppm, 10_000);
	});
}
