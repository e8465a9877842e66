//! Offers: published, changed, withdrawn, pruned.

use crate::{mock::*, *};
use assay_market::{Currency, MAX_PRICE};
use frame_support::{
	assert_noop, assert_ok,
	dispatch::{DispatchResult, Pays},
};
use pallet_operators::OpenObligations;
use sp_runtime::DispatchError;

fn create(who: u64, worker: u64, devices: Vec<u16>, terms: Terms) -> DispatchResult {
	let devices = devices.try_into().unwrap();
	Market::create_offer(signed(who), worker, devices, Currency::Native, 1, region(), terms)
}

#[test]
fn an_offer_should_hold_a_deposit_until_it_is_withdrawn() {
	build_and_execute(|| {
		let id = offer(0);
		assert_eq!(Market::held(Currency::Native, HoldReason::OfferDeposit, &operator(0)), 40);
		assert!(Market::has_open_obligations(worker(0)));
		assert_ok!(Market::withdraw_offer(signed(operator(0)), id));
		assert_eq!(
			last_event(),
			Event::OfferRemoved {
				offer: id,
				operator: operator(0),
				deposit: OFFER_DEPOSIT,
				pruned: false
			}
		);
		assert_eq!(Market::held(Currency::Native, HoldReason::OfferDeposit, &operator(0)), 0);
		assert!(!Market::has_open_obligations(worker(0)));
		assert!(Market::presence(worker(0)).is_none());
	});
}

#[test]
fn names_of_offers_should_never_be_used_again() {
	build_and_execute(|| {
		let first = offer(0);
		assert_ok!(Market::withdraw_offer(signed(operator(0)), first));
		assert_eq!(offer(0), first + 1);
	});
}

#[test]
fn an_offer_should_be_refused_when_its_devices_are_not_the_operators() {
	build_and_execute(|| {
		let (me, mine) = (operator(0), worker(0));
		let refuse = |who, worker, devices, error: Error<Test>| {
			assert_noop!(create(who, worker, devices, terms(1)), error);
		};
		refuse(me, worker(1), vec![0], Error::NotTheOperator);
		refuse(me, 99, vec![0], Error::NotTheOperator);
		refuse(ALICE, mine, vec![0], Error::NotTheOperator);
		refuse(me, mine, vec![], Error::BadDevices);
		refuse(me, mine, vec![1, 0], Error::BadDevices);
		refuse(me, mine, vec![1, 1], Error::BadDevices);
		refuse(me, mine, vec![0, DEVICES], Error::UnknownDevice);
	});
}

#[test]
fn terms_should_be_refused_when_they_break_the_rules() {
	build_and_execute(|| {
		let id = offer(0);
		let good = terms(DEVICES.into());
		let with = |change: fn(&mut Terms)| {
			let mut terms = good;
			change(&mut terms);
			terms
		};
		for (bad, error) in [
			(with(|t| t.price = 9), Error::<Test>::BadPrice),
			(with(|t| t.price = MAX_PRICE + 1), Error::BadPrice),
			(with(|t| t.spot = Some(Spot { price: 9, notice: 1 })), Error::BadPrice),
			(with(|t| t.spot = Some(Spot { price: PRICE, notice: 1 })), Error::BadSpot),
			(with(|t| t.spot = Some(Spot { price: 50, notice: 61 })), Error::BadSpot),
			(with(|t| t.minimum_duration = 0), Error::BadDuration),
			(with(|t| t.minimum_duration = 1_001), Error::BadDuration),
			(with(|t| t.maximum_duration = 86_401), Error::BadDuration),
			(with(|t| t.maximum_count = 0), Error::BadCount),
			(with(|t| t.maximum_count = 5), Error::BadCount),
		] {
			let error: DispatchError = error.into();
			let devices = devices(DEVICES).into_inner();
			assert_noop!(create(operator(0), worker(0), devices, bad), error);
			assert_noop!(Market::update_offer(signed(operator(0)), id, bad), error);
		}
		let lowest = with(|t| (t.price, t.spot) = (10, None));
		assert_ok!(Market::update_offer(signed(operator(0)), id, lowest));
	});
}

#[test]
fn an_offer_should_be_changed_by_its_operator_only() {
	build_and_execute(|| {
		let id = offer(0);
		let other = signed(operator(1));
		assert_noop!(
			Market::update_offer(other.clone(), id, terms(1)),
			Error::<Test>::NotTheOperator
		);
		assert_noop!(Market::withdraw_offer(other.clone(), id), Error::<Test>::NotTheOperator);
		assert_noop!(Market::update_offer(other.clone(), 7, terms(1)), Error::<Test>::UnknownOffer);
		assert_noop!(Market::withdraw_offer(other.clone(), 7), Error::<Test>::UnknownOffer);
		assert_noop!(Market::prune_offer(other, 7), Error::<Test>::UnknownOffer);
	});
}

#[test]
fn running_leases_should_keep_their_terms_when_their_offer_changes_or_goes() {
	build_and_execute(|| {
		let id = offer(0);
		let lease_id = rented(ALICE, id, 1, 100);
		assert_ok!(ready(0, lease_id));
		let dear = Terms { price: 1_000, maximum_duration: 20, ..terms(1) };
		assert_ok!(Market::update_offer(signed(operator(0)), id, dear));
		assert_eq!((lease(lease_id).price, lease(lease_id).maximum_duration), (PRICE, 1_000));
		assert_ok!(Market::withdraw_offer(signed(operator(0)), id));
		serve(0, 100);
		assert_ok!(settle(lease_id));
		assert_eq!(closed(lease_id), Some((CloseReason::Expired, 0, 0, 0)));
	});
}

#[test]
fn a_silent_workers_offer_should_be_pruned_by_anybody() {
	build_and_execute(|| {
		let id = offer(0);
		skip(RULES.stale_after - 1);
		assert_noop!(Market::prune_offer(signed(ALICE), id), Error::<Test>::NotStale);
		skip(1);
		let pays = Market::prune_offer(signed(ALICE), id).unwrap().pays_fee;
		assert_eq!(pays, Pays::No);
		assert_eq!(Market::held(Currency::Native, HoldReason::OfferDeposit, &operator(0)), 0);
	});
}

#[test]
fn a_heartbeat_or_an_update_should_keep_an_offer_from_being_pruned() {
	build_and_execute(|| {
		let (beats, updates) = (offer(0), offer(1));
		skip(RULES.stale_after - 1);
		assert_ok!(beat(0));
		assert_ok!(Market::update_offer(signed(operator(1)), updates, terms(1)));
		skip(RULES.stale_after - 1);
		assert_noop!(Market::prune_offer(signed(ALICE), beats), Error::<Test>::NotStale);
		assert_noop!(Market::prune_offer(signed(ALICE), updates), Error::<Test>::NotStale);
	});
}

#[test]
fn an_inactive_operators_offer_should_be_pruned_at_once() {
	build_and_execute(|| {
		let id = offer(0);
		assert_noop!(Market::prune_offer(signed(ALICE), id), Error::<Test>::NotStale);
		assert_ok!(Operators::retire(signed(operator(0))));
		assert_ok!(Market::prune_offer(signed(ALICE), id));
	});
}

#[test]
fn an_unlisted_offer_should_be_pruned_when_nobody_lists_it_again() {
	build_and_execute(|| {
		let id = offer(0);
		let request = rented(ALICE, id, 1, 100);
		skip(RULES.start_window);
		assert_ok!(settle(request));
		assert!(!Offers::<Test>::get(id).unwrap().listed);
		for _ in 0..RULES.stale_after / 5 - 1 {
			skip(5);
			assert_ok!(beat(0));
		}
		assert_noop!(Market::prune_offer(signed(ALICE), id), Error::<Test>::NotStale);
		skip(5);
		assert_ok!(Market::prune_offer(signed(ALICE), id));
	});
}

#[test]
fn nothing_should_be_made_when_there_are_no_names_left() {
	build_and_execute(|| {
		let id = offer(0);
		let exhausted = Error::<Test>::NamesExhausted;
		NextOffer::<Test>::put(u64::MAX);
		let devices = devices(1).into_inner();
		assert_noop!(create(operator(0), worker(0), devices, terms(1)), exhausted);
		NextLease::<Test>::put(u64::MAX);
		assert_noop!(rent(ALICE, id, 1, 100), Error::<Test>::NamesExhausted);
		NextCluster::<Test>::put(u64::MAX);
		assert_noop!(rent_cluster(ALICE, &[(id, 1), (id, 1)], 100), Error::<Test>::NamesExhausted);
	});
}
