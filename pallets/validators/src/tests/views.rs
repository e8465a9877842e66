//! What the view functions tell.

use crate::{
	mock::*,
	types::{CandidateState, Limits},
};
use frame_support::assert_ok;

#[test]
fn candidates_should_be_ordered_by_strength_when_they_are_listed() {
	build_and_execute(|| {
		candidate(5, 15_000);
		candidate(6, 5_000);
		assert_ok!(report(&[1], 0, 1, 5));
		let list: Vec<_> = Validators::candidates()
			.into_iter()
			.map(|status| (status.account, status.stake.weight, status.elected))
			.collect();
		let expected = [
			(2, 30_000, true),
			(3, 20_000, true),
			(5, 15_000, true),
			(4, 10_000, true),
			(1, 40_000, false),
			(6, 5_000, false),
		];
		assert_eq!(list, expected);
	});
}

#[test]
fn nobody_should_be_shown_as_elected_when_too_few_are_eligible() {
	build_and_execute(|| {
		let limits = Limits { minimum: 5, maximum: 5 };
		assert_ok!(Validators::set_limits(RuntimeOrigin::root(), limits));
		assert!(Validators::candidates().into_iter().all(|status| !status.elected));
	});
}

#[test]
fn status_should_tell_everything_when_an_account_validates() {
	build_and_execute(|| {
		assert_ok!(Operators::bond_more(signed(4), 2_000));
		skip(8);
		assert_ok!(report(&[4], 0, 1, 5));
		let status = Validators::validator_status(4);
		assert!(matches!(status.candidate, Some(CandidateState::PutOut { .. })));
		assert!(status.has_keys && status.disabled && status.void && !status.elected);
		assert_eq!(status.stake.weight, 12_000);
		assert_eq!(status.serving.unwrap().weight, 10_000);
		assert_eq!(status.next.unwrap().weight, 10_000);
		assert!(status.blocks >= 2 && status.earned > 0);
		let nobody = Validators::validator_status(NOBODY);
		assert!(!nobody.has_keys && !nobody.elected && !nobody.disabled && !nobody.void);
		assert_eq!((nobody.candidate, nobody.serving, nobody.next), (None, None, None));
		assert_eq!((nobody.blocks, nobody.earned, nobody.stake.weight), (0, 0, 0));
	});
}
