//! Clusters start whole or not at all.

use crate::{mock::*, *};
use assay_market::Currency;
use frame_support::{assert_noop, assert_ok};

/// Two devices of operators 0 and 1 each, and the leases.
fn cluster(duration: u32) -> [LeaseId; 2] {
	let members = vec![(offer(0), 2), (offer(1), 2)].try_into().unwrap();
	let id = NextLease::<Test>::get();
	assert_ok!(Market::rent_cluster(signed(ALICE), members, ask(duration), ALICE, None));
	[id, id + 1]
}

#[test]
fn a_cluster_should_start_when_its_last_member_is_ready() {
	build_and_execute(|| {
		let [first, second] = cluster(100);
		assert_ok!(ready(0, first));
		assert!(matches!(lease(first).state, LeaseState::Waiting { .. }));
		serve(0, 8);
		assert_ok!(ready(1, second));
		assert_eq!((run_of(first).since, run_of(second).since), (now(), now()));
		assert!(Clusters::<Test>::iter().next().is_none());
		let before = [0, 1].map(|i| wealth(payout(i), Currency::Native));
		for _ in 0..10 {
			skip(10);
			assert_ok!(beat(0));
			assert_ok!(beat(1));
		}
		assert_ok!(settle(first));
		assert_ok!(settle(second));
		for (i, before) in (0..).zip(before) {
			assert_eq!(wealth(payout(i), Currency::Native), before + 2 * 100 * (PRICE - 5));
		}
	});
}

#[test]
fn a_cluster_should_be_refunded_whole_and_only_the_absent_member_be_unlisted() {
	build_and_execute(|| {
		let before = free(ALICE, Currency::Native);
		let [first, second] = cluster(100);
		assert_ok!(ready(0, first));
		skip(RULES.start_window - 1);
		assert_noop!(settle(first), Error::<Test>::NothingToSettle);
		skip(1);
		assert_noop!(ready(1, second), Error::<Test>::TooLate);
		assert_ok!(settle(first));
		for id in [first, second] {
			assert_eq!(closed(id), Some((CloseReason::NeverStarted, 200 * PRICE, 0, 0)));
		}
		assert_eq!(free(ALICE, Currency::Native), before);
		assert!(Offers::<Test>::get(0).unwrap().listed);
		assert!(!Offers::<Test>::get(1).unwrap().listed);
		assert_eq!(Market::offer(0).unwrap().free, 4);
	});
}

#[test]
fn a_cluster_should_not_start_without_a_member_that_has_vanished() {
	build_and_execute(|| {
		let slow = assay_market::Parameters { start_window: 100, ..RULES };
		assert_ok!(Market::set_parameters(RuntimeOrigin::root(), slow));
		let [first, second] = cluster(100);
		assert_ok!(ready(0, first));
		skip(RULES.grace + 1);
		assert_ok!(ready(1, second));
		for id in [first, second] {
			assert_eq!(closed(id), Some((CloseReason::NeverStarted, 200 * PRICE, 0, 0)));
		}
		assert!(!Offers::<Test>::get(0).unwrap().listed);
		assert!(Offers::<Test>::get(1).unwrap().listed);
	});
}

#[test]
fn a_cluster_should_end_whole_before_it_starts() {
	build_and_execute(|| {
		let [first, second] = cluster(100);
		assert_ok!(ready(0, first));
		assert_ok!(Market::end(signed(ALICE), second));
		for id in [first, second] {
			assert_eq!(closed(id), Some((CloseReason::Cancelled, 200 * PRICE - 10, 10, 0)));
		}
		let [first, second] = cluster(100);
		assert_ok!(ready(1, second));
		assert_ok!(Market::decline(signed(hot_key(1)), second));
		for id in [first, second] {
			assert_eq!(closed(id), Some((CloseReason::Declined, 200 * PRICE, 0, 0)));
		}
	});
}

#[test]
fn a_cluster_should_start_when_offers_are_withdrawn_in_the_meantime() {
	build_and_execute(|| {
		let [first, second] = cluster(100);
		assert_ok!(ready(0, first));
		assert_ok!(Market::withdraw_offer(signed(operator(0)), 0));
		assert_ok!(Market::withdraw_offer(signed(operator(1)), 1));
		skip(5);
		assert_ok!(beat(0));
		assert_ok!(ready(1, second));
		assert_eq!(run_of(first).since, now());
		assert_eq!(Market::presence(worker(0)).unwrap().attendance.last, now());
	});
}

#[test]
fn one_worker_should_be_able_to_be_all_of_a_cluster() {
	build_and_execute(|| {
		let offer = offer(0);
		let members = vec![(offer, 1), (offer, 3)].try_into().unwrap();
		assert_ok!(Market::rent_cluster(signed(ALICE), members, ask(50), ALICE, None));
		assert_ok!(ready(0, 0));
		assert_ok!(ready(0, 1));
		assert_eq!(Market::presence(worker(0)).unwrap().leases, 2);
		serve(0, 50);
		assert_ok!(settle(0));
		assert_ok!(settle(1));
	});
}

#[test]
fn a_cluster_should_be_refused_with_the_reason() {
	build_and_execute(|| {
		let rent = |members: Vec<_>| {
			let members = members.try_into().unwrap();
			Market::rent_cluster(signed(ALICE), members, ask(100), ALICE, None)
		};
		let native = offer(0);
		let credits = offer_in(1, 4, Currency::Credits);
		assert_noop!(rent(vec![]), Error::<Test>::TooFewMembers);
		assert_noop!(rent(vec![(native, 1)]), Error::<Test>::TooFewMembers);
		assert_noop!(rent(vec![(native, 1), (credits, 1)]), Error::<Test>::MixedCurrencies);
		assert_noop!(rent(vec![(native, 1), (7, 1)]), Error::<Test>::UnknownOffer);
		assert_noop!(rent(vec![(native, 1), (native, 5)]), Error::<Test>::BadCount);
	});
}
