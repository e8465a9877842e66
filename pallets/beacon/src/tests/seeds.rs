//! What consumers are told.

use crate::{mock::*, types, Beacon as _};
use assay_draw::Draw;
use core::num::NonZeroU64;
use sp_core::H256;

const D: u64 = DELAY as u64;

#[test]
fn seed_should_be_none_when_it_is_not_due() {
	build_and_execute(|| {
		run_to(20);
		assert_eq!(Beacon::due_at(20), 20 + D);
		for block in 20..20 + D {
			run_to(block);
			assert_eq!(Beacon::seed_for(b"subject", 20), None, "block {block}");
		}
		run_to(20 + D);
		assert!(Beacon::seed_for(b"subject", 20).is_some());
	});
}

#[test]
fn seed_should_never_change_when_blocks_go_by() {
	build_and_execute(|| {
		run_to(20 + D);
		let seed = Beacon::seed_for(b"subject", 20).unwrap();
		let expected = assay_draw::seed(
			b"assay/beacon/seed",
			&[Beacon::value_at(20 + D).unwrap().as_bytes(), b"subject"],
		);
		assert_eq!(seed, H256(expected));
		// The last block that still knows the value is the one before its place is taken.
		for block in 20 + D..20 + D + u64::from(RING) {
			run_to(block);
			assert_eq!(Beacon::seed_for(b"subject", 20), Some(seed), "block {block}");
		}
	});
}

#[test]
fn seed_should_be_none_when_the_ring_has_moved_on() {
	build_and_execute(|| {
		run_to(20 + D);
		// What a consumer does: it writes the seed into its own record when it is due.
		let record = Beacon::seed_for(b"subject", 20);
		run_to(20 + D + u64::from(RING));
		assert_eq!(Beacon::seed_for(b"subject", 20), None);
		assert_eq!(Beacon::value_at(20 + D), None);
		assert!(record.is_some());
		assert!(Beacon::seed_for(b"subject", 21).is_some());
	});
}

#[test]
fn seed_should_differ_when_subject_or_block_differs() {
	build_and_execute(|| {
		run_to(40);
		let seed = Beacon::seed_for(b"a", 20).unwrap();
		assert_ne!(Some(seed), Beacon::seed_for(b"b", 20));
		assert_ne!(Some(seed), Beacon::seed_for(b"a\0", 20));
		assert_ne!(Some(seed), Beacon::seed_for(b"", 20));
		assert_ne!(Some(seed), Beacon::seed_for(b"a", 21));
		assert_ne!(Some(seed), Beacon::value_at(20 + D));
	});
}

#[test]
fn f09_seed_should_be_unknown_when_the_commitment_is_made() {
	build_and_execute(|| {
		run_to(50);
		let committed_at = 50;
		let known: Vec<H256> = (1..=50).filter_map(Beacon::value_at).collect();
		run_to(50 + D);
		let value = Beacon::value_at(50 + D).unwrap();
		assert!(!known.contains(&value));
		// The sampling value folds D outputs that had not been published.
		let replayed = (50..50 + D)
			.fold(Beacon::value_at(50).unwrap(), |value, n| types::fold(&value, &vrf(n)));
		assert_eq!(replayed, value);
		assert!(Beacon::seed_for(b"subject", committed_at).is_some());
	});
}

#[test]
fn view_functions_should_agree_with_the_trait_when_called() {
	build_and_execute(|| {
		run_to(40);
		assert_eq!(Beacon::current_value(), Beacon::current());
		assert_eq!(Beacon::seed_due_at(20), Beacon::due_at(20));
		assert_eq!(Beacon::seed_of(b"x".to_vec(), 20), Beacon::seed_for(b"x", 20));
		assert_eq!(Beacon::seed_of(b"x".to_vec(), 39), None);
	});
}

#[test]
fn draws_should_be_uniform_when_they_come_from_beacon_seeds() {
	// 64 cells, 63 degrees of freedom: χ² has mean 63, deviation 11.2; its 99.99 % point is 111.
	const CELLS: u64 = 64;
	const DRAWS: u64 = 64_000;
	build_and_execute(|| {
		run_to(20 + D);
		let mut counts = [0u64; CELLS as usize];
		for subject in 0..DRAWS {
			let seed = Beacon::seed_for(&subject.to_le_bytes(), 20).unwrap();
			let cell = Draw::new(seed.0).below(NonZeroU64::new(CELLS).unwrap());
			counts[cell as usize] += 1;
		}
		let expected = (DRAWS / CELLS) as f64;
		let chi_square: f64 =
			counts.iter().map(|&n| (n as f64 - expected).powi(2) / expected).sum();
		assert!((25.0..111.0).contains(&chi_square), "χ² = {chi_square}");
	});
}

#[test]
fn draws_should_have_no_modulo_bias_when_the_range_is_no_power_of_two() {
	// A range of 3/4 of 2^64: `% n` would hit the lower third twice as often as the others.
	let range = NonZeroU64::new(3 << 62).unwrap();
	build_and_execute(|| {
		run_to(20 + D);
		let third = range.get() / 3;
		let mut counts = [0u32; 3];
		for subject in 0..30_000u64 {
			let seed = Beacon::seed_for(&subject.to_le_bytes(), 20).unwrap();
			let drawn = Draw::new(seed.0).below(range);
			counts[(drawn / third).min(2) as usize] += 1;
		}
		// Deviation of each count is 82.
		assert!(counts.iter().all(|n| (9_600..10_400).contains(n)), "{counts:?}");
	});
}
