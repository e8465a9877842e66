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
		Call, Config, Convictions, Devices, Keys, Operators, Pallet, Workers as WorkerRecords,
	},
	traits::{BenchmarkWorkers, Rounds, Security},
	types::{
		Balance, DescriptionOf, DeviceIndex, Fault, InitialAllocations, NextKey, Obligation,
		Service, UnbondingChunk, WorkerId,
	},
};
use alloc::vec;
use frame_benchmarking::v2::*;
use frame_support::{
	traits::{fungible::Mutate, Get},
	BoundedVec,
};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};
use sp_runtime::traits::{Saturating, Zero};

impl<T: Config> BenchmarkWorkers<T::AccountId> for Pallet<T> {
	fn create_worker(
		key: T::AccountId,
		devices: DeviceIndex,
		stake_per_device: u128,
	) -> (T::AccountId, WorkerId) {
		let index = crate::pallet::NextWorkerId::<T>::get();
		let operator: T::AccountId = account("operator", index as u32, 0);
		let stake = stake_per_device.saturating_mul(devices.into());
		let bond = stake.max(T::MinimumBond::get());
		fund::<T>(&operator, bond);
		Self::do_register(operator.clone(), operator.clone(), bond, all_flops())
			.expect("is funded");
		let worker = Self::do_add_worker(operator.clone(), key).expect("the key is fresh");
		for _ in 0..devices {
			Self::do_add_device(operator.clone(), worker, Default::default()).expect("is funded");
		}
		(operator, worker)
	}
}

/// The whole stake for proof of FLOPS.
fn all_flops() -> InitialAllocations {
	vec![(Service::Flops, assay_economics::MILLION)].try_into().expect("one is not too many")
}

/// A fifth of the stake for each service.
fn all_shares() -> InitialAllocations {
	let shares = Service::ALL.map(|service| (service, assay_economics::MILLION / 5));
	shares.to_vec().try_into().expect("all are not too many")
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

/// An operator with four minimum bonds, one worker with one device, and all unbonding chunks but
/// one, none of them due.
fn operator<T: Config>() -> (T::AccountId, WorkerId) {
	let caller = funded::<T>();
	let bond = T::MinimumBond::get().saturating_mul(4);
	Pallet::<T>::do_register(caller.clone(), caller.clone(), bond, all_flops()).unwrap();
	let worker = Pallet::<T>::do_add_worker(caller.clone(), account("key", 0, 0)).unwrap();
	Pallet::<T>::do_add_device(caller.clone(), worker, description::<T>()).unwrap();
	Operators::<T>::mutate(&caller, |record| {
		let record = record.as_mut().unwrap();
		let later: BlockNumberFor<T> = 1_000u32.into();
		for _ in 1..T::MaxUnbondingChunks::get() {
			record.unbonding.try_push(UnbondingChunk { amount: Zero::zero(), due: later }).unwrap();
		}
	});
	(caller, worker)
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

/// A conviction with a bounty for an account that does not exist yet.
fn convicted<T: Config>() -> T::AccountId {
	let (caller, worker) = operator::<T>();
	let obligation = Obligation { worker, device: 0, nonce: 0 };
	let amount = T::MinimumBond::get();
	Pallet::<T>::reserve(&caller, Service::Flops, obligation, amount).unwrap();
	let prover: T::AccountId = account("prover", 0, 0);
	let fault = Fault::WrongOpening;
	Pallet::<T>::convict(&caller, Service::Flops, obligation, fault, Some(&prover)).unwrap();
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
		_(RawOrigin::Signed(caller.clone()), payout, all_shares());

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

		assert!(Operators::<T>::get(&caller).unwrap().bonded.is_zero());
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

	impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
