//! The worst case of every call and hook.

#![allow(
	clippy::unwrap_used,
	clippy::expect_used,
	clippy::arithmetic_side_effects,
	clippy::indexing_slicing,
	clippy::as_conversions,
	reason = "benchmarks never run on a chain"
)]

use super::*;
use alloc::vec::Vec;
use assay_flops::{sampling, seeds, Multiplier, Parameters as RoundParameters};
use frame_benchmarking::v2::*;
use frame_support::{
	traits::{Get, Hooks},
	BoundedVec,
};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};
use pallet_beacon::Beacon as _;
use pallet_operators::{BenchmarkWorkers, Security, Service, WorkerId};
use sp_core::H256;
use sp_runtime::SaturatedConversion;

/// Tiles of a claim whose paths have 40 siblings, the most there can be.
const TILES: u32 = assay_flops::MAX_TILES;
/// Index of the current round.
const CURRENT: RoundIndex = 100;
/// The block in which benchmarks run.
const NOW: u32 = 1_000_000;

/// A worker with one device whose operator can bear one reservation.
fn device<T: Config>() -> (T::AccountId, T::AccountId, WorkerId) {
	let key: T::AccountId = account("key", 0, 0);
	let stake: u128 = T::DeviceStake::get().saturated_into();
	let (operator, worker) = T::BenchmarkHelper::create_worker(key.clone(), 1, stake);
	Parameters::<T>::put(RoundParameters::LIVE);
	frame_system::Pallet::<T>::set_block_number(NOW.into());
	(key, operator, worker)
}

/// A round that opened so many blocks ago, with `pending` claims.
fn put_round<T: Config>(index: RoundIndex, ago: u32, pending: u32, sampled: bool) {
	Rounds::<T>::insert(
		index,
		Round {
			opened_at: NOW.saturating_sub(ago),
			opened_slot: 0,
			beacon: H256::repeat_byte(1),
			turnout: Turnout { covered: 0, uncovered: pending },
			pending,
			sample: sampled.then(|| H256::repeat_byte(2)),
		},
	);
}

/// A claim of a round.
fn claim(round: RoundIndex, opened: bool) -> Claim {
	Claim {
		round,
		tiles: TILES,
		size: TILES,
		multiplier: Multiplier::NEWCOMER,
		root: H256::zero(),
		committed_at: NOW,
		covered: false,
		opened,
	}
}

/// A standing with `claims` opened claims of the latest rounds before the current one, each of
/// which will be paid, because the buffer is full.
fn put_standing<T: Config>(operator: &T::AccountId, worker: WorkerId, claims: u32) {
	let first = CURRENT.saturating_sub(claims);
	let mut pending = BoundedVec::default();
	for index in first..CURRENT {
		put_round::<T>(index, 10_000, 1, true);
		pending.try_push(claim(index, true)).expect("no more than `MAX_PENDING`");
	}
	CurrentRound::<T>::put(CURRENT);
	Standings::<T>::insert(
		worker,
		0,
		Standing {
			operator: operator.clone(),
			buffer: u128::MAX / 2,
			unbroken_ms: u64::MAX / 2,
			last_slot: 0,
			last_round: CURRENT.saturating_sub(1),
			last_revealed: 0,
			last_opened: TILES,
			recent: BoundedVec::truncate_from(alloc::vec![TILES; 8]),
			proven_tiles: u64::MAX / 2,
			pending,
			outcome: None,
		},
	);
}

/// Reserves the device's stake.
fn reserve<T: Config>(operator: &T::AccountId, worker: WorkerId) {
	T::Security::reserve(
		operator,
		Service::Flops,
		Pallet::<T>::obligation(worker, 0),
		T::DeviceStake::get(),
	)
	.expect("the operator was bonded for it");
}

#[benchmarks(where T: pallet_beacon::Config)]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn on_initialize_idle() {
		let _ = device::<T>();
		CurrentRound::<T>::put(CURRENT);
		put_round::<T>(CURRENT, RoundParameters::LIVE.minimum_gap - 1, 0, true);
		#[block]
		{
			Pallet::<T>::on_initialize(BlockNumberFor::<T>::from(NOW));
		}
		assert_eq!(CurrentRound::<T>::get(), CURRENT);
	}

	#[benchmark]
	fn on_initialize_open() {
		let _ = device::<T>();
		let certain = RoundParameters {
			mean_gap: RoundParameters::LIVE.minimum_gap,
			..RoundParameters::LIVE
		};
		Parameters::<T>::put(certain);
		CurrentRound::<T>::put(CURRENT);
		put_round::<T>(CURRENT, certain.minimum_gap, 0, true);
		#[block]
		{
			Pallet::<T>::on_initialize(BlockNumberFor::<T>::from(NOW));
		}
		assert_eq!(CurrentRound::<T>::get(), CURRENT + 1);
	}

	#[benchmark]
	fn on_initialize_sample() {
		let _ = device::<T>();
		CurrentRound::<T>::put(CURRENT);
		put_round::<T>(CURRENT, RoundParameters::LIVE.sampled_at(0), 1, false);
		let opened_at = NOW - RoundParameters::LIVE.sampled_at(0);
		let last_commit = RoundParameters::LIVE.commit_until(opened_at) - 1;
		let due = T::Beacon::due_at(last_commit.into());
		frame_system::Pallet::<T>::set_block_number(due);
		pallet_beacon::Pallet::<T>::on_initialize(due);
		frame_system::Pallet::<T>::set_block_number(NOW.into());
		#[block]
		{
			Pallet::<T>::on_initialize(BlockNumberFor::<T>::from(NOW));
		}
		assert!(Rounds::<T>::get(CURRENT).is_some_and(|round| round.sample.is_some()));
	}

	#[benchmark]
	fn commit(c: Linear<0, MAX_PENDING>) {
		let (key, operator, worker) = device::<T>();
		put_standing::<T>(&operator, worker, c);
		put_round::<T>(CURRENT, RoundParameters::LIVE.window, 0, false);
		#[extrinsic_call]
		_(RawOrigin::Signed(key), 0, TILES, H256::zero());
		assert_eq!(Standings::<T>::get(worker, 0).map(|s| s.pending.len()), Some(1));
	}

	#[benchmark]
	fn reveal(o: Linear<1, MAX_SAMPLES>) {
		let (key, operator, worker) = device::<T>();
		reserve::<T>(&operator, worker);
		put_standing::<T>(&operator, worker, MAX_PENDING - 1);
		let rules = RoundParameters { samples: o, ..RoundParameters::LIVE };
		Parameters::<T>::put(rules);
		put_round::<T>(CURRENT, rules.sampled_at(0), 1, true);
		let seed = seeds::device_seed(&[1; 32], CURRENT, worker, 0);
		let samples = sampling::samples(&[2; 32], worker, 0, TILES, o);
		let (root, openings) = sparse::openings(&seed, TILES, &samples);
		Standings::<T>::mutate(worker, 0, |standing| {
			let standing = standing.as_mut().expect("it was put there");
			let claim = Claim { root: H256(root), ..claim(CURRENT, false) };
			standing.pending.try_push(claim).expect("one less than `MAX_PENDING` were there");
		});
		let openings = BoundedVec::truncate_from(openings.into_iter().collect::<Vec<_>>());
		#[extrinsic_call]
		_(RawOrigin::Signed(key), CURRENT, 0, openings);
		assert_eq!(Standings::<T>::get(worker, 0).map(|s| s.pending.len()), Some(0));
	}

	#[benchmark]
	fn settle(c: Linear<1, MAX_PENDING>) {
		let (_, operator, worker) = device::<T>();
		reserve::<T>(&operator, worker);
		put_standing::<T>(&operator, worker, c);
		// The last of them was not opened: a conviction is the most expensive end.
		Standings::<T>::mutate(worker, 0, |standing| {
			let standing = standing.as_mut().expect("it was put there");
			if let Some(last) = standing.pending.iter_mut().last() {
				last.opened = false;
			}
		});
		let anybody: T::AccountId = account("anybody", 0, 0);
		#[extrinsic_call]
		_(RawOrigin::Signed(anybody), worker, 0, CURRENT - 1);
		assert_eq!(Standings::<T>::get(worker, 0).map(|s| s.buffer), Some(0));
	}

	#[benchmark]
	fn release_buffer(c: Linear<0, MAX_PENDING>) {
		let (_, operator, worker) = device::<T>();
		reserve::<T>(&operator, worker);
		put_standing::<T>(&operator, worker, c);
		#[extrinsic_call]
		_(RawOrigin::Signed(operator), worker, 0);
		assert!(Standings::<T>::get(worker, 0).is_none());
	}

	impl_benchmark_test_suite!(
		Pallet,
		crate::mock::genesis(crate::mock::PARAMETERS),
		crate::mock::Test
	);
}
