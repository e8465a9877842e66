//! Benchmarks of `pallet-validators`: every call and every hook in its worst case.

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
		Call, Candidates, Charges, Config, Exposures, LastReports, Limits, MinimumSelfBond,
		OffenceQueueEnds, Offenders, Pallet, Tallies,
	},
	types::{self, CandidateState, PutOutReason, Tally},
};
use alloc::{vec, vec::Vec};
use codec::Decode;
use frame_benchmarking::v2::*;
use frame_support::traits::{fungible::Mutate, Get};
use frame_system::RawOrigin;
use pallet_authorship::EventHandler;
use pallet_operators::{
	traits::Staking,
	types::{InitialAllocations, Service},
};
use sp_runtime::{traits::TrailingZeroInput, Perbill, Permill};
use sp_staking::{
	offence::{OffenceDetails, OnOffenceHandler},
	SessionIndex,
};

/// The session in which everything happens: old enough that one has to be forgotten.
fn session<T: Config>() -> SessionIndex {
	T::KeptSessions::get() + 10
}

/// Nobody but the benchmark's own candidates; limits as wide as possible.
fn prepare<T: Config>() {
	let _ = Candidates::<T>::clear(u32::MAX, None);
	let maximum = T::MaxValidators::get();
	Limits::<T>::put(types::Limits { minimum: 1, maximum });
	MinimumSelfBond::<T>::put(0);
	pallet_session::CurrentIndex::<T>::put(session::<T>());
}

/// An operator with `bonds` minimum bonds, all of it in consensus, and session keys.
fn operator<T: Config + pallet_operators::Config>(index: u32, bonds: u128) -> T::AccountId {
	let who: T::AccountId = account("validator", index, 0);
	let bond = <T as pallet_operators::Config>::MinimumBond::get();
	let funds = bond.saturating_mul(bonds + 2);
	<T as Config>::Currency::mint_into(&who, funds).expect("issuance has room");
	let all = InitialAllocations::truncate_from(vec![(Service::Consensus, 1_000_000)]);
	let signed = || RawOrigin::Signed(who.clone()).into();
	pallet_operators::Pallet::<T>::register(signed(), who.clone(), all).expect("is funded");
	if bonds > 1 {
		pallet_operators::Pallet::<T>::bond_more(signed(), bond * (bonds - 1)).expect("is funded");
	}
	let seed = ("keys", index);
	let keys = codec::Encode::using_encoded(&seed, |seed| {
		<T as pallet_session::Config>::Keys::decode(&mut TrailingZeroInput::new(seed))
	});
	pallet_session::NextKeys::<T>::insert(&who, keys.expect("keys are bytes"));
	frame_system::Pallet::<T>::inc_consumers(&who).expect("has a provider");
	who
}

/// A number of ready candidates.
fn candidates<T: Config + pallet_operators::Config>(count: u32) -> Vec<T::AccountId> {
	(0..count)
		.map(|index| {
			let who = operator::<T>(index, 2);
			Candidates::<T>::insert(&who, CandidateState::Ready);
			who
		})
		.collect()
}

/// Gives an operator two cohorts of delegators, one of which begins to earn in the running session,
/// and as many amounts on their way out as there can be.
fn burden<T: Config + pallet_operators::Config>(operator: &T::AccountId, index: u32) {
	let amount = <T as pallet_operators::Config>::MinimumDelegation::get();
	for ago in [2, 1] {
		pallet_session::CurrentIndex::<T>::put(session::<T>() - ago);
		let delegator: T::AccountId = account("delegator", index, ago);
		<T as Config>::Currency::mint_into(&delegator, amount * 3).expect("issuance has room");
		let signed = RawOrigin::Signed(delegator).into();
		pallet_operators::Pallet::<T>::delegate(signed, operator.clone(), amount)
			.expect("is funded");
	}
	pallet_session::CurrentIndex::<T>::put(session::<T>());
	for _ in 0..<T as pallet_operators::Config>::MaxUnbondingChunks::get() {
		let block = frame_system::Pallet::<T>::block_number();
		frame_system::Pallet::<T>::set_block_number(block + 1u32.into());
		let signed = RawOrigin::Signed(operator.clone()).into();
		pallet_operators::Pallet::<T>::unbond(signed, 1).expect("is above the minimum");
	}
}

/// A number of candidates that serve the running session, with exposures, blocks and income; they
/// also have an exposure and a charge in the session that is forgotten next.
fn validators<T: Config + pallet_operators::Config>(count: u32) -> Vec<T::AccountId> {
	let validators = candidates::<T>(count);
	let (now, forgotten) = (session::<T>(), session::<T>() - T::KeptSessions::get() - 1);
	let pot = <T as Config>::Staking::rewards_account();
	let earned = <T as pallet_operators::Config>::MinimumBond::get();
	for (index, who) in (0..).zip(&validators) {
		burden::<T>(who, index);
		let stake = <T as Config>::Staking::consensus_stake(who);
		Exposures::<T>::insert(now, who, stake);
		Exposures::<T>::insert(forgotten, who, stake);
		let charge = types::Charge {
			fraction: Permill::one(),
			charged: stake.weight,
			reporter: Some(who.clone()),
			queued: false,
		};
		Charges::<T>::insert(forgotten, who, charge);
		Tallies::<T>::insert(who, Tally { blocks: 100, earned });
		<T as Config>::Currency::mint_into(&pot, earned).expect("issuance has room");
	}
	let queued = validators
		.iter()
		.map(|who| (who.clone(), pallet_session::NextKeys::<T>::get(who).expect("has keys")));
	pallet_session::QueuedKeys::<T>::put(queued.collect::<Vec<_>>());
	pallet_session::Validators::<T>::put(validators.clone());
	pallet_session::DisabledValidators::<T>::kill();
	validators
}

/// Reports validators for an equivocation in the running session.
fn report<T: Config>(offenders: &[T::AccountId]) {
	let details: Vec<OffenceDetails<T::AccountId, T::AccountId>> = offenders
		.iter()
		.map(|who| OffenceDetails {
			offender: who.clone(),
			reporters: vec![account("reporter", 0, 0)],
		})
		.collect();
	let fractions = vec![Perbill::one(); offenders.len()];
	Pallet::<T>::on_offence(&details, &fractions, session::<T>());
}

#[benchmarks(where T: pallet_operators::Config)]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn validate(c: Linear<1, { T::MaxCandidates::get() }>) {
		prepare::<T>();
		candidates::<T>(c);
		let newcomer = operator::<T>(c, 3);
		// It is compared with all of them, however many there are, as if no place were left.
		let counter = Candidates::<T>::counter_storage_final_key();
		frame_support::storage::unhashed::put(&counter, &T::MaxCandidates::get());

		#[block]
		{
			Pallet::<T>::do_validate(newcomer.clone()).unwrap();
		}

		assert_eq!(Candidates::<T>::get(&newcomer), Some(CandidateState::Ready));
	}

	#[benchmark]
	fn stop_validating() {
		prepare::<T>();
		let who = candidates::<T>(1).remove(0);

		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()));

		assert!(!Candidates::<T>::contains_key(&who));
	}

	#[benchmark]
	fn set_limits() {
		let limits = types::Limits { minimum: 1, maximum: 1 };

		#[extrinsic_call]
		_(RawOrigin::Root, limits);

		assert_eq!(Limits::<T>::get(), limits);
	}

	#[benchmark]
	fn remove_keys() {
		prepare::<T>();
		validators::<T>(T::MaxValidators::get());
		let who = operator::<T>(T::MaxValidators::get(), 1);

		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()));

		assert!(!pallet_session::NextKeys::<T>::contains_key(&who));
	}

	#[benchmark]
	fn new_session(
		v: Linear<1, { T::MaxValidators::get() }>,
		c: Linear<{ T::MaxValidators::get() }, { T::MaxCandidates::get() }>,
	) {
		prepare::<T>();
		Limits::<T>::put(types::Limits { minimum: 1, maximum: v });
		candidates::<T>(c);
		let elected;

		#[block]
		{
			elected = Pallet::<T>::plan_session(session::<T>() + 2);
		}

		assert_eq!(elected.unwrap().len() as u32, v);
	}

	#[benchmark]
	fn start_session(v: Linear<1, { T::MaxValidators::get() }>) {
		prepare::<T>();
		for who in validators::<T>(v) {
			Offenders::<T>::insert(&who, Permill::from_percent(50));
			let reason = PutOutReason::Equivocation;
			let state = CandidateState::PutOut { reason, session: session::<T>() };
			Candidates::<T>::insert(&who, state);
		}

		#[block]
		{
			Pallet::<T>::begin_session(session::<T>());
		}

		assert_eq!(Offenders::<T>::iter().count(), 0);
	}

	#[benchmark]
	fn end_session(v: Linear<1, { T::MaxValidators::get() }>) {
		prepare::<T>();
		let validators = validators::<T>(v);
		// As many as can be are silent.
		for who in validators.iter().skip(1).take(v.saturating_sub(1) as usize / 3) {
			Tallies::<T>::mutate(who, |tally| tally.blocks = 0);
		}
		for who in &validators {
			LastReports::<T>::insert(who, session::<T>() - 1);
		}

		#[block]
		{
			Pallet::<T>::close_session(session::<T>());
		}

		assert_eq!((Tallies::<T>::iter().count(), LastReports::<T>::count()), (0, 0));
		let forgotten = session::<T>() - T::KeptSessions::get() - 1;
		assert!(!Exposures::<T>::contains_key(forgotten, &validators[0]));
	}

	#[benchmark]
	fn note_author() {
		prepare::<T>();
		let author = validators::<T>(1).remove(0);
		frame_system::Pallet::<T>::set_block_number(100_000u32.into());

		#[block]
		{
			<Pallet<T> as EventHandler<_, _>>::note_author(author.clone());
		}

		assert_eq!(Tallies::<T>::get(&author).blocks, 101);
	}

	#[benchmark]
	fn on_offence(n: Linear<1, { T::MaxValidators::get() }>) {
		prepare::<T>();
		let validators = validators::<T>(T::MaxValidators::get());

		#[block]
		{
			report::<T>(&validators[..n as usize]);
		}

		assert_eq!(OffenceQueueEnds::<T>::get().tail, u64::from(n));
	}

	#[benchmark]
	fn drain_charges(n: Linear<0, { crate::offences::CHARGES_PER_BLOCK }>) {
		prepare::<T>();
		let validators = validators::<T>(T::MaxValidators::get());
		report::<T>(&validators[..(n as usize).min(validators.len())]);

		#[block]
		{
			Pallet::<T>::drain_charges(n);
		}

		assert_eq!(OffenceQueueEnds::<T>::get().head, u64::from(n));
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::benchmark_ext(), crate::mock::Test);
}
