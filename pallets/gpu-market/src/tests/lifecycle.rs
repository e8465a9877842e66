//! A lease from its start to each of its ends.

use crate::{mock::*, *};
use assay_market::{Currency, Parameters as Rules};
use frame_support::{assert_noop, assert_ok, dispatch::Pays};
use pallet_operators::{Security, Service};

/// What is left of the price of one GPU and block after the fee.
const NET: u128 = PRICE - 5;

#[test]
fn a_lease_should_pay_for_every_attested_block_and_expire() {
	build_and_execute(|| {
		let (renter, provider) = (wealth(ALICE, Currency::Native), payout(0));
		let before = wealth(provider, Currency::Native);
		let id = running(0, 2, 100);
		serve(0, 50);
		assert_ok!(settle(id));
		assert_eq!(wealth(provider, Currency::Native), before + 2 * 50 * NET);
		serve(0, 50);
		assert_ok!(settle(id));
		assert_eq!(closed(id), Some((CloseReason::Expired, 0, 0, 0)));
		assert_eq!(wealth(provider, Currency::Native), before + 2 * 100 * NET);
		assert_eq!(wealth(ALICE, Currency::Native), renter - 2 * 100 * PRICE);
		assert_eq!(Market::held(Currency::Native, HoldReason::LeaseDeposit, &ALICE), 0);
		let stake = <Operators as Security<_, _, _>>::free_stake(&operator(0), Service::Market);
		assert_eq!(stake, BOND);
		assert_eq!(Market::offer(0).unwrap().free, 4);
		assert_noop!(settle(id), Error::<Test>::UnknownLease);
	});
}

#[test]
fn a_lease_in_credits_should_pay_in_credits() {
	build_and_execute(|| {
		let before = wealth(payout(0), Currency::Credits);
		let id = running_in(0, 1, 100, Currency::Credits);
		serve(0, 100);
		assert_ok!(settle(id));
		assert_eq!(wealth(payout(0), Currency::Credits), before + 100 * (PRICE - 7));
		assert_eq!(Market::reputation(operator(0)).kept.credits, 700);
	});
}

#[test]
fn m14_a_settlement_should_be_free_for_the_worker_and_refused_when_there_is_nothing_to_do() {
	build_and_execute(|| {
		let id = running(0, 1, 100);
		assert_noop!(settle(id), Error::<Test>::NothingToSettle);
		serve(0, 10);
		assert_eq!(settle(id).unwrap().pays_fee, Pays::Yes);
		serve(0, 10);
		let by_worker = || Market::settle(signed(hot_key(0)), id);
		assert_eq!(by_worker().unwrap().pays_fee, Pays::No);
		assert_noop!(by_worker(), Error::<Test>::NothingToSettle);
		assert_noop!(settle(7), Error::<Test>::UnknownLease);
	});
}

#[test]
fn m14_a_settlement_should_be_free_for_whoever_reports_what_was_lost_or_never_started() {
	build_and_execute(|| {
		let pays = |id| settle(id).unwrap().pays_fee;
		let lost = running(0, 1, 500);
		let served = running(1, 1, 20);
		let never = rented(ALICE, offer(2), 1, 100);
		serve(1, 20);
		assert_eq!(pays(served), Pays::Yes, "it has expired");
		assert_eq!(pays(never), Pays::No);
		assert_eq!(closed(never).unwrap().0, CloseReason::NeverStarted);
		go_to(1 + RULES.grace + 1);
		assert_eq!(pays(lost), Pays::No);
		assert_eq!(closed(lost).unwrap().0, CloseReason::ProviderLost);
	});
}

#[test]
fn m05_a_lost_lease_should_be_paid_to_the_last_heartbeat_and_cost_the_stake() {
	build_and_execute(|| {
		let before = wealth(payout(0), Currency::Native);
		let id = running(0, 2, 500);
		serve(0, 40);
		skip(RULES.grace);
		assert_ok!(settle(id));
		assert!(closed(id).is_none(), "the grace period is not over");
		skip(1);
		assert_ok!(settle(id));
		let stake = 2 * RULES.lease_stake;
		assert_eq!(closed(id), Some((CloseReason::ProviderLost, 2 * 460 * PRICE, 0, stake)));
		assert_eq!(wealth(payout(0), Currency::Native), before + 2 * 40 * NET);
		let known = Market::reputation(operator(0));
		assert_eq!((known.leases_kept, known.leases_lost, known.convictions), (0, 1, 1));
		assert_eq!((known.kept.native, known.lost.native, known.service), (400, 4_600, 80));
		let status = Operators::operator_status(operator(0)).unwrap();
		assert_eq!(status.convictions, 1);
		assert_eq!(Market::offer(0).unwrap().free, 4);
	});
}

#[test]
fn f13_a_lease_that_served_nothing_should_not_count_as_kept() {
	build_and_execute(|| {
		let kept = || Market::reputation(operator(0)).leases_kept;
		// Ended before a block of it was attested.
		let id = running(0, 1, 500);
		assert_ok!(Market::end(signed(ALICE), id));
		skip(2 * RULES.end_notice);
		assert_ok!(settle(id));
		assert_eq!(closed(id).unwrap().0, CloseReason::EndedByRenter);
		assert_eq!((kept(), Reputations::<Test>::contains_key(operator(0))), (0, false));
		// Attested, and worth nothing.
		let id = running(0, 1, 20);
		prove(worker(0), 0, 0);
		serve(0, 20);
		assert_ok!(settle(id));
		assert_eq!((closed(id).unwrap().0, kept()), (CloseReason::Expired, 0));
		let known = Market::reputation(operator(0));
		assert_eq!((known.kept.native, known.service), (0, 0));
		// Some blocks for which a fee was burnt.
		prove(worker(0), 0, CAPACITY);
		let id = running(0, 1, 20);
		skip(11);
		assert_ok!(beat(0));
		assert!(!run_of(id).served);
		assert_ok!(settle(id));
		assert!(run_of(id).served);
		skip(20);
		assert_ok!(settle(id));
		assert_eq!((closed(id).unwrap().0, kept()), (CloseReason::Expired, 1));
	});
}

#[test]
fn the_renters_end_should_cost_no_more_than_the_notice() {
	build_and_execute(|| {
		let id = running(0, 1, 500);
		serve(0, 20);
		let before = free(ALICE, Currency::Native);
		assert_ok!(Market::end(signed(ALICE), id));
		let refund = (480 - u128::from(RULES.end_notice)) * PRICE;
		assert_eq!(free(ALICE, Currency::Native), before + refund);
		assert_eq!(run_of(id).until, now() + RULES.end_notice);
		assert_noop!(Market::end(signed(ALICE), id), Error::<Test>::AlreadyEnding);
		assert_noop!(Market::extend(signed(ALICE), id, 1, PRICE), Error::<Test>::AlreadyEnding);
		serve(0, RULES.end_notice);
		assert_noop!(Market::end(signed(ALICE), id), Error::<Test>::LeaseOver);
		assert_ok!(settle(id));
		assert_eq!(closed(id), Some((CloseReason::EndedByRenter, 0, 0, 0)));
	});
}

#[test]
fn m06_the_renters_end_should_not_take_back_what_was_served() {
	build_and_execute(|| {
		let before = wealth(payout(0), Currency::Native);
		let id = running(0, 1, 500);
		serve(0, 100);
		assert_ok!(Market::end(signed(ALICE), id));
		serve(0, 10);
		assert_ok!(settle(id));
		assert_eq!(wealth(payout(0), Currency::Native), before + 110 * NET);
	});
}

#[test]
fn a_cancelled_request_should_cost_a_small_fee() {
	build_and_execute(|| {
		let id = rented(ALICE, offer(0), 3, 100);
		let before = issuance(Currency::Native);
		assert_ok!(Market::end(signed(ALICE), id));
		assert_eq!(closed(id), Some((CloseReason::Cancelled, 300 * PRICE - 15, 15, 0)));
		assert_eq!(issuance(Currency::Native), before - 15);
	});
}

#[test]
fn a_request_that_nobody_took_should_end_without_a_fee() {
	build_and_execute(|| {
		let id = rented(ALICE, offer(0), 3, 100);
		skip(RULES.start_window);
		assert_ok!(Market::end(signed(ALICE), id));
		assert_eq!(closed(id), Some((CloseReason::NeverStarted, 300 * PRICE, 0, 0)));
	});
}

#[test]
fn m02_a_request_that_nobody_took_should_be_refunded_in_the_block_in_which_it_is_noticed() {
	build_and_execute(|| {
		let (native, credits) = (free(ALICE, Currency::Native), free(ALICE, Currency::Credits));
		let requests = [
			rented(ALICE, offer(0), 1, 100),
			rented(ALICE, offer_in(1, 2, Currency::Credits), 2, 100),
		];
		skip(RULES.start_window);
		for (id, currency) in requests.into_iter().zip([Currency::Native, Currency::Credits]) {
			assert_ok!(settle(id));
			assert_eq!(closed(id).unwrap().0, CloseReason::NeverStarted);
			assert!(!Offers::<Test>::get(id).unwrap().listed, "{currency:?}");
			assert_noop!(rent(BOB, id, 1, 100), Error::<Test>::NotListed);
		}
		assert_eq!(free(ALICE, Currency::Native), native);
		assert_eq!(free(ALICE, Currency::Credits), credits);
		assert_ok!(Market::update_offer(signed(operator(0)), 0, terms(1)));
		assert_ok!(rent(BOB, 0, 1, 100));
	});
}

#[test]
fn a_spot_lease_should_end_with_its_providers_notice() {
	build_and_execute(|| {
		let spot = Ask { spot: true, ..ask(500) };
		for (i, who) in [(0, operator(0)), (1, hot_key(1))] {
			let offer = offer(i);
			let id = NextLease::<Test>::get();
			assert_ok!(Market::rent(signed(ALICE), offer, 1, spot, ALICE, None));
			let give_notice = |who| Market::give_notice(signed(who), id);
			assert_noop!(give_notice(who), Error::<Test>::NotActive);
			assert_ok!(ready(i, id));
			assert_noop!(give_notice(ALICE), Error::<Test>::NotTheOperator);
			assert_noop!(give_notice(hot_key(2)), Error::<Test>::NotTheOperator);
			assert_ok!(give_notice(who));
			assert_eq!(run_of(id).until, now() + SPOT_NOTICE);
			assert_eq!(lease(id).escrow, u128::from(SPOT_NOTICE) * SPOT_PRICE);
			assert_noop!(give_notice(who), Error::<Test>::AlreadyEnding);
			serve(i, SPOT_NOTICE);
			assert_noop!(give_notice(who), Error::<Test>::LeaseOver);
			assert_ok!(beat(i).map(|_| ()).or_else(|_| {
				skip(5);
				beat(i).map(|_| ())
			}));
			assert_ok!(settle(id));
			assert_eq!(closed(id), Some((CloseReason::ProviderNotice, 0, 0, 0)));
		}
		let firm = running(2, 1, 100);
		assert_noop!(Market::give_notice(signed(operator(2)), firm), Error::<Test>::NotSpot);
		assert_noop!(Market::give_notice(signed(operator(2)), 77), Error::<Test>::UnknownLease);
	});
}

#[test]
fn an_extension_should_hold_its_price_and_stay_within_the_longest_lease() {
	build_and_execute(|| {
		let id = rented(ALICE, offer(0), 2, 100);
		let extend = |blocks| Market::extend(signed(ALICE), id, blocks, PRICE);
		assert_noop!(extend(1), Error::<Test>::NotActive);
		assert_ok!(ready(0, id));
		for bad in [0, 901, u32::MAX] {
			assert_noop!(extend(bad), Error::<Test>::TooLong);
		}
		assert_ok!(extend(900));
		assert_eq!(lease(id).escrow, 2 * 1_000 * PRICE);
		assert_noop!(extend(1), Error::<Test>::TooLong);
		let until = run_of(id).until;
		serve(0, until - now());
		assert_noop!(extend(1), Error::<Test>::LeaseOver);
	});
}

#[test]
fn a_lease_should_wait_for_the_last_heartbeat_before_it_expires() {
	build_and_execute(|| {
		let before = wealth(payout(0), Currency::Native);
		let id = running(0, 1, 15);
		serve(0, 10);
		skip(5);
		// Whoever settles at its end can not deny the provider the last blocks.
		assert_ok!(settle(id));
		assert!(closed(id).is_none());
		assert_ok!(beat(0));
		assert_ok!(settle(id));
		assert_eq!(closed(id).unwrap().0, CloseReason::Expired);
		assert_eq!(wealth(payout(0), Currency::Native), before + 15 * NET);
	});
}

#[test]
fn a_lease_should_expire_without_the_last_heartbeat_after_an_interval() {
	build_and_execute(|| {
		let id = running(0, 1, 15);
		serve(0, 10);
		skip(5 + RULES.interval - 1);
		assert_ok!(settle(id));
		assert!(closed(id).is_none());
		skip(1);
		assert_ok!(settle(id));
		assert_eq!(closed(id), Some((CloseReason::Expired, 5 * PRICE, 0, 0)));
	});
}

fn with_top_up(blocks: u32, limit: u128, duration: u32) -> LeaseId {
	let offer = offer(0);
	let id = NextLease::<Test>::get();
	let top_up = Some(TopUp { blocks, limit });
	assert_ok!(Market::rent(signed(ALICE), offer, 1, ask(duration), ALICE, top_up));
	assert_ok!(ready(0, id));
	id
}

#[test]
fn a_top_up_should_lengthen_a_lease_before_its_end_up_to_its_limit() {
	build_and_execute(|| {
		let id = with_top_up(50, 120 * PRICE, 100);
		let start = now();
		serve(0, 85);
		assert_ok!(settle(id));
		assert_eq!(run_of(id).until, start + 100, "more than an interval is left");
		serve(0, 5);
		assert_ok!(settle(id));
		assert_eq!(run_of(id).until, start + 150);
		assert_eq!(lease(id).top_up, Some(TopUp { blocks: 50, limit: 70 * PRICE }));
		serve(0, 55);
		assert_ok!(settle(id));
		assert_eq!(run_of(id).until, start + 200);
		serve(0, 55);
		assert_ok!(settle(id));
		assert_eq!(closed(id).unwrap().0, CloseReason::OutOfFunds, "20 blocks are not 50");
	});
}

#[test]
fn a_late_top_up_should_charge_from_then_on() {
	build_and_execute(|| {
		let before = wealth(payout(0), Currency::Native);
		let id = with_top_up(50, 1_000 * PRICE, 20);
		serve(0, 60);
		assert_ok!(settle(id));
		assert_eq!(run_of(id).checkpoint.block, now());
		assert_eq!(run_of(id).until, now() + 50);
		assert_eq!(wealth(payout(0), Currency::Native), before + 20 * NET);
		serve(0, 30);
		assert_ok!(settle(id));
		assert_eq!(wealth(payout(0), Currency::Native), before + 50 * NET);
	});
}

#[test]
fn a_top_up_after_the_end_should_wait_until_the_end_is_attested_and_charge_from_then_on() {
	build_and_execute(|| {
		let before = wealth(payout(0), Currency::Native);
		let id = with_top_up(50, 1_000 * PRICE, 25);
		let start = now();
		// Nobody settles in time; the last blocks are not attested yet at the end.
		serve(0, 20);
		skip(9);
		assert_ok!(settle(id));
		assert_eq!((run_of(id).until, run_of(id).checkpoint.block), (start + 25, start + 20));
		skip(1);
		assert_ok!(beat(0));
		assert_ok!(settle(id));
		let running = run_of(id);
		assert_eq!((running.checkpoint.block, running.until), (start + 30, start + 80));
		serve(0, 50);
		assert_ok!(settle(id));
		assert_eq!(wealth(payout(0), Currency::Native), before + (25 + 50) * NET);
	});
}

#[test]
fn a_top_up_should_fail_without_funds_and_never_exceed_the_longest_lease() {
	build_and_execute(|| {
		let id = with_top_up(50, u128::MAX, 20);
		let all = free(ALICE, Currency::Native) - ED;
		send(ALICE, CAROL, all);
		serve(0, 20);
		assert_ok!(settle(id));
		assert_eq!(closed(id), Some((CloseReason::OutOfFunds, 0, 0, 0)));
		send(CAROL, ALICE, all);
		let id = with_top_up(800, u128::MAX, 300);
		serve(0, 290);
		assert_ok!(settle(id));
		assert_eq!(run_of(id).until, run_of(id).since + 1_000);
		serve(0, 710);
		assert_ok!(settle(id));
		assert_eq!(closed(id).unwrap().0, CloseReason::Expired);
	});
}

#[test]
fn nothing_should_be_topped_up_when_the_end_is_decided_or_the_worker_is_gone() {
	build_and_execute(|| {
		let id = with_top_up(50, u128::MAX, 100);
		assert_ok!(Market::end(signed(ALICE), id));
		serve(0, 10);
		assert_ok!(settle(id));
		assert_eq!(closed(id).unwrap().0, CloseReason::EndedByRenter);
		let id = with_top_up(50, u128::MAX, 20);
		serve(0, 10);
		skip(30);
		assert_ok!(settle(id));
		assert_eq!(closed(id), Some((CloseReason::Expired, 10 * PRICE, 0, 0)));
	});
}

#[test]
fn parameters_should_be_set_by_root_only_and_never_contradict_each_other() {
	build_and_execute(|| {
		let other = Rules { fee_ppm: 30_000, ..RULES };
		assert_noop!(
			Market::set_parameters(signed(ALICE), other),
			sp_runtime::DispatchError::BadOrigin
		);
		let bad = Rules { fee_ppm: 0, ..RULES };
		let root = RuntimeOrigin::root;
		assert_noop!(Market::set_parameters(root(), bad), Error::<Test>::BadParameters);
		assert_ok!(Market::set_parameters(root(), other));
		assert_eq!(Market::parameters(), other);
	});
}

#[test]
#[should_panic(expected = "the fee must be at least one in a million")]
fn a_genesis_should_be_refused_when_its_parameters_contradict_each_other() {
	use sp_runtime::BuildStorage;
	let parameters = Rules { fee_ppm: 0, ..RULES };
	let market = crate::GenesisConfig::<Test> { parameters, ..Default::default() };
	let _ = market.build_storage();
}
