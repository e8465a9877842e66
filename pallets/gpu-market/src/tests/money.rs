//! Nobody's account stops anybody else's money.

use crate::{mock::*, *};
use assay_market::Currency;
use frame_support::{assert_noop, assert_ok};

/// The share of one GPU and block that a provider has.
const NET: u128 = PRICE - 5;

/// Forbids an account to receive credits, or allows it again.
fn block(who: u64, blocked: bool) {
	if blocked {
		assert_ok!(Assets::block(signed(ADMIN), FLOPS, who));
	} else {
		assert_ok!(Assets::thaw(signed(ADMIN), FLOPS, who));
	}
}

/// Pays operator `i` into an account that does not exist.
fn pay_into_nothing(i: u64, account: u64) {
	assert_ok!(Operators::set_payout(signed(operator(i)), account));
}

#[test]
fn m09_a_payment_below_the_existential_deposit_should_be_owed_until_it_is_enough() {
	build_and_execute(|| {
		pay_into_nothing(0, 900);
		let cheap = Terms { price: 10, spot: None, minimum_duration: 1, ..terms(1) };
		let offer = offer(0);
		assert_ok!(Market::update_offer(signed(operator(0)), offer, cheap));
		let id = rented(ALICE, offer, 1, 100);
		assert_ok!(ready(0, id));
		// One block a settlement: 5 of 10 are burnt.
		let shorter = assay_market::Parameters { interval: 2, ..RULES };
		assert_ok!(Market::set_parameters(RuntimeOrigin::root(), shorter));
		skip(1);
		assert_ok!(beat(0));
		assert_ok!(settle(id));
		assert_eq!((lease(id).owed, lease(id).escrow), (5, 990 + 5));
		assert_noop!(settle(id), Error::<Test>::NothingToSettle);
		skip(1);
		assert_ok!(beat(0));
		assert_ok!(settle(id));
		assert_eq!(lease(id).owed, 0);
		assert_eq!(wealth(900, Currency::Native), 10);
	});
}

#[test]
fn m09_what_a_payout_account_can_not_take_should_be_burnt_when_the_lease_closes() {
	build_and_execute(|| {
		pay_into_nothing(0, 900);
		let cheap = Terms { price: 10, spot: None, minimum_duration: 1, ..terms(1) };
		let offer = offer(0);
		assert_ok!(Market::update_offer(signed(operator(0)), offer, cheap));
		let id = rented(ALICE, offer, 1, 1);
		assert_ok!(ready(0, id));
		skip(5);
		assert_ok!(beat(0));
		assert_ok!(settle(id));
		assert_eq!(closed(id), Some((CloseReason::Expired, 0, 5, 0)));
		assert_eq!(wealth(900, Currency::Native), 0);
	});
}

#[test]
fn m09_an_account_with_holds_should_survive_being_drained() {
	build_and_execute(|| {
		let id = running(0, 1, 100);
		let all = free(ALICE, Currency::Native) - ED;
		send(ALICE, CAROL, all);
		serve(0, 40);
		assert_ok!(settle(id));
		assert_ok!(Market::end(signed(ALICE), id));
		serve(0, 10);
		assert_ok!(settle(id));
		assert_eq!(free(ALICE, Currency::Native), ED + 50 * PRICE + LEASE_DEPOSIT);
	});
}

#[test]
fn m03_a_blocked_provider_should_stop_neither_its_renters_nor_the_other_leases() {
	build_and_execute(|| {
		let blocked = running_in(0, 1, 100, Currency::Credits);
		let other = running_in(1, 1, 100, Currency::Credits);
		block(payout(0), true);
		for _ in 0..4 {
			skip(10);
			assert_ok!(beat(0));
			assert_ok!(beat(1));
		}
		assert_ok!(settle(blocked));
		assert_ok!(settle(other));
		assert_eq!(lease(blocked).owed, 40 * (PRICE - 7));
		let before = free(ALICE, Currency::Credits);
		assert_ok!(Market::end(signed(ALICE), blocked));
		assert_eq!(free(ALICE, Currency::Credits), before + 50 * PRICE);
		// Allowed again before the lease closes, it has everything.
		block(payout(0), false);
		skip(10);
		assert_ok!(beat(0));
		let had = wealth(payout(0), Currency::Credits);
		assert_ok!(settle(blocked));
		assert_eq!(wealth(payout(0), Currency::Credits), had + 50 * (PRICE - 7));
	});
}

#[test]
fn m03_a_blocked_renter_should_stop_neither_its_provider_nor_the_release_of_the_devices() {
	build_and_execute(|| {
		let id = running_in(0, 1, 100, Currency::Credits);
		serve(0, 20);
		block(ALICE, true);
		let had = wealth(payout(0), Currency::Credits);
		assert_ok!(settle(id));
		assert_eq!(wealth(payout(0), Currency::Credits), had + 20 * (PRICE - 7));
		assert_ok!(Market::end(signed(ALICE), id));
		serve(0, 10);
		assert_ok!(settle(id));
		assert_eq!(closed(id).unwrap().0, CloseReason::EndedByRenter);
		assert_eq!(Market::offer(0).unwrap().free, 4);
		let held = 70 * PRICE;
		assert_eq!(Withheld::<Test>::get(ALICE, Currency::Credits), held);
		let release = || Market::release_withheld(signed(BOB), ALICE, Currency::Credits);
		assert!(release().is_err());
		assert_eq!(Withheld::<Test>::get(ALICE, Currency::Credits), held);
		block(ALICE, false);
		let before = free(ALICE, Currency::Credits);
		assert_ok!(release());
		assert_eq!(free(ALICE, Currency::Credits), before + held);
		assert_noop!(release(), Error::<Test>::NothingWithheld);
	});
}

#[test]
fn m03_a_frozen_asset_should_withhold_and_owe_and_lose_nothing() {
	build_and_execute(|| {
		let id = running_in(0, 1, 100, Currency::Credits);
		serve(0, 20);
		skip(15);
		assert_ok!(beat(0));
		assert_ok!(Assets::freeze_asset(signed(ADMIN), FLOPS));
		assert_ok!(settle(id));
		// Five of the blocks were not attested.
		assert_eq!(Withheld::<Test>::get(ALICE, Currency::Credits), 5 * PRICE);
		assert_eq!(lease(id).owed, 30 * (PRICE - 7));
		assert_ok!(Assets::thaw_asset(signed(ADMIN), FLOPS));
		serve(0, 10);
		assert_ok!(settle(id));
		assert_eq!(lease(id).owed, 0);
	});
}

#[test]
fn a_lost_lease_should_be_refunded_when_its_operator_has_nothing_to_lose_any_more() {
	build_and_execute(|| {
		let id = running(0, 1, 100);
		// Whatever became of the reservation, the renter is not to suffer from it.
		let obligation = pallet_operators::Obligation { worker: worker(0), device: 0, nonce: id };
		use pallet_operators::{Occupancy, Security, Service};
		assert_ok!(<Operators as Security<_, _, _>>::release(
			&operator(0),
			Service::Market,
			obligation
		));
		assert_ok!(<Operators as Occupancy>::release(worker(0), 0, 1_000));
		skip(RULES.grace + 1);
		assert_ok!(settle(id));
		assert_eq!(closed(id), Some((CloseReason::ProviderLost, 100 * PRICE, 0, 0)));
		assert_eq!(Market::reputation(operator(0)).convictions, 0);
	});
}

#[test]
fn a_lost_lease_should_free_the_stake_that_could_not_be_taken() {
	build_and_execute(|| {
		let id = running(0, 1, 100);
		use pallet_operators::{Security, Service};
		let free_stake =
			|| <Operators as Security<_, _, _>>::free_stake(&operator(0), Service::Market);
		assert_eq!(free_stake(), BOND - RULES.lease_stake);
		Immune::set(true);
		skip(RULES.grace + 1);
		assert_ok!(settle(id));
		assert_eq!(closed(id), Some((CloseReason::ProviderLost, 100 * PRICE, 0, 0)));
		assert_eq!(free_stake(), BOND, "it would answer for nothing for ever");
		assert_eq!(Market::reputation(operator(0)).leases_lost, 1);
	});
}

#[test]
fn m08_dust_should_go_back_to_the_renter_and_nowhere_else() {
	build_and_execute(|| {
		// A third of the capacity: no payment is a whole number.
		let id = running(0, 3, 100);
		for device in 0..3 {
			prove(worker(0), device, CAPACITY / 3);
		}
		let (renter, provider) =
			(wealth(ALICE, Currency::Native), wealth(payout(0), Currency::Native));
		let total = issuance(Currency::Native);
		for _ in 0..20 {
			skip(5);
			assert_ok!(beat(0));
			assert_ok!(settle(id));
		}
		let (paid, got) = (
			renter - wealth(ALICE, Currency::Native),
			wealth(payout(0), Currency::Native) - provider,
		);
		let burnt = total - issuance(Currency::Native);
		assert_eq!(paid, got + burnt);
		// floor(500 · 333 / 1000) a device and settlement, of which 25 are burnt.
		assert_eq!(paid, 20 * 3 * 166);
		assert_eq!(burnt, 20 * 3 * 25);
	});
}

#[test]
fn m07_nothing_that_is_not_held_should_ever_be_spent() {
	build_and_execute(|| {
		let id = running(0, 4, 100);
		let before = free(ALICE, Currency::Native);
		serve(0, 100);
		skip(1_000);
		assert_ok!(settle(id));
		assert_eq!(free(ALICE, Currency::Native), before + LEASE_DEPOSIT);
		assert_eq!(wealth(payout(0), Currency::Native), 1_000 + 400 * NET);
	});
}
