//! Genesis, invariants, and conservation over random histories.

use crate::{mock::*, *};
use assay_draw::Draw;
use assay_flops::{Opening, Parameters as RoundParameters};
use core::num::NonZeroU64;
use frame_support::{assert_ok, traits::BuildGenesisConfig};
use sp_core::H256;
use std::panic::catch_unwind;

#[test]
fn genesis_should_refuse_parameters_that_contradict_each_other() {
	let refuses = |parameters: RoundParameters| {
		catch_unwind(|| {
			sp_io::TestExternalities::default().execute_with(|| {
				pallet_beacon::Delay::<Test>::put(u64::from(parameters.delay));
				GenesisConfig::<Test> { parameters, ..Default::default() }.build()
			})
		})
		.is_err()
	};
	assert!(!refuses(RoundParameters::LIVE));
	assert!(!refuses(RoundParameters::DEVELOPMENT));
	assert!(!refuses(PARAMETERS));
	for parameters in [
		RoundParameters { window: 0, ..PARAMETERS },
		RoundParameters { deterrence: 1, ..PARAMETERS },
		RoundParameters { samples: 17, ..PARAMETERS },
		RoundParameters { mean_gap: 23, ..PARAMETERS },
		RoundParameters { reveal_window: 400, ..PARAMETERS },
		// A round has to be sampled before the next one opens.
		RoundParameters { minimum_gap: 11, mean_gap: 11, ..PARAMETERS },
	] {
		assert!(refuses(parameters), "{parameters:?}");
	}
	assert!(!refuses(RoundParameters { minimum_gap: 12, mean_gap: 12, ..PARAMETERS }));
}

#[test]
fn genesis_should_refuse_a_delay_that_is_not_the_beacons() {
	let outcome = catch_unwind(|| {
		sp_io::TestExternalities::default().execute_with(|| {
			pallet_beacon::Delay::<Test>::put(u64::from(PARAMETERS.delay) + 1);
			GenesisConfig::<Test> { parameters: PARAMETERS, ..Default::default() }.build()
		})
	});
	assert!(outcome.is_err());
}

#[test]
fn parameters_should_be_those_of_the_genesis() {
	build_and_execute(|| assert_eq!(ProofOfFlops::parameters(), Some(PARAMETERS)));
}

/// A state with an open claim, and one change to it that `try_state` has to find.
fn corrupt(change: impl FnOnce()) {
	Fork::set(0);
	EmptySlots::set(0);
	genesis(PARAMETERS).execute_with(|| {
		next_block();
		honest_round(0, 0, 1);
		open_window();
		assert_ok!(commit(0, 0, 1, H256::zero()));
		assert_ok!(ProofOfFlops::do_try_state());
		change();
		assert!(ProofOfFlops::do_try_state().is_err());
	});
}

fn change_standing(change: impl FnOnce(&mut Standing<u64>)) {
	Standings::<Test>::mutate(worker(0), 0, |standing| change(standing.as_mut().unwrap()));
}

fn change_round(change: impl FnOnce(&mut Round)) {
	Rounds::<Test>::mutate(2, |round| change(round.as_mut().unwrap()));
}

#[test]
fn try_state_should_fail_when_the_state_is_corrupt() {
	corrupt(|| change_round(|round| round.pending = 2));
	corrupt(|| change_round(|round| round.turnout = Turnout::default()));
	corrupt(|| change_round(|round| round.opened_at = 1_000_000));
	corrupt(|| Rounds::<Test>::remove(2));
	corrupt(|| CurrentRound::<Test>::put(1));
	corrupt(|| CurrentRound::<Test>::put(3));
	corrupt(|| {
		let round = Rounds::<Test>::get(2).unwrap();
		Rounds::<Test>::insert(1, Round { pending: 0, ..round });
	});
	corrupt(|| change_standing(|standing| standing.last_round = 3));
	corrupt(|| change_standing(|standing| standing.last_round = 1));
	corrupt(|| change_standing(|standing| standing.pending[0].size = 2));
	corrupt(|| change_standing(|standing| standing.pending[0].tiles = 0));
	corrupt(|| {
		change_standing(|standing| {
			let claim = standing.pending[0].clone();
			standing.pending.try_push(claim).unwrap();
			change_round(|round| round.pending = 2);
		})
	});
	corrupt(|| {
		use pallet_operators::Security;
		let obligation = Pallet::<Test>::obligation(worker(0), 0);
		let service = pallet_operators::Service::Flops;
		assert_ok!(Operators::release(&operator(0), service, obligation));
	});
	corrupt(|| pallet_beacon::Delay::<Test>::put(5));
	corrupt(Parameters::<Test>::kill);
	corrupt(|| Parameters::<Test>::put(RoundParameters { window: 0, ..PARAMETERS }));
}

/// What a device does in a round.
fn act(draw: &mut Draw, kept: &mut Vec<(u64, u16, RoundIndex, Vec<Opening>)>) {
	let below = |draw: &mut Draw, n| draw.below(NonZeroU64::new(n).unwrap());
	let (i, device) = (below(draw, 3), below(draw, 2) as u16);
	match below(draw, 10) {
		0..=3 => {
			let tiles = 1 + below(draw, 4) as u32;
			if round().phase == assay_flops::Phase::Committing {
				let (root, openings) = work(i, device, tiles);
				let honest = below(draw, 8) > 0;
				let root = if honest { root } else { H256::repeat_byte(9) };
				if commit(i, device, tiles, root).is_ok() {
					kept.push((i, device, round().index, openings));
				}
			}
		}
		4..=7 => {
			for (i, device, index, openings) in core::mem::take(kept) {
				if reveal(i, index, device, openings.clone()).is_err() && below(draw, 40) > 0 {
					kept.push((i, device, index, openings));
				}
			}
		}
		8 => {
			let index = CurrentRound::<Test>::get().saturating_sub(below(draw, 4) as u32);
			let _ = settle(i, device, index);
		}
		_ if below(draw, 8) == 0 => {
			let _ =
				ProofOfFlops::release_buffer(RuntimeOrigin::signed(operator(i)), worker(i), device);
		}
		_ => {}
	}
}

#[test]
fn credits_should_be_conserved_over_random_histories() {
	let (mut credited, mut convicted, mut lapsed) = (0, 0, 0);
	for seed in 0..4u8 {
		let parameters = RoundParameters { audit_budget: 2 + 2 * u32::from(seed), ..PARAMETERS };
		execute(parameters, || {
			let mut draw = Draw::new([seed; 32]);
			let mut kept = vec![];
			open_round();
			for _ in 0..700 {
				next_block();
				for _ in 0..3 {
					act(&mut draw, &mut kept);
				}
				if System::block_number().is_multiple_of(50) {
					check_invariants();
				}
			}
			for event in events() {
				match event {
					Event::Credited { .. } => credited += 1,
					Event::Convicted { .. } => convicted += 1,
					Event::Lapsed { .. } => lapsed += 1,
					_ => {}
				}
			}
			assert!(Standings::<Test>::iter().count() <= 6);
			assert!(Rounds::<Test>::iter().count() <= 1 + 6 * MAX_PENDING as usize);
		});
	}
	// The histories are worth something only if everything happens in them.
	assert!(credited > 30 && convicted > 30 && lapsed > 5, "{credited} {convicted} {lapsed}");
}
