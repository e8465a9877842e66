//! Sampling, openings and what the chain's check refuses (F6, F7, F8).

use assay_draw::{seed as derive, Draw};
use assay_flops::{
	opening::{check, Fault, Opening},
	sampling::{drawn, samples},
	seeds::device_seed,
	stream::entry,
	tile::{commitment_root, leaf_data, reference_tile, tile_leaf_hashes, tile_root},
	Hash, Ratio, Sample, MAX_PATH, MAX_TILES,
};
use assay_merkle::{leaf_hash, node_hash};
use codec::Encode;
use core::num::NonZeroU64;
use proptest::prelude::*;
use std::{collections::BTreeSet, sync::OnceLock};

/// An honest worker's claim.
struct Claim {
	seed: Hash,
	tiles: Vec<Vec<i32>>,
	roots: Vec<Hash>,
	root: Hash,
}

impl Claim {
	fn of(seed: Hash, tiles: Vec<Vec<i32>>) -> Self {
		let roots: Vec<_> =
			(0..).zip(&tiles).map(|(t, entries)| tile_root(t, entries).expect("whole")).collect();
		let root = commitment_root(&roots).expect("not empty");
		Self { seed, tiles, roots, root }
	}

	fn open(&self, sample: &Sample) -> Opening {
		let tile = sample.position().expect("a sample").tile;
		Opening::new(sample, &self.roots, &self.tiles[tile as usize]).expect("in the claim")
	}

	fn check(&self, sample: &Sample, opening: &Opening) -> Result<(), Fault> {
		check(&self.seed, &self.root, self.tiles.len() as u32, sample, opening)
	}
}

/// Three tiles, so that the last one is carried.
fn honest() -> &'static Claim {
	static CLAIM: OnceLock<Claim> = OnceLock::new();
	CLAIM.get_or_init(|| {
		let seed = device_seed(&[1; 32], 7, 1, 0);
		Claim::of(seed, (0..3).map(|tile| reference_tile(&seed, tile)).collect())
	})
}

fn below(draw: &mut Draw, n: u64) -> u64 {
	draw.below(NonZeroU64::new(n).expect("not zero"))
}

#[test]
fn honest_openings_should_pass_for_every_sample() {
	let claim = honest();
	for n in 0..40u32 {
		let seed = derive(b"test/openings", &[&n.to_le_bytes()]);
		for sample in samples(&seed, 1, 0, 3, 16) {
			assert_eq!(claim.check(&sample, &claim.open(&sample)), Ok(()));
		}
	}
}

#[test]
fn tile_roots_should_compose_to_the_tree_over_all_leaves() {
	let claim = honest();
	let leaves: Vec<_> = (0..)
		.zip(&claim.tiles)
		.flat_map(|(t, entries)| tile_leaf_hashes(t, entries).expect("whole"))
		.collect();
	assert_eq!(leaves.len(), 3 * 1_024);
	assert_eq!(assay_merkle::root(&leaves), Some(claim.root));
	for index in [0, 1_023, 1_024, 2_047, 2_048, 3_071] {
		let sample = Sample { leaf: index, column: 0 };
		assert_eq!(Some(claim.open(&sample).path), assay_merkle::path(&leaves, index));
	}
}

#[test]
fn leaf_should_hold_64_neighbours_of_a_row_under_its_number() {
	let claim = honest();
	let hashes = tile_leaf_hashes(2, &claim.tiles[2]).expect("whole");
	let (row, quarter) = (129, 3);
	let mut data = Vec::new();
	for column in 64 * quarter..64 * (quarter + 1) {
		data.extend(entry(&claim.seed, 2, row, column).to_le_bytes());
	}
	let within = row * 4 + quarter;
	assert_eq!(hashes[within as usize], leaf_hash(2_048 + u64::from(within), &data));
}

#[test]
fn tiles_and_openings_should_be_refused_when_entries_are_missing() {
	let claim = honest();
	let short = &claim.tiles[0][1..];
	let sample = Sample { leaf: 0, column: 0 };
	assert_eq!(tile_leaf_hashes(0, short), None);
	assert_eq!(tile_root(0, &[]), None);
	assert_eq!(commitment_root(&[]), None);
	assert_eq!(Opening::new(&sample, &claim.roots, short), None);
	let beyond = Sample { leaf: 3 * 1_024, column: 0 };
	assert_eq!(Opening::new(&beyond, &claim.roots, &claim.tiles[2]), None);
}

#[test]
fn opening_should_be_refused_when_position_path_or_tiles_are_wrong() {
	let claim = honest();
	let sample = Sample { leaf: 2_048 + 5, column: 9 };
	let opening = claim.open(&sample);
	assert_eq!(claim.check(&sample, &opening), Ok(()));

	let checked = |tiles, sample: Sample| check(&claim.seed, &claim.root, tiles, &sample, &opening);
	assert_eq!(checked(3, Sample { leaf: 3 * 1_024, ..sample }), Err(Fault::Position));
	assert_eq!(checked(3, Sample { leaf: u64::MAX, ..sample }), Err(Fault::Position));
	assert_eq!(checked(3, Sample { column: 64, ..sample }), Err(Fault::Position));
	assert_eq!(checked(0, sample), Err(Fault::Position));
	assert_eq!(checked(MAX_TILES + 1, sample), Err(Fault::Position));
	assert_eq!(checked(2, sample), Err(Fault::Position));
	assert_eq!(checked(4, sample), Err(Fault::Path));
	assert_eq!(checked(3, Sample { leaf: sample.leaf + 1, ..sample }), Err(Fault::Path));

	let mut broken = opening.clone();
	broken.path.swap(0, 1);
	assert_eq!(claim.check(&sample, &broken), Err(Fault::Path));
	broken = opening.clone();
	broken.path.pop();
	assert_eq!(claim.check(&sample, &broken), Err(Fault::Path));
	broken = opening.clone();
	broken.entries[63] += 1;
	assert_eq!(claim.check(&sample, &broken), Err(Fault::Path));
}

#[test]
fn sets_of_openings_should_stay_within_32_kib_for_any_number_of_tiles() {
	for (tiles, siblings) in [(1u64, 10), (10, 14), (10_000, 24), (10_000_000, 34)] {
		assert_eq!(assay_merkle::path_len(tiles * 1_024, 0), siblings);
	}
	assert_eq!(assay_merkle::path_len(u64::from(MAX_TILES) * 1_024, 0), MAX_PATH);
	let largest = Opening { entries: [0; 64], path: vec![[0; 32]; MAX_PATH as usize] };
	assert!(vec![largest; 16].encode().len() <= 32 * 1_024);
}

#[test]
fn samples_should_cover_all_leaves_and_columns_evenly() {
	let (mut by_leaf, mut by_column) = ([0f64; 48], [0f64; 64]);
	for n in 0..20_000u32 {
		let seed = derive(b"test/samples", &[&n.to_le_bytes()]);
		for sample in samples(&seed, 3, 1, 3, 4) {
			by_leaf[(sample.leaf / 64) as usize] += 1.;
			by_column[usize::from(sample.column)] += 1.;
		}
	}
	let chi_square = |counts: &[f64]| -> f64 {
		let mean = 80_000. / counts.len() as f64;
		counts.iter().map(|n| (n - mean).powi(2) / mean).sum()
	};
	// 99.9 % quantiles with 47 and 63 degrees of freedom.
	assert!(chi_square(&by_leaf) < 82.7);
	assert!(chi_square(&by_column) < 103.5);
}

#[test]
fn samples_should_be_empty_when_there_is_nothing_to_open() {
	assert!(samples(&[0; 32], 0, 0, 0, 16).is_empty());
	assert!(samples(&[0; 32], 0, 0, 5, 0).is_empty());
	assert_eq!(samples(&[0; 32], 0, 0, 1, 16).len(), 16);
}

#[test]
fn draws_should_hit_the_share_that_was_asked_for() {
	let q = Ratio { num: 256, den: 10_000 };
	let hits = (0..200_000).filter(|worker| drawn(&[9; 32], *worker, 0, q)).count();
	// 5,120 ± 4 standard deviations of 71.
	assert!((4_836..=5_404).contains(&hits), "{hits}");
	assert!((0..1_000).all(|worker| drawn(&[9; 32], worker, 0, Ratio::ONE)));
	assert!(!(0..1_000).any(|worker| drawn(&[9; 32], worker, 0, Ratio::ZERO)));
	assert!((0..1_000).all(|worker| drawn(&[9; 32], worker, 0, Ratio { num: 0, den: 0 })));
}

#[test]
fn f06_seeds_should_never_be_shared_by_rounds_workers_devices_or_forks() {
	let mut seen = BTreeSet::new();
	for acc in [[0; 32], [1; 32]] {
		for round in 0..20 {
			for worker in 0..20 {
				for device in 0..20 {
					assert!(seen.insert(device_seed(&acc, round, worker, device)));
				}
			}
		}
	}
	assert_eq!(seen.len(), 16_000);
	let (mut streams, mut leaves) = (BTreeSet::new(), BTreeSet::new());
	for worker in 0..100 {
		for device in 0..10 {
			assert!(leaves.insert(format!("{:?}", samples(&[3; 32], worker, device, 9_999, 16))));
			let decisions: Vec<_> = (0..128u8)
				.map(|n| drawn(&[n; 32], worker, device, Ratio { num: 1, den: 2 }))
				.collect();
			assert!(streams.insert(decisions));
		}
	}
}

#[test]
fn f06_openings_of_one_worker_should_be_refused_for_another_round_worker_or_device() {
	let claim = honest();
	let others = [(8, 1, 0), (7, 2, 0), (7, 1, 1)].map(|(r, w, d)| device_seed(&[1; 32], r, w, d));
	let fork = device_seed(&[2; 32], 7, 1, 0);
	for sample in samples(&[4; 32], 1, 0, 3, 16) {
		let opening = claim.open(&sample);
		assert_eq!(claim.check(&sample, &opening), Ok(()));
		for seed in others.iter().chain([&fork]) {
			assert_eq!(check(seed, &claim.root, 3, &sample, &opening), Err(Fault::Entry));
		}
	}
}

#[test]
fn f07_any_wrong_entry_should_be_refused_when_it_is_sampled() {
	let claim = honest();
	let mut draw = Draw::new([7; 32]);
	for column in 0..64 {
		let leaf = below(&mut draw, 1_024);
		let sample = Sample { leaf, column };
		for change in [1, -1, 65_536, i32::MIN] {
			let mut tile = claim.tiles[0].clone();
			let wrong = &mut tile[leaf as usize * 64 + usize::from(column)];
			*wrong = wrong.wrapping_add(change);
			// The liar commits to the wrong entry, so the path is good.
			let mut roots = claim.roots.clone();
			roots[0] = tile_root(0, &tile).expect("whole");
			let root = commitment_root(&roots).expect("not empty");
			let opening = Opening::new(&sample, &roots, &tile).expect("in the claim");
			assert_eq!(check(&claim.seed, &root, 3, &sample, &opening), Err(Fault::Entry));
			// Its neighbours are right, and so they pass.
			let neighbour = Sample { column: (column + 1) % 64, ..sample };
			assert_eq!(check(&claim.seed, &root, 3, &neighbour, &opening), Ok(()));
		}
	}
}

/// Whether the leaf belongs to the share `wrong ÷ 1,000` of leaves that were skipped.
fn skipped(leaf: u64, wrong: u64) -> bool {
	// Spread over the claim by an odd multiplier.
	leaf.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32 < (wrong << 32) / 1_000
}

#[test]
fn f07_pass_rate_of_skipped_leaves_should_be_the_power_of_the_rest_over_100000_trials() {
	const TRIALS: u32 = 100_000;
	for (k, wrong) in [(4, 50), (4, 250), (4, 500), (16, 10), (16, 50), (16, 200)] {
		let tiles = 1_000;
		let passed = (0..TRIALS)
			.filter(|n| {
				let seed = derive(b"test/f07", &[&n.to_le_bytes()]);
				!samples(&seed, 1, 0, tiles, k).iter().any(|s| skipped(s.leaf, wrong))
			})
			.count() as f64;
		let expected = (1. - wrong as f64 / 1_000.).powi(k as i32);
		let deviation = (expected * (1. - expected) / f64::from(TRIALS)).sqrt();
		let share = passed / f64::from(TRIALS);
		// Four standard deviations, and what the spreading of whole leaves is off.
		let slack = 4. * deviation + 1e-4;
		assert!((share - expected).abs() < slack, "k {k}, {wrong} ‰: {share} against {expected}");
	}
}

#[test]
fn f07_check_should_convict_exactly_when_a_skipped_leaf_is_sampled() {
	let claim = honest();
	let wrong = 100;
	let mut tiles = claim.tiles.clone();
	for (n, entry) in tiles.iter_mut().flatten().enumerate() {
		if skipped(n as u64 / 64, wrong) {
			*entry = 921_600;
		}
	}
	let liar = Claim::of(claim.seed, tiles);
	let mut convicted = 0;
	for n in 0..100u32 {
		let seed = derive(b"test/f07/check", &[&n.to_le_bytes()]);
		for sample in samples(&seed, 1, 0, 3, 4) {
			let expected = if skipped(sample.leaf, wrong) { Err(Fault::Entry) } else { Ok(()) };
			assert_eq!(liar.check(&sample, &liar.open(&sample)), expected);
			convicted += u32::from(expected.is_err());
		}
	}
	assert!((10..80).contains(&convicted), "{convicted}");
}

/// A commitment to a single invented leaf: its root with siblings out of thin air.
fn invent(entries: [i32; 64], sample: &Sample, draw: &mut Draw) -> (Hash, Opening) {
	let mut node = leaf_hash(sample.leaf, &leaf_data(&entries));
	let mut path = Vec::new();
	for level in 0..10 {
		let mut sibling = [0; 32];
		sibling[..8].copy_from_slice(&draw.next_u64().to_le_bytes());
		node = match sample.leaf >> level & 1 {
			0 => node_hash(&node, &sibling),
			_ => node_hash(&sibling, &node),
		};
		path.push(sibling);
	}
	(node, Opening { entries, path })
}

#[test]
fn f08_garbage_should_be_accepted_in_none_of_100000_trials() {
	let seed = device_seed(&[8; 32], 1, 1, 0);
	let mut draw = Draw::new([8; 32]);
	let (mut accepted, mut path_faults) = (0, 0);
	for n in 0..100_000u32 {
		// The fewest openings that a preset asks for; one alone is guessed once in 3.7 million
		// times.
		let verdict = (0..4).try_for_each(|_| {
			let sample = Sample { leaf: below(&mut draw, 1_024), column: (n % 64) as u8 };
			let garbage = core::array::from_fn(|_| below(&mut draw, 3_686_401) as i32);
			let (root, mut opening) = invent(garbage, &sample, &mut draw);
			// In one of ten the path is garbage, too.
			if n % 10 == 0 {
				opening.path[(n % 7) as usize] = [n as u8; 32];
			}
			check(&seed, &root, 1, &sample, &opening)
		});
		accepted += u32::from(verdict.is_ok());
		path_faults += u32::from(verdict == Err(Fault::Path));
	}
	assert_eq!((accepted, path_faults), (0, 10_000));
}

#[test]
fn f08_the_best_guess_should_pass_no_set_of_four_openings() {
	// The most likely value of an entry is its mean; it is right about once in 17,000 times, which
	// is why a single opening would not do.
	let seed = device_seed(&[8; 32], 2, 1, 0);
	let mut draw = Draw::new([9; 32]);
	let (mut right, mut sets) = (0, 0);
	for _ in 0..5_000 {
		let hits = (0..4)
			.filter(|_| {
				let sample = Sample { leaf: below(&mut draw, 1_024), column: 0 };
				let (root, opening) = invent([921_600; 64], &sample, &mut draw);
				check(&seed, &root, 1, &sample, &opening).is_ok()
			})
			.count();
		right += hits;
		sets += usize::from(hits == 4);
	}
	assert!(right < 12, "{right}");
	assert_eq!(sets, 0);
}

proptest! {
	#![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

	#[test]
	fn samples_should_lie_within_the_claim(
		seed in any::<[u8; 32]>(),
		worker in any::<u64>(),
		device in any::<u16>(),
		tiles in 1..=MAX_TILES,
	) {
		for sample in samples(&seed, worker, device, tiles, 16) {
			prop_assert!(sample.leaf < u64::from(tiles) * 1_024 && sample.column < 64);
			let place = sample.position().expect("a position");
			let leaf = u64::from(place.tile) * 1_024 + u64::from(place.row * 4 + place.column / 64);
			prop_assert_eq!(leaf, sample.leaf);
			prop_assert_eq!(place.column % 64, u32::from(sample.column));
		}
	}

	#[test]
	fn check_should_not_panic_whatever_it_is_given(
		root in any::<[u8; 32]>(),
		tiles in any::<u32>(),
		leaf in prop_oneof![any::<u64>(), 0u64..5_000],
		column in any::<u8>(),
		value in any::<i32>(),
		path in prop::collection::vec(any::<[u8; 32]>(), 0..45),
	) {
		let opening = Opening { entries: [value; 64], path };
		let verdict = check(&[0; 32], &root, tiles, &Sample { leaf, column }, &opening);
		prop_assert!(verdict.is_err());
	}
}
