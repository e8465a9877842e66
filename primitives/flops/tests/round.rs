//! Parameters, openings of rounds and the edges of their windows (F17).

use assay_draw::seed as derive;
use assay_flops::{round::opens, Hash, Parameters, Phase, Ratio, Untimely};
use proptest::prelude::*;

const LIVE: Parameters = Parameters::LIVE;
const DEVELOPMENT: Parameters = Parameters::DEVELOPMENT;

#[test]
fn presets_should_be_valid() {
	assert_eq!(LIVE.validate(), Ok(()));
	assert_eq!(DEVELOPMENT.validate(), Ok(()));
	assert_eq!((LIVE.unsettled(), DEVELOPMENT.unsettled()), (3, 2));
}

#[test]
fn f17_windows_should_be_half_open_at_every_edge() {
	use Phase::*;
	use Untimely::*;
	let early = Err(TooEarly);
	let late = Err(TooLate);
	// Preset, block after the opening, phase, commitment, opening.
	let table = [
		(LIVE, 0, Working, early, early),
		(LIVE, 19, Working, early, early),
		(LIVE, 20, Committing, Ok(()), early),
		(LIVE, 21, Committing, Ok(()), early),
		(LIVE, 22, Waiting, late, early),
		(LIVE, 23, Waiting, late, early),
		(LIVE, 28, Waiting, late, early),
		(LIVE, 29, Revealing, late, Ok(())),
		(LIVE, 30, Revealing, late, Ok(())),
		(LIVE, 628, Revealing, late, Ok(())),
		(LIVE, 629, Settling, late, late),
		(LIVE, 630, Settling, late, late),
		(DEVELOPMENT, 4, Working, early, early),
		(DEVELOPMENT, 5, Committing, Ok(()), early),
		(DEVELOPMENT, 6, Committing, Ok(()), early),
		(DEVELOPMENT, 7, Waiting, late, early),
		(DEVELOPMENT, 8, Revealing, late, Ok(())),
		(DEVELOPMENT, 9, Revealing, late, Ok(())),
		(DEVELOPMENT, 17, Revealing, late, Ok(())),
		(DEVELOPMENT, 18, Settling, late, late),
		(DEVELOPMENT, 19, Settling, late, late),
	];
	for opened in [0, 1, 1_000_000] {
		for (params, after, phase, commit, reveal) in table {
			let now = opened + after;
			assert_eq!(params.phase(opened, now), phase, "phase {after} blocks after");
			assert_eq!(params.commit_in_time(opened, now), commit, "commit {after} blocks after");
			assert_eq!(params.reveal_in_time(opened, now), reveal, "reveal {after} blocks after");
		}
	}
	assert_eq!(LIVE.commit_in_time(100, 99), early);
	assert_eq!(LIVE.reveal_in_time(100, 0), early);
}

#[test]
fn draw_should_fold_a_block_after_the_last_commitment() {
	for params in [LIVE, DEVELOPMENT] {
		let last_commitment = params.commit_until(50) - 1;
		assert_eq!(params.sampled_at(50), last_commitment + params.delay);
		// The beacon's value in a block holds the outputs of its ancestors only.
		assert!(params.sampled_at(50) - 1 > last_commitment);
	}
}

#[test]
fn validate_should_refuse_each_contradiction() {
	let refused = |change: fn(&mut Parameters), word: &str| {
		let mut params = LIVE;
		change(&mut params);
		let why = params.validate().expect_err(word);
		assert!(why.contains(word), "{why:?} should speak of {word:?}");
	};
	refused(|p| p.window = 0, "window");
	refused(|p| p.grace = 0, "grace");
	refused(|p| p.minimum_gap = 21, "minimum gap");
	refused(|p| p.minimum_gap = 0, "minimum gap");
	refused(|p| p.mean_gap = 299, "mean gap");
	refused(|p| p.delay = 0, "delay");
	refused(|p| p.delay = 1, "delay");
	refused(|p| p.reveal_window = 0, "reveal window");
	refused(|p| p.reveal_window = 2_400, "unsettled");
	refused(|p| p.audit_budget = 0, "budget");
	refused(|p| p.audit_budget = 1, "budget");
	refused(|p| p.samples = 0, "at least one entry");
	refused(|p| p.samples = 1, "too few entries");
	refused(|p| p.samples = 17, "at most 16");
	refused(|p| p.colluding_authors = Ratio { num: 0, den: 0 }, "denominator");
	refused(|p| p.colluding_authors = Ratio { num: 1, den: 65_536 }, "denominator");
	refused(|p| p.colluding_authors = Ratio::ONE, "less than all");
	refused(|p| p.colluding_authors = Ratio { num: 3, den: 2 }, "less than all");
	refused(|p| p.colluding_authors = Ratio { num: 16, den: 17 }, "too few entries");
	refused(|p| p.deterrence = 0, "deterrence");
	refused(|p| p.deterrence = 1, "deterrence");
	refused(|p| p.deterrence = 65_536, "deterrence");
	refused(|p| p.window = u32::MAX, "span");
	refused(|p| p.mean_gap = u32::MAX, "span");
}

#[test]
fn validate_should_accept_the_smallest_of_everything() {
	let smallest = Parameters {
		window: 1,
		grace: 1,
		minimum_gap: 2,
		mean_gap: 2,
		delay: 2,
		reveal_window: 1,
		audit_budget: 2,
		samples: 1,
		colluding_authors: Ratio::ZERO,
		deterrence: 2,
	};
	assert_eq!(smallest.validate(), Ok(()));
	assert_eq!(smallest.hazard(), (1, 1));
	assert!(opens(&smallest, &[0; 32], 2) && !opens(&smallest, &[0; 32], 1));
}

#[test]
fn parameters_should_survive_json_and_refuse_unknown_fields() {
	let json = serde_json::to_string(&LIVE).expect("serialises");
	assert!(
		json.contains(r#""minimumGap":300"#) && json.contains(r#""colludingAuthors":{"num":1"#)
	);
	assert_eq!(serde_json::from_str::<Parameters>(&json).expect("deserialises"), LIVE);
	let unknown = json.replace("minimumGap", "minimalGap");
	assert!(serde_json::from_str::<Parameters>(&unknown).is_err());
}

/// Gaps between the rounds of a chain of `blocks` blocks.
fn gaps(params: &Parameters, blocks: u32) -> Vec<u32> {
	let (mut gaps, mut since) = (Vec::new(), 0);
	for block in 0..blocks {
		since += 1;
		let beacon: Hash = derive(b"test/beacon", &[&block.to_le_bytes()]);
		if opens(params, &beacon, since) {
			gaps.push(since);
			since = 0;
		}
	}
	gaps
}

#[test]
fn rounds_should_open_with_the_mean_gap_and_never_before_the_minimum() {
	for (params, blocks) in [(LIVE, 3_000_000), (DEVELOPMENT, 500_000)] {
		let gaps = gaps(&params, blocks);
		assert!(gaps.iter().all(|gap| *gap >= params.minimum_gap));
		let mean = gaps.iter().map(|gap| f64::from(*gap)).sum::<f64>() / gaps.len() as f64;
		let spread = f64::from(params.mean_gap - params.minimum_gap) / (gaps.len() as f64).sqrt();
		assert!((mean - f64::from(params.mean_gap)).abs() < 4. * spread, "{mean}");
	}
}

#[test]
fn f04_the_past_should_say_nothing_about_the_next_opening() {
	// Of the rounds that have not opened yet, the same share opens in every block.
	let gaps = gaps(&DEVELOPMENT, 1_000_000);
	let hazard = 1. / 9.;
	for after in 0..24 {
		let gap = DEVELOPMENT.minimum_gap + after;
		let waiting = gaps.iter().filter(|g| **g >= gap).count() as f64;
		let opened = gaps.iter().filter(|g| **g == gap).count() as f64;
		let deviation = (hazard * (1. - hazard) / waiting).sqrt();
		assert!((opened / waiting - hazard).abs() < 4. * deviation, "after {gap}");
	}
}

proptest! {
	#![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

	#[test]
	fn edges_should_be_ordered_and_phases_agree_with_the_windows(
		opened in 0u32..1 << 30,
		after in 0u32..1_000,
	) {
		for params in [LIVE, DEVELOPMENT] {
			let edges = [
				opened,
				params.commit_from(opened),
				params.commit_until(opened),
				params.sampled_at(opened),
				params.reveal_until(opened),
			];
			prop_assert!(edges.windows(2).all(|pair| pair[0] < pair[1]));
			let now = opened + after;
			let phase = params.phase(opened, now);
			prop_assert_eq!(params.commit_in_time(opened, now).is_ok(), phase == Phase::Committing);
			prop_assert_eq!(params.reveal_in_time(opened, now).is_ok(), phase == Phase::Revealing);
		}
	}

	#[test]
	fn parameters_should_not_panic_whatever_they_are(
		spans in any::<[u32; 8]>(),
		num in any::<u64>(),
		den in any::<u64>(),
		deterrence in any::<u32>(),
		now in any::<u32>(),
	) {
		let [window, grace, minimum_gap, mean_gap, delay, reveal_window, ..] = spans;
		let [.., audit_budget, samples] = spans;
		let params = Parameters {
			window, grace, minimum_gap, mean_gap, delay, reveal_window, audit_budget, samples,
			colluding_authors: Ratio { num, den },
			deterrence,
		};
		let _ = params.validate();
		let _ = params.unsettled();
		let _ = params.phase(now, window);
		let _ = params.phase(window, now);
		let _ = opens(&params, &[1; 32], now);
	}
}
