//! Draws are uniform, unbiased and reproducible.

use assay_draw::{seed, Draw};
use core::num::NonZeroU64;
use proptest::prelude::*;

fn non_zero(n: u64) -> NonZeroU64 {
	NonZeroU64::new(n).expect("not zero")
}

/// χ² of `counts` against equal shares.
fn chi_square(counts: &[u64]) -> f64 {
	let mean = counts.iter().sum::<u64>() as f64 / counts.len() as f64;
	counts.iter().map(|n| (*n as f64 - mean).powi(2) / mean).sum()
}

#[test]
fn seed_should_be_sha256_over_length_prefixed_parts() {
	use sha2::{Digest, Sha256};
	let plain: [u8; 32] = Sha256::digest(b"\x02\0\0\0ab\x01\0\0\0c\0\0\0\0").into();
	assert_eq!(seed(b"ab", &[b"c", b""]), plain);
}

#[test]
fn seeds_should_differ_when_the_same_bytes_are_cut_elsewhere() {
	let all = [
		seed(b"ab", &[b"c"]),
		seed(b"a", &[b"bc"]),
		seed(b"abc", &[]),
		seed(b"abc", &[b""]),
		seed(b"", &[b"abc"]),
		seed(b"ab", &[b"c", b""]),
	];
	for (i, one) in all.iter().enumerate() {
		assert!(all[i + 1..].iter().all(|other| other != one));
	}
}

#[test]
fn draws_should_be_uniform_for_a_fixed_seed() {
	// 99.9 % quantiles of χ² with 6, 15, 99 and 999 degrees of freedom.
	for (n, limit) in [(7, 22.5), (16, 37.7), (100, 148.2), (1_000, 1_143.9)] {
		let mut draw = Draw::new(seed(b"test/uniform", &[]));
		let mut counts = vec![0; n as usize];
		for _ in 0..1_000_000 {
			counts[draw.below(non_zero(n)) as usize] += 1;
		}
		let chi_square = chi_square(&counts);
		assert!(chi_square < limit, "n = {n}: {chi_square}");
	}
}

#[test]
fn draws_should_have_no_modulo_bias_when_the_range_does_not_divide_the_words() {
	// With `% n` the lower third of this range would be drawn twice as often as the others; with
	// multiply-shift without rejection every third number would.
	let n = 3 << 62;
	let mut draw = Draw::new(seed(b"test/bias", &[]));
	let (mut thirds, mut residues) = ([0; 3], [0; 3]);
	for _ in 0..300_000 {
		let x = draw.below(non_zero(n));
		thirds[(x >> 62) as usize] += 1;
		residues[(x % 3) as usize] += 1;
	}
	// 99.9 % quantile with two degrees of freedom.
	assert!(chi_square(&thirds) < 13.8, "{thirds:?}");
	assert!(chi_square(&residues) < 13.8, "{residues:?}");
}

#[test]
fn naive_remainder_should_fail_the_test_for_bias() {
	let n = 3 << 62;
	let mut draw = Draw::new(seed(b"test/bias", &[]));
	let mut thirds = [0; 3];
	for _ in 0..300_000 {
		thirds[((draw.next_u64() % n) >> 62) as usize] += 1;
	}
	assert!(chi_square(&thirds) > 10_000.0);
}

#[test]
fn chance_should_be_exact_at_its_ends_and_close_between() {
	let mut draw = Draw::new(seed(b"test/chance", &[]));
	let den = non_zero(1_000);
	for _ in 0..10_000 {
		assert!(draw.chance(1_000, den));
		assert!(draw.chance(u64::MAX, den));
		assert!(!draw.chance(0, den));
	}
	let hits = (0..1_000_000).filter(|_| draw.chance(51, den)).count();
	// Five standard deviations of 220.
	assert!((49_900..=52_100).contains(&hits), "{hits}");
}

#[test]
fn stream_should_be_the_plain_key_stream_of_chacha8() {
	// Key 0, stream 0: first bytes of the published ChaCha8 test vector.
	let mut draw = Draw::new([0; 32]);
	let head = [0x3e, 0x00, 0xef, 0x2f, 0x89, 0x5f, 0x40, 0xd6];
	assert_eq!(draw.next_u64(), u64::from_le_bytes(head));
}

proptest! {
	#![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

	#[test]
	fn draws_should_stay_in_range_and_repeat(key in any::<[u8; 32]>(), n in 1u64..) {
		let n = non_zero(n);
		let (mut one, mut two) = (Draw::new(key), Draw::new(key));
		for _ in 0..20 {
			let x = one.below(n);
			prop_assert!(x < n.get());
			prop_assert_eq!(x, two.below(n));
		}
	}
}
