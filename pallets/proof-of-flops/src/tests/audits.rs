//! Who is drawn, and what the buffer has to hold.

use crate::{mock::*, rules, *};
use assay_flops::{reward, Parameters as RoundParameters, Ratio};
use frame_support::assert_ok;
use sp_core::H256;

#[test]
fn everybody_should_be_drawn_when_the_budget_allows() {
	build_and_execute(|| {
		let round = open_window();
		for i in 0..5 {
			assert_ok!(commit(i, 0, 1, H256::repeat_byte(i as u8)));
		}
		assert_eq!(crate::mock::round().turnout, Turnout { covered: 0, uncovered: 5 });
		run_to_sample();
		for i in 0..5 {
			let pending = status(i, 0).pending;
			assert!(matches!(&pending[0].state, ClaimState::OpeningDue { until, samples }
					if *until == round.reveal_until && samples.len() == 4));
		}
	});
}

#[test]
fn claims_should_be_drawn_by_the_budget_when_it_is_small() {
	let parameters = RoundParameters { audit_budget: 2, ..PARAMETERS };
	execute(parameters, || {
		let (mut drawn, mut all) = (0, 0);
		for _ in 0..30 {
			let round = open_window();
			for i in 0..5 {
				for device in 0..DEVICES {
					let root = H256::repeat_byte(round.index as u8);
					if commit(i, device, 1, root)
						.is_ok_and(|_| standing(i, device).last_round == round.index)
					{
						all += 1;
					}
				}
			}
			run_to_sample();
			for i in 0..5 {
				for device in 0..DEVICES {
					let due = status(i, device).pending.into_iter().any(|claim| {
						claim.claim.round == round.index
							&& matches!(claim.state, ClaimState::OpeningDue { .. })
					});
					drawn += u32::from(due);
				}
			}
		}
		// About two of the fifteen in a round are drawn.
		let rounds = f64::from(all) / 15.0;
		let mean = f64::from(drawn) / rounds;
		assert!((1.2..2.9).contains(&mean), "{mean} of 15");
	});
}

#[test]
fn buffer_should_be_made_for_the_smaller_probability() {
	let p = PARAMETERS;
	let turnout = |covered, uncovered| Turnout { covered, uncovered };
	assert_eq!(rules::aim(&p, &turnout(0, 0)), Ratio::ONE);
	assert_eq!(rules::aim(&p, &turnout(10, 20)), Ratio::ONE);
	// Nobody is covered: once all are, 64 of 6,400 will be drawn.
	let aim = rules::aim(&p, &turnout(0, 6_400));
	assert_eq!(aim.num * 100, aim.den);
	// Half of the budget is for the others.
	let aim = rules::aim(&p, &turnout(640, 640));
	assert_eq!(aim.num * 20, aim.den);
	let aim = rules::aim(&p, &turnout(640, 64));
	assert_eq!(aim.num * 20, aim.den);
}

#[test]
fn devices_with_equal_work_should_earn_by_the_formula() {
	build_and_execute(|| {
		for _ in 0..4 {
			let round = open_window();
			let mut openings = vec![];
			for i in 0..3 {
				let (root, opening) = work(i, 0, 2 + i as u32);
				assert_ok!(commit(i, 0, 2 + i as u32, root));
				openings.push(opening);
			}
			run_to_sample();
			for (i, opening) in (0..3).zip(openings) {
				assert_ok!(reveal(i, round.index, 0, opening));
			}
		}
		for i in 0..3u64 {
			let due: u128 = events()
				.iter()
				.filter_map(|event| match event {
					Event::Committed { worker: of, claim, multiplier, .. } if *of == worker(i) => {
						Some(reward::credits(*claim, *multiplier))
					}
					_ => None,
				})
				.sum();
			assert_eq!(due, credits_of(payout(i)) + standing(i, 0).buffer);
		}
	});
}
