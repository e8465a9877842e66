//! Requests: by offer, by requirement; and what a renter may change.

use crate::{mock::*, *};
use assay_market::{Currency, Parameters as Rules};
use frame_support::{assert_noop, assert_ok};
use pallet_operators::{Security, Service, WHOLE_DEVICE};
use sp_runtime::TokenError;

fn requirements() -> Requirements {
	Requirements {
		ask: ask(100),
		count: 1,
		currency: Currency::Native,
		minimum_memory_mib: 16_384,
		region: Some(region()),
	}
}

fn rent_matching(
	offers: &[OfferId],
	requirements: Requirements,
) -> frame_support::dispatch::DispatchResult {
	let offers = offers.to_vec().try_into().unwrap();
	Market::rent_matching(signed(ALICE), offers, requirements, BOB, None)
}

#[test]
fn a_request_should_hold_the_whole_price_and_a_deposit() {
	build_and_execute(|| {
		let id = offer(0);
		let before = free(ALICE, Currency::Native);
		let lease_id = rented(ALICE, id, 2, 100);
		let escrow = 2 * 100 * PRICE;
		assert_eq!(lease(lease_id).escrow, escrow);
		assert_eq!(free(ALICE, Currency::Native), before - escrow - LEASE_DEPOSIT);
		assert_eq!(Market::held(Currency::Native, HoldReason::Escrow, &ALICE), escrow);
		assert_eq!(Market::leases_of(ALICE, None), vec![lease_id]);
		assert_eq!(Market::leases_at(worker(0), None), vec![lease_id]);
	});
}

#[test]
fn a_request_in_credits_should_hold_credits() {
	build_and_execute(|| {
		let id = offer_in(0, 1, Currency::Credits);
		rented(ALICE, id, 1, 100);
		assert_eq!(Market::held(Currency::Credits, HoldReason::Escrow, &ALICE), 100 * PRICE);
		assert_eq!(Market::held(Currency::Native, HoldReason::Escrow, &ALICE), 0);
	});
}

#[test]
fn a_request_should_be_refused_with_the_reason() {
	build_and_execute(|| {
		let id = offer(0);
		let rent_as = |count, ask| Market::rent(signed(ALICE), id, count, ask, ALICE, None);
		let refuse = |count, ask, error: Error<Test>| {
			assert_noop!(rent_as(count, ask), error);
		};
		assert_noop!(rent(ALICE, 7, 1, 100), Error::<Test>::UnknownOffer);
		refuse(0, ask(100), Error::BadCount);
		refuse(5, ask(100), Error::BadCount);
		refuse(1, ask(9), Error::BadDuration);
		refuse(1, ask(1_001), Error::BadDuration);
		refuse(1, Ask { minimum_capacity: CAPACITY + 1, ..ask(100) }, Error::CapacityTooLow);
		prove(worker(0), 3, 0);
		refuse(1, Ask { minimum_capacity: 0, ..ask(100) }, Error::CapacityTooLow);
		prove(worker(0), 3, CAPACITY);
		let firm = Terms { spot: None, ..terms(4) };
		assert_ok!(Market::update_offer(signed(operator(0)), id, firm));
		refuse(1, Ask { spot: true, ..ask(100) }, Error::NoSpotPrice);
		let poor = 905;
		endow(poor, Currency::Native, 10_000);
		assert_noop!(rent(poor, id, 1, 100), TokenError::FundsUnavailable);
	});
}

#[test]
fn a_request_should_be_refused_when_the_worker_could_not_take_it() {
	build_and_execute(|| {
		let id = offer(0);
		let lease_id = rented(ALICE, id, 3, 100);
		assert_ok!(ready(0, lease_id));
		assert_noop!(rent(BOB, id, 2, 100), Error::<Test>::NotEnoughDevices);
		let dear = Rules { lease_stake: BOND, ..RULES };
		assert_ok!(Market::set_parameters(RuntimeOrigin::root(), dear));
		assert_noop!(rent(BOB, id, 1, 100), Error::<Test>::NotEnoughStake);
		assert_ok!(Market::set_parameters(RuntimeOrigin::root(), RULES));
		assert_ok!(Operators::retire(signed(operator(0))));
		assert_noop!(rent(BOB, id, 1, 100), Error::<Test>::OperatorInactive);
	});
}

#[test]
fn an_offer_should_not_be_rented_when_the_minimum_fee_has_outgrown_its_price() {
	build_and_execute(|| {
		let id = offer(0);
		let mut rules = RULES;
		rules.minimum_fee.native = PRICE / 2 + 1;
		assert_ok!(Market::set_parameters(RuntimeOrigin::root(), rules));
		assert_noop!(rent(ALICE, id, 1, 100), Error::<Test>::BadPrice);
	});
}

#[test]
fn m04_a_price_should_never_exceed_what_the_renter_named() {
	build_and_execute(|| {
		let id = offer(0);
		let dear =
			Terms { price: PRICE + 1, spot: Some(Spot { price: 61, notice: 1 }), ..terms(4) };
		assert_ok!(Market::update_offer(signed(operator(0)), id, dear));
		assert_noop!(rent(ALICE, id, 1, 100), Error::<Test>::PriceChanged);
		let spot = Ask { spot: true, max_price: SPOT_PRICE, ..ask(100) };
		assert_noop!(
			Market::rent(signed(ALICE), id, 1, spot, ALICE, None),
			Error::<Test>::PriceChanged
		);
		let members = [(id, 1), (offer(1), 1)];
		assert_noop!(rent_cluster(ALICE, &members, 100), Error::<Test>::PriceChanged);
		assert_noop!(rent_matching(&[id], requirements()), Error::<Test>::NothingFits);
		let lease_id = running(2, 1, 100);
		assert_noop!(
			Market::extend(signed(ALICE), lease_id, 10, PRICE - 1),
			Error::<Test>::PriceChanged
		);
	});
}

#[test]
fn m04_a_notice_should_never_be_shorter_than_the_renter_named() {
	build_and_execute(|| {
		let id = offer(0);
		let spot = Ask { spot: true, minimum_notice: SPOT_NOTICE, ..ask(100) };
		let rent = |ask| Market::rent(signed(ALICE), id, 1, ask, ALICE, None);
		assert_ok!(rent(spot));
		let sudden = Some(Spot { price: SPOT_PRICE, notice: SPOT_NOTICE - 1 });
		let terms = Terms { spot: sudden, ..terms(4) };
		assert_ok!(Market::update_offer(signed(operator(0)), id, terms));
		assert_noop!(rent(spot), Error::<Test>::NoticeTooShort);
		assert_noop!(
			rent_matching(&[id], Requirements { ask: spot, ..requirements() }),
			Error::<Test>::NothingFits
		);
		assert_eq!(Market::quote(id, 1, spot), None);
		// A firm lease has none.
		assert_ok!(rent(Ask { spot: false, ..spot }));
	});
}

#[test]
fn a_request_should_be_refused_when_a_maintenance_lies_in_its_start_window() {
	build_and_execute(|| {
		let id = offer(0);
		let (from, until) = (now() + 60, now() + 100);
		assert_ok!(Market::announce_maintenance(signed(operator(0)), worker(0), from, until));
		let refused = || {
			assert_noop!(rent(ALICE, id, 1, 100), Error::<Test>::InMaintenance);
			assert_noop!(rent_matching(&[id], requirements()), Error::<Test>::NothingFits);
			assert_noop!(
				rent_cluster(ALICE, &[(id, 1), (id, 1)], 100),
				Error::<Test>::InMaintenance
			);
			assert_eq!(Market::quote(id, 1, ask(100)), None);
			assert!(Market::candidates(requirements(), None, 9).offers.is_empty());
		};
		let taken = || {
			assert_ok!(rent(ALICE, id, 1, 100));
		};
		go_to(from - RULES.start_window - 1);
		taken();
		skip(1);
		refused();
		go_to(from);
		refused();
		// Whether or not the worker is there again.
		assert_ok!(beat(0));
		go_to(until - 1);
		refused();
		skip(1);
		taken();
	});
}

#[test]
fn an_offer_should_stay_listed_when_a_maintenance_lay_in_the_start_window_of_a_request() {
	build_and_execute(|| {
		// The notice is shorter than the start window, so that the request may come first.
		let rules = Rules { start_window: 40, ..RULES };
		assert_ok!(Market::set_parameters(RuntimeOrigin::root(), rules));
		let (id, idle) = (offer(0), offer(1));
		let announce = |from: u32| {
			let me = signed(operator(0));
			assert_ok!(Market::announce_maintenance(me, worker(0), from, from + 10));
		};
		let requests = [rented(ALICE, id, 1, 100), rented(ALICE, idle, 1, 100)];
		let late = rented(BOB, id, 1, 100);
		let from = now() + RULES.maintenance.notice;
		announce(from);
		skip(rules.start_window);
		for request in requests {
			assert_ok!(settle(request));
		}
		assert!(Offers::<Test>::get(id).unwrap().listed);
		assert!(!Offers::<Test>::get(idle).unwrap().listed, "it could have taken it");
		// The same when another maintenance has taken its place by then.
		assert_ok!(beat(0));
		announce(from + 200);
		assert_ok!(settle(late));
		assert!(Offers::<Test>::get(id).unwrap().listed);
		let request = rented(ALICE, id, 1, 100);
		skip(rules.start_window);
		assert_ok!(settle(request));
		assert!(!Offers::<Test>::get(id).unwrap().listed, "there was none in it");
	});
}

#[test]
fn a_match_should_be_the_cheapest_and_the_older_of_two() {
	build_and_execute(|| {
		let offers: Vec<_> = (0..4).map(offer).collect();
		let cheap = Terms { price: 90, spot: None, ..terms(4) };
		for i in [2, 1] {
			let id = offers[usize::try_from(i).unwrap()];
			assert_ok!(Market::update_offer(signed(operator(i)), id, cheap));
		}
		assert_ok!(rent_matching(&[3, 2, 1, 0, 9, 1], requirements()));
		assert_eq!((lease(0).offer, lease(0).price, lease(0).access), (1, 90, BOB));
	});
}

#[test]
fn a_match_should_meet_every_requirement() {
	build_and_execute(|| {
		let id = offer(0);
		let with = |change: fn(&mut Requirements)| {
			let mut requirements = requirements();
			change(&mut requirements);
			requirements
		};
		for impossible in [
			with(|r| r.currency = Currency::Credits),
			with(|r| r.minimum_memory_mib = 16_385),
			with(|r| r.region = Some(Region::truncate_from(b"eu".to_vec()))),
			with(|r| r.count = 5),
			with(|r| r.ask.max_price = PRICE - 1),
			with(|r| r.ask.minimum_capacity = CAPACITY + 1),
			with(|r| r.ask.duration = 5_000),
		] {
			assert_noop!(rent_matching(&[id], impossible), Error::<Test>::NothingFits);
		}
		assert_noop!(rent_matching(&[], requirements()), Error::<Test>::NothingFits);
		assert_ok!(rent_matching(&[id], with(|r| r.region = None)));
	});
}

#[test]
fn a_request_should_be_taken_by_its_worker_only_and_as_it_was_made() {
	build_and_execute(|| {
		let id = offer_in(0, 3, Currency::Native);
		let lease_id = rented(ALICE, id, 2, 100);
		let take = |key, devices: Vec<u16>| {
			Market::ready(signed(key), lease_id, devices.try_into().unwrap())
		};
		assert_noop!(take(ALICE, vec![0, 1]), Error::<Test>::NotAWorker);
		assert_noop!(take(hot_key(1), vec![0, 1]), Error::<Test>::NotTheWorker);
		for bad in [vec![], vec![0], vec![1, 0], vec![0, 0], vec![0, 1, 2], vec![0, 3]] {
			assert_noop!(take(hot_key(0), bad), Error::<Test>::BadDevices);
		}
		assert_noop!(Market::ready(signed(hot_key(0)), 7, devices(1)), Error::<Test>::UnknownLease);
		assert_ok!(take(hot_key(0), vec![0, 2]));
		assert_noop!(take(hot_key(0), vec![0, 2]), Error::<Test>::NotRequested);
		assert_eq!(lease(lease_id).devices.into_inner(), vec![0, 2]);
		let status = Operators::worker_status(worker(0)).unwrap();
		let occupied: Vec<_> = status.devices.iter().map(|device| device.occupied).collect();
		assert_eq!(occupied, vec![WHOLE_DEVICE, 0, WHOLE_DEVICE, 0]);
		assert_eq!(status.reservations, 1);
		let stake = <Operators as Security<_, _, _>>::free_stake(&operator(0), Service::Market);
		assert_eq!(stake, BOND - 2 * RULES.lease_stake);
	});
}

#[test]
fn f17_a_request_should_be_taken_within_its_window_only() {
	build_and_execute(|| {
		let id = offer(0);
		let (first, second) = (rented(ALICE, id, 1, 100), rented(ALICE, id, 1, 100));
		skip(RULES.start_window - 1);
		assert_noop!(settle(first), Error::<Test>::NothingToSettle);
		assert_ok!(ready(0, first));
		skip(1);
		assert_noop!(ready(0, second), Error::<Test>::TooLate);
		assert_ok!(settle(second));
		assert_eq!(closed(second), Some((CloseReason::NeverStarted, 100 * PRICE, 0, 0)));
	});
}

#[test]
fn a_declined_request_should_be_refunded_in_full_and_its_offer_stay_listed() {
	build_and_execute(|| {
		let id = offer(0);
		let before = free(ALICE, Currency::Native);
		let lease_id = rented(ALICE, id, 1, 100);
		assert_noop!(Market::decline(signed(hot_key(1)), lease_id), Error::<Test>::NotTheWorker);
		let declined = Market::decline(signed(hot_key(0)), lease_id);
		assert_eq!(declined.map(|info| info.pays_fee), Ok(frame_support::dispatch::Pays::No));
		assert_eq!(closed(lease_id), Some((CloseReason::Declined, 100 * PRICE, 0, 0)));
		assert_eq!(free(ALICE, Currency::Native), before);
		assert!(Offers::<Test>::get(id).unwrap().listed);
		let started = running(1, 1, 100);
		assert_noop!(Market::decline(signed(hot_key(1)), started), Error::<Test>::AlreadyStarted);
	});
}

#[test]
fn declining_too_late_should_be_the_settlement_that_it_would_replace() {
	build_and_execute(|| {
		let id = offer(0);
		let lease_id = rented(ALICE, id, 1, 100);
		skip(RULES.start_window);
		assert_ok!(Market::decline(signed(hot_key(0)), lease_id));
		assert_eq!(closed(lease_id), Some((CloseReason::NeverStarted, 100 * PRICE, 0, 0)));
		assert!(!Offers::<Test>::get(id).unwrap().listed);
	});
}

#[test]
fn only_the_renter_should_change_a_lease() {
	build_and_execute(|| {
		let id = running(0, 1, 100);
		let bob = signed(BOB);
		assert_noop!(Market::end(bob.clone(), id), Error::<Test>::NotTheRenter);
		assert_noop!(Market::extend(bob.clone(), id, 1, PRICE), Error::<Test>::NotTheRenter);
		assert_noop!(Market::set_top_up(bob.clone(), id, None), Error::<Test>::NotTheRenter);
		assert_noop!(Market::set_access(bob.clone(), id, BOB), Error::<Test>::NotTheRenter);
		assert_noop!(Market::set_access(bob, 7, BOB), Error::<Test>::UnknownLease);
		assert_ok!(Market::set_access(signed(ALICE), id, BOB));
		assert_eq!(lease(id).access, BOB);
		let top_up = Some(TopUp { blocks: 5, limit: 7 });
		assert_ok!(Market::set_top_up(signed(ALICE), id, top_up));
		assert_eq!(lease(id).top_up, top_up);
	});
}
