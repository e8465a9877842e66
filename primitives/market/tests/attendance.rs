//! Attendance against a model that remembers every block.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use assay_market::{
	attendance::{Attendance, BadMaintenance, Checkpoint, Window},
	term::{after_notice, is_stale},
	MaintenanceRules, Parameters, Term,
};
use proptest::prelude::*;

/// Heartbeats every 10 blocks, 30 of grace.
const RULES: Parameters = Parameters::DEVELOPMENT;

/// A worker whose latest heartbeat was in block `last`.
fn seen(last: u32) -> Attendance {
	Attendance::new(last)
}

#[test]
fn a_heartbeat_should_attest_at_most_one_interval() {
	let beat = seen(100).beat(110, &RULES);
	assert_eq!((beat.last, beat.missed), (110, 0));
	let beat = seen(100).beat(111, &RULES);
	assert_eq!((beat.last, beat.missed), (111, 1));
	let beat = beat.beat(141, &RULES);
	assert_eq!((beat.last, beat.missed), (141, 21));
}

#[test]
fn m14_a_heartbeat_should_be_early_before_half_an_interval() {
	assert!(seen(100).is_early(104, &RULES));
	assert!(!seen(100).is_early(105, &RULES));
	let odd = Parameters { interval: 11, ..RULES };
	assert!(seen(100).is_early(105, &odd));
	assert!(!seen(100).is_early(106, &odd));
}

#[test]
fn a_worker_should_be_lost_when_the_grace_period_has_passed() {
	assert!(!seen(100).is_lost(130, &RULES));
	assert!(seen(100).is_lost(131, &RULES));
}

#[test]
fn maintenance_should_move_the_deadline_when_it_begins_within_the_grace_period() {
	let with = |from, until| Attendance { maintenance: Some(Window { from, until }), ..seen(100) };
	assert_eq!(with(130, 200).deadline(&RULES), 230);
	assert_eq!(with(131, 200).deadline(&RULES), 130, "it begins too late to explain the silence");
	assert_eq!(with(50, 100).deadline(&RULES), 130, "it was over before the silence began");
	assert_eq!(with(50, 101).deadline(&RULES), 131);
}

#[test]
fn maintenance_should_be_announced_in_time_short_and_rare() {
	let rules = MaintenanceRules { notice: 20, longest: 50, gap: 60 };
	let window = |from, until| Window { from, until };
	let now = 100;
	let announce = |who: Attendance, from, until| who.announce(window(from, until), now, &rules);
	assert_eq!(announce(seen(100), 119, 130), Err(BadMaintenance::ShortNotice));
	assert_eq!(announce(seen(100), 120, 120), Err(BadMaintenance::BadLength));
	assert_eq!(announce(seen(100), 120, 100), Err(BadMaintenance::BadLength));
	assert_eq!(announce(seen(100), 120, 171), Err(BadMaintenance::BadLength));
	let planned = announce(seen(100), 120, 170).unwrap();
	assert_eq!(planned.maintenance, Some(window(120, 170)));
	assert_eq!(announce(planned, 300, 310), Err(BadMaintenance::AlreadyAnnounced));
	let again = |who: Attendance, from| who.announce(window(from, from + 10), 180, &rules);
	assert_eq!(again(planned, 230), Err(BadMaintenance::AlreadyAnnounced), "it is not back yet");
	let back = planned.beat(170, &RULES);
	assert_eq!(again(back, 229), Err(BadMaintenance::TooSoonAfterPrevious));
	// Announcing and cancelling in between does not shorten the gap.
	let cancelled = again(back, 230).unwrap().cancel(229).unwrap();
	assert_eq!(again(cancelled, 229), Err(BadMaintenance::TooSoonAfterPrevious));
	assert!(again(cancelled, 230).is_ok());
	assert_eq!(planned.cancel(119), Some(seen(100)));
	assert_eq!(planned.cancel(120), None);
	assert_eq!(seen(100).cancel(0), None);
}

#[test]
fn blocks_should_count_as_maintained_when_one_of_them_lies_in_an_announced_window() {
	let rules = MaintenanceRules { notice: 20, longest: 50, gap: 60 };
	let planned = seen(100).announce(Window { from: 140, until: 150 }, 100, &rules).unwrap();
	assert!(!planned.is_maintained(100, 139));
	assert!(planned.is_maintained(100, 140));
	assert!(planned.is_maintained(149, 169));
	assert!(!planned.is_maintained(150, 170), "it is over");
	assert!(!planned.cancel(120).unwrap().is_maintained(100, 140));
	// The next one takes the place of the first, whose end is remembered.
	let next =
		planned.beat(150, &RULES).announce(Window { from: 300, until: 310 }, 160, &rules).unwrap();
	assert!(next.is_maintained(149, 169));
	assert!(!next.is_maintained(150, 299));
	assert!(next.is_maintained(280, 300));
	assert!(!seen(100).is_maintained(0, u32::MAX));
}

#[test]
fn silence_in_a_row_of_maintenances_should_end() {
	// Every window is announced as early as it can be, and no heartbeat comes.
	let rules = &RULES.maintenance;
	let mut worker = seen(0);
	for now in 0..10_000 {
		let from = now + rules.notice;
		let window = Window { from, until: from + rules.longest };
		worker = worker.announce(window, now, rules).unwrap_or(worker);
		worker = if now % 7 == 0 { worker.cancel(now).unwrap_or(worker) } else { worker };
		if worker.is_lost(now, &RULES) {
			assert!(now <= rules.notice + rules.longest + RULES.grace + 7);
			return;
		}
	}
	panic!("a worker that never beats is never lost");
}

#[test]
fn a_term_should_be_the_same_whenever_it_is_settled() {
	let worker = seen(100);
	// The deadline is 130: a lease up to 130 is served as far as it was attested, one up to 131 is
	// lost.
	for now in 131..500 {
		assert_eq!(Term::of(&worker, 130, now, &RULES), Term::Over);
		assert_eq!(Term::of(&worker, 131, now, &RULES), Term::Lost);
	}
	for now in 100..131 {
		assert_eq!(Term::of(&worker, 131, now, &RULES), Term::Running);
	}
}

#[test]
fn a_term_should_leave_an_interval_for_the_last_heartbeat() {
	let worker = seen(100);
	assert_eq!(Term::of(&worker, 105, 104, &RULES), Term::Running);
	assert_eq!(Term::of(&worker, 105, 105, &RULES), Term::Running);
	assert_eq!(Term::of(&worker, 105, 114, &RULES), Term::Running);
	assert_eq!(Term::of(&worker, 105, 115, &RULES), Term::Over);
	assert_eq!(Term::of(&worker.beat(105, &RULES), 105, 105, &RULES), Term::Over);
	// A heartbeat after that interval attests nothing before the end.
	let late = worker.beat(115, &RULES);
	let span = late.span(Checkpoint { block: 100, missed: 0 }, 105);
	assert_eq!((span.covered, span.payable), (5, 0));
}

#[test]
fn blocks_before_a_conviction_should_be_void_and_no_others() {
	let span = seen(100).beat(110, &RULES).span(Checkpoint { block: 90, missed: 0 }, 200);
	assert_eq!((span.covered, span.payable), (20, 20));
	for (convicted_in, payable) in [(80, 20), (90, 20), (95, 15), (110, 0), (500, 0)] {
		let left = span.void_until(convicted_in);
		assert_eq!((left.end, left.covered, left.payable), (span.end, 20, payable));
	}
	// What was missed is not payable anyway, wherever it lies.
	let gap = seen(100).beat(130, &RULES).span(Checkpoint { block: 90, missed: 0 }, 200);
	assert_eq!((gap.payable, gap.void_until(120).payable), (20, 10));
}

#[test]
fn f17_windows_should_be_half_open() {
	assert!(!is_stale(100, 119, &RULES));
	assert!(is_stale(100, 120, &RULES));
	assert_eq!(after_notice(200, 100, 10), 110);
	assert_eq!(after_notice(105, 100, 10), 105);
	assert_eq!(after_notice(u32::MAX, u32::MAX - 1, 10), u32::MAX);
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(2_000))]

	#[test]
	fn f12_m05_a_span_should_never_pay_for_a_block_that_was_not_attested(
		gaps in prop::collection::vec(1u32..40, 1..60),
		start in 0u32..400,
		length in 1u32..600,
		settle in prop::collection::vec(any::<bool>(), 60),
	) {
		let mut worker = seen(0);
		// Block b is attested if it lies in (heartbeat − interval, heartbeat].
		let mut attested = std::collections::BTreeSet::new();
		let mut now = 0;
		let mut lease: Option<Checkpoint> = None;
		let until = start + length;
		let (mut paid, mut covered) = (0u32, 0u32);
		for (gap, settle) in gaps.into_iter().zip(settle) {
			if lease.is_none() && now + gap > start {
				lease = Some(Checkpoint { block: start, missed: worker.missed });
			}
			now += gap;
			attested.extend(now - gap.min(RULES.interval)..now);
			worker = worker.beat(now, &RULES);
			if let (Some(checkpoint), true) = (lease, settle) {
				let span = worker.span(checkpoint, until);
				prop_assert!(span.payable <= span.covered);
				prop_assert!(span.end.block <= until.max(start) && span.end.block <= now.max(start));
				paid += span.payable;
				covered += span.covered;
				lease = Some(span.end);
			}
		}
		if let Some(checkpoint) = lease {
			let span = worker.span(checkpoint, until);
			paid += span.payable;
			covered += span.covered;
			prop_assert_eq!(covered, until.min(now).saturating_sub(start));
		}
		let served = attested.range(start..until).count() as u32;
		prop_assert!(paid <= served, "{paid} of {served}");
	}

	#[test]
	fn a_worker_that_beats_in_time_should_be_paid_for_every_block(
		gaps in prop::collection::vec(5u32..=10, 1..100),
		start in 0u32..50,
	) {
		let mut worker = seen(0);
		for gap in gaps {
			let now = worker.last + gap;
			worker = worker.beat(now, &RULES);
		}
		let span = worker.span(Checkpoint { block: start, missed: 0 }, u32::MAX);
		prop_assert_eq!(span.payable, worker.last.saturating_sub(start));
		prop_assert_eq!(span.payable, span.covered);
	}

	#[test]
	fn nothing_should_panic_on_any_number(
		last in any::<u32>(), missed in any::<u32>(), now in any::<u32>(), from in any::<u32>(),
		until in any::<u32>(), block in any::<u32>(), end in any::<u32>(),
	) {
		let worker = Attendance { last, missed, maintenance: Some(Window { from, until }), maintained_until: end };
		let beat = worker.beat(now, &RULES);
		prop_assert!(beat.last >= last && beat.missed >= missed);
		let span = worker.span(Checkpoint { block, missed: from }, end);
		prop_assert!(span.payable <= span.covered);
		let _ = (worker.is_early(now, &RULES), Term::of(&worker, end, now, &RULES));
		let _ = worker.announce(Window { from: until, until: from }, now, &RULES.maintenance);
	}
}
