//! Two forks of one chain.

use crate::{mock::*, *};
use frame_support::{
	assert_ok,
	storage::{with_transaction, TransactionOutcome},
};
use sp_runtime::DispatchError;

/// Runs `test` on a fork that is given up afterwards.
fn on_a_lost_fork<R>(test: impl FnOnce() -> R) -> R {
	with_transaction(|| TransactionOutcome::Rollback(Ok::<_, DispatchError>(test()))).unwrap()
}

#[test]
fn f19_work_of_a_lost_fork_should_not_open_on_the_other_one() {
	build_and_execute(|| {
		let (lost, openings, credited) = on_a_lost_fork(|| {
			let round = open_window();
			let (root, openings) = work(0, 0, 2);
			assert_ok!(commit(0, 0, 2, root));
			run_to_sample();
			assert_ok!(reveal(0, round.index, 0, openings.clone()));
			assert!(matches!(last_event(), Event::Credited { .. }));
			(root, openings, standing(0, 0).buffer)
		});
		assert!(credited > 0);
		assert_eq!(Standings::<Test>::iter().count(), 0);

		// The other fork has other authors: the round is another one, and so are the matrices.
		Fork::set(1);
		let round = open_window();
		assert_ok!(commit(0, 0, 2, lost));
		run_to_sample();
		assert_ok!(reveal(0, round.index, 0, openings));
		assert!(matches!(last_event(), Event::Convicted { .. }));
		assert_eq!(standing(0, 0).buffer, 0);
	});
}

#[test]
fn f19_work_should_be_credited_once_when_it_is_done_on_both_forks() {
	build_and_execute(|| {
		let on_fork = |fork| {
			Fork::set(fork);
			honest_round(0, 0, 2);
			standing(0, 0).buffer
		};
		let lost = on_a_lost_fork(|| on_fork(0));
		let kept = on_fork(1);
		assert_eq!(lost, kept, "the same work brings the same");
		assert_eq!(standing(0, 0).buffer, kept, "once");
		let credited =
			events().into_iter().filter(|event| matches!(event, Event::Credited { .. })).count();
		assert_eq!(credited, 1);
	});
}

#[test]
fn f19_same_commitment_should_be_sampled_differently_when_the_forks_part_after_it() {
	build_and_execute(|| {
		let round = open_window();
		let (root, openings) = work(0, 0, 2);
		assert_ok!(commit(0, 0, 2, root));
		run_to(round.commit_until - 1);
		let first = on_a_lost_fork(|| {
			let sample = run_to_sample().sample.unwrap();
			assert_ok!(reveal(0, round.index, 0, openings));
			sample
		});
		Fork::set(1);
		assert_ne!(run_to_sample().sample.unwrap(), first);
	});
}
