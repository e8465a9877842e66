//! Attacks on a claim, each with its outcome.

use crate::{mock::*, *};
use assay_flops::{coverage, seeds, stream, Opening, Sample};
use frame_support::{assert_noop, assert_ok, dispatch::Pays};
use pallet_operators::{Obligation, Security, Service};
use sp_core::H256;

fn reserved(i: u64, device: u16) -> Balance {
	let obligation = Obligation { worker: worker(i), device, nonce: 0 };
	Operators::reserved(&operator(i), Service::Flops, obligation)
}

fn convicted() -> Vec<(u64, Misdeed, u128)> {
	events()
		.into_iter()
		.filter_map(|event| match event {
			Event::Convicted { worker, misdeed, burnt, .. } => Some((worker, misdeed, burnt)),
			_ => None,
		})
		.collect()
}

/// What a device shows that claims `tiles` tiles and has computed `real` of them: all other leaves
/// are zeros, under a root that fits them.
fn fake(i: u64, device: u16, real: u32, tiles: u32) -> (H256, Vec<Opening>, bool) {
	let samples = foreseen_samples(i, device, tiles);
	let known: Vec<Sample> =
		samples.iter().filter(|s| s.position().unwrap().tile < real).copied().collect();
	let (_, right) = sparse::openings(&device_seed(i, device), tiles, &known);
	let entries = |sample: &Sample| {
		known.iter().position(|k| k == sample).map_or([0; 64], |n| right[n].entries)
	};
	let leaves = samples
		.iter()
		.map(|s| {
			let data = assay_flops::tile::leaf_data(&entries(s));
			(s.leaf, assay_merkle::leaf_hash(s.leaf, &data))
		})
		.collect();
	let (root, paths) = sparse::tree(tiles, &leaves);
	let openings = samples
		.iter()
		.map(|s| Opening { entries: entries(s), path: paths[&s.leaf].clone() })
		.collect();
	(H256(root), openings, known.len() == samples.len())
}

#[test]
fn f02_claim_should_convict_when_it_is_drawn_and_a_hundred_times_too_large() {
	build_and_execute(|| {
		for _ in 0..3 {
			honest_round(0, 0, 2);
		}
		let (honest, paid) = (standing(0, 0), credits_of(payout(0)));
		assert_eq!(status(0, 0).capacity_tiles, 2);

		let round = open_window();
		let (root, openings, lucky) = fake(0, 0, 2, 200);
		assert!(!lucky);
		assert_ok!(commit(0, 0, 200, root));
		assert_eq!(status(0, 0).capacity_tiles, 2, "a claim is not a capacity");
		run_to_sample();
		let result = reveal(0, round.index, 0, openings).unwrap();
		assert_eq!(result.pays_fee, Pays::Yes);
		let Event::Convicted { misdeed, stake, burnt, .. } = last_event() else {
			panic!("not convicted: {:?}", last_event())
		};
		assert!(matches!(misdeed, Misdeed::WrongOpening { fault: assay_flops::Fault::Entry, .. }));
		assert_eq!((stake, burnt), (DEVICE_STAKE, honest.buffer));
		assert_eq!(credits_of(payout(0)), paid);
		assert_eq!(status(0, 0).capacity, 0);
		assert_eq!(reserved(0, 0), 0);
		assert_eq!(standing(0, 0).outcome, Some((round.index, Outcome::WrongOpening)));
	});
}

#[test]
fn f02_claim_should_convict_or_pass_by_its_samples_when_it_is_twice_too_large() {
	build_and_execute(|| {
		let mut passed = 0;
		for _ in 0..40 {
			let round = open_window();
			let (root, openings, lucky) = fake(0, 0, 8, 16);
			assert_ok!(commit(0, 0, 16, root));
			run_to_sample();
			assert_ok!(reveal(0, round.index, 0, openings));
			match last_event() {
				Event::Credited { .. } => {
					assert!(lucky);
					passed += 1;
				}
				Event::Convicted { .. } => assert!(!lucky),
				event => panic!("{event:?}"),
			}
		}
		// A share of 1/2 passes four samples with probability 1/16.
		assert!(passed <= 8, "{passed} of 40");
		assert!(convicted().len() >= 32);
		// What passed never left the buffer, and the next conviction burnt it.
		assert_eq!(credits_of(payout(0)), 0);
	});
}

#[test]
fn f02_undrawn_claim_should_be_granted_only_as_far_as_the_buffer_covers_it() {
	build_and_execute(|| {
		honest_round(0, 0, 2);
		let r = assay_flops::reward::credits(2, Default::default());
		// One of twenty covered claims is drawn: λ·r ÷ (q·(1 − α)) − r = 59·r has to be withheld.
		give_buffer(0, 0, 70 * r);
		for (tiles, covered) in [(2, true), (4, false), (200, false)] {
			let round = open_window();
			LastTurnout::<Test>::put(Turnout { covered: 1_280, uncovered: 0 });
			assert_ok!(commit(0, 0, tiles, H256::zero()));
			assert_eq!(standing(0, 0).pending[0].covered, covered, "{tiles} tiles");
			let turnout =
				Turnout { covered: 1_280, uncovered: if covered { 0 } else { 1_000_000 } };
			set_turnout(turnout.covered, turnout.uncovered);
			run_to_sample();
			let before = standing(0, 0).buffer;
			let q = rules::ratio(&PARAMETERS, &turnout, covered);
			let payable = |credits| coverage::payable(q, &PARAMETERS, before, credits);
			// With the seeds of this test none of them is drawn.
			assert_ok!(settle(0, 0, round.index));
			let Event::Credited { opened: false, claim, credits, granted, paid, .. } = last_event()
			else {
				panic!("opened or not credited: {:?}", last_event())
			};
			assert_eq!((claim, granted), (tiles, payable(credits)));
			if covered {
				assert_eq!(granted, credits);
			} else {
				assert!(granted < r / 100 && paid == 0, "{granted} of {credits}");
			}
			assert_eq!(standing(0, 0).last_opened, 2);
			assert_eq!(status(0, 0).capacity_tiles, 2, "never above the last opened claim");
		}
	});
}

#[test]
fn f02_covered_claim_should_lapse_when_more_came_than_the_buffer_was_made_for() {
	build_and_execute(|| {
		honest_round(0, 0, 2);
		let round = open_window();
		fill_buffer(0, 0);
		assert_ok!(commit(0, 0, 2, H256::zero()));
		assert!(standing(0, 0).pending[0].covered);
		set_turnout(u32::MAX, 0);
		run_to(round.sampled_at);
		assert_ok!(settle(0, 0, round.index));
		assert!(matches!(last_event(), Event::Lapsed { reason: Lapse::Uncovered, .. }));
		assert_eq!(status(0, 0).outcome, Some((round.index, Outcome::Uncovered)));
	});
}

/// Gives a device a buffer that covers claims of its latest size well.
fn fill_buffer(i: u64, device: u16) {
	give_buffer(i, device, 10 * status(i, device).expected_credits);
}

#[test]
fn f06_seeds_should_differ_between_rounds_workers_and_devices() {
	build_and_execute(|| {
		let mut all = std::collections::BTreeSet::new();
		for _ in 0..4 {
			open_round();
			for i in 0..5 {
				for device in 0..DEVICES {
					assert!(all.insert(device_seed(i, device)));
				}
			}
		}
	});
}

#[test]
fn f06_work_of_another_device_should_convict() {
	build_and_execute(|| {
		let round = open_window();
		// Device 1 opens at its own samples, but has the product of device 0.
		let samples = foreseen_samples(0, 1, 3);
		let (root, openings) = sparse::openings(&device_seed(0, 0), 3, &samples);
		assert_ok!(commit(0, 1, 3, H256(root)));
		run_to_sample();
		assert_ok!(reveal(0, round.index, 1, openings));
		assert!(matches!(
			convicted()[..],
			[(_, Misdeed::WrongOpening { opening: 0, fault: assay_flops::Fault::Entry }, 0)]
		));
	});
}

#[test]
fn f07_opening_should_convict_when_any_entry_of_its_leaf_was_changed() {
	build_and_execute(|| {
		let round = open_window();
		let (root, openings) = work(0, 0, 1);
		assert_ok!(commit(0, 0, 1, root));
		run_to_sample();
		for (n, at) in [(0, 0), (1, 17), (2, 40), (3, 63)] {
			let mut changed = openings.clone();
			changed[n].entries[at] ^= 1;
			frame_support::storage::with_transaction(|| {
				assert_ok!(reveal(0, round.index, 0, changed));
				assert!(matches!(last_event(), Event::Convicted { .. }));
				frame_support::storage::TransactionOutcome::Rollback(Ok::<
					_,
					sp_runtime::DispatchError,
				>(()))
			})
			.unwrap();
		}
		assert_ok!(reveal(0, round.index, 0, openings));
	});
}

#[test]
fn f08_garbage_should_never_be_accepted() {
	build_and_execute(|| {
		let seed = device_seed_of(1);
		let mut draw = assay_draw::Draw::new([7; 32]);
		let mut right = 0;
		for _ in 0..2_000 {
			let leaf = draw.next_u64() % 1_024;
			let sample = Sample { leaf, column: (draw.next_u64() % 64) as u8 };
			let guess = (draw.next_u64() % 3_686_401) as i32;
			let entries = [guess; 64];
			let data = assay_flops::tile::leaf_data(&entries);
			let leaves = [(leaf, assay_merkle::leaf_hash(leaf, &data))].into();
			let (root, paths) = sparse::tree(1, &leaves);
			let opening = Opening { entries, path: paths[&leaf].clone() };
			let checked = assay_flops::opening::check(&seed, &root, 1, &sample, &opening);
			right += u32::from(checked.is_ok());
		}
		assert_eq!(right, 0);
	});
}

fn device_seed_of(n: u8) -> [u8; 32] {
	seeds::device_seed(&[n; 32], 1, 0, 0)
}

#[test]
fn f09_second_commitment_should_be_refused_in_the_same_round() {
	build_and_execute(|| {
		open_window();
		assert_ok!(commit(0, 0, 1, H256::repeat_byte(1)));
		assert_noop!(commit(0, 0, 1, H256::repeat_byte(2)), Error::<Test>::AlreadyCommitted);
		next_block();
		assert_noop!(commit(0, 0, 1, H256::repeat_byte(3)), Error::<Test>::AlreadyCommitted);
		// Every device of a worker has one of its own.
		assert_ok!(commit(0, 1, 1, H256::repeat_byte(2)));
	});
}

#[test]
fn f09_convicted_device_should_not_commit_again_in_the_same_round() {
	build_and_execute(|| {
		let round = open_window();
		assert_ok!(commit(0, 0, 1, H256::repeat_byte(1)));
		run_to_sample();
		let openings = vec![Opening { entries: [0; 64], path: vec![[0; 32]; 10] }; 4];
		assert_ok!(reveal(0, round.index, 0, openings));
		assert_eq!(convicted().len(), 1);
		assert_eq!(standing(0, 0).last_round, round.index);
	});
}

#[test]
fn f09_sample_should_come_from_a_block_after_every_commitment() {
	build_and_execute(|| {
		open_round();
		let round = round();
		while System::block_number() < u64::from(round.sampled_at) {
			assert_eq!(crate::mock::round().sample, None);
			next_block();
		}
		assert!(round.sampled_at >= round.commit_until - 1 + PARAMETERS.delay);
		let first = crate::mock::round().sample.unwrap();
		let second = {
			open_round();
			run_to_sample().sample.unwrap()
		};
		assert_ne!(first, second);
	});
}

#[test]
fn f09_sample_should_change_when_only_blocks_after_the_window_differ() {
	let sample = |fork| {
		let mut sample = None;
		build_and_execute(|| {
			let round = open_round();
			run_to(round.commit_until - 1);
			Fork::set(fork);
			sample = run_to_sample().sample;
		});
		sample.unwrap()
	};
	assert_eq!(sample(0), sample(0));
	assert_ne!(sample(0), sample(1));
}

#[test]
fn f14_answer_should_not_be_accepted_twice_or_in_another_round() {
	build_and_execute(|| {
		let round = open_window();
		let (root, openings) = work(0, 0, 2);
		assert_ok!(commit(0, 0, 2, root));
		run_to_sample();
		assert_noop!(reveal(1, round.index, 0, openings.clone()), Error::<Test>::NoSuchClaim);
		assert_ok!(reveal(0, round.index, 0, openings.clone()));
		assert_noop!(reveal(0, round.index, 0, openings.clone()), Error::<Test>::AlreadyRevealed);
		let issued = Assets::total_supply(FLOPS) + standing(0, 0).buffer;

		// The answer of the round before, with its root.
		let next = open_window();
		assert_ok!(commit(0, 0, 2, root));
		run_to_sample();
		assert_ok!(reveal(0, next.index, 0, openings));
		assert_eq!(convicted().len(), 1);
		assert!(Assets::total_supply(FLOPS) + standing(0, 0).buffer < issued);
	});
}

#[test]
fn f14_opened_claim_should_not_be_opened_again_while_it_waits_for_an_older_one() {
	build_and_execute(|| {
		let first = open_window();
		assert_ok!(commit(0, 0, 1, H256::zero()));
		let second = open_window();
		let (root, openings) = work(0, 0, 1);
		assert_ok!(commit(0, 0, 1, root));
		run_to_sample();
		assert_ok!(reveal(0, second.index, 0, openings.clone()));
		assert_noop!(reveal(0, second.index, 0, openings), Error::<Test>::AlreadyRevealed);
		assert_noop!(settle(0, 0, second.index), Error::<Test>::OlderClaimPending);
		// The older one was never computed: with it goes the one that was.
		run_to(first.reveal_until);
		assert_ok!(settle(0, 0, second.index));
		assert_eq!(convicted(), vec![(worker(0), Misdeed::Silence, 0)]);
		assert!(events()
			.iter()
			.any(|event| matches!(event, Event::Voided { round, .. } if *round == second.index)));
		assert_eq!(standing(0, 0).buffer, 0);
	});
}

#[test]
fn f15_copied_root_should_never_open() {
	build_and_execute(|| {
		let round = open_window();
		let (root, openings) = work(0, 0, 4);
		assert_ok!(commit(0, 0, 4, root));
		assert_ok!(commit(1, 0, 4, root));
		run_to_sample();
		assert_ok!(reveal(0, round.index, 0, openings.clone()));
		assert!(matches!(last_event(), Event::Credited { .. }));
		assert_ok!(reveal(1, round.index, 0, openings));
		assert!(matches!(last_event(), Event::Convicted { stake: DEVICE_STAKE, .. }));
		assert_eq!(convicted()[0].0, worker(1));
	});
}

#[test]
fn f16_withheld_opening_should_convict_and_burn_the_buffer_by_anybodys_call() {
	build_and_execute(|| {
		for _ in 0..3 {
			honest_round(0, 0, 2);
		}
		let buffer = standing(0, 0).buffer;
		let round = open_window();
		assert_ok!(commit(0, 0, 2, H256::zero()));
		run_to(round.reveal_until);
		let native = Balances::free_balance(ADMIN);
		let result = settle(0, 0, round.index).unwrap();
		assert_eq!(result.pays_fee, Pays::No);
		let Event::Convicted { stake, burnt, .. } = last_event() else {
			panic!("not convicted: {:?}", last_event())
		};
		assert_eq!((stake, burnt), (DEVICE_STAKE, buffer));
		assert_eq!(Balances::free_balance(ADMIN), native, "silence pays no bounty");
		assert_eq!(credits_of(ADMIN), 0);
		assert_eq!(standing(0, 0).outcome, Some((round.index, Outcome::MissedOpening)));
		assert_eq!(reserved(0, 0), 0);
	});
}

#[test]
fn f16_withheld_opening_should_convict_at_the_next_commitment() {
	build_and_execute(|| {
		let missed = open_window();
		assert_ok!(commit(0, 0, 1, H256::zero()));
		run_to(missed.reveal_until);
		open_window();
		// The conviction stands even though nothing is committed; then the device is a newcomer.
		let result = commit(0, 0, 1, H256::zero()).unwrap();
		assert_eq!(result.pays_fee, Pays::Yes);
		assert_eq!(convicted().len(), 1);
		assert!(standing(0, 0).pending.is_empty());
		assert_ok!(commit(0, 0, 1, H256::zero()));
		assert_eq!(reserved(0, 0), DEVICE_STAKE);
		assert_eq!(standing(0, 0).pending.len(), 1);
	});
}

#[test]
fn f16_doomed_device_should_not_be_credited_while_its_opening_is_due() {
	build_and_execute(|| {
		honest_round(0, 0, 2);
		fill_buffer(0, 0);
		let doomed = open_window();
		assert_ok!(commit(0, 0, 2, H256::zero()));
		let burst = open_window();
		assert_ok!(commit(0, 0, 2, H256::zero()));
		assert!(standing(0, 0).pending[1].covered);
		set_turnout(1_000_000, 0);
		run_to_sample();
		// It was not drawn, but it is not final before the older one is.
		assert_noop!(settle(0, 0, burst.index), Error::<Test>::OlderClaimPending);
		run_to(doomed.reveal_until);
		assert_ok!(settle(0, 0, burst.index));
		assert_eq!(convicted().len(), 1);
		assert_eq!(credits_of(payout(0)), 0);
	});
}

#[test]
fn conviction_should_void_what_other_devices_of_the_operator_have_not_finished() {
	build_and_execute(|| {
		let round = open_window();
		let (root, openings) = work(0, 1, 2);
		assert_ok!(commit(0, 0, 2, H256::zero()));
		assert_ok!(commit(0, 1, 2, root));
		let (other, other_openings) = work(1, 0, 2);
		assert_ok!(commit(1, 0, 2, other));
		run_to_sample();
		let garbage = vec![Opening { entries: [0; 64], path: vec![[0; 32]; 11] }; 4];
		assert_ok!(reveal(0, round.index, 0, garbage));
		assert_eq!(convicted().len(), 1);
		// The honest device of the same operator proves its capacity and is not paid.
		assert!(status(0, 1).pending[0].void);
		assert_ok!(reveal(0, round.index, 1, openings));
		assert!(matches!(last_event(), Event::Voided { device: 1, claim: 2, .. }));
		assert_eq!(standing(0, 1).outcome, Some((round.index, Outcome::Voided)));
		assert_eq!(status(0, 1).capacity_tiles, 2);
		assert_eq!(standing(0, 1).buffer, 0);
		// Another operator is not concerned.
		assert_ok!(reveal(1, round.index, 0, other_openings));
		assert!(matches!(last_event(), Event::Credited { .. }));
	});
}

#[test]
fn conviction_should_not_hide_another_device_that_does_not_open() {
	build_and_execute(|| {
		let round = open_window();
		assert_ok!(commit(0, 0, 2, H256::zero()));
		assert_ok!(commit(0, 1, 2, H256::zero()));
		run_to(round.reveal_until);
		assert_ok!(settle(0, 0, round.index));
		assert_ok!(settle(0, 1, round.index));
		assert_eq!(convicted().len(), 2);
		assert_eq!((reserved(0, 0), reserved(0, 1)), (0, 0));
	});
}

#[test]
fn entries_should_be_what_the_seed_says() {
	// The openings of these tests are made of single entries; a whole tile says the same.
	let seed = device_seed_of(3);
	let tile = assay_flops::tile::reference_tile(&seed, 0);
	for (row, column) in [(0, 0), (3, 200), (255, 255), (128, 64)] {
		assert_eq!(tile[row * 256 + column], stream::entry(&seed, 0, row as u32, column as u32));
	}
}
