//! Clusters start whole or not at all.

use crate::{mock::*, *};
use assay_market::Currency;
use frame_support::{assert_noop, assert_ok};
use pallet_operators::{Security, Service};

/// Two devices of operators 0 and 1 each, and the leases.
fn cluster(duration: u32) -> [LeaseId; 2] {
	let id = NextLease::<Test>::get();
	assert_ok!(rent_cluster(ALICE, &[(offer(0), 2), (offer(1), 2)], duration));
	[id, id + 1]
}

/// A cluster that ended because it could not start: refunded whole, with nobody unlisted.
fn assert_not_started(leases: [LeaseId; 2]) {
	for id in leases {
		assert_eq!(closed(id), Some((CloseReason::NeverStarted, 200 * PRICE, 0, 0)));
	}
	assert!(Offers::<Test>::iter_values().all(|offer| offer.listed));
	assert!(Clusters::<Test>::iter().next().is_none());
	assert_eq!(Market::held(Currency::Native, HoldReason::Escrow, &ALICE), 0);
}

fn free_stake(i: u64) -> Balance {
	<Operators as Security<_, _, _>>::free_stake(&operator(i), Service::Market)
}

#[test]
fn a_cluster_should_start_when_its_last_member_is_ready() {
	build_and_execute(|| {
		let [first, second] = cluster(100);
		assert_ok!(ready(0, first));
		assert!(matches!(lease(first).state, LeaseState::Waiting { .. }));
		serve(0, 8);
		assert_ok!(ready(1, second));
		let stake = 2 * RULES.lease_stake;
		let until = now() + 100;
		assert_eq!(last_event(), Event::LeaseStarted { lease: second, until, stake });
		for i in [0, 1] {
			assert_eq!(Market::offer(i).unwrap().free, 2);
			assert_eq!(free_stake(i), BOND - stake);
		}
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
fn m01_a_cluster_that_waits_should_leave_every_device_and_all_stake_rentable() {
	build_and_execute(|| {
		// An attacker's own offer, which is never ready, and all devices of everybody else.
		let mut members = vec![(offer(3), 1)];
		members.extend((0..3).map(|i| (offer(i), 4)));
		for _ in 0..3 {
			assert_ok!(rent_cluster(BOB, &members, 100));
		}
		for cluster in 0..3 {
			for i in 0..3 {
				assert_ok!(ready(i, cluster * 4 + 1 + i));
			}
		}
		for i in 0..3 {
			let id = i + 1;
			assert_eq!((Market::offer(id).unwrap().free, free_stake(i)), (4, BOND));
			// Whoever pays has them, whatever was promised.
			let honest = rented(ALICE, id, 4, 50);
			assert_ok!(ready(i, honest));
		}
		// Even when the attacker's member comes at last, it takes nothing from them.
		for cluster in 0..2 {
			let lease = cluster * 4;
			assert_ok!(ready(3, lease));
			assert_eq!(closed(lease).unwrap().0, CloseReason::NeverStarted);
		}
		skip(RULES.start_window);
		assert_ok!(settle(8));
		for id in 0..12 {
			let (reason, _, burnt, convicted) = closed(id).unwrap();
			assert_eq!((reason, burnt, convicted), (CloseReason::NeverStarted, 0, 0));
		}
		for id in 1..4 {
			assert!(Offers::<Test>::get(id).unwrap().listed);
		}
		for lease in 12..15 {
			assert_eq!(run_of(lease).until - run_of(lease).since, 50);
		}
	});
}

#[test]
fn a_cluster_should_be_closed_whole_when_a_promised_device_was_taken() {
	build_and_execute(|| {
		// The member that fails comes last: what the others occupied by then has to be undone.
		let [first, second] = cluster(100);
		assert_ok!(ready(1, second));
		let other = rented(BOB, 1, 3, 100);
		assert_ok!(ready(1, other));
		assert_ok!(ready(0, first));
		assert_not_started([first, second]);
		assert_eq!(Market::offer(0).unwrap().free, 4);
		assert_eq!((free_stake(0), free_stake(1)), (BOND, BOND - 3 * RULES.lease_stake));
		let presence = Market::presence(worker(0)).unwrap();
		assert_eq!((presence.leases, presence.waiting), (0, 0));
	});
}

#[test]
fn a_cluster_should_be_closed_whole_when_promised_stake_is_gone() {
	build_and_execute(|| {
		let [first, second] = cluster(100);
		assert_ok!(ready(0, first));
		let dear = assay_market::Parameters { lease_stake: BOND / 2 + 1, ..RULES };
		assert_ok!(Market::set_parameters(RuntimeOrigin::root(), dear));
		assert_noop!(ready(1, second), Error::<Test>::NotEnoughStake);
		assert_ok!(Market::set_parameters(RuntimeOrigin::root(), RULES));
		assert_ok!(Operators::retire(signed(operator(0))));
		assert_ok!(ready(1, second));
		assert_not_started([first, second]);
	});
}

#[test]
fn a_member_should_promise_only_what_is_free() {
	build_and_execute(|| {
		let [first, _] = cluster(100);
		let other = rented(BOB, 0, 1, 100);
		assert_ok!(Market::ready(signed(hot_key(0)), other, devices(1)));
		assert_noop!(
			Market::ready(signed(hot_key(0)), first, devices(2)),
			Error::<Test>::NotEnoughDevices
		);
		assert_ok!(Market::ready(signed(hot_key(0)), first, vec![1, 2].try_into().unwrap()));
		assert_noop!(ready(0, first), Error::<Test>::NotRequested);
	});
}

#[test]
fn a_worker_should_not_be_unlisted_when_it_had_promised_its_only_device_to_the_same_cluster() {
	build_and_execute(|| {
		// Two offers of one device and one operator that could answer for both only once.
		let (one, same) = (offer_in(0, 1, Currency::Native), offer_in(0, 1, Currency::Native));
		assert_ok!(rent_cluster(ALICE, &[(one, 1), (same, 1)], 100));
		assert_ok!(ready(0, 0));
		skip(RULES.start_window);
		assert_ok!(settle(1));
		assert!(Offers::<Test>::get(same).unwrap().listed);
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
		assert_not_started([first, second]);
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
		assert_ok!(rent_cluster(ALICE, &[(offer, 1), (offer, 3)], 50));
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
		let rent = |members: Vec<_>| rent_cluster(ALICE, &members, 100);
		let native = offer(0);
		let credits = offer_in(1, 4, Currency::Credits);
		assert_noop!(rent(vec![]), Error::<Test>::TooFewMembers);
		assert_noop!(rent(vec![(native, 1)]), Error::<Test>::TooFewMembers);
		assert_noop!(rent(vec![(native, 1), (credits, 1)]), Error::<Test>::MixedCurrencies);
		assert_noop!(rent(vec![(native, 1), (7, 1)]), Error::<Test>::UnknownOffer);
		assert_noop!(rent(vec![(native, 1), (native, 5)]), Error::<Test>::BadCount);
	});
}

#[test]
fn m04_each_member_of_a_cluster_should_cost_no_more_than_was_shown_for_it() {
	build_and_execute(|| {
		let (cheap, dear) = (offer(0), offer(1));
		let low = Terms { price: 50, spot: None, ..terms(4) };
		assert_ok!(Market::update_offer(signed(operator(0)), cheap, low));
		let at = |offer, max_price| Member { offer, count: 1, ask: Ask { max_price, ..ask(100) } };
		let rent = |members: [Member; 2]| {
			let members = members.to_vec().try_into().unwrap();
			Market::rent_cluster(signed(ALICE), members, ALICE, None)
		};
		// The cheap one may not become as dear as the other one.
		let raised = Terms { price: 51, ..low };
		assert_ok!(Market::update_offer(signed(operator(0)), cheap, raised));
		assert_noop!(rent([at(cheap, 50), at(dear, PRICE)]), Error::<Test>::PriceChanged);
		assert_ok!(rent([at(cheap, 51), at(dear, PRICE)]));
		assert_eq!((lease(0).price, lease(1).price), (51, PRICE));
		prove(worker(0), 0, CAPACITY - 1);
		assert_noop!(rent([at(cheap, 51), at(dear, PRICE)]), Error::<Test>::CapacityTooLow);
	});
}
