//! Benchmarks of `pallet-operators`: every call in its worst case.

#![allow(
	clippy::unwrap_used,
	clippy::expect_used,
	clippy::arithmetic_side_effects,
	clippy::indexing_slicing,
	clippy::as_conversions,
	reason = "benchmarks never run on a chain"
)]

use crate::{
	pallet::{
		AllocationDelayFloor, Call, Cohorts, Config, Convictions, Delegations, Devices, Keys,
		NextWorkerId, Operators, Pallet, Workers as WorkerRecords,
	},
	traits::{BenchmarkWorkers, Rounds, Staking},
	types::{
		Balance, Change, Cohort, DescriptionOf, DeviceIndex, InitialAllocations, LeavingShares,
		NextKey, Service, UnbondingChunk, WorkerId,
	},
};
use alloc::vec;
use assay_economics::{deterrence::Policy, MILLION};
use frame_benchmarking::v2::*;
use frame_support::{
	traits::{
		fungible::{Inspect, Mutate},
		Get,
	},
	BoundedVec,
};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};
use sp_runtime::traits::Saturating;

impl<T: Config> BenchmarkWorkers<T::AccountId> for Pallet<T> {
	fn create_worker(
		key: T::AccountId,
		devices: DeviceIndex,
		stake_per_device: u128,
	) -> (T::AccountId, WorkerId) {
		let index = NextWorkerId::<T>::get();
		let operator: T::AccountId = account("operator", index as u32, 0);
		let stake = stake_per_device.saturating_mul(devices.into());
		let bond = stake.max(T::MinimumBond::get());
		fund::<T>(&operator, bond);
		let all = InitialAllocations::truncate_from(vec![(Service::Flops, MILLION)]);
		Self::do_register(operator.clone(), operator.clone(), bond, all).expect("is funded");
		let worker = Self::do_add_worker(operator.clone(), key).expect("the key is fresh");
		for _ in 0..devices {
			Self::do_add_device(operator.clone(), worker, Default::default()).expect("is funded");
		}
		(operator, worker)
	}
}

/// Gives `who` a bond, all deposits and as much again.
fn fund<T: Config>(who: &T::AccountId, bond: Balance) {
	let deposits = T::WorkerDeposit::get()
		.saturating_mul(4)
		.saturating_add(T::DeviceDeposit::get().saturating_mul(32));
	let amount =
		bond.saturating_add(deposits).saturating_add(T::MinimumBond::get()).saturating_mul(2);
	T::Currency::mint_into(who, amount).expect("issuance has room");
}

fn funded<T: Config>() -> T::AccountId {
	let caller: T::AccountId = whitelisted_caller();
	fund::<T>(&caller, T::MinimumBond::get().saturating_mul(4));
	caller
}

/// A fifth of the stake in every service.
fn allocations() -> InitialAllocations {
	InitialAllocations::truncate_from(Service::ALL.map(|service| (service, MILLION / 5)).to_vec())
}

/// An operator with five minimum bonds, allocations in all services, an announced change of each
/// and of the commission (all of them due), one worker with one device, and all unbonding chunks
/// but one, none of them due.
fn operator<T: Config>() -> (T::AccountId, WorkerId) {
	let caller = funded::<T>();
	let bond = T::MinimumBond::get().saturating_mul(5);
	Pallet::<T>::do_register(caller.clone(), caller.clone(), bond, allocations()).unwrap();
	let worker = Pallet::<T>::do_add_worker(caller.clone(), account("key", 0, 0)).unwrap();
	Pallet::<T>::do_add_device(caller.clone(), worker, description::<T>()).unwrap();
	announce_everything::<T>(&caller);
	(caller, worker)
}

fn announce_everything<T: Config>(operator: &T::AccountId) {
	let now = frame_system::Pallet::<T>::block_number();
	Operators::<T>::mutate(operator, |record| {
		let record = record.as_mut().unwrap();
		let later: BlockNumberFor<T> = 1_000u32.into();
		for _ in record.unbonding.len() + 1..T::MaxUnbondingChunks::get() as usize {
			record.unbonding.try_push(UnbondingChunk { amount: 0, due: later }).unwrap();
		}
		record.changes = core::array::from_fn(|_| {
			Some(Change { share_ppm: MILLION / 6, due: now, raise: false })
		});
		record.commission_change = Some((0, now));
	});
}

/// The first of two sessions one after the other whose cohorts have come, as far as there were two.
fn first_cohort<T: Config>() -> u32 {
	T::Session::get().saturating_sub(1)
}

/// An account with funds for delegations.
fn delegator<T: Config>(index: u32) -> T::AccountId {
	let who: T::AccountId = account("delegator", index, 0);
	let amount = T::MinimumDelegation::get()
		.saturating_mul(100)
		.saturating_add(T::Currency::minimum_balance().saturating_mul(100));
	T::Currency::mint_into(&who, amount).unwrap();
	who
}

/// Delegates ten smallest delegations: four shares earn, three begin in each of two cohorts, and
/// the rest waits in all unbonding chunks but one, due or not.
fn delegated<T: Config>(
	operator: &T::AccountId,
	index: u32,
	due: BlockNumberFor<T>,
) -> T::AccountId {
	let who = delegator::<T>(index);
	let unit = T::MinimumDelegation::get();
	let amount = unit.saturating_mul(20);
	Pallet::<T>::do_delegate(who.clone(), operator.clone(), amount).unwrap();
	let first = first_cohort::<T>();
	let second = first.saturating_add(1);
	let bought = T::Session::get().saturating_add(2);
	Cohorts::<T>::remove(operator, bought);
	for from in [first, second] {
		Cohorts::<T>::insert(operator, from, Cohort { index: None, members: 1 });
	}
	let waiting = u128::from(T::MaxUnbondingChunks::get().saturating_sub(1));
	Operators::<T>::mutate(operator, |record| {
		let pool = &mut record.as_mut().unwrap().pool;
		pool.joining = [(first, unit.saturating_mul(3)), (second, unit.saturating_mul(3))];
		pool.leaving = waiting;
		pool.entitled = amount.saturating_sub(unit.saturating_mul(6)).saturating_sub(waiting);
	});
	Delegations::<T>::mutate(operator, &who, |delegation| {
		let delegation = delegation.as_mut().unwrap();
		delegation.joining =
			vec![(first, unit.saturating_mul(3)), (second, unit.saturating_mul(3))]
				.try_into()
				.unwrap();
		delegation.shares = amount.saturating_sub(unit.saturating_mul(6)).saturating_sub(waiting);
		for _ in 0..waiting {
			delegation.leaving.try_push(LeavingShares { shares: 1, due }).unwrap();
		}
	});
	who
}

/// Lets an operator owe nothing, so that its delegators may go elsewhere.
fn owe_nothing<T: Config>(operator: &T::AccountId) {
	Operators::<T>::mutate(operator, |record| {
		let record = record.as_mut().unwrap();
		record.ledger = Default::default();
		record.changes = [None; 5];
	});
}

fn description<T: Config>() -> DescriptionOf<T> {
	vec![b'x'; T::MaxDescription::get() as usize].try_into().unwrap()
}

/// Lets the worker have an effective second key besides its first.
fn rotate<T: Config>(worker: WorkerId) {
	let key: T::AccountId = account("second", 0, 0);
	Keys::<T>::insert(&key, worker);
	WorkerRecords::<T>::mutate(worker, |record| {
		record.as_mut().unwrap().next_key =
			Some(NextKey { key, from_round: T::Rounds::current_round() });
	});
}

/// A conviction of more than the operator's own stake, with a bounty for an account that does not
/// exist yet.
fn convicted<T: Config>() -> T::AccountId {
	let (caller, _) = operator::<T>();
	delegated::<T>(&caller, 0, 1_000u32.into());
	Operators::<T>::mutate(&caller, |record| {
		let record = record.as_mut().unwrap();
		record.changes = [None; 5];
		let stake = record.stake();
		record.ledger = Default::default();
		record.ledger.raise(Service::Consensus.index(), stake, stake);
	});
	let prover: T::AccountId = account("prover", 0, 0);
	let amount =
		T::MinimumBond::get().saturating_mul(5).saturating_add(T::MinimumDelegation::get());
	let taken = Pallet::<T>::convict_consensus(&caller, T::Session::get(), amount, Some(&prover));
	assert_eq!(taken, amount);
	let conviction = Convictions::<T>::get(0).unwrap();
	assert!(conviction.own > 0 && conviction.delegated > 0 && conviction.bounty > 0);
	announce_everything::<T>(&caller);
	caller
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn register() {
		let caller = funded::<T>();
		let payout: T::AccountId = account("payout", 0, 0);

		#[extrinsic_call]
		_(RawOrigin::Signed(caller.clone()), payout, allocations());

		assert!(Operators::<T>::contains_key(&caller));
	}

	#[benchmark]
	fn set_payout() {
		let (caller, _) = operator::<T>();
		let payout: T::AccountId = account("payout", 0, 0);

		#[extrinsic_call]
		_(RawOrigin::Signed(caller.clone()), payout.clone());

		assert_eq!(Operators::<T>::get(&caller).unwrap().payout, payout);
	}

	#[benchmark]
	fn bond_more() {
		let (caller, _) = operator::<T>();
		let before = Operators::<T>::get(&caller).unwrap().bonded;
		let amount = T::MinimumBond::get();

		#[extrinsic_call]
		_(RawOrigin::Signed(caller.clone()), amount);

		assert_eq!(Operators::<T>::get(&caller).unwrap().bonded, before.saturating_add(amount));
	}

	#[benchmark]
	fn unbond() {
		let (caller, _) = operator::<T>();

		#[extrinsic_call]
		_(RawOrigin::Signed(caller.clone()), T::MinimumBond::get());

		let chunks = Operators::<T>::get(&caller).unwrap().unbonding.len();
		assert_eq!(chunks, T::MaxUnbondingChunks::get() as usize);
	}

	#[benchmark]
	fn withdraw() {
		let (caller, worker) = operator::<T>();
		Pallet::<T>::do_remove_device(caller.clone(), worker, 0).unwrap();
		Pallet::<T>::do_remove_worker(caller.clone(), worker).unwrap();
		Pallet::<T>::do_retire(caller.clone()).unwrap();
		let due = T::UnbondingDelay::get().saturating_mul(2u32.into()).max(2_000u32.into());
		frame_system::Pallet::<T>::set_block_number(due);

		#[extrinsic_call]
		_(RawOrigin::Signed(caller.clone()));

		assert!(!Operators::<T>::contains_key(&caller));
	}

	#[benchmark]
	fn add_worker() {
		let (caller, _) = operator::<T>();

		#[extrinsic_call]
		_(RawOrigin::Signed(caller.clone()), account("another", 0, 0));

		assert_eq!(Operators::<T>::get(&caller).unwrap().workers, 2);
	}

	#[benchmark]
	fn rotate_key() {
		let (caller, worker) = operator::<T>();
		rotate::<T>(worker);
		let key: T::AccountId = account("third", 0, 0);

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), worker, key.clone());

		assert_eq!(Keys::<T>::get(&key), Some(worker));
	}

	#[benchmark]
	fn remove_worker() {
		let (caller, worker) = operator::<T>();
		Pallet::<T>::do_remove_device(caller.clone(), worker, 0).unwrap();
		rotate::<T>(worker);

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), worker);

		assert!(!WorkerRecords::<T>::contains_key(worker));
	}

	#[benchmark]
	fn add_device() {
		let (caller, worker) = operator::<T>();

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), worker, description::<T>());

		assert!(Devices::<T>::contains_key(worker, 1));
	}

	#[benchmark]
	fn describe_device() {
		let (caller, worker) = operator::<T>();

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), worker, 0, description::<T>());

		assert_eq!(Devices::<T>::get(worker, 0).unwrap().description, description::<T>());
	}

	#[benchmark]
	fn remove_device() {
		let (caller, worker) = operator::<T>();

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), worker, 0);

		assert!(!Devices::<T>::contains_key(worker, 0));
	}

	#[benchmark]
	fn retire() {
		let (caller, _) = operator::<T>();

		#[extrinsic_call]
		_(RawOrigin::Signed(caller.clone()));

		assert_eq!(Operators::<T>::get(&caller).unwrap().bonded, 0);
	}

	#[benchmark]
	fn execute_conviction() {
		let caller = convicted::<T>();
		let due = frame_system::Pallet::<T>::block_number().saturating_add(T::EscrowDelay::get());
		frame_system::Pallet::<T>::set_block_number(due);

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), 0);

		assert!(!Convictions::<T>::contains_key(0));
	}

	#[benchmark]
	fn cancel_conviction() {
		convicted::<T>();
		let reason: BoundedVec<u8, T::MaxReason> =
			vec![b'x'; T::MaxReason::get() as usize].try_into().unwrap();

		#[extrinsic_call]
		_(RawOrigin::Root, 0, reason);

		assert!(!Convictions::<T>::contains_key(0));
	}

	#[benchmark]
	fn delegate() {
		let (operator, _) = operator::<T>();
		let caller = delegated::<T>(&operator, 0, 1_000u32.into());
		let before = Operators::<T>::get(&operator).unwrap().pool.stake;
		let amount = T::MinimumDelegation::get();

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), operator.clone(), amount);

		let after = Operators::<T>::get(&operator).unwrap().pool.stake;
		assert_eq!(after, before.saturating_add(amount));
	}

	#[benchmark]
	fn undelegate() {
		let (operator, _) = operator::<T>();
		let caller = delegated::<T>(&operator, 0, 1_000u32.into());

		#[extrinsic_call]
		_(RawOrigin::Signed(caller.clone()), operator.clone(), Balance::MAX);

		let delegation = Delegations::<T>::get(&operator, &caller).unwrap();
		assert_eq!(delegation.staying(), 0);
		assert_eq!(delegation.leaving.len(), T::MaxUnbondingChunks::get() as usize);
	}

	#[benchmark]
	fn withdraw_delegation() {
		let (operator, _) = operator::<T>();
		let now = frame_system::Pallet::<T>::block_number();
		let caller = delegated::<T>(&operator, 0, now);
		// Enough for the smallest transfer, whatever the chunks are.
		let unit = T::MinimumDelegation::get();
		Operators::<T>::mutate(&operator, |record| {
			let pool = &mut record.as_mut().unwrap().pool;
			pool.entitled = pool.entitled.saturating_sub(unit);
			pool.leaving = pool.leaving.saturating_add(unit);
		});
		Delegations::<T>::mutate(&operator, &caller, |delegation| {
			let delegation = delegation.as_mut().unwrap();
			delegation.shares = delegation.shares.saturating_sub(unit);
			let due = now;
			delegation.leaving.try_push(LeavingShares { shares: unit, due }).unwrap();
		});

		#[extrinsic_call]
		_(RawOrigin::Signed(caller.clone()), operator.clone());

		assert!(Delegations::<T>::get(&operator, &caller).unwrap().leaving.is_empty());
	}

	#[benchmark]
	fn redelegate() {
		let (to, _) = operator::<T>();
		let caller = delegated::<T>(&to, 0, 1_000u32.into());
		let from: T::AccountId = account("another operator", 0, 0);
		fund::<T>(&from, T::MinimumBond::get());
		let bond = T::MinimumBond::get();
		Pallet::<T>::do_register(from.clone(), from.clone(), bond, allocations()).unwrap();
		let caller_again = delegated::<T>(&from, 0, 1_000u32.into());
		assert_eq!(caller, caller_again);
		owe_nothing::<T>(&from);

		#[extrinsic_call]
		_(RawOrigin::Signed(caller.clone()), from.clone(), to, Balance::MAX);

		assert_eq!(Delegations::<T>::get(&from, &caller).map_or(0, |d| d.staying()), 0);
	}

	#[benchmark]
	fn claim_rewards() {
		let (operator, _) = operator::<T>();
		let caller = delegated::<T>(&operator, 0, 1_000u32.into());
		let amount = T::Currency::minimum_balance().saturating_mul(10).max(1_000_000);
		T::Currency::mint_into(&Pallet::<T>::rewards_account(), amount).unwrap();
		Delegations::<T>::mutate(&operator, &caller, |delegation| {
			delegation.as_mut().unwrap().rewards = amount;
		});

		#[extrinsic_call]
		_(RawOrigin::Signed(caller.clone()), operator.clone());

		assert_eq!(Delegations::<T>::get(&operator, &caller).unwrap().rewards, 0);
	}

	#[benchmark]
	fn settle_delegation() {
		let (operator, _) = operator::<T>();
		let delegator = delegated::<T>(&operator, 0, 1_000u32.into());
		owe_nothing::<T>(&operator);
		let now = frame_system::Pallet::<T>::block_number();
		Operators::<T>::mutate(&operator, |record| {
			record.as_mut().unwrap().retiring_since = Some(now);
		});
		let amount = T::Currency::minimum_balance().saturating_mul(10).max(1_000_000);
		T::Currency::mint_into(&Pallet::<T>::rewards_account(), amount).unwrap();
		Delegations::<T>::mutate(&operator, &delegator, |delegation| {
			delegation.as_mut().unwrap().rewards = amount;
		});
		let caller: T::AccountId = account("anybody", 0, 0);

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), operator.clone(), delegator.clone());

		assert!(!Delegations::<T>::contains_key(&operator, &delegator));
	}

	#[benchmark]
	fn set_commission() {
		let (caller, _) = operator::<T>();
		// The announced raise is carried out, and then another one is announced.
		let ppm = T::MaxCommission::get().min(T::MaxCommissionRaise::get());

		#[extrinsic_call]
		_(RawOrigin::Signed(caller.clone()), ppm);

		let record = Operators::<T>::get(&caller).unwrap();
		assert_eq!(record.commission_change.map(|(next, _)| next), Some(ppm));
	}

	#[benchmark]
	fn allocate() {
		let (caller, _) = operator::<T>();

		#[extrinsic_call]
		_(RawOrigin::Signed(caller.clone()), Service::Data, MILLION / 4);

		let record = Operators::<T>::get(&caller).unwrap();
		assert!(record.changes[Service::Data.index()].is_some_and(|change| change.raise));
	}

	#[benchmark]
	fn set_allocation_delay() {
		let blocks = AllocationDelayFloor::<T>::get().saturating_add(1u32.into());

		#[extrinsic_call]
		_(RawOrigin::Root, blocks);

		assert_eq!(crate::pallet::AllocationDelay::<T>::get(), blocks);
	}

	#[benchmark]
	fn set_policy() {
		#[extrinsic_call]
		_(RawOrigin::Root, Policy::LIVE);

		assert_eq!(crate::pallet::EconomicPolicy::<T>::get(), Some(Policy::LIVE));
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
