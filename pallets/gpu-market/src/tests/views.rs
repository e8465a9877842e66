//! What the view functions answer is what the calls do.

use crate::{mock::*, *};
use assay_market::Currency;
use frame_support::assert_ok;

fn requirements(count: u32) -> Requirements {
	Requirements {
		ask: ask(100),
		count,
		currency: Currency::Native,
		minimum_memory_mib: 0,
		region: None,
	}
}

#[test]
fn candidates_should_be_what_can_be_rented_the_cheapest_first() {
	build_and_execute(|| {
		for i in 0..4 {
			let id = offer(i);
			let price = PRICE - u128::from(i);
			let terms = Terms { price, spot: None, ..terms(4) };
			assert_ok!(Market::update_offer(signed(operator(i)), id, terms));
		}
		prove(worker(1), 0, CAPACITY - 1);
		let busy = rented(ALICE, 2, 3, 100);
		assert_ok!(ready(2, busy));
		let names = |count| -> Vec<_> {
			let found = Market::candidates(requirements(count), None, 100);
			assert_eq!(found.next, None);
			found.offers.into_iter().map(|offer| offer.id).collect()
		};
		assert_eq!(names(1), vec![3, 2, 0]);
		assert_eq!(names(2), vec![3, 0]);
		assert!(names(5).is_empty());
	});
}

#[test]
fn candidates_should_come_in_pages_that_leave_no_offer_out() {
	build_and_execute(|| {
		let price = |id: u64| PRICE - u128::from(id % 7);
		for id in 0..600 {
			offer(id % 3);
			Offers::<Test>::mutate(id, |offer| {
				let terms = &mut offer.as_mut().unwrap().terms;
				(terms.price, terms.spot) = (price(id), None);
			});
		}
		for limit in [1_000, 100, 1, 0] {
			let mut seen = std::collections::BTreeSet::new();
			let (mut cursor, mut pages) = (None, 0);
			loop {
				let page = Market::candidates(requirements(1), cursor, limit);
				assert!(page.offers.len() <= limit.min(256).try_into().unwrap());
				assert!(page.offers.is_sorted_by_key(|offer| (offer.offer.terms.price, offer.id)));
				seen.extend(page.offers.iter().map(|offer| offer.id));
				cursor = page.next;
				pages += 1;
				if cursor.is_none() {
					break;
				}
			}
			// Each page is about 256 offers, whatever is returned of them.
			assert_eq!(pages, 3);
			let expected: u32 = [256, 256, 600 - 512].map(|page: u32| page.min(limit)).iter().sum();
			assert_eq!(seen.len(), usize::try_from(expected).unwrap());
		}
	});
}

#[test]
fn candidates_should_be_the_cheapest_of_all_that_were_looked_at() {
	build_and_execute(|| {
		// In the order in which storage has them, which is that of a hash.
		for id in 0..20 {
			offer(id % 4);
		}
		let order: Vec<_> = Offers::<Test>::iter_keys().collect();
		for (place, id) in (0u128..).zip(&order) {
			Offers::<Test>::mutate(id, |offer| {
				let terms = &mut offer.as_mut().unwrap().terms;
				(terms.price, terms.spot) = (PRICE - place, None);
			});
		}
		let page = Market::candidates(requirements(1), None, 3);
		let names: Vec<_> = page.offers.iter().map(|offer| offer.id).collect();
		let last: Vec<_> = order.into_iter().rev().take(3).collect();
		assert_eq!((names, page.next), (last, None));
	});
}

#[test]
fn a_quote_should_be_what_a_lease_costs() {
	build_and_execute(|| {
		let id = offer(0);
		let quote = Market::quote(id, 2, ask(100)).unwrap();
		let before = free(ALICE, Currency::Native);
		let lease_id = rented(ALICE, id, 2, 100);
		assert_eq!(free(ALICE, Currency::Native), before - quote.escrow - quote.deposit);
		assert_eq!((quote.price, quote.capacity, quote.stake), (PRICE, CAPACITY, 200));
		assert_eq!(quote.cancellation_fee, 10);
		assert_ok!(ready(0, lease_id));
		let total = issuance(Currency::Native);
		serve(0, 100);
		assert_ok!(settle(lease_id));
		assert_eq!(issuance(Currency::Native), total - quote.fee);
		assert_eq!(Market::quote(id, 5, ask(100)), None);
		assert_eq!(Market::quote(7, 1, ask(100)), None);
	});
}

#[test]
fn a_lease_should_be_shown_as_a_settlement_would_leave_it() {
	build_and_execute(|| {
		let request = rented(ALICE, offer(0), 1, 100);
		let view = Market::lease(request).unwrap();
		assert_eq!((view.refundable, view.closes), (100 * PRICE - 5, None));
		assert_eq!(view.deadline, now() + RULES.start_window - 1);
		go_to(view.deadline);
		assert_ok!(ready(0, request));
		serve(0, 30);
		skip(12);
		assert_ok!(beat(0));
		let view = Market::lease(request).unwrap();
		assert_eq!(view.refundable, (58 - u128::from(RULES.end_notice)) * PRICE);
		assert_eq!(view.deadline, now() + RULES.grace);
		assert_ok!(settle(request));
		let Event::Settled { paid, fee, refund, .. } = last_event() else { panic!() };
		assert_eq!((view.due, view.fee, view.refund), (paid, fee, refund));
		serve(0, 58);
		let view = Market::lease(request).unwrap();
		assert_eq!(view.closes, Some(CloseReason::Expired));
		assert!(Market::lease(7).is_none());
	});
}

#[test]
fn a_lease_should_be_shown_as_closing_only_when_its_top_up_is_not_possible() {
	build_and_execute(|| {
		let top_up = |limit| Some(TopUp { blocks: 50, limit });
		let shown = |id| {
			let view = Market::lease(id).unwrap();
			assert!(view.closes.is_none() || !view.tops_up);
			view.closes
		};
		let tops_up = |id| Market::lease(id).unwrap().tops_up;
		let id = running(0, 1, 20);
		assert_ok!(Market::set_top_up(signed(ALICE), id, top_up(50 * PRICE)));
		skip(9);
		assert!(!tops_up(id), "more than an interval is left");
		skip(1);
		assert!(tops_up(id));
		assert_ok!(beat(0));
		skip(10);
		assert_eq!((shown(id), tops_up(id)), (None, false), "the last blocks are not attested");
		assert_ok!(beat(0));
		serve(0, 10);
		// Settled late.
		assert_eq!((shown(id), tops_up(id)), (None, true));
		assert_ok!(Market::set_top_up(signed(ALICE), id, top_up(50 * PRICE - 1)));
		assert_eq!(shown(id), Some(CloseReason::OutOfFunds));
		assert_ok!(Market::set_top_up(signed(ALICE), id, None));
		assert_eq!(shown(id), Some(CloseReason::Expired));
		assert_ok!(Market::set_top_up(signed(ALICE), id, top_up(u128::MAX)));
		assert_eq!(shown(id), None);
		let all = free(ALICE, Currency::Native) - ED;
		send(ALICE, CAROL, all);
		assert_eq!(shown(id), Some(CloseReason::OutOfFunds), "nothing can be held");
		assert_ok!(settle(id));
		assert_eq!(closed(id).unwrap().0, CloseReason::OutOfFunds);

		// What is refunded first can be held again.
		send(CAROL, ALICE, all);
		let id = running(1, 1, 20);
		assert_ok!(Market::set_top_up(signed(ALICE), id, Some(TopUp { blocks: 10, limit: 9_999 })));
		let all = free(ALICE, Currency::Native) - ED;
		send(ALICE, CAROL, all);
		skip(20);
		assert_ok!(beat(1));
		assert_eq!(Market::lease(id).unwrap().refund, 10 * PRICE);
		assert!(tops_up(id));
		assert_ok!(settle(id));
		assert_eq!(run_of(id).until, now() + 10);
	});
}

#[test]
fn a_lost_lease_and_a_stale_request_should_be_shown_as_such() {
	build_and_execute(|| {
		let lost = running(0, 1, 100);
		let stale = rented(ALICE, 0, 1, 100);
		skip(RULES.grace + 1);
		assert_eq!(Market::lease(lost).unwrap().closes, Some(CloseReason::ProviderLost));
		assert_eq!(Market::lease(stale).unwrap().closes, Some(CloseReason::NeverStarted));
		assert_ok!(settle(lost));
		assert_ok!(settle(stale));
	});
}

#[test]
fn names_of_leases_should_come_in_pages() {
	build_and_execute(|| {
		let id = offer(0);
		for _ in 0..300 {
			rented(ALICE, id, 1, 10);
		}
		let first = Market::leases_of(ALICE, None);
		let second = Market::leases_of(ALICE, first.last().copied());
		assert_eq!((first.len(), second.len()), (256, 44));
		let all: std::collections::BTreeSet<_> = first.into_iter().chain(second).collect();
		assert_eq!(all, (0..300).collect());
		let at = Market::leases_at(worker(0), None);
		assert_eq!(Market::leases_at(worker(0), at.last().copied()).len(), 44);
		assert!(Market::leases_of(BOB, None).is_empty());
	});
}
