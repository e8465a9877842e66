//! What an operation costs does not depend on how many offers and leases there are.

use crate::{mock::*, *};
use assay_market::Currency;
use codec::Encode;
use frame_support::{assert_ok, traits::Hooks, weights::Weight};

/// Many offers, and as many leases, all of one worker and one renter.
const MANY: u64 = 100_000;

/// A world with so many offers and leases. Those that the operations are about are the first ones.
fn world(many: u64) -> sp_io::TestExternalities {
	let mut ext = new_test_ext();
	ext.execute_with(|| {
		let open = offer(0);
		let active = rented(ALICE, open, 1, 1_000);
		assert_ok!(ready(0, active));
		let request = rented(ALICE, open, 1, 500);
		assert_ok!(Market::do_try_state());
		let (of_offer, of_lease) = (Offers::<Test>::get(open).unwrap(), lease(active));
		for copy in request + 1..many {
			Offers::<Test>::insert(copy, &of_offer);
			Leases::<Test>::insert(copy, &of_lease);
			LeasesOf::<Test>::insert(ALICE, copy, ());
			LeasesAt::<Test>::insert(worker(0), copy, ());
		}
		Presences::<Test>::mutate(worker(0), |presence| {
			let presence = presence.as_mut().unwrap();
			presence.offers = u32::try_from(many).unwrap();
			presence.leases = u32::try_from(many).unwrap();
		});
		NextOffer::<Test>::put(many.max(2));
		NextLease::<Test>::put(many.max(2));
	});
	ext
}

/// What an operation cost.
#[derive(Debug, PartialEq, Eq)]
struct Cost {
	/// Storage keys that it wrote.
	written: usize,
	/// Bytes of the proof of everything that it read.
	proof: usize,
}

/// Performs an operation and commits what it did.
fn measure(ext: &mut sp_io::TestExternalities, operation: impl FnOnce()) -> Cost {
	ext.execute_with(System::reset_events);
	ext.commit_all().unwrap();
	let ((), proof) = ext.execute_and_prove(operation);
	let written = ext.overlayed_changes().changes().count();
	let cost = Cost { written, proof: proof.encoded_size() };
	ext.commit_all().unwrap();
	cost
}

/// One operation after the other, with its cost.
fn operations(many: u64) -> Vec<(&'static str, Cost)> {
	let mut ext = world(many);
	let mut costs = Vec::new();
	let mut cost = |name, operation: &dyn Fn()| costs.push((name, measure(&mut ext, operation)));
	cost("hooks", &|| {
		let block = System::block_number() + 1;
		System::set_block_number(block);
		assert_eq!(Market::on_initialize(block), Weight::zero());
		Market::on_idle(block, Weight::MAX);
		Market::on_finalize(block);
	});
	cost("take a request", &|| {
		assert_ok!(ready_first(1));
	});
	cost("heartbeat", &|| {
		skip(10);
		assert_ok!(beat(0));
	});
	cost("settle", &|| {
		assert_ok!(settle(0));
	});
	cost("extend", &|| {
		assert_ok!(Market::extend(signed(ALICE), 1, 10, PRICE));
	});
	cost("rent", &|| {
		assert_ok!(rent(ALICE, 0, 1, 100));
	});
	cost("end", &|| {
		assert_ok!(Market::end(signed(ALICE), 0));
	});
	cost("close", &|| {
		skip(10);
		assert_ok!(beat(0));
		assert_ok!(settle(0));
		assert!(Leases::<Test>::get(0).is_none());
	});
	cost("update an offer", &|| {
		assert_ok!(Market::update_offer(signed(operator(0)), 0, terms(4)));
	});
	cost("withdraw an offer", &|| {
		assert_ok!(Market::withdraw_offer(signed(operator(0)), 0));
	});
	cost("create an offer", &|| {
		offer_in(0, 4, Currency::Credits);
	});
	cost("loss", &|| {
		skip(RULES.grace + 1);
		assert_ok!(settle(1));
		assert!(Leases::<Test>::get(1).is_none());
	});
	costs
}

/// The worker takes a request with its second device, without looking for a free one.
fn ready_first(id: LeaseId) -> frame_support::dispatch::DispatchResultWithPostInfo {
	Market::ready(signed(hot_key(0)), id, vec![1].try_into().unwrap())
}

#[test]
fn m13_every_operation_should_cost_the_same_when_there_are_100_000_offers_and_leases() {
	for ((name, few), (_, many)) in operations(2).into_iter().zip(operations(MANY)) {
		assert_eq!(many.written, few.written, "{name}: {few:?} {many:?}");
		// An entry among many is some branches deeper in the trie: half a KiB for each level and
		// each of the entries of the four large maps that an operation touches.
		assert!(many.proof <= few.proof + 16 * 1_024, "{name}: {few:?} {many:?}");
	}
}

#[test]
fn records_should_be_as_large_as_the_page_says() {
	use codec::MaxEncodedLen;
	// A runtime's accounts have 32 bytes; those of this one have 8.
	let sizes = [
		("offer", Offer::<[u8; 32]>::max_encoded_len(), 185),
		("lease", Lease::<[u8; 32]>::max_encoded_len(), 478),
		("presence", Presence::max_encoded_len(), 33),
		("endpoint", Endpoint::max_encoded_len(), 163),
		("cluster", Cluster::max_encoded_len(), 133),
		("reputation", assay_market::Reputation::max_encoded_len(), 96),
	];
	let found = sizes.map(|(name, size, _)| (name, size));
	assert_eq!(found, sizes.map(|(name, _, stated)| (name, stated)));
}
