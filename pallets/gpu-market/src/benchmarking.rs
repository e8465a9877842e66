//! The worst case of every call.

#![allow(
	clippy::unwrap_used,
	clippy::expect_used,
	clippy::arithmetic_side_effects,
	clippy::indexing_slicing,
	clippy::as_conversions,
	reason = "benchmarks never run on a chain"
)]

use super::*;
use alloc::{vec, vec::Vec};
use assay_market::{Blocks, Currency, Parameters as Rules, MAX_DEVICES};
use core::marker::PhantomData;
use frame_benchmarking::v2::*;
use frame_support::{
	traits::{
		fungible::{Inspect, Mutate, Unbalanced},
		tokens::Precision::Exact,
		Get,
	},
	BoundedVec,
};
use frame_system::RawOrigin;
use pallet_operators::{DeviceIndex, Occupancy, Service, WorkerId};

/// Makes workers that can be rented.
pub trait BenchmarkMarket<AccountId> {
	/// Registers an operator that is bonded for `devices` many reservations of `stake` in the market,
	/// with one worker that has so many devices, and returns both.
	fn create_worker(key: AccountId, devices: DeviceIndex, stake: Balance)
		-> (AccountId, WorkerId);

	/// Lets a device have a proven capacity.
	fn prove(operator: &AccountId, worker: WorkerId, device: DeviceIndex);
}

/// Workers of `pallet-operators` with standings of `pallet-proof-of-flops`.
pub struct FromPallets<T>(PhantomData<T>);

impl<T> BenchmarkMarket<T::AccountId> for FromPallets<T>
where
	T: pallet_operators::Config + pallet_proof_of_flops::Config,
{
	fn create_worker(
		key: T::AccountId,
		devices: DeviceIndex,
		stake: Balance,
	) -> (T::AccountId, WorkerId) {
		register::<T>(key, devices, stake)
	}

	fn prove(operator: &T::AccountId, worker: WorkerId, device: DeviceIndex) {
		let round = pallet_proof_of_flops::CurrentRound::<T>::get();
		pallet_proof_of_flops::Standings::<T>::insert(
			worker,
			device,
			pallet_proof_of_flops::Standing {
				last_round: round,
				last_opened: 1_000,
				recent: BoundedVec::truncate_from(vec![1_000; 8]),
				..pallet_proof_of_flops::Standing::new(operator.clone(), round, 0)
			},
		);
	}
}

/// Registers an operator through the calls of `pallet-operators`.
pub(crate) fn register<T: pallet_operators::Config>(
	key: T::AccountId,
	devices: DeviceIndex,
	stake: Balance,
) -> (T::AccountId, WorkerId) {
	type Pot<T> = pallet_operators::Pallet<T>;
	let worker = pallet_operators::NextWorkerId::<T>::get();
	let operator: T::AccountId = account("operator", u32::try_from(worker).unwrap(), 0);
	let bond = stake.saturating_mul(devices.into());
	let deposits = T::WorkerDeposit::get() + T::DeviceDeposit::get() * Balance::from(devices);
	let funds = bond + T::MinimumBond::get() + deposits + T::Currency::minimum_balance();
	T::Currency::mint_into(&operator, funds * 2).expect("the account can take it");
	let origin = || RawOrigin::Signed(operator.clone()).into();
	let all = vec![(Service::Market, 1_000_000)].try_into().unwrap();
	Pot::<T>::register(origin(), operator.clone(), all).expect("it is funded");
	Pot::<T>::bond_more(origin(), bond.max(1)).expect("it is funded");
	Pot::<T>::add_worker(origin(), key).expect("the key is fresh");
	for _ in 0..devices {
		Pot::<T>::add_device(origin(), worker, Default::default()).expect("it is funded");
	}
	(operator, worker)
}

/// The block in which benchmarks begin.
const NOW: u32 = 1_000_000;
/// Devices of every offer and lease.
const DEVICES: DeviceIndex = 16;
/// Blocks of every lease.
const DURATION: Blocks = 10_000;
/// Price of every offer.
const PRICE: Balance = 1_000_000_000;

/// A worker with its operator and its offer.
struct Provider<T: Config> {
	key: T::AccountId,
	operator: T::AccountId,
	worker: WorkerId,
	offer: OfferId,
}

fn set_block<T: Config>(block: Blocks) {
	frame_system::Pallet::<T>::set_block_number(block.into());
}

/// Gives an account more than any lease costs.
fn endow<T: Config>(who: &T::AccountId) {
	let amount = PRICE.saturating_mul(1_000_000_000);
	T::Native::increase_balance(who, amount, Exact).expect("the account can take it");
	T::Native::set_total_issuance(T::Native::total_issuance() + amount);
	T::Credits::increase_balance(who, amount, Exact).expect("the account can take it");
	T::Credits::set_total_issuance(T::Credits::total_issuance() + amount);
}

fn renter<T: Config>() -> T::AccountId {
	let who = account("renter", 0, 0);
	endow::<T>(&who);
	who
}

fn devices() -> Devices {
	(0..DEVICES).collect::<Vec<_>>().try_into().unwrap()
}

fn terms() -> Terms {
	Terms {
		price: PRICE,
		spot: Some(Spot { price: PRICE - 1, notice: 100 }),
		minimum_duration: 1,
		maximum_duration: 400_000,
		maximum_count: MAX_DEVICES,
	}
}

fn region() -> Region {
	BoundedVec::truncate_from(vec![b'r'; 32])
}

fn ask() -> Ask {
	Ask {
		duration: DURATION,
		max_price: PRICE,
		minimum_capacity: 1,
		spot: true,
		minimum_notice: 100,
	}
}

/// A provider without an offer, in a market with the numbers of a live network.
fn worker<T: Config>(index: u32) -> Provider<T> {
	Parameters::<T>::put(Rules { start_window: 1_000, ..Rules::LIVE });
	if index == 0 {
		set_block::<T>(NOW);
	}
	let key: T::AccountId = account("key", index, 0);
	let stake = Rules::LIVE.lease_stake;
	let (operator, worker) = T::BenchmarkHelper::create_worker(key.clone(), DEVICES, stake);
	for device in 0..DEVICES {
		T::BenchmarkHelper::prove(&operator, worker, device);
	}
	endow::<T>(&operator);
	Provider { key, operator, worker, offer: 0 }
}

/// A provider with an offer of all its devices, in credits.
fn provider<T: Config>(index: u32) -> Provider<T> {
	let provider = worker::<T>(index);
	let offer = NextOffer::<T>::get();
	Pallet::<T>::do_create_offer(
		provider.operator.clone(),
		provider.worker,
		devices(),
		Currency::Credits,
		1,
		region(),
		terms(),
	)
	.expect("the terms are good");
	Provider { offer, ..provider }
}

/// So many providers.
fn providers<T: Config>(count: u32) -> Vec<Provider<T>> {
	(0..count).map(provider::<T>).collect()
}

/// A spot lease of all devices of a provider, not started.
fn request<T: Config>(who: &T::AccountId, provider: &Provider<T>) -> LeaseId {
	let id = NextLease::<T>::get();
	let top_up = Some(TopUp { blocks: 10, limit: Balance::MAX });
	Pallet::<T>::do_rent(who.clone(), provider.offer, MAX_DEVICES, ask(), who.clone(), top_up)
		.expect("the offer is good");
	id
}

/// A spot lease of all devices of a provider that has run for a while.
fn active<T: Config>(who: &T::AccountId, provider: &Provider<T>) -> LeaseId {
	let id = request::<T>(who, provider);
	Pallet::<T>::do_ready(provider.worker, id, devices()).expect("the devices are free");
	set_block::<T>(NOW + 200);
	Pallet::<T>::do_heartbeat(provider.worker).expect("it is time");
	id
}

/// All devices of all providers.
fn members<T: Config>(providers: &[Provider<T>]) -> Members {
	let members =
		providers.iter().map(|p| Member { offer: p.offer, count: MAX_DEVICES, ask: ask() });
	members.collect::<Vec<_>>().try_into().unwrap()
}

/// A cluster of all devices of all providers, all of which but the first one are ready.
fn cluster<T: Config>(who: &T::AccountId, providers: &[Provider<T>]) -> Vec<LeaseId> {
	let first = NextLease::<T>::get();
	Pallet::<T>::do_rent_cluster(who.clone(), &members(providers), who.clone(), None)
		.expect("the offers are good");
	let leases: Vec<_> = (first..NextLease::<T>::get()).collect();
	for (lease, provider) in leases.iter().zip(providers).skip(1) {
		Pallet::<T>::do_ready(provider.worker, *lease, devices()).expect("the devices are free");
	}
	leases
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn create_offer() {
		let p = worker::<T>(0);
		let origin = RawOrigin::Signed(p.operator);
		#[extrinsic_call]
		_(origin, p.worker, devices(), Currency::Credits, 1, region(), terms());
		assert_eq!(NextOffer::<T>::get(), 1);
	}

	#[benchmark]
	fn update_offer() {
		let p = provider::<T>(0);
		#[extrinsic_call]
		_(RawOrigin::Signed(p.operator), p.offer, terms());
	}

	#[benchmark]
	fn withdraw_offer() {
		let p = provider::<T>(0);
		#[extrinsic_call]
		_(RawOrigin::Signed(p.operator), p.offer);
		assert!(!Offers::<T>::contains_key(p.offer));
	}

	#[benchmark]
	fn prune_offer() {
		let p = provider::<T>(0);
		set_block::<T>(NOW + Rules::LIVE.stale_after);
		#[extrinsic_call]
		_(RawOrigin::Signed(p.key), p.offer);
		assert!(!Offers::<T>::contains_key(p.offer));
	}

	#[benchmark]
	fn heartbeat() {
		let p = provider::<T>(0);
		let who = renter::<T>();
		active::<T>(&who, &p);
		set_block::<T>(NOW + 400);
		#[extrinsic_call]
		_(RawOrigin::Signed(p.key));
	}

	#[benchmark]
	fn announce_maintenance() {
		let p = provider::<T>(0);
		let from = NOW + Rules::LIVE.maintenance.notice;
		#[extrinsic_call]
		_(RawOrigin::Signed(p.operator), p.worker, from, from + 1);
	}

	#[benchmark]
	fn cancel_maintenance() {
		let p = provider::<T>(0);
		let from = NOW + Rules::LIVE.maintenance.notice;
		Pallet::<T>::do_announce_maintenance(p.operator.clone(), p.worker, from, from + 1)
			.expect("it is announced in time");
		#[extrinsic_call]
		_(RawOrigin::Signed(p.operator), p.worker);
	}

	#[benchmark]
	fn rent() {
		let p = provider::<T>(0);
		let who = renter::<T>();
		let top_up = Some(TopUp { blocks: 10, limit: 10 });
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), p.offer, MAX_DEVICES, ask(), who.clone(), top_up);
		assert!(Leases::<T>::contains_key(0));
	}

	#[benchmark]
	fn rent_matching(o: Linear<1, MAX_DEVICES>) {
		let offers: Vec<_> = providers::<T>(o).iter().map(|p| p.offer).collect();
		let who = renter::<T>();
		let requirements = Requirements {
			ask: ask(),
			count: MAX_DEVICES,
			currency: Currency::Credits,
			minimum_memory_mib: 1,
			region: Some(region()),
		};
		let offers = offers.try_into().unwrap();
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), offers, requirements, who.clone(), None);
		assert!(Leases::<T>::contains_key(0));
	}

	#[benchmark]
	fn rent_cluster(m: Linear<2, MAX_DEVICES>) {
		let members = members(&providers::<T>(m));
		let who = renter::<T>();
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), members, who.clone(), None);
		assert!(Leases::<T>::contains_key(u64::from(m) - 1));
	}

	/// A cluster that starts up to its last device, which is taken, and is closed then.
	#[benchmark]
	fn ready(m: Linear<2, MAX_DEVICES>) {
		let providers = providers::<T>(m);
		let leases = cluster::<T>(&renter::<T>(), &providers);
		let taken = providers.last().expect("there are two");
		T::Occupancy::occupy(taken.worker, DEVICES - 1, 1).expect("it is free");
		let key = providers[0].key.clone();
		#[extrinsic_call]
		_(RawOrigin::Signed(key), leases[0], devices());
		assert!(!Leases::<T>::contains_key(leases[0]));
	}

	#[benchmark]
	fn decline(m: Linear<2, MAX_DEVICES>) {
		let providers = providers::<T>(m);
		let leases = cluster::<T>(&renter::<T>(), &providers);
		let key = providers[1].key.clone();
		#[extrinsic_call]
		_(RawOrigin::Signed(key), leases[1]);
		assert!(!Leases::<T>::contains_key(leases[0]));
	}

	#[benchmark]
	fn end(m: Linear<2, MAX_DEVICES>) {
		let who = renter::<T>();
		let leases = cluster::<T>(&who, &providers::<T>(m));
		#[extrinsic_call]
		_(RawOrigin::Signed(who), leases[0]);
		assert!(!Leases::<T>::contains_key(leases[1]));
	}

	#[benchmark]
	fn give_notice() {
		let p = provider::<T>(0);
		let lease = active::<T>(&renter::<T>(), &p);
		#[extrinsic_call]
		_(RawOrigin::Signed(p.key), lease);
	}

	#[benchmark]
	fn extend() {
		let p = provider::<T>(0);
		let who = renter::<T>();
		let lease = active::<T>(&who, &p);
		#[extrinsic_call]
		_(RawOrigin::Signed(who), lease, 10, PRICE);
	}

	#[benchmark]
	fn set_top_up() {
		let who = renter::<T>();
		let lease = request::<T>(&who, &provider::<T>(0));
		#[extrinsic_call]
		_(RawOrigin::Signed(who), lease, Some(TopUp { blocks: 1, limit: 1 }));
	}

	#[benchmark]
	fn set_access() {
		let who = renter::<T>();
		let lease = request::<T>(&who, &provider::<T>(0));
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), lease, account("access", 0, 0));
	}

	/// A lease that is lost: a payment, a fee, two refunds and a conviction.
	#[benchmark]
	fn settle() {
		let who = renter::<T>();
		let lease = active::<T>(&who, &provider::<T>(0));
		set_block::<T>(NOW + 200 + Rules::LIVE.grace + 1);
		#[extrinsic_call]
		_(RawOrigin::Signed(who), lease);
		assert!(!Leases::<T>::contains_key(lease));
	}

	/// A cluster that was not taken in time.
	#[benchmark]
	fn settle_request(m: Linear<2, MAX_DEVICES>) {
		let who = renter::<T>();
		let leases = cluster::<T>(&who, &providers::<T>(m));
		set_block::<T>(NOW + 1_000);
		#[extrinsic_call]
		settle(RawOrigin::Signed(who), leases[0]);
		assert!(!Leases::<T>::contains_key(leases[1]));
	}

	#[benchmark]
	fn release_withheld() {
		let who = renter::<T>();
		Pallet::<T>::hold(Currency::Credits, HoldReason::Escrow, &who, PRICE).expect("is funded");
		Withheld::<T>::insert(&who, Currency::Credits, PRICE);
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), who.clone(), Currency::Credits);
		assert_eq!(Withheld::<T>::get(&who, Currency::Credits), 0);
	}

	#[benchmark]
	fn set_parameters() {
		#[extrinsic_call]
		_(RawOrigin::Root, Rules::DEVELOPMENT);
		assert_eq!(Parameters::<T>::get(), Rules::DEVELOPMENT);
	}

	#[benchmark]
	fn announce() {
		let p = provider::<T>(0);
		let url = [b"https://".as_slice(), &[b'x'; 120]].concat();
		let endpoint = Endpoint { url: url.try_into().unwrap(), certificate: Some([1; 32]) };
		let before = Endpoint { certificate: Some([2; 32]), ..endpoint.clone() };
		Pallet::<T>::do_announce(p.worker, Some(before)).expect("it is one");
		#[extrinsic_call]
		_(RawOrigin::Signed(p.key), Some(endpoint.clone()));
		assert_eq!(Endpoints::<T>::get(p.worker), Some(endpoint));
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::genesis(), crate::mock::Test);
}
