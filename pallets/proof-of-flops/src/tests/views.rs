//! What people and workers are told.

use crate::{mock::*, *};
use assay_flops::{Multiplier, Phase};
use frame_support::{assert_ok, traits::Get};
use pallet_operators::{OpenObligations as _, Rounds as _};
use sp_core::H256;

#[test]
fn round_should_tell_its_phase_and_edges() {
	build_and_execute(|| {
		let opened = open_round();
		assert_eq!(ProofOfFlops::current_round(), opened.index);
		assert_eq!(ProofOfFlops::round_at(opened.index), Some(opened.clone()));
		assert_eq!(ProofOfFlops::round_at(opened.index + 1), None);
		for (block, phase) in [
			(opened.opened_at, Phase::Working),
			(opened.commit_from - 1, Phase::Working),
			(opened.commit_from, Phase::Committing),
			(opened.commit_until - 1, Phase::Committing),
			(opened.commit_until, Phase::Waiting),
			(opened.sampled_at - 1, Phase::Waiting),
			(opened.sampled_at, Phase::Revealing),
		] {
			run_to(block);
			assert_eq!(round().phase, phase, "block {block}");
		}
		assert_eq!(opened.next_from, opened.opened_at + PARAMETERS.minimum_gap);
	});
}

#[test]
fn status_should_tell_the_next_step_in_every_phase() {
	build_and_execute(|| {
		let next = || status(0, 0).next;
		assert_eq!(ProofOfFlops::status(worker(0), DEVICES).next, NextStep::Register);
		assert_eq!(ProofOfFlops::status(77, 0).next, NextStep::Register);
		assert_eq!(next(), NextStep::AwaitRound);
		let r = open_round();
		let (commit_from, commit_until) = (r.commit_from, r.commit_until);
		assert_eq!(next(), NextStep::Work { round: r.index, commit_from, commit_until });
		run_to(commit_from);
		assert_eq!(next(), NextStep::Commit { round: r.index, commit_until });
		let (root, openings) = work(0, 0, 2);
		assert_ok!(commit(0, 0, 2, root));
		assert_eq!(next(), NextStep::AwaitSample { round: r.index, sampled_at: r.sampled_at });
		run_to_sample();
		assert_eq!(next(), NextStep::Reveal { round: r.index, until: r.reveal_until });
		let due = ProofOfFlops::pending_claims(worker(0), 0);
		assert_eq!(due.len(), 1);
		assert_eq!(due[0].credits, assay_flops::reward::credits(2, Multiplier::NEWCOMER));
		assert_eq!(due[0].seed.0, device_seed(0, 0));
		assert!(!due[0].void);
		assert_ok!(reveal(0, r.index, 0, openings));
		assert_eq!(next(), NextStep::AwaitRound);

		let r = open_window();
		assert_ok!(commit(0, 0, 2, H256::zero()));
		set_turnout(0, u32::MAX);
		run_to_sample();
		assert_eq!(next(), NextStep::Settle { round: r.index });
		assert_eq!(ProofOfFlops::pending_claims(worker(0), 0)[0].state, ClaimState::NotDrawn);
		assert_ok!(settle(0, 0, r.index));

		let r = open_window();
		assert_ok!(commit(0, 0, 2, H256::zero()));
		run_to(r.reveal_until);
		assert_eq!(ProofOfFlops::pending_claims(worker(0), 0)[0].state, ClaimState::Overdue);

		assert_ok!(Operators::retire(RuntimeOrigin::signed(operator(1))));
		assert_eq!(status(1, 0).next, NextStep::Inactive);
	});
}

#[test]
fn status_should_tell_why_a_device_is_paid_or_not() {
	build_and_execute(|| {
		let index = honest_round(0, 0, 2);
		let status_of = || status(0, 0);
		assert_eq!(status_of().outcome, Some((index, Outcome::Buffered)));
		assert_eq!(status_of().operator, Some(operator(0)));
		assert_eq!(status_of().payout, Some(payout(0)));
		assert!(status_of().buffer < status_of().required);
		assert_eq!(ProofOfFlops::buffer(worker(0), 0), (status_of().buffer, status_of().required));
		assert_eq!(ProofOfFlops::multiplier(worker(0), 0), status_of().multiplier);
		assert_eq!(ProofOfFlops::expected_credits(worker(0), 0), status_of().expected_credits);
		assert_eq!(ProofOfFlops::capacity(worker(0), 0), status_of().capacity);
		let slot_ms: u64 = <<Test as Config>::SlotDuration as Get<u64>>::get();
		assert_eq!(
			status_of().capacity,
			2 * assay_flops::TILE_FLOP * 1_000 / (u64::from(PARAMETERS.window) * slot_ms)
		);
		honest_round(0, 0, 2);
		let index = honest_round(0, 0, 2);
		assert_eq!(status_of().outcome, Some((index, Outcome::Paid)));
		assert!(status_of().covered);
	});
}

#[test]
fn unsampled_claim_should_lapse_when_the_beacon_never_had_a_seed() {
	build_and_execute(|| {
		let r = open_window();
		assert_ok!(commit(0, 0, 2, H256::zero()));
		// The beacon forgets everything: this can only be made up.
		let delay = pallet_beacon::Delay::<Test>::get();
		pallet_beacon::Delay::<Test>::put(60);
		open_round();
		pallet_beacon::Delay::<Test>::put(delay);
		assert_eq!(ProofOfFlops::pending_claims(worker(0), 0)[0].state, ClaimState::Unsampled);
		assert_ok!(settle(0, 0, r.index));
		assert!(matches!(last_event(), Event::Lapsed { reason: Lapse::Unsampled, .. }));
		assert_eq!(standing(0, 0).outcome, Some((r.index, Outcome::Unsampled)));
	});
}

#[test]
fn worker_should_have_open_obligations_until_its_last_device_is_released() {
	build_and_execute(|| {
		assert!(!ProofOfFlops::has_open_obligations(worker(0)));
		honest_round(0, 0, 1);
		assert!(ProofOfFlops::has_open_obligations(worker(0)));
		assert!(!ProofOfFlops::has_open_obligations(worker(1)));
		let origin = RuntimeOrigin::signed(operator(0));
		assert_ok!(ProofOfFlops::release_buffer(origin, worker(0), 0));
		assert!(!ProofOfFlops::has_open_obligations(worker(0)));
	});
}
