//! Hooks fit into a block, whatever happens.

use crate::{mock::*, offences::CHARGES_PER_BLOCK, types::Limits, WeightInfo};
use frame_support::{assert_ok, traits::Hooks};
use std::time::{Duration, Instant};

/// The validators and candidates of a live network.
fn live() {
	MaxValidators::set(100);
	MaxCandidates::set(300);
}

#[test]
fn m11_change_of_session_should_be_fast_when_candidates_and_validators_are_as_many_as_possible() {
	build_and_execute(|| {
		live();
		let limits = Limits { minimum: 4, maximum: 100 };
		assert_ok!(Validators::set_limits(RuntimeOrigin::root(), limits));
		for who in 100..396 {
			fund(who);
			candidate(who, 5_000 + u128::from(who));
		}
		next_session();
		next_session();
		assert_eq!(serving().len(), 100);
		let all = serving();
		assert_ok!(report(&all[..90], 2, 1, 1));
		skip(SESSION - 1);
		let begin = Instant::now();
		next_block();
		let took = begin.elapsed();
		assert_eq!(Session::current_index(), 3);
		assert!(took < Duration::from_millis(333), "{took:?}");
	});
}

#[test]
fn m13_hook_should_weigh_the_same_when_more_charges_wait() {
	build_and_execute(|| {
		let weigh = || Validators::on_initialize(System::block_number());
		assert_eq!(weigh(), <() as WeightInfo>::drain_charges(0));
		assert_ok!(report(&[1, 2, 3, 4], 0, 1, 1));
		assert_ok!(report(&[1, 2, 3, 4], 1, 2, 1));
		let full = <() as WeightInfo>::drain_charges(CHARGES_PER_BLOCK);
		assert_eq!([weigh(), weigh()], [full, full]);
		assert_eq!(weigh(), <() as WeightInfo>::drain_charges(0));
	});
}

#[test]
fn m13_candidates_should_be_bounded_when_more_operators_want_to_validate() {
	build_and_execute(|| {
		for who in 100..150 {
			fund(who);
			operator(who, 5_000);
			let _ = Validators::validate(signed(who));
		}
		assert_eq!(crate::Candidates::<Test>::count(), MaxCandidates::get());
	});
}

#[test]
fn m13_state_should_be_bounded_when_many_sessions_go_by() {
	build_and_execute(|| {
		for session in 0..40 {
			assert_ok!(report(&[1 + session % 4], Session::current_index(), session, 1));
			assert_ok!(Operators::bond_more(signed(1 + session % 4), 10_000));
			next_session();
			let _ = Validators::validate(signed(1 + (session + 2) % 4));
			check_state();
		}
		let sessions = KeptSessions::get() as usize + 3;
		assert!(crate::Exposures::<Test>::iter().count() <= 4 * sessions);
		assert!(crate::Charges::<Test>::iter().count() <= 4 * sessions);
		assert!(crate::KeysInUse::<Test>::iter().count() <= sessions);
	});
}

#[test]
fn m11_handlers_should_count_their_weight_when_the_callers_do_not() {
	build_and_execute(|| {
		let block = |f: &dyn Fn()| {
			let before = System::block_weight().total();
			f();
			System::block_weight().total().saturating_sub(before)
		};
		let report = block(&|| assert_ok_report(&[3, 4]));
		assert_eq!(report, <() as WeightInfo>::on_offence(2));
		let author = block(&|| {
			<Validators as pallet_authorship::EventHandler<AccountId, u64>>::note_author(1)
		});
		assert_eq!(author, <() as WeightInfo>::note_author());
	});
}

fn assert_ok_report(offenders: &[AccountId]) {
	assert_ok!(report(offenders, 0, 1, 1));
}
