//! F10: an author who withholds blocks to roll a draw again.
//!
//! The attacker is drawn with probability q and does not want to be. It authors each block with
//! probability s. The last output that a commitment of block b waits for is that of block b + D − 1,
//! so whoever authors that block knows the seed and may forfeit the block; then the next author is
//! the last one, who may be the attacker again.

use crate::types::{fold, subject_seed};
use assay_draw::Draw;
use core::num::NonZeroU64;
use sp_core::H256;

/// What became of many commitments.
struct Outcome {
	/// The part of them that was drawn.
	drawn: f64,
	/// How often the draw was rolled again.
	rerolls: f64,
	/// How many blocks the attacker forfeited.
	forfeited: f64,
}

const TRIALS: u64 = 60_000;
const Q: (u64, u64) = (1, 4);

fn of(n: u64) -> NonZeroU64 {
	NonZeroU64::new(n).unwrap()
}

fn drawn(value: &H256) -> bool {
	Draw::new(subject_seed(value, b"assay/test/commitment").0).chance(Q.0, of(Q.1))
}

fn output(draw: &mut Draw) -> [u8; 32] {
	assay_draw::seed(b"assay/test/vrf", &[&draw.next_u64().to_le_bytes()])
}

/// The rule of this pallet: the value of one fixed block.
fn fixed_block(share_percent: u64) -> Outcome {
	let mut world = Draw::new([1; 32]);
	let mut outcome = Outcome { drawn: 0.0, rerolls: 0.0, forfeited: 0.0 };
	for trial in 0..TRIALS {
		let parent = subject_seed(&H256::zero(), &trial.to_le_bytes());
		let value = loop {
			let mine = world.chance(share_percent, of(100));
			let value = fold(&parent, &output(&mut world));
			if mine && drawn(&value) {
				outcome.rerolls += 1.0;
				outcome.forfeited += 1.0;
				continue;
			}
			break value;
		};
		outcome.drawn += f64::from(u8::from(drawn(&value)));
	}
	outcome.drawn /= TRIALS as f64;
	outcome
}

/// The rule that was not taken: the value once all of ten authors have spoken. The attacker is one
/// of them with `share_percent` of the blocks, and waits until it is the last. From then on every
/// block of the others rolls the draw again and costs it nothing but its own next block.
fn after_all_have_spoken(share_percent: u64) -> Outcome {
	const PATIENCE: u32 = 200;
	let mut world = Draw::new([2; 32]);
	let mut outcome = Outcome { drawn: 0.0, rerolls: 0.0, forfeited: 0.0 };
	for trial in 0..TRIALS / 20 {
		let mut value = subject_seed(&H256::zero(), &trial.to_le_bytes());
		for _ in 0..PATIENCE {
			let mine = world.chance(share_percent, of(100));
			let next = fold(&value, &output(&mut world));
			if !mine {
				value = next;
				outcome.rerolls += 1.0;
				continue;
			}
			if drawn(&next) {
				outcome.forfeited += 1.0;
				continue;
			}
			value = next;
			break;
		}
		outcome.drawn += f64::from(u8::from(drawn(&value)));
	}
	outcome.drawn /= (TRIALS / 20) as f64;
	outcome
}

#[test]
fn f10_withholding_should_gain_at_most_the_assumed_share_when_the_block_is_fixed() {
	let q = Q.0 as f64 / Q.1 as f64;
	for percent in [10u64, 20, 33] {
		let share = percent as f64 / 100.0;
		let outcome = fixed_block(percent);
		// The coverage rule counts with q·(1 − α): no strategy gets below it while s ≤ α = 1/3.
		assert!(outcome.drawn >= q * (1.0 - share) - 0.006, "{percent} %: {}", outcome.drawn);
		assert!(outcome.drawn >= q * (2.0 / 3.0) - 0.006, "{percent} %: {}", outcome.drawn);
		// Closed form of "withhold whenever drawn": q(1 − s) ÷ (1 − sq).
		let exact = q * (1.0 - share) / (1.0 - share * q);
		assert!((outcome.drawn - exact).abs() < 0.006, "{percent} %: {} {exact}", outcome.drawn);
		// Every single re-roll was paid with a block.
		assert_eq!(outcome.rerolls, outcome.forfeited);
		assert!(outcome.rerolls > 0.0);
	}
}

#[test]
fn f10_withholding_should_gain_nothing_when_the_author_has_no_block_in_time() {
	let outcome = fixed_block(0);
	let q = Q.0 as f64 / Q.1 as f64;
	assert!((outcome.drawn - q).abs() < 0.006);
	assert_eq!(outcome.forfeited, 0.0);
}

#[test]
fn f10_fixed_block_should_beat_waiting_for_all_authors_when_one_of_them_withholds() {
	for percent in [10, 20, 33] {
		let fixed = fixed_block(percent);
		let waiting = after_all_have_spoken(percent);
		// The last speaker holds a veto: it is hardly ever drawn and pays less for each roll.
		assert!(waiting.drawn < 0.01, "{percent} %: {}", waiting.drawn);
		assert!(waiting.drawn < fixed.drawn / 10.0);
		assert!(waiting.forfeited < waiting.rerolls);
	}
}
