//! Convictions: escrow, bounty, burning, cancellation.

use crate::{
	mock::*,
	pallet::{Convictions, HoldReason, TotalBurnt},
	ConvictionId, Error, Event, Fault, Security, Service,
};
use assay_economics::deterrence::Policy;
use frame_support::{
	assert_noop, assert_ok,
	dispatch::{DispatchErrorWithPostInfo, Pays},
	traits::fungible::{Inspect, Mutate},
	BoundedVec,
};
use sp_runtime::DispatchError;

fn execute(id: ConvictionId) -> Result<Pays, DispatchErrorWithPostInfo> {
	Operators::execute_conviction(RuntimeOrigin::signed(BOB), id)
		.map(|info| info.pays_fee)
		.map_err(|error| DispatchErrorWithPostInfo { post_info: ().into(), error: error.error })
}

fn cancel(id: ConvictionId) -> frame_support::dispatch::DispatchResult {
	Operators::cancel_conviction(RuntimeOrigin::root(), id, reason())
}

fn reason() -> BoundedVec<u8, MaxReason> {
	b"a fault of the prover's clock".to_vec().try_into().unwrap()
}

#[test]
fn convict_should_move_the_whole_reservation_into_escrow_when_a_fault_is_proven() {
	build_and_execute(|| {
		let issuance = Balances::total_issuance();
		assert_ok!(reserve(1, 2_000));
		assert_ok!(reserve(2, 1_000));
		skip(9);
		assert_eq!(convict(1, Fault::WrongOpening, Some(BOB)), Ok(2_000));
		let record = record(ALICE);
		assert_eq!((record.bonded, record.escrowed), (3_000, 2_000));
		assert_eq!(reserved(ALICE), 1_000);
		assert_eq!(held(HoldReason::Bond, ALICE), 3_000);
		assert_eq!(held(HoldReason::Escrow, ALICE), 2_000);
		assert_eq!(Balances::total_issuance(), issuance);
		assert_eq!(Operators::voided_at(&ALICE, Service::Flops), Some(10));
		assert_eq!(Operators::voided_at(&ALICE, Service::Market), None);
		assert_eq!(Operators::reserved(&ALICE, Service::Flops, duty(1)), 0);
		assert!(happened(Event::Convicted {
			id: 0,
			operator: ALICE,
			service: Service::Flops,
			obligation: duty(1),
			fault: Fault::WrongOpening,
			amount: 2_000,
			delegated: 0,
			bounty: 800,
			prover: Some(BOB),
			execute_at: 40
		}));
		// Nobody is convicted twice for one obligation.
		assert_noop!(convict(1, Fault::WrongOpening, Some(BOB)), Error::<Test>::UnknownReservation);
		assert_noop!(
			Operators::convict(&BOB, Service::Flops, duty(1), Fault::LostCase, None),
			Error::<Test>::UnknownOperator
		);
	});
}

#[test]
fn f17_execution_should_burn_and_pay_only_when_the_escrow_is_over() {
	build_and_execute(|| {
		let (issuance, before) = (Balances::total_issuance(), Balances::balance(&BOB));
		assert_ok!(reserve(1, 2_000));
		assert_ok!(convict(1, Fault::WrongOpening, Some(BOB)));
		System::set_block_number(30);
		assert_noop!(execute(0), Error::<Test>::EscrowNotOver);
		System::set_block_number(31);
		assert_noop!(cancel(0), Error::<Test>::EscrowOver);
		assert_eq!(execute(0), Ok(Pays::No));
		assert_eq!(Balances::balance(&BOB), before + 800);
		assert_eq!(Balances::total_issuance(), issuance - 1_200);
		assert_eq!(TotalBurnt::<Test>::get(), 1_200);
		assert_eq!(held(HoldReason::Escrow, ALICE), 0);
		assert!(happened(Event::ConvictionExecuted {
			id: 0,
			operator: ALICE,
			burnt: 1_200,
			bounty: 800,
			prover: Some(BOB)
		}));
		assert_noop!(execute(0), Error::<Test>::UnknownConviction);
		assert_noop!(cancel(0), Error::<Test>::UnknownConviction);
	});
}

#[test]
fn cancellation_should_return_the_stake_when_root_asks_in_time() {
	build_and_execute(|| {
		assert_ok!(reserve(1, 2_000));
		assert_ok!(convict(1, Fault::WrongOpening, Some(BOB)));
		System::set_block_number(30);
		assert_ok!(cancel(0));
		assert_eq!(record(ALICE).bonded, BOND);
		assert_eq!(record(ALICE).convictions, 0);
		assert_eq!(held(HoldReason::Bond, ALICE), BOND);
		assert_eq!(held(HoldReason::Escrow, ALICE), 0);
		assert!(happened(Event::ConvictionCancelled {
			id: 0,
			operator: ALICE,
			amount: 2_000,
			reason: reason()
		}));
		// Rewards that were voided stay void.
		assert_eq!(Operators::voided_at(&ALICE, Service::Flops), Some(1));
	});
}

#[test]
fn cancellation_should_fail_when_the_origin_is_not_root() {
	build_and_execute(|| {
		assert_ok!(reserve(1, 2_000));
		assert_ok!(convict(1, Fault::WrongOpening, None));
		for who in [ALICE, PAYOUT, KEY, BOB] {
			assert_noop!(
				Operators::cancel_conviction(RuntimeOrigin::signed(who), 0, reason()),
				DispatchError::BadOrigin
			);
		}
		assert_noop!(
			Operators::execute_conviction(RuntimeOrigin::root(), 0),
			DispatchError::BadOrigin
		);
	});
}

#[test]
fn bounty_should_be_nothing_when_the_fault_is_silence() {
	build_and_execute(|| {
		let faults = [
			Fault::MissedOpening,
			Fault::MissedReveal,
			Fault::UnansweredCase,
			Fault::MissingEvidence,
			Fault::LostLease,
		];
		for (nonce, fault) in (0..).zip(faults) {
			assert_ok!(reserve(nonce, 100));
			assert_ok!(convict(nonce, fault, Some(BOB)));
			let conviction = Convictions::<Test>::get(nonce).unwrap();
			assert_eq!((conviction.bounty, conviction.prover), (0, None), "{fault:?}");
		}
	});
}

#[test]
fn bounty_should_be_paid_when_the_fault_was_proven() {
	build_and_execute(|| {
		let faults = [
			Fault::WrongOpening,
			Fault::LostCase,
			Fault::InvalidEvidence,
			Fault::DoubleAttestation,
			Fault::Equivocation,
		];
		for (nonce, fault) in (0..).zip(faults) {
			assert_ok!(reserve(nonce, 101));
			assert_ok!(convict(nonce, fault, Some(BOB)));
			let conviction = Convictions::<Test>::get(nonce).unwrap();
			// 40 % of 101, rounded down.
			assert_eq!((conviction.bounty, conviction.prover), (40, Some(BOB)), "{fault:?}");
		}
	});
}

#[test]
fn bounty_should_be_nothing_when_the_prover_is_related() {
	build_and_execute(|| {
		// A key that waits for the next round is related too.
		assert_ok!(Operators::rotate_key(RuntimeOrigin::signed(ALICE), 0, 33));
		assert_ok!(register(CAROL, CAROL));
		assert_ok!(Operators::add_worker(RuntimeOrigin::signed(CAROL), 44));
		for (nonce, (prover, related)) in (0..).zip([
			(ALICE, true),
			(PAYOUT, true),
			(KEY, true),
			(33, true),
			(BOB, false),
			(CAROL, false),
			(44, false),
		]) {
			assert_ok!(reserve(nonce, 100));
			assert_ok!(convict(nonce, Fault::WrongOpening, Some(prover)));
			let bounty = Convictions::<Test>::get(nonce).unwrap().bounty;
			assert_eq!(bounty == 0, related, "prover {prover}");
		}
	});
}

#[test]
fn bounty_should_be_nothing_when_nobody_proved_or_it_rounds_to_zero() {
	build_and_execute(|| {
		assert_ok!(reserve(0, 100));
		assert_ok!(convict(0, Fault::WrongOpening, None));
		assert_ok!(reserve(1, 2));
		assert_ok!(convict(1, Fault::WrongOpening, Some(BOB)));
		for id in [0, 1] {
			let conviction = Convictions::<Test>::get(id).unwrap();
			assert_eq!((conviction.bounty, conviction.prover), (0, None));
		}
	});
}

#[test]
fn bounty_should_never_exceed_what_the_operator_loses_when_it_convicts_itself() {
	build_and_execute(|| {
		let policy = Policy { bounty_ppm: 490_000, stake_per_cost: 100, ..Policy::LIVE };
		assert_ok!(Operators::set_policy(RuntimeOrigin::root(), policy));
		let own = |who| Balances::total_balance(&who);
		let together = own(ALICE) + own(BOB);
		assert_ok!(reserve(0, BOND));
		assert_ok!(convict(0, Fault::WrongOpening, Some(BOB)));
		skip(EscrowDelay::get());
		assert_ok!(execute(0));
		assert_eq!(own(ALICE) + own(BOB), together - BOND * 51 / 100);
	});
}

#[test]
fn m03_execution_should_burn_everything_when_the_prover_cannot_be_paid() {
	build_and_execute(|| {
		// 40 % of 20 is below the existential deposit of an account that does not exist.
		assert_ok!(reserve(0, 20));
		assert_ok!(convict(0, Fault::WrongOpening, Some(NOBODY)));
		assert_eq!(Convictions::<Test>::get(0).unwrap().bounty, 8);
		skip(EscrowDelay::get());
		assert_ok!(execute(0));
		assert_eq!(TotalBurnt::<Test>::get(), 20);
		assert_eq!(Balances::total_balance(&NOBODY), 0);
		assert!(happened(Event::ConvictionExecuted {
			id: 0,
			operator: ALICE,
			burnt: 20,
			bounty: 0,
			prover: None
		}));
	});
}

#[test]
fn conviction_should_hold_when_the_account_has_nothing_free_to_spare() {
	build_and_execute(|| {
		assert_ok!(reserve(0, BOND));
		let spare = Balances::balance(&ALICE) - ED;
		assert_ok!(Balances::transfer(
			&ALICE,
			&BOB,
			spare,
			frame_support::traits::tokens::Preservation::Preserve
		));
		assert_ok!(convict(0, Fault::WrongOpening, None));
		assert_ok!(cancel(0));
		assert_eq!(held(HoldReason::Bond, ALICE), BOND);
		assert_ok!(reserve(1, BOND));
		assert_ok!(convict(1, Fault::WrongOpening, None));
		skip(EscrowDelay::get());
		assert_ok!(execute(1));
		assert_eq!(held(HoldReason::Bond, ALICE), 0);
		// Without the minimum bond nothing new begins.
		assert_noop!(reserve(2, 1), Error::<Test>::BondBelowMinimum);
	});
}

#[test]
fn voided_at_should_move_forward_when_there_is_another_conviction() {
	build_and_execute(|| {
		for nonce in 0..3 {
			assert_ok!(reserve(nonce, 100));
			assert_ok!(convict(nonce, Fault::MissedOpening, None));
			assert_eq!(Operators::voided_at(&ALICE, Service::Flops), Some(System::block_number()));
			skip(5);
		}
		assert_eq!(record(ALICE).convictions, 3);
	});
}

#[test]
fn no_origin_should_take_stake_when_nothing_was_convicted() {
	build_and_execute(|| {
		assert_ok!(reserve(0, 100));
		let before = record(ALICE);
		for origin in
			[RuntimeOrigin::root(), RuntimeOrigin::signed(BOB), RuntimeOrigin::signed(ALICE)]
		{
			for id in 0..3 {
				assert!(Operators::execute_conviction(origin.clone(), id).is_err());
				assert!(Operators::cancel_conviction(origin.clone(), id, reason()).is_err());
			}
		}
		assert_eq!(record(ALICE), before);
	});
}
