//! Heartbeats and maintenance.

use crate::{mock::*, *};
use assay_market::Window;
use frame_support::{assert_noop, assert_ok, dispatch::Pays};

#[test]
fn m14_a_heartbeat_should_be_free_in_time_and_refused_when_it_comes_too_soon() {
	build_and_execute(|| {
		assert_noop!(beat(0), Error::<Test>::NothingToAttend);
		offer(0);
		assert_noop!(Market::heartbeat(signed(ALICE)), Error::<Test>::NotAWorker);
		skip(4);
		assert_noop!(beat(0), Error::<Test>::TooSoon);
		skip(1);
		assert_eq!(beat(0).unwrap().pays_fee, Pays::No);
		assert_noop!(beat(0), Error::<Test>::TooSoon);
	});
}

#[test]
fn a_heartbeat_should_count_what_it_does_not_attest() {
	build_and_execute(|| {
		offer(0);
		skip(12);
		assert_ok!(beat(0));
		assert_eq!(last_event(), Event::Attended { worker: worker(0), missed: 2 });
		assert_eq!(Market::presence(worker(0)).unwrap().attendance.missed, 2);
	});
}

#[test]
fn a_worker_without_leases_should_begin_anew_after_any_silence() {
	build_and_execute(|| {
		offer(0);
		skip(100_000);
		assert_ok!(beat(0));
	});
}

#[test]
fn a_lost_worker_should_settle_its_leases_before_it_goes_on() {
	build_and_execute(|| {
		let id = running(0, 1, 500);
		let open = rented(BOB, 0, 1, 500);
		skip(RULES.grace + 1);
		assert_noop!(beat(0), Error::<Test>::LeasesLost);
		assert_ok!(Market::set_parameters(
			RuntimeOrigin::root(),
			assay_market::Parameters { start_window: 100, ..RULES }
		));
		assert_noop!(ready(0, open), Error::<Test>::LeasesLost);
		assert_noop!(Market::extend(signed(ALICE), id, 1, PRICE), Error::<Test>::LeasesLost);
		assert_ok!(settle(id));
		assert_ok!(beat(0));
		assert_ok!(ready(0, open));
	});
}

#[test]
fn maintenance_should_cost_pay_but_no_lease() {
	build_and_execute(|| {
		let id = running(0, 1, 500);
		let start = now();
		let from = start + 20;
		let until = from + 100;
		assert_ok!(Market::announce_maintenance(signed(operator(0)), worker(0), from, until));
		serve(0, 20);
		go_to(until + RULES.grace);
		assert_ok!(beat(0));
		let settled_from = run_of(id).checkpoint.block;
		assert_ok!(settle(id));
		let Event::Settled { from, to, payable, refund, .. } = last_event() else { panic!() };
		assert_eq!((from, to), (settled_from, now()));
		assert_eq!(payable, 20 + RULES.interval);
		assert_eq!(refund, u128::from(to - from - payable) * PRICE);
		assert_eq!(Market::reputation(operator(0)).leases_lost, 0);
	});
}

#[test]
fn a_worker_should_be_lost_when_it_does_not_come_back_from_maintenance() {
	build_and_execute(|| {
		let id = running(0, 1, 500);
		let (from, until) = (now() + 20, now() + 100);
		assert_ok!(Market::announce_maintenance(signed(operator(0)), worker(0), from, until));
		serve(0, 20);
		go_to(until + RULES.grace);
		assert_ok!(settle(id));
		assert!(closed(id).is_none());
		skip(1);
		assert_ok!(settle(id));
		assert_eq!(closed(id).unwrap().0, CloseReason::ProviderLost);
	});
}

#[test]
fn maintenance_should_be_refused_with_the_reason() {
	build_and_execute(|| {
		let announce = |who, worker, from, length| {
			let from = now() + from;
			Market::announce_maintenance(signed(who), worker, from, from + length)
		};
		let (me, mine) = (operator(0), worker(0));
		assert_noop!(announce(me, mine, 20, 10), Error::<Test>::NothingToAttend);
		offer(0);
		assert_noop!(announce(ALICE, mine, 20, 10), Error::<Test>::NotTheOperator);
		assert_noop!(announce(me, worker(1), 20, 10), Error::<Test>::NotTheOperator);
		assert_noop!(announce(me, mine, 19, 10), Error::<Test>::ShortNotice);
		assert_noop!(announce(me, mine, 20, 0), Error::<Test>::BadLength);
		assert_noop!(announce(me, mine, 20, 121), Error::<Test>::BadLength);
		let cancel = |who| Market::cancel_maintenance(signed(who), mine);
		assert_noop!(cancel(me), Error::<Test>::NoMaintenance);
		assert_noop!(cancel(ALICE), Error::<Test>::NotTheOperator);
		assert_ok!(announce(me, mine, 20, 10));
		assert_noop!(announce(me, mine, 40, 10), Error::<Test>::AlreadyAnnounced);
		assert_ok!(cancel(me));
		assert_ok!(announce(me, mine, 20, 10));
		let window = Window { from: now() + 20, until: now() + 30 };
		assert_eq!(Market::offer(0).unwrap().maintenance, Some(window));
		skip(20);
		assert_noop!(cancel(me), Error::<Test>::NoMaintenance);
		skip(10);
		assert_noop!(announce(me, mine, 60, 10), Error::<Test>::AlreadyAnnounced);
		assert_ok!(beat(0));
		assert_noop!(announce(me, mine, 59, 10), Error::<Test>::TooSoonAfterPrevious);
		assert_eq!(Market::offer(0).unwrap().maintenance, None);
		assert_ok!(announce(me, mine, 60, 10));
	});
}

#[test]
fn silence_before_a_lease_should_not_lower_its_pay() {
	build_and_execute(|| {
		let id = rented(ALICE, offer(0), 1, 100);
		skip(19);
		assert_ok!(ready(0, id));
		assert_eq!(Market::presence(worker(0)).unwrap().attendance.missed, 9);
		serve(0, 20);
		assert_ok!(settle(id));
		let Event::Settled { payable, refund, .. } = last_event() else { panic!() };
		assert_eq!((payable, refund), (20, 0));
	});
}

#[test]
fn an_address_should_be_kept_as_long_as_its_worker_serves() {
	build_and_execute(|| {
		let there = endpoint("https://192.0.2.1:9640");
		let announce = |endpoint: Option<Endpoint>| Market::announce(signed(hot_key(0)), endpoint);
		assert_noop!(announce(Some(there.clone())), Error::<Test>::NothingToAttend);
		let first = offer(0);
		assert_noop!(
			Market::announce(signed(ALICE), Some(there.clone())),
			Error::<Test>::NotAWorker
		);
		assert_ok!(announce(Some(there.clone())));
		let event = Event::EndpointAnnounced { worker: worker(0), endpoint: Some(there.clone()) };
		assert_eq!(last_event(), event);
		assert_eq!(Market::endpoint(worker(0)), Some(there));
		let elsewhere = Endpoint { certificate: Some([1; 32]), ..endpoint("https://[::1]") };
		assert_ok!(announce(Some(elsewhere.clone())));
		assert_eq!(Market::endpoint(worker(0)), Some(elsewhere.clone()));
		for wrong in ["ftp://x", "http://", "http://x y", "http://a@x"] {
			assert_noop!(announce(Some(endpoint(wrong))), Error::<Test>::BadEndpoint);
		}
		let unproven = Endpoint { certificate: Some([1; 32]), ..endpoint("http://x") };
		assert_noop!(announce(Some(unproven)), Error::<Test>::BadEndpoint);

		// A lease keeps it when the offer is gone; the end of both removes it.
		let lease = running(0, 1, 100);
		for offer in [first, Leases::<Test>::get(lease).unwrap().offer] {
			assert_ok!(Market::withdraw_offer(signed(operator(0)), offer));
		}
		assert_eq!(Market::endpoint(worker(0)), Some(elsewhere));
		skip(RULES.grace + 1);
		assert_ok!(settle(lease));
		assert_eq!(Market::endpoint(worker(0)), None);
		offer(0);
		assert_ok!(announce(Some(endpoint("http://x"))));
		assert_ok!(announce(None));
		assert_eq!(Market::endpoint(worker(0)), None);
	});
}
