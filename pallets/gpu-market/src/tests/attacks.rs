//! Rows of the threat table that are about behaviour over time.

use crate::{mock::*, *};
use assay_market::Currency;
use frame_support::{assert_noop, assert_ok};
use pallet_proof_of_flops::{Capacity, Proven};

#[test]
fn m01_a_thousand_requests_should_leave_every_device_rentable() {
	build_and_execute(|| {
		let id = offer(0);
		for _ in 0..1_000 {
			rented(BOB, id, 4, 10);
		}
		assert_eq!(Market::offer(id).unwrap().free, 4);
		let honest = rented(ALICE, id, 4, 100);
		assert_ok!(ready(0, honest));
		// The worker chose; the thousand are refunded one by one, and its offer stays listed.
		skip(RULES.start_window);
		for lease in 0..1_000 {
			assert_ok!(settle(lease));
		}
		assert!(Offers::<Test>::get(id).unwrap().listed);
		assert_eq!(free(BOB, Currency::Native), FUNDS);
	});
}

#[test]
fn m01_asking_twice_should_not_unlist_an_honest_offer() {
	build_and_execute(|| {
		let id = offer_in(0, 1, Currency::Native);
		skip(10);
		let (first, second) = (rented(ALICE, id, 1, 10), rented(BOB, id, 1, 10));
		assert_ok!(ready(0, first));
		serve(0, 15);
		assert_ok!(settle(first));
		skip(10);
		assert_eq!(Market::offer(id).unwrap().free, 1);
		assert_ok!(settle(second));
		assert!(Offers::<Test>::get(id).unwrap().listed, "it has started a lease since");
		// Nor does it when its stake is in use elsewhere.
		let all = assay_market::Parameters { lease_stake: BOND, ..RULES };
		assert_ok!(Market::set_parameters(RuntimeOrigin::root(), all));
		let other = Market::create_offer(
			signed(operator(0)),
			worker(0),
			vec![1].try_into().unwrap(),
			Currency::Native,
			1,
			region(),
			terms(1),
		);
		assert_ok!(other);
		let (first, second) = (rented(ALICE, id, 1, 100), rented(BOB, id + 1, 1, 100));
		assert_ok!(Market::ready(signed(hot_key(0)), first, devices(1)));
		skip(RULES.start_window);
		assert_ok!(settle(second));
		assert!(Offers::<Test>::get(id + 1).unwrap().listed);
	});
}

#[test]
fn nothing_should_be_sold_twice() {
	build_and_execute(|| {
		let (native, credits) = (offer(0), offer_in(0, 4, Currency::Credits));
		let (first, second) = (rented(ALICE, native, 4, 100), rented(BOB, credits, 1, 100));
		assert_ok!(ready(0, first));
		assert_noop!(
			Market::ready(signed(hot_key(0)), second, devices(1)),
			pallet_operators::Error::<Test>::DeviceFull
		);
	});
}

#[test]
fn a_lease_should_not_start_without_stake() {
	build_and_execute(|| {
		let id = rented(ALICE, offer(0), 1, 100);
		let dear = assay_market::Parameters { lease_stake: BOND + 1, ..RULES };
		assert_ok!(Market::set_parameters(RuntimeOrigin::root(), dear));
		assert_noop!(ready(0, id), pallet_operators::Error::<Test>::InsufficientStake);
	});
}

#[test]
fn f11_half_a_device_should_be_paid_half_matched_as_half_and_convict_nobody() {
	build_and_execute(|| {
		let before = wealth(payout(0), Currency::Native);
		let id = running(0, 1, 100);
		prove(worker(0), 0, CAPACITY / 2);
		serve(0, 100);
		assert_ok!(settle(id));
		assert_eq!(closed(id), Some((CloseReason::Expired, 0, 0, 0)));
		let half = 100 * PRICE / 2;
		assert_eq!(wealth(payout(0), Currency::Native), before + half - 100 * 5);
		assert_eq!(Market::offer(0).unwrap().capacity, CAPACITY / 2);
		assert_noop!(rent(ALICE, 0, 1, 100), Error::<Test>::CapacityTooLow);
		let modest = Ask { minimum_capacity: CAPACITY / 2, ..ask(100) };
		assert_ok!(Market::rent(signed(ALICE), 0, 1, modest, ALICE, None));
		assert_eq!(lease(id + 1).bought, CAPACITY / 2);
	});
}

#[test]
fn f11_blocks_should_cost_what_was_proven_in_them_when_nobody_settled_for_long() {
	build_and_execute(|| {
		let tiles = |rounds, tiles| {
			let proven = Proven { tiles, rounds };
			Histories::mutate(|known| known.insert((worker(0), 0), proven));
		};
		tiles(100, 100 * CAPACITY);
		let id = running(0, 1, 200);
		let before = wealth(payout(0), Currency::Native);
		// It rested for 30 rounds and proves what was bought in the ten in which it settles.
		serve(0, 100);
		tiles(140, 110 * CAPACITY);
		assert_eq!(<Table as Capacity>::capacity(worker(0), 0), CAPACITY);
		assert_ok!(settle(id));
		let quarter = 100 * PRICE / 4;
		assert_eq!(wealth(payout(0), Currency::Native), before + quarter - 100 * 5);
		// What was settled counts no more.
		tiles(150, 120 * CAPACITY);
		serve(0, 100);
		assert_ok!(settle(id));
		let whole = 100 * PRICE;
		let fees = 100 * 5 + whole / 20;
		assert_eq!(wealth(payout(0), Currency::Native), before + quarter + whole - fees);
	});
}

#[test]
fn conviction_should_void_what_the_operator_has_not_settled_of_any_lease() {
	build_and_execute(|| {
		let (one, other) = (running(0, 1, 100), running(0, 1, 100));
		let before = wealth(payout(0), Currency::Native);
		skip(10);
		assert_ok!(beat(0));
		skip(RULES.grace + 1);
		assert_ok!(settle(one));
		let paid = wealth(payout(0), Currency::Native) - before;
		assert_eq!(paid, 10 * PRICE - 10 * 5);
		assert_eq!(Market::lease(other).map(|view| (view.due, view.refund)), Some((0, 10 * PRICE)));
		assert_ok!(settle(other));
		assert_eq!(closed(other).map(|(reason, ..)| reason), Some(CloseReason::ProviderLost));
		assert_eq!(wealth(payout(0), Currency::Native), before + paid);
		// Of what it serves later nothing is void.
		let id = running(0, 1, 100);
		serve(0, 100);
		assert_ok!(settle(id));
		assert!(wealth(payout(0), Currency::Native) > before + paid + 90 * PRICE);
	});
}

#[test]
fn f11_more_capacity_than_was_bought_should_not_cost_more() {
	build_and_execute(|| {
		let id = running(0, 1, 100);
		prove(worker(0), 0, 9 * CAPACITY);
		let before = wealth(ALICE, Currency::Native);
		serve(0, 100);
		assert_ok!(settle(id));
		assert_eq!(wealth(ALICE, Currency::Native), before - 100 * PRICE);
	});
}

#[test]
fn f12_renting_from_oneself_should_lose_the_fee_in_either_currency() {
	for (currency, least) in [(Currency::Native, 5), (Currency::Credits, 7)] {
		build_and_execute(|| {
			// The operator's payout account is the renter's.
			assert_ok!(Operators::set_payout(signed(operator(0)), ALICE));
			let before = wealth(ALICE, currency);
			let id = running_in(0, 2, 100, currency);
			serve(0, 100);
			assert_ok!(settle(id));
			assert_eq!(wealth(ALICE, currency), before - 2 * 100 * least);
			assert_eq!(Market::reputation(operator(0)).kept.of(currency), 2 * 100 * least);
		});
	}
}

#[test]
fn f13_reputation_should_cost_what_it_shows_and_fade() {
	build_and_execute(|| {
		let before = issuance(Currency::Native);
		for _ in 0..5 {
			let id = rented(ALICE, offer(0), 1, 50);
			assert_ok!(ready(0, id));
			serve(0, 50);
			assert_ok!(settle(id));
		}
		let known = Market::reputation(operator(0));
		assert_eq!(known.kept.native, before - issuance(Currency::Native));
		assert_eq!((known.leases_kept, known.service), (5, 250));
		skip(RULES.half_life);
		let later = Market::reputation(operator(0));
		assert_eq!((later.kept.native, later.service), (known.kept.native / 2, 125));
		assert_eq!(later.leases_kept, 5);
	});
}

#[test]
fn an_operator_should_not_leave_while_a_lease_runs() {
	build_and_execute(|| {
		// What is reserved exceeds the minimum bond.
		let dear = assay_market::Parameters { lease_stake: BOND / 2, ..RULES };
		assert_ok!(Market::set_parameters(RuntimeOrigin::root(), dear));
		let id = running(0, 1, 100);
		let origin = || signed(operator(0));
		assert_noop!(
			Operators::remove_device(origin(), worker(0), 0),
			pallet_operators::Error::<Test>::DeviceIsOccupied
		);
		assert_noop!(
			Operators::unbond(origin(), BOND - 500),
			pallet_operators::Error::<Test>::StakeIsReserved
		);
		assert_ok!(Operators::retire(origin()));
		serve(0, 100);
		assert_ok!(settle(id));
		assert_eq!(closed(id).unwrap().0, CloseReason::Expired);
		for device in 0..DEVICES {
			assert_ok!(Operators::remove_device(origin(), worker(0), device));
		}
		assert_noop!(
			Operators::remove_worker(origin(), worker(0)),
			pallet_operators::Error::<Test>::WorkerHasObligations
		);
		assert_ok!(Market::withdraw_offer(origin(), 0));
		assert_ok!(Operators::remove_worker(origin(), worker(0)));
	});
}

#[test]
fn a_request_should_be_refunded_when_its_worker_is_gone_altogether() {
	build_and_execute(|| {
		let id = rented(ALICE, offer(0), 1, 100);
		let (origin, gone) = (|| signed(operator(0)), worker(0));
		assert_ok!(Market::withdraw_offer(origin(), 0));
		for device in 0..DEVICES {
			assert_ok!(Operators::remove_device(origin(), gone, device));
		}
		assert_ok!(Operators::remove_worker(origin(), gone));
		skip(RULES.start_window);
		assert_ok!(settle(id));
		assert_eq!(closed(id), Some((CloseReason::NeverStarted, 100 * PRICE, 0, 0)));
	});
}

#[test]
fn m10_every_entry_should_hold_its_deposit() {
	build_and_execute(|| {
		for _ in 0..10 {
			offer(0);
			rented(ALICE, 0, 1, 100);
		}
		let held = |reason, who| Market::held(Currency::Native, reason, &who);
		assert_eq!(held(HoldReason::OfferDeposit, operator(0)), 10 * OFFER_DEPOSIT);
		assert_eq!(held(HoldReason::LeaseDeposit, ALICE), 10 * LEASE_DEPOSIT);
		endow(905, Currency::Native, LEASE_DEPOSIT + 100 * PRICE + ED - 1);
		assert!(rent(905, 0, 1, 100).is_err(), "an account has to stay alive");
		endow(905, Currency::Native, 1);
		assert_ok!(rent(905, 0, 1, 100));
	});
}
