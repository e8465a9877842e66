//! The invariants are seen to be broken when they are.

use crate::{mock::*, *};
use assay_market::{Attendance, Currency, Parameters as Rules};
use frame_support::assert_ok;
use pallet_operators::{Occupancy, Security, Service};

/// A state with everything in it: offers, a request, a cluster with a ready member, a lease that runs
/// and is settled halfway, one that has just begun, and an address.
fn everything() {
	let open = offer(0);
	let active = rented(ALICE, open, 1, 100);
	assert_ok!(ready(0, active));
	serve(0, 50);
	assert_ok!(settle(active));
	rented(BOB, open, 1, 100);
	assert_ok!(rent_cluster(ALICE, &[(open, 1), (offer(1), 1)], 100));
	assert_ok!(ready(0, 2));
	// Another one that runs.
	let other = rented(CAROL, open, 1, 100);
	assert_ok!(Market::ready(signed(hot_key(0)), other, vec![2].try_into().unwrap()));
	assert_ok!(Market::announce(signed(hot_key(0)), Some(endpoint("http://x"))));
	assert_ok!(Market::do_try_state());
}

/// The complaint about a state in which one thing was changed.
fn complaint(corrupt: impl FnOnce()) -> String {
	new_test_ext().execute_with(|| {
		everything();
		corrupt();
		match Market::do_try_state() {
			Err(sp_runtime::TryRuntimeError::Other(reason)) => reason.to_string(),
			other => panic!("{other:?}"),
		}
	})
}

fn with_lease(id: LeaseId, change: impl FnOnce(&mut Lease<u64>)) {
	Leases::<Test>::mutate(id, |lease| change(lease.as_mut().unwrap()));
}

fn with_presence(change: impl FnOnce(&mut Presence)) {
	Presences::<Test>::mutate(worker(0), |presence| change(presence.as_mut().unwrap()));
}

fn with_offer(change: impl FnOnce(&mut Offer<u64>)) {
	Offers::<Test>::mutate(0, |offer| change(offer.as_mut().unwrap()));
}

fn with_running(change: impl FnOnce(&mut Running)) {
	with_lease(0, |lease| match &mut lease.state {
		LeaseState::Active(running) => change(running),
		state => panic!("{state:?}"),
	});
}

#[test]
fn every_broken_invariant_should_be_named() {
	let says = |part: &str, corrupt: fn()| {
		let complaint = complaint(corrupt);
		assert!(complaint.contains(part), "{complaint} instead of {part}");
	};
	says("the fee must be", || Parameters::<Test>::put(Rules { fee_ppm: 0, ..RULES }));
	says("an offer with a name", || NextOffer::<Test>::put(0));
	says("an offer without devices", || with_offer(|o| o.devices.clear()));
	says("an offer with a device twice", || with_offer(|o| o.devices[1] = 0));
	says("an offer of more", || with_offer(|o| o.terms.maximum_count = 9));
	says("operator's offers", || with_offer(|o| o.deposit += 1));
	says("a lease with a name", || NextLease::<Test>::put(0));
	says("a lease without its renter", || LeasesOf::<Test>::remove(ALICE, 0));
	says("a lease without its worker", || LeasesAt::<Test>::remove(worker(0), 0));
	says("a renter of a lease that is gone", || LeasesOf::<Test>::insert(BOB, 99, ()));
	says("a worker of a lease that is gone", || LeasesAt::<Test>::insert(1, 99, ()));
	says("a lease with a device twice", || {
		with_lease(1, |lease| lease.devices[1] = 0);
	});
	says("a request for more", || with_lease(1, |lease| lease.count = 9));
	says("a request that owes", || with_lease(1, |lease| lease.owed = 9));
	says("waits for nobody", || with_lease(2, |lease| lease.cluster = None));
	says("settled before", || with_running(|run| run.since += 80));
	says("settled beyond", || with_running(|run| run.until = run.checkpoint.block - 1));
	says("too long", || with_lease(0, |lease| lease.maximum_duration = 1));
	says("has to pay", || with_lease(0, |lease| lease.escrow -= 1));
	says("that it pays for", || {
		with_lease(0, |lease| lease.devices.clear());
	});
	says("that it waits for", || {
		with_lease(2, |lease| lease.devices.clear());
	});
	says("stake is reserved for a lease that has not started", || {
		let obligation = pallet_operators::Obligation { worker: worker(0), device: 1, nonce: 2 };
		assert_ok!(<Operators as Security<_, _, _>>::reserve(
			&operator(0),
			Service::Market,
			obligation,
			1
		));
	});
	says("no stake answers", || {
		let obligation = pallet_operators::Obligation { worker: worker(0), device: 0, nonce: 0 };
		assert_ok!(<Operators as Security<_, _, _>>::release(
			&operator(0),
			Service::Market,
			obligation
		));
	});
	says("leased device is not occupied", || {
		assert_ok!(<Operators as Occupancy>::release(worker(0), 0, 1_000));
	});
	says("escrow of a renter's leases", || {
		assert_ok!(Market::hold(Currency::Native, HoldReason::Escrow, &ALICE, 1));
	});
	// Of somebody who has neither offers nor leases any more.
	for (part, currency, reason) in [
		("operator's offers", Currency::Native, HoldReason::OfferDeposit),
		("escrow of a renter's leases", Currency::Credits, HoldReason::Escrow),
		("deposits of a renter's leases", Currency::Native, HoldReason::LeaseDeposit),
	] {
		let complaint = complaint(|| {
			endow(payout(1), currency, 1_000_000);
			assert_ok!(Market::hold(currency, reason, &payout(1), 1));
		});
		assert!(complaint.contains(part), "{complaint} instead of {part}");
	}
	says("had proven", || with_lease(0, |lease| lease.proven.clear()));
	says("deposits of a renter's leases", || with_lease(0, |lease| lease.deposit += 1));
	says("nothing is withheld", || Withheld::<Test>::insert(BOB, Currency::Native, 0));
	says("escrow of a renter's leases", || Withheld::<Test>::insert(CAROL, Currency::Native, 5));
	says("a cluster with a name", || NextCluster::<Test>::put(0));
	says("member of a cluster is gone", || {
		Clusters::<Test>::mutate(0, |cluster| cluster.as_mut().unwrap().members[0] = 99);
	});
	says("a member of another cluster", || with_lease(2, |lease| lease.cluster = Some(7)));
	says("ready members wrongly", || {
		Clusters::<Test>::mutate(0, |cluster| cluster.as_mut().unwrap().ready = 0);
	});
	says("a member without its cluster", || Clusters::<Test>::remove(0));
	says("counts wrongly", || with_presence(|presence| presence.offers += 1));
	says("counts wrongly", || with_presence(|presence| presence.waiting += 1));
	says("counts wrongly", || with_presence(|presence| presence.leases += 1));
	says("nothing counts on", || {
		let empty = Presence { attendance: Attendance::new(0), offers: 0, waiting: 0, leases: 0 };
		Presences::<Test>::insert(worker(3), empty);
	});
	says("still to come", || with_presence(|presence| presence.attendance.last += 1_000));
	says("has no record", || {
		Endpoints::<Test>::remove(worker(0));
		Presences::<Test>::remove(worker(0));
	});
	says("an address of a worker without a record", || {
		Endpoints::<Test>::insert(worker(3), endpoint("http://x"));
	});
	says("an address that could not be announced", || {
		Endpoints::<Test>::insert(worker(0), endpoint("ftp://x"));
	});
}

#[test]
fn a_device_that_is_leased_twice_should_be_noticed() {
	let complaint = complaint(|| {
		with_lease(4, |lease| lease.devices[0] = 0);
		// The reservation of the lease is named by its first device: nothing but the device is wrong.
		for (device, reserve) in [(2, false), (0, true)] {
			let obligation = pallet_operators::Obligation { worker: worker(0), device, nonce: 4 };
			let (operator, service) = (operator(0), Service::Market);
			assert_ok!(if reserve {
				<Operators as Security<_, _, _>>::reserve(&operator, service, obligation, 1)
			} else {
				<Operators as Security<_, _, _>>::release(&operator, service, obligation)
			});
		}
	});
	assert_eq!(complaint, "a device that is leased twice");
}

#[test]
fn a_cluster_that_has_started_should_be_noticed() {
	let complaint = complaint(|| {
		assert_ok!(Market::start(2, lease(2)));
	});
	assert!(complaint.contains("a cluster that has started"), "{complaint}");
}

#[test]
fn the_parameters_should_be_those_of_the_genesis() {
	build_and_execute(|| assert_eq!(Market::parameters(), RULES));
	sp_io::TestExternalities::default().execute_with(|| {
		assert_eq!(Market::parameters(), Rules::LIVE);
	});
}
