//! What devices can put into a round, whoever claims it.

use assay_draw::{seed as derive, Draw};
use assay_flops::{
	multiplier::{after_missed, multiplier},
	reward::{credits, rate_claim},
	round::opens,
	Multiplier, Parameters,
};
use core::num::NonZeroU64;

fn below(draw: &mut Draw, n: u64) -> u64 {
	draw.below(NonZeroU64::new(n).expect("not zero"))
}

/// Sum of the claims of identities that one device serves, one piece of work after another: piece
/// `(identity, slots)` takes so many slots at `speed` tiles a slot. An identity commits as soon as
/// the window allows after its last piece; what would be too late is lost.
fn claims(params: &Parameters, speed: u32, identities: usize, pieces: &[(usize, u32)]) -> Vec<u32> {
	let mut work = vec![(0u32, 0u32); identities];
	let mut now = 0;
	for (identity, slots) in pieces {
		now += slots;
		if params.commit_in_time(0, now.max(params.window)).is_err() {
			break;
		}
		let (tiles, last) = &mut work[*identity];
		*tiles += slots * speed;
		*last = now;
	}
	work.iter().map(|(tiles, last)| rate_claim(*tiles, params.window, (*last).into())).collect()
}

/// Most that late work adds to a device's claim: G − 1 slots after the window, at the rate of a
/// commitment in the last block.
fn bound(params: &Parameters) -> f64 {
	let late = f64::from(params.grace - 1);
	1. + late / f64::from(params.window + params.grace - 1)
}

/// Random ways to share a device, and the one that uses the grace best.
fn plans(params: &Parameters, draw: &mut Draw, identities: usize) -> Vec<(usize, u32)> {
	let mut pieces = Vec::new();
	let mut left = params.window + params.grace - 1;
	while left > 0 {
		let slots = 1 + below(draw, left.into()) as u32;
		pieces.push((below(draw, identities as u64) as usize, slots));
		left -= slots;
	}
	pieces
}

#[test]
fn f03_one_device_should_claim_at_most_a_tenth_more_behind_many_identities() {
	for (params, limit) in [(Parameters::LIVE, 1.1), (Parameters::DEVELOPMENT, 1.2)] {
		let mut draw = Draw::new(derive(b"test/f03", &[]));
		let (speed, full) = (500, f64::from(500 * params.window));
		let best = claims(&params, speed, 2, &[(0, params.window), (1, params.grace - 1)]);
		let mut most = f64::from(best.iter().sum::<u32>());
		for n in 0..20_000 {
			let identities = 1 + n % 10;
			let pieces = plans(&params, &mut draw, identities);
			let sum: u32 = claims(&params, speed, identities, &pieces).iter().sum();
			most = most.max(f64::from(sum));
			if identities == 1 {
				assert!(f64::from(sum) <= full, "one identity gains nothing by being late");
			}
		}
		assert!(most / full <= bound(&params) + 1e-9 && bound(&params) <= limit, "{most}");
		assert!(most > full, "the bound is not idle");
	}
}

#[test]
fn f05_outsourced_work_should_be_paid_once_whoever_did_it() {
	let params = Parameters::LIVE;
	let mut draw = Draw::new(derive(b"test/f05", &[]));
	let earned = |claims: &[u32]| -> u128 {
		claims.iter().map(|claim| credits(*claim, Multiplier::NEWCOMER)).sum()
	};
	// A strong device that answers for itself and nine weak ones, as it likes.
	let alone = earned(&claims(&params, 10_000, 1, &[(0, params.window)])) as f64;
	for _ in 0..20_000 {
		let pieces = plans(&params, &mut draw, 10);
		let outsourced = earned(&claims(&params, 10_000, 10, &pieces)) as f64;
		assert!(outsourced <= alone * bound(&params) + 1.);
	}
	// Shared evenly within the window it earns what it earns alone, but for roundings of ten
	// claims.
	let even: Vec<_> = (0..10).map(|identity| (identity, params.window / 10)).collect();
	let shared = earned(&claims(&params, 10_000, 10, &even)) as f64;
	assert!(shared <= alone && shared > alone - 10.);
}

#[test]
fn f05_answers_that_come_back_late_should_be_worth_nothing() {
	let params = Parameters::LIVE;
	let end = params.window + params.grace;
	assert_eq!(claims(&params, 10, 1, &[(0, end)]), [0]);
	assert!(claims(&params, 10, 1, &[(0, end - 1)])[0] > 0);
}

/// Tiles and credits of a worker that is online whenever `online` says so, as shares of one's that
/// always is.
fn presence(online: impl Fn(u32) -> bool) -> (f64, f64) {
	let params = Parameters::LIVE;
	let (mut since, mut last) = (0u32, 0u32);
	let (mut part, mut whole) = (0u128, 0u128);
	let (mut part_ms, mut whole_ms) = (0u64, 0u64);
	let (mut part_tiles, mut whole_tiles) = (0u64, 0u64);
	for block in 0..1_000_000u32 {
		since += 1;
		if !opens(&params, &derive(b"test/f04", &[&block.to_le_bytes()]), since) {
			continue;
		}
		since = 0;
		let elapsed = u64::from(block - last) * 6_000;
		last = block;
		whole_ms += elapsed;
		whole += credits(10_000, multiplier(whole_ms));
		whole_tiles += 10_000;
		// Tiles are done in the window's blocks in which it is online.
		let blocks = (block..block + params.window).filter(|b| online(*b)).count() as u32;
		if blocks == 0 {
			part_ms = after_missed(part_ms, 1);
		} else {
			part_ms += elapsed;
			let claim = rate_claim(500 * blocks, params.window, params.window.into());
			part += credits(claim, multiplier(part_ms));
			part_tiles += u64::from(claim);
		}
	}
	(part_tiles as f64 / whole_tiles as f64, part as f64 / whole as f64)
}

#[test]
fn f04_worker_online_a_fifth_of_the_time_should_prove_about_a_fifth_and_earn_no_more() {
	for period in [50, 1_000, 5_000, 14_400] {
		let (proven, earned) = presence(|block| block % period < period / 5);
		println!("online a fifth of {period} blocks: proves {proven:.3}, earns {earned:.3}");
		assert!((0.17..=0.23).contains(&proven), "{period}: {proven}");
		// Whoever misses rounds has a lower multiplier as well.
		assert!((0.08..=proven).contains(&earned), "{period}: {earned}");
	}
	assert_eq!(presence(|_| true), (1., 1.));
}

#[test]
fn f04_worker_online_at_fixed_times_only_should_earn_next_to_nothing() {
	// Rounds come every 1,000 blocks in the mean, but not every 1,000 blocks.
	let (proven, earned) = presence(|block| block % 1_000 < 20);
	assert!(proven < 0.03 && earned < 0.03, "{proven}, {earned}");
}
