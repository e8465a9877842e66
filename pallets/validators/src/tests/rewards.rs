//! What blocks earn and who gets it.

use crate::{
	mock::*,
	pallet::{Event, Tallies},
	FeesToRewards,
};
use assay_economics::issuance;
use frame_support::{
	assert_noop, assert_ok,
	traits::{
		fungible::{Balanced, Inspect},
		tokens::{Fortitude, Precision, Preservation},
		OnUnbalanced,
	},
};

/// Lets an account pay a fee.
fn pay_fee(amount: Balance) {
	let fee = Balances::withdraw(
		&NOBODY,
		amount,
		Precision::Exact,
		Preservation::Preserve,
		Fortitude::Polite,
	);
	FeesToRewards::<Test>::on_unbalanced(fee.unwrap());
}

fn author() -> AccountId {
	Authorship::author().unwrap()
}

fn claimed(who: AccountId, operator: AccountId) -> Balance {
	let before = Balances::balance(&who);
	assert_ok!(Operators::claim_rewards(signed(who), operator));
	Balances::balance(&who) - before
}

#[test]
fn block_should_earn_what_the_curve_grants_when_it_has_an_author() {
	build_and_execute(|| {
		for _ in 0..100 {
			let before = Balances::total_issuance();
			next_block();
			let elapsed = System::block_number() * SLOT;
			let reward = issuance::block_reward(before, elapsed, SLOT);
			assert!(reward > 0);
			let event = Event::BlockRewarded { validator: author(), amount: reward };
			assert!(happened(event));
			assert_eq!(Balances::total_issuance(), before + reward);
		}
	});
}

#[test]
fn issuance_should_stay_below_the_curve_when_slots_have_no_block() {
	build_and_execute(|| {
		let before = Balances::total_issuance();
		Authored::set(false);
		skip(100);
		assert_eq!(Balances::total_issuance(), before);
		Authored::set(true);
		skip(100);
		let issued = Balances::total_issuance() - before;
		let slots = u128::from(System::block_number());
		let most = issuance::block_reward(Balances::total_issuance(), 0, SLOT) * slots;
		assert!(issued > 0 && issued <= most);
	});
}

#[test]
fn fees_should_become_income_of_the_author_when_a_transaction_pays_them() {
	build_and_execute(|| {
		let (before, pot_before) = (Tallies::<Test>::get(author()).earned, pot());
		let issuance = Balances::total_issuance();
		pay_fee(1_234);
		assert_eq!(Tallies::<Test>::get(author()).earned, before + 1_234);
		assert_eq!(pot(), pot_before + 1_234);
		assert_eq!(Balances::total_issuance(), issuance);
		Authored::set(false);
		next_block();
		pay_fee(1_000);
		assert_eq!(Balances::total_issuance(), issuance - 1_000);
	});
}

#[test]
fn income_should_go_to_the_operator_when_the_session_ends() {
	build_and_execute(|| {
		skip(30);
		let earned = Tallies::<Test>::get(2).earned;
		assert_noop!(
			Operators::claim_rewards(signed(2), 2),
			pallet_operators::Error::<Test>::NothingToClaim
		);
		Silent::set(vec![2]);
		next_session();
		assert!(happened(Event::IncomePaid { validator: 2, session: 0, amount: earned }));
		assert_eq!(claimed(2, 2), earned);
		assert!(Tallies::<Test>::get(2).earned == 0);
	});
}

#[test]
fn late_delegator_should_get_nothing_when_the_session_was_elected_without_it() {
	build_and_execute(|| {
		skip(5);
		assert_ok!(Operators::delegate(signed(DELEGATOR), 4, 10_000));
		for _ in 0..2 {
			// The sessions 0 and 1 are served by the exposures of genesis.
			next_session();
			assert_noop!(
				Operators::claim_rewards(signed(DELEGATOR), 4),
				pallet_operators::Error::<Test>::NothingToClaim
			);
		}
		let owned = claimed(4, 4);
		assert!(owned > 0);
		next_session();
		let paid = System::events()
			.into_iter()
			.find_map(|record| match record.event {
				RuntimeEvent::Validators(Event::IncomePaid { validator: 4, session, amount }) => {
					Some((session, amount))
				}
				_ => None,
			})
			.unwrap();
		assert_eq!(paid.0, 2);
		// It holds half of the stake; rounding goes to the operator.
		let (own, delegated) = (claimed(4, 4), claimed(DELEGATOR, 4));
		assert!(delegated <= paid.1 / 2 && delegated + 10 >= paid.1 / 2);
		assert!(own + delegated <= paid.1 && own + delegated + 10 >= paid.1);
	});
}

#[test]
fn exposure_of_the_session_should_decide_when_the_stake_changes_in_it() {
	build_and_execute(|| {
		assert_ok!(Operators::delegate(signed(DELEGATOR), 4, 10_000));
		next_session();
		next_session();
		// A second delegator comes in the session that is paid by the shares of the first alone.
		assert_ok!(Operators::delegate(signed(32), 4, 1_000_000));
		next_session();
		assert!(claimed(DELEGATOR, 4) > 0);
		assert_noop!(
			Operators::claim_rewards(signed(32), 4),
			pallet_operators::Error::<Test>::NothingToClaim
		);
	});
}

#[test]
fn first_blocks_fees_should_be_paid_by_the_last_exposure_when_the_author_left() {
	build_and_execute(|| {
		candidate(5, 15_000);
		next_session();
		skip(SESSION - 1);
		// The first block of session 2 is still named by the set of session 1.
		Silent::set(vec![1, 2, 3]);
		next_block();
		assert_eq!((Session::current_index(), author()), (2, 4));
		assert_eq!(serving(), [1, 2, 3, 5]);
		Silent::set(vec![]);
		pay_fee(777);
		next_session();
		assert!(happened(Event::IncomePaid { validator: 4, session: 1, amount: 777 }));
	});
}

#[test]
fn income_should_be_burnt_when_no_stake_earned_it() {
	build_and_execute(|| {
		let issuance = Balances::total_issuance();
		pay_fee(500);
		Tallies::<Test>::remove(author());
		Validators::pay_income(0, &NOBODY, 500);
		assert!(happened(Event::IncomeVoided { validator: NOBODY, session: 0, amount: 500 }));
		assert_eq!(Balances::total_issuance(), issuance - 500);
	});
}

#[test]
fn payments_should_not_exceed_issue_and_fees_when_everybody_claims() {
	build_and_execute(|| {
		// What lies in the account of rewards already counts, too.
		let before = Balances::total_issuance() - pot();
		let mut fees = 0;
		let mut claims = 0;
		for session in 0..6u128 {
			for delegator in 31..36 {
				let amount = 997 + 13 * u128::from(delegator) * (session + 1);
				assert_ok!(Operators::delegate(signed(delegator), 1 + delegator % 4, amount));
			}
			for _ in 0..7 {
				pay_fee(101 + session);
				fees += 101 + session;
				skip(3);
			}
			next_session();
			for who in 1..=4 {
				claims += claimed(who, who);
			}
			for delegator in 31..36 {
				let operator = 1 + delegator % 4;
				let balance = Balances::balance(&delegator);
				if Operators::claim_rewards(signed(delegator), operator).is_ok() {
					claims += Balances::balance(&delegator) - balance;
				}
			}
			check_state();
		}
		let issued = Balances::total_issuance() - before;
		assert!(claims > 0);
		// What is not claimed yet lies in the account of rewards.
		assert_eq!(claims + pot(), issued + fees);
	});
}
