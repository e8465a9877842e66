//! What happens in the start of a block.

use crate::{mock::*, *};
use assay_flops::Parameters as RoundParameters;
use frame_support::{assert_ok, traits::Hooks, BoundedVec};
use sp_core::H256;

#[test]
fn rounds_should_open_after_the_minimum_gap_with_the_mean_gap_when_the_beacon_says_so() {
	let parameters = RoundParameters { mean_gap: 60, ..PARAMETERS };
	execute(parameters, || {
		let mut gaps = vec![];
		let mut last = open_round().opened_at;
		for _ in 0..300 {
			let opened = open_round().opened_at;
			gaps.push(opened - last);
			last = opened;
		}
		assert!(gaps.iter().all(|gap| *gap >= parameters.minimum_gap));
		let mean = f64::from(gaps.iter().sum::<u32>()) / gaps.len() as f64;
		// The standard error is 36 ÷ √300 = 2.1 blocks.
		assert!((mean - 60.0).abs() < 8.0, "{mean}");
		let indices = events()
			.into_iter()
			.filter_map(|event| match event {
				Event::RoundOpened { round, .. } => Some(round),
				_ => None,
			})
			.collect::<Vec<_>>();
		assert!(indices.windows(2).all(|pair| pair[1] == pair[0] + 1));
	});
}

#[test]
fn sample_should_be_fixed_once_and_in_its_block() {
	build_and_execute(|| {
		let round = open_round();
		run_to(round.sampled_at - 1);
		assert_eq!(crate::mock::round().sample, None);
		next_block();
		let sample = crate::mock::round().sample;
		assert!(sample.is_some());
		let sampled = |event: &Event<Test>| matches!(event, Event::RoundSampled { .. });
		assert!(sampled(&last_event()));
		run_to(round.sampled_at + 10);
		assert_eq!(crate::mock::round().sample, sample);
		assert_eq!(events().iter().filter(|event| sampled(event)).count(), 1);
	});
}

#[test]
fn round_should_be_forgotten_when_nothing_refers_to_it() {
	build_and_execute(|| {
		// Nobody came.
		open_round();
		open_window();
		assert_eq!(Rounds::<Test>::iter_keys().collect::<Vec<_>>(), vec![2]);
		// All is settled while it is current.
		let (root, openings) = work(0, 0, 1);
		assert_ok!(commit(0, 0, 1, root));
		run_to_sample();
		assert_ok!(reveal(0, 2, 0, openings));
		assert_eq!(Rounds::<Test>::get(2).unwrap().pending, 0);
		open_window();
		assert_eq!(Rounds::<Test>::iter_keys().collect::<Vec<_>>(), vec![3]);
		// A claim that is never settled keeps its round, until anybody settles it.
		assert_ok!(commit(0, 0, 1, H256::zero()));
		for _ in 0..5 {
			open_round();
		}
		let mut kept = Rounds::<Test>::iter_keys().collect::<Vec<_>>();
		kept.sort();
		assert_eq!(kept, vec![3, 8]);
		assert_ok!(settle(0, 0, 3));
		assert_eq!(Rounds::<Test>::iter_keys().collect::<Vec<_>>(), vec![8]);
	});
}

/// Database reads and weight of the hook in each block of a round, in a state with `others`
/// standings besides.
fn costs(others: u64) -> Vec<(usize, frame_support::weights::Weight)> {
	Fork::set(0);
	EmptySlots::set(0);
	let mut ext = genesis(PARAMETERS);
	ext.execute_with(|| {
		open_window();
		assert_ok!(commit(0, 0, 1, H256::zero()));
		let standing = Standing { pending: BoundedVec::default(), ..standing(0, 0) };
		for worker in 1_000..1_000 + others {
			Standings::<Test>::insert(worker, 0, standing.clone());
		}
		Rounds::<Test>::mutate(1, |round| round.as_mut().unwrap().turnout.uncovered = 10_000);
	});
	ext.commit_all().unwrap();
	let mut costs = vec![];
	for _ in 0..PARAMETERS.minimum_gap {
		// The beacon's own hook is not measured.
		ext.execute_with(|| {
			let now = System::block_number() + 1;
			System::reset_events();
			System::set_block_number(now);
			ParentVrf::set(Some(assay_draw::seed(b"hooks", &[&now.to_le_bytes()])));
			<Beacon as Hooks<u64>>::on_initialize(now);
		});
		ext.commit_all().unwrap();
		let (weight, proof) =
			ext.execute_and_prove(|| ProofOfFlops::on_initialize(System::block_number()));
		ext.commit_all().unwrap();
		costs.push((proof.into_iter_nodes().count(), weight));
	}
	costs
}

#[test]
fn hook_should_cost_the_same_when_ten_thousand_devices_stand() {
	let (few, many) = (costs(0), costs(10_000));
	assert_eq!(few.len(), many.len());
	let mut weights = few.iter().map(|(_, weight)| weight.ref_time()).collect::<Vec<_>>();
	weights.sort_unstable();
	weights.dedup();
	assert_eq!(weights.len(), 3, "an idle block, one with a sample, one that opens a round");
	for ((nodes, weight), (more_nodes, same_weight)) in few.iter().zip(&many) {
		assert_eq!(weight, same_weight);
		// Nodes of the trie that were read, which no device adds to.
		assert_eq!(nodes, more_nodes);
	}
}
