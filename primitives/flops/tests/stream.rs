//! Entries of panels and tiles: reproducible line by line, and without structure (F7).

use assay_flops::{
	morton,
	stream::{dot, entry, line, LINE_BYTES},
	tile::reference_tile,
	Side, DEPTH, MAX_ENTRY,
};
use proptest::prelude::*;

const SEED: [u8; 32] = [0x5A; 32];

/// Entries of a line, by the definition.
fn unpack(line: &[u8; LINE_BYTES]) -> Vec<u8> {
	line.iter().flat_map(|byte| [byte & 15, byte >> 4]).collect()
}

fn entries(side: Side, panel: u32, number: u32) -> Vec<u8> {
	unpack(&line(&SEED, side, panel, number))
}

fn plain_dot(a: &[u8], b: &[u8]) -> u32 {
	a.iter().zip(b).map(|(a, b)| u32::from(*a) * u32::from(*b)).sum()
}

/// The first 256 entries of the first 256 rows of a panel.
fn block(side: Side, panel: u32) -> Vec<Vec<u8>> {
	(0..256).map(|row| entries(side, panel, row)[..256].to_vec()).collect()
}

/// Rank of a matrix over the integers modulo a prime.
fn rank(rows: &[Vec<u8>]) -> usize {
	const PRIME: u64 = 2_147_483_647;
	let mut rows: Vec<Vec<u64>> =
		rows.iter().map(|row| row.iter().map(|x| u64::from(*x)).collect()).collect();
	let inverse = |x: u64| {
		let (mut power, mut result, mut exponent) = (x, 1, PRIME - 2);
		while exponent > 0 {
			if exponent & 1 == 1 {
				result = result * power % PRIME;
			}
			power = power * power % PRIME;
			exponent >>= 1;
		}
		result
	};
	let mut rank = 0;
	for column in 0..rows[0].len() {
		let Some(pivot) = (rank..rows.len()).find(|row| rows[*row][column] != 0) else { continue };
		rows.swap(rank, pivot);
		let pivot = rows[rank].clone();
		let scale = inverse(pivot[column]);
		for row in rows[rank + 1..].iter_mut().filter(|row| row[column] != 0) {
			let factor = PRIME - row[column] * scale % PRIME;
			row.iter_mut().zip(&pivot).for_each(|(x, p)| *x = (*x + factor * p) % PRIME);
		}
		rank += 1;
	}
	rank
}

/// Correlation of two sequences of entries, in standard deviations of independent ones.
fn correlation<'a>(pairs: impl Iterator<Item = (&'a u8, &'a u8)>) -> f64 {
	let (mut sum, mut n) = (0f64, 0f64);
	for (x, y) in pairs {
		sum += (f64::from(*x) - 7.5) * (f64::from(*y) - 7.5);
		n += 1.;
	}
	// The variance of one entry is (16² − 1) ÷ 12 = 21.25.
	sum / (21.25 * n.sqrt())
}

#[test]
fn lines_should_hold_uniform_entries_for_a_fixed_seed() {
	let mut counts = [0u32; 16];
	for number in 0..64 {
		for side in [Side::Left, Side::Right] {
			let entries = entries(side, 0, number);
			assert_eq!(entries.len(), DEPTH as usize);
			entries.iter().for_each(|x| counts[usize::from(*x)] += 1);
		}
	}
	assert_eq!(counts.len(), usize::from(MAX_ENTRY) + 1);
	let mean = 128. * 16_384. / 16.;
	let chi_square: f64 = counts.iter().map(|n| (f64::from(*n) - mean).powi(2) / mean).sum();
	// 99.9 % quantile with 15 degrees of freedom.
	assert!(chi_square < 37.7, "{chi_square}");
}

#[test]
fn entries_should_sit_in_little_endian_words_low_nibble_first() {
	let packed = line(&SEED, Side::Left, 0, 0);
	let entries = unpack(&packed);
	for (w, bytes) in packed.chunks_exact(4).enumerate() {
		let word = u32::from_le_bytes(bytes.try_into().expect("four bytes"));
		for n in 0..8 {
			assert_eq!((word >> (4 * n)) & 15, u32::from(entries[8 * w + n]));
		}
	}
}

#[test]
fn f07_lines_should_be_uncorrelated_with_shifts_of_themselves_and_of_each_other() {
	let rows: Vec<_> = (0..32).map(|row| entries(Side::Left, 1, row)).collect();
	let mut worst: f64 = 0.;
	for row in &rows {
		for lag in (1..=128).chain([256, 512, 1_024, 2_048, 4_096, 8_192]) {
			worst = worst.max(correlation(row.iter().zip(&row[lag..])).abs());
		}
	}
	for (i, one) in rows.iter().enumerate() {
		for other in &rows[i + 1..] {
			for lag in 0..8 {
				worst = worst.max(correlation(one.iter().zip(&other[lag..])).abs());
				worst = worst.max(correlation(other.iter().zip(&one[lag..])).abs());
			}
		}
	}
	// Of 12,224 independent normal values fewer than one in 10⁴ sets has one beyond 5.8.
	assert!(worst < 5.8, "{worst}");
}

#[test]
fn f07_the_correlation_test_should_find_a_hankel_matrix() {
	let diagonals = entries(Side::Left, 0, 0);
	let (one, next) = (&diagonals[..16_000], &diagonals[1..16_001]);
	assert!(correlation(next.iter().zip(&one[1..])) > 100.);
}

#[test]
fn f07_sub_blocks_should_have_full_rank() {
	let blocks = [block(Side::Left, 0), block(Side::Right, 0), block(Side::Left, 9)];
	for block in &blocks {
		assert_eq!(rank(block), 256);
		for size in [16, 64] {
			for start in (0..256).step_by(size) {
				let part: Vec<_> =
					block[start..][..size].iter().map(|r| r[start..][..size].to_vec()).collect();
				assert_eq!(rank(&part), size);
			}
		}
	}
	let mut low: Vec<_> = blocks[0][..32].to_vec();
	low[31] = low[30].clone();
	assert_eq!(rank(&low), 31);
}

#[test]
fn f07_tile_entries_should_have_the_mean_and_spread_of_independent_factors() {
	let tile = reference_tile(&SEED, 0);
	let n = tile.len() as f64;
	let mean = tile.iter().map(|x| f64::from(*x)).sum::<f64>() / n;
	let variance = tile.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / n;
	// 16,384 · 7.5², and 16,384 · (77.5² − 7.5⁴); rows and columns have sums of their own, which is
	// why 65,536 entries tell no more than 256 rows do.
	assert!((mean - 921_600.).abs() < 2_000., "{mean}");
	assert!((variance / 46_567_424. - 1.).abs() < 0.25, "{variance}");
	// Without these sums what is left has 16,384 · 21.25², and would have nothing in low rank.
	let line_mean = |line: &dyn Fn(usize) -> usize| {
		(0..256).map(|n| f64::from(tile[line(n)])).sum::<f64>() / 256.
	};
	let rows: Vec<_> = (0..256).map(|row| line_mean(&|n| row * 256 + n)).collect();
	let columns: Vec<_> = (0..256).map(|column| line_mean(&|n| n * 256 + column)).collect();
	let rest = (0..256 * 256)
		.map(|n| (f64::from(tile[n]) - rows[n / 256] - columns[n % 256] + mean).powi(2))
		.sum::<f64>();
	assert!((rest / (255. * 255.) / 7_398_400. - 1.).abs() < 0.03, "{rest}");
	assert!(tile.iter().all(|x| (0..=3_686_400).contains(x)));
}

#[test]
fn reference_tile_should_equal_single_entries_everywhere_they_are_tried() {
	for tile in [0, 6] {
		let entries = reference_tile(&SEED, tile);
		let places = (0..300u32).map(|n| (n * 97 % 256, n * 61 % 256));
		for (row, column) in places.chain([(0, 0), (0, 255), (255, 0), (255, 255)]) {
			let there = entries[(row * 256 + column) as usize];
			assert_eq!(there, entry(&SEED, tile, row, column), "tile {tile} at {row}, {column}");
		}
	}
}

#[test]
fn entry_should_be_the_plain_dot_product_of_one_row_and_one_column_made_alone() {
	for (tile, row, column) in [(0, 0, 0), (3, 7, 250), (11, 255, 1), ((1 << 30) - 1, 99, 98)] {
		let (i, j) = morton::panels(tile);
		let (a, b) = (entries(Side::Left, i, row), entries(Side::Right, j, column));
		assert_eq!(entry(&SEED, tile, row, column), plain_dot(&a, &b) as i32);
	}
}

#[test]
fn dot_should_be_exact_at_its_largest() {
	let full = [0xFF; LINE_BYTES];
	assert_eq!(dot(&full, &full), 3_686_400);
	assert_eq!(dot(&full, &[0; LINE_BYTES]), 0);
}

#[test]
fn lines_should_differ_when_side_panel_or_number_differ() {
	let mut seen = std::collections::BTreeSet::new();
	for side in [Side::Left, Side::Right] {
		for panel in 0..8 {
			for number in 0..256 {
				assert!(seen.insert(line(&SEED, side, panel, number)[..16].to_vec()));
			}
		}
	}
}

#[test]
fn morton_order_should_keep_aligned_squares_contiguous() {
	for n in 0..=5u32 {
		let side = 1 << n;
		for square in 0..16u32 {
			let first = square << (2 * n);
			let (i0, j0) = morton::panels(first);
			assert_eq!((i0 % side, j0 % side), (0, 0));
			let mut seen = std::collections::BTreeSet::new();
			for tile in first..first + side * side {
				let (i, j) = morton::panels(tile);
				assert!((i0..i0 + side).contains(&i) && (j0..j0 + side).contains(&j));
				assert!(seen.insert((i, j)));
			}
		}
	}
	assert_eq!([1, 2, 3, 4].map(morton::panels), [(1, 0), (0, 1), (1, 1), (2, 0)]);
	assert_eq!(morton::tile(1 << 16, 0), None);
	assert_eq!(morton::tile(0, 1 << 16), None);
}

proptest! {
	#![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

	#[test]
	fn morton_tile_should_be_the_inverse_of_panels(tile in any::<u32>()) {
		let (i, j) = morton::panels(tile);
		prop_assert_eq!(morton::tile(i, j), Some(tile));
		let naive = |shift: u32| (0..16).map(|n| (tile >> (2 * n + shift) & 1) << n).sum::<u32>();
		prop_assert_eq!((i, j), (naive(0), naive(1)));
	}

	#[test]
	fn dot_should_equal_plain_arithmetic(
		bytes in prop::collection::vec(any::<u8>(), 2 * LINE_BYTES),
	) {
		let a = bytes[..LINE_BYTES].try_into().expect("a line");
		let b = bytes[LINE_BYTES..].try_into().expect("a line");
		prop_assert_eq!(dot(a, b), plain_dot(&unpack(a), &unpack(b)));
	}
}
