//! What a change of session costs does not depend on how many delegators a validator has.

use crate::mock::*;
use codec::Encode;
use frame_support::assert_ok;
use pallet_operators::{types::Cohort, Cohorts, Delegations, Operators as Records};

/// Many delegators.
const MANY: u64 = 100_000;
/// The first of the accounts that could be delegators.
const FIRST: AccountId = 1_000_000;

/// Bytes of the proof of everything that is read, and keys that are written, in the blocks in which
/// three sessions end: the delegators are counted for the third.
fn changes_of_session(delegators: u64) -> Vec<(usize, usize)> {
	let mut ext = new_test_ext();
	ext.execute_with(|| {
		let each = 200;
		let all = each * Balance::from(MANY);
		fund(FIRST);
		assert_ok!(Operators::delegate(signed(FIRST), 4, all));
		// What the first one has beyond its part is shared among the others.
		let mut delegation = Delegations::<Test>::get(4, FIRST).unwrap();
		delegation.joining[0].1 = each;
		for who in FIRST + 1..FIRST + delegators {
			Delegations::<Test>::insert(4, who, &delegation);
		}
		delegation.joining[0].1 = all - each * Balance::from(delegators - 1);
		Delegations::<Test>::insert(4, FIRST, &delegation);
		let members = u32::try_from(delegators).unwrap();
		Records::<Test>::mutate(4, |record| record.as_mut().unwrap().delegators = members);
		Cohorts::<Test>::insert(4, 2, Cohort { index: None, members });
		check_state();
	});
	let mut costs = Vec::new();
	for session in 1..=3 {
		ext.execute_with(|| skip(SESSION - 1 - System::block_number() % SESSION));
		ext.commit_all().unwrap();
		let ((), proof) = ext.execute_and_prove(next_block);
		costs.push((proof.encoded_size(), ext.overlayed_changes().changes().count()));
		ext.commit_all().unwrap();
		ext.execute_with(|| assert_eq!(Session::current_index(), session));
	}
	ext.execute_with(|| {
		assert_eq!(Delegations::<Test>::iter_keys().count(), delegators as usize);
		// It was elected with them, and they are paid for the session in which they counted.
		assert!(exposure(2, 4).unwrap().delegated > 0);
		assert!(Operators::delegation_status(4, FIRST).unwrap().rewards > 0);
		check_state();
	});
	costs
}

#[test]
fn m13_change_of_session_should_cost_the_same_when_a_validator_has_100_000_delegators() {
	assert_eq!(changes_of_session(1), changes_of_session(MANY));
}
