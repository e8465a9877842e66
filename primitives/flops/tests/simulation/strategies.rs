//! The strategies. None beats honesty, and each rule is missed when it is gone.

use crate::{
	claims::{cheats, income, Plan, DEVICE_TILES},
	loses,
	model::{Authors, Intent, Network, Rules, Timing, Withhold},
	wins, MANY, NETWORKS, SOME,
};
use assay_draw::{seed as derive, Draw};
use assay_flops::{Parameters, Ratio};
use core::num::NonZeroU64;

const LARGE: Network = NETWORKS[2];
/// Most of them newcomers, so that a claim which is not covered is rarely drawn.
const CROWD: Network = Network { covered: 10_000, uncovered: 20_000 };
const DAY: u64 = 86_400_000;

/// Everything the device could do is claimed, `wrong` in 1,000 of it invented.
fn share(_: u32, wrong: u32) -> Intent {
	Intent { tiles: DEVICE_TILES, wrong }
}

/// The device works fully and claims `factor` hundredths of that.
fn overclaim(_: u32, factor: u32) -> Intent {
	Intent { tiles: DEVICE_TILES / 100 * factor, wrong: 1_000 - 100_000 / factor }
}

/// Two honest rounds, then `length` invented ones, then honest ones.
fn burst(round: u32, length: u32) -> Intent {
	let wrong = if (2..2 + length).contains(&round) { 1_000 } else { 0 };
	Intent { tiles: DEVICE_TILES, wrong }
}

/// Away for ten rounds, then `length` invented ones, then away for good.
fn absence(round: u32, length: u32) -> Intent {
	let there = round == 0 || (11..11 + length).contains(&round);
	let wrong = if round == 0 { 0 } else { 1_000 };
	Intent { tiles: if there { DEVICE_TILES } else { 0 }, wrong }
}

/// One in 1,000 more is invented every `pace` rounds.
fn ramp(round: u32, pace: u32) -> Intent {
	Intent { tiles: DEVICE_TILES, wrong: (round / pace).min(1_000) }
}

/// A small honest claim, then an invented one, over and over: settling the first would empty the
/// buffer that the second is covered by.
fn small_then_invented(round: u32, _: u32) -> Intent {
	match round % 6 {
		0 | 2 => Intent { tiles: DEVICE_TILES / 50, wrong: 0 },
		1 => Intent { tiles: DEVICE_TILES, wrong: 1_000 },
		_ => Intent { tiles: DEVICE_TILES, wrong: 0 },
	}
}

/// A newcomer whose first `length` claims are invented and whose others are honest.
fn false_start(round: u32, length: u32) -> Intent {
	Intent { tiles: DEVICE_TILES, wrong: if round < length { 1_000 } else { 0 } }
}

#[test]
fn f02_honest_twin_should_gain_exactly_nothing() {
	for network in NETWORKS {
		let gain = cheats(&Rules::REAL, &Plan::new(network, 20, share, 0), 50);
		assert!(gain.is_nothing(), "{gain}");
	}
}

#[test]
fn f02_faking_any_share_should_lose_for_seasoned_workers() {
	for wrong in [20, 50, 200, 500, 900, 1_000] {
		loses(&format!("share {wrong} ‰"), SOME, |n| Plan::new(n, 60, share, wrong));
	}
}

#[test]
fn f02_faking_any_share_should_lose_for_newcomers() {
	for wrong in [50, 300, 1_000] {
		loses(&format!("newcomer {wrong} ‰"), SOME, |n| Plan {
			seasoned: false,
			unbroken_ms: 0,
			..Plan::new(n, 60, share, wrong)
		});
	}
}

#[test]
fn f02_overclaiming_by_any_factor_should_lose() {
	for factor in [110, 200, 10_000] {
		loses(&format!("factor {factor} %"), SOME, |n| Plan::new(n, 40, overclaim, factor));
	}
}

#[test]
fn f02_faking_should_lose_when_only_claims_covered_in_full_are_paid() {
	let strict = Rules { in_part: false, ..Rules::REAL };
	for network in NETWORKS {
		for plan in [Plan::new(network, 60, share, 300), Plan::new(network, 4, burst, 2)] {
			let gain = cheats(&strict, &plan, SOME * 4);
			assert!(gain.is_loss(), "{gain}");
		}
	}
}

#[test]
fn f02_honest_worker_should_be_paid_when_the_network_outgrows_its_buffer() {
	let paid = |in_part, growth: u32| {
		let rules = Rules { in_part, ..Rules::REAL };
		let growing = |round| {
			let percent = if round < 5 { 100 } else { 100 + growth };
			Network {
				covered: CROWD.covered / 100 * percent,
				uncovered: CROWD.uncovered / 100 * percent,
			}
		};
		income(&rules, growing, |_| DEVICE_TILES, 200)
	};
	// What the headroom bears costs nothing.
	assert!(paid(true, 10) > 0.99 && paid(false, 10) > 0.99);
	let (in_part, strictly) = (paid(true, 30), paid(false, 30));
	println!("an honest worker, 30 % more workers: {in_part:.3}, strictly {strictly:.3}");
	assert!(in_part > 0.5 && strictly < 0.2, "{in_part}, {strictly}");
}

/// Claims that vary by `percent` of the device's in either direction.
fn noisy(percent: u64) -> impl Fn(u32) -> u32 {
	let spread = NonZeroU64::new(u64::from(DEVICE_TILES) * percent / 50).expect("not zero");
	move |round| {
		let mut draw = Draw::new(derive(b"noise", &[&round.to_le_bytes()]));
		let least = u64::from(DEVICE_TILES) * (100 - percent) / 100;
		(least + draw.below(spread)) as u32
	}
}

/// A device that does half of its work in every 20th round.
fn interrupted(round: u32) -> u32 {
	if round % 20 == 10 {
		DEVICE_TILES / 2
	} else {
		DEVICE_TILES
	}
}

#[test]
fn f02_honest_worker_should_be_paid_when_its_claims_vary_in_a_crowded_network() {
	let paid = |keep, tiles: &dyn Fn(u32) -> u32| {
		income(&Rules { keep, ..Rules::REAL }, |_| CROWD, tiles, 200)
	};
	for (name, tiles) in
		[("noisy", &noisy(20) as &dyn Fn(u32) -> u32), ("interrupted", &interrupted)]
	{
		let (kept, shrunk) = (paid(true, tiles), paid(false, tiles));
		println!("an honest {name} worker: {kept:.3}, {shrunk:.3} if its buffer shrinks");
		assert!(kept >= 0.95 && shrunk < 0.85, "{name}: {kept}, {shrunk}");
	}
}

#[test]
fn f02_slow_ramps_should_lose() {
	for pace in [1, 4] {
		loses(&format!("ramp, pace {pace}"), SOME / 2, |n| Plan::new(n, 200, ramp, pace));
	}
}

#[test]
fn f02_faking_should_win_when_there_is_no_buffer() {
	let rules = Rules { coverage: false, ..Rules::REAL };
	wins("no buffer", MANY / 4, &rules, &Plan { seasoned: false, ..Plan::new(LARGE, 6, burst, 2) });
}

#[test]
fn f02_faking_should_win_when_deterrence_is_below_one() {
	let params = Parameters { deterrence: 0, ..Parameters::LIVE };
	assert!(params.validate().is_err());
	wins(
		"no deterrence",
		MANY / 4,
		&Rules { params, ..Rules::REAL },
		&Plan::new(LARGE, 6, burst, 2),
	);
}

#[test]
fn f04_bursts_after_seasoning_should_lose() {
	for length in [1, 2, 3, 6] {
		loses(&format!("burst of {length}"), MANY, |n| Plan {
			unbroken_ms: 400 * DAY,
			..Plan::new(n, 2 + length, burst, length)
		});
	}
}

#[test]
fn f04_absence_then_burst_should_lose_even_when_the_network_has_grown() {
	for length in [1, 3] {
		loses(&format!("absence, burst of {length}"), MANY / 2, |n| Plan {
			later: Some((5, Network { covered: n.covered * 4, uncovered: n.uncovered * 2 })),
			unbroken_ms: 400 * DAY,
			..Plan::new(n, 11 + length, absence, length)
		});
	}
}

#[test]
fn f04_emptying_the_buffer_after_the_draw_should_lose() {
	loses("emptying", MANY / 2, |n| Plan {
		timing: Timing::Best,
		..Plan::new(n, 6, small_then_invented, 0)
	});
}

#[test]
fn f04_emptying_the_buffer_should_win_when_it_may_be_paid_down() {
	let rules = Rules { keep: false, ..Rules::REAL };
	wins(
		"emptying",
		MANY / 2,
		&rules,
		&Plan { timing: Timing::Best, ..Plan::new(LARGE, 6, small_then_invented, 0) },
	);
}

#[test]
fn f04_covering_a_fake_afterwards_should_lose() {
	loses("false start", MANY / 4, |n| Plan {
		seasoned: false,
		timing: Timing::Best,
		..Plan::new(n, 60, false_start, 1)
	});
}

#[test]
fn f04_covering_a_fake_afterwards_should_win_when_settlements_have_no_order() {
	let rules = Rules { in_order: false, ..Rules::REAL };
	// The first claim is one of very many newcomers'; then hardly anybody else is one, so that it is
	// drawn nearly always until its buffer is large.
	wins(
		"false start",
		SOME,
		&rules,
		&Plan {
			seasoned: false,
			unbroken_ms: 0,
			timing: Timing::Best,
			later: Some((1, LARGE)),
			..Plan::new(Network { covered: 0, uncovered: 10_000 }, 100, false_start, 1)
		},
	);
}

#[test]
fn f03_many_identities_on_one_device_should_lose_when_they_fake() {
	for wrong in [100, 1_000] {
		loses(&format!("ten identities, {wrong} ‰"), SOME, |n| Plan {
			identities: 10,
			..Plan::new(n, 20, share, wrong)
		});
	}
}

/// All shares of authors that threats.md names; the last is exactly what the rule assumes.
const SHARES: [u64; 3] = [100, 200, 333];

fn authors(share: u64) -> [Authors; 2] {
	[Withhold::Convictions, Withhold::AllButTheBest].map(|withhold| Authors { share, withhold })
}

#[test]
fn f10_colluding_authors_should_not_make_bursts_pay() {
	for author_share in SHARES {
		for authors in authors(author_share) {
			loses(&format!("{author_share} ‰ of authors, burst"), MANY / 2, |n| Plan {
				authors,
				..Plan::new(n, 6, burst, 3)
			});
		}
	}
}

#[test]
fn f10_colluding_authors_should_not_make_shares_pay() {
	for author_share in SHARES {
		for authors in authors(author_share) {
			for wrong in [50, 500] {
				loses(&format!("{author_share} ‰ of authors, {wrong} ‰ wrong"), SOME, |n| {
					Plan { authors, ..Plan::new(n, 40, share, wrong) }
				});
			}
		}
	}
}

#[test]
fn f10_colluding_authors_should_not_make_identities_pay() {
	for authors in authors(333) {
		loses("333 ‰ of authors, ten identities", SOME, |n| Plan {
			authors,
			identities: 10,
			..Plan::new(n, 20, share, 700)
		});
	}
}

#[test]
fn f10_colluding_authors_should_win_when_the_rule_leaves_no_margin_for_them() {
	let params = Parameters { colluding_authors: Ratio::ZERO, deterrence: 1, ..Parameters::LIVE };
	let [authors, _] = authors(333);
	wins(
		"no margin",
		2 * MANY,
		&Rules { params, ..Rules::REAL },
		&Plan { authors, ..Plan::new(LARGE, 4, burst, 1) },
	);
}
