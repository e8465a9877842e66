//! Random sequences of calls keep money and promises in order.

use crate::{
	mock::*,
	pallet::{
		Convictions, HoldReason, NextConvictionId, NextWorkerId, Operators as Records,
		Reservations, TotalBurnt,
	},
	Fault, Obligation, Occupancy, Security, Service, Staking,
};
use frame_support::{
	assert_ok,
	storage::with_storage_layer,
	traits::fungible::{Inspect, Mutate},
};
use proptest::prelude::*;
use sp_runtime::DispatchError;

const ACTORS: [AccountId; 3] = [ALICE, BOB, CAROL];
/// An operator may be a delegator of another one; Alice claims for herself.
const DELEGATORS: [AccountId; 3] = [ALICE, BOB, DAVE];

#[derive(Clone, Debug)]
enum Step {
	Register(usize),
	BondMore(usize, Balance),
	Unbond(usize, Balance),
	Withdraw(usize),
	Retire(usize),
	AddWorker(usize, u64),
	Rotate(usize, u64, u64),
	RemoveWorker(usize, u64),
	AddDevice(usize, u64),
	RemoveDevice(usize, u64, u16),
	Reserve(usize, usize, Obligation, Balance),
	Release(usize, usize, Obligation),
	Convict(usize, usize, Obligation, bool, u64),
	Execute(u64),
	Cancel(u64),
	Occupy(u64, u16, u16),
	Free(u64, u16, u16),
	Skip(u64),
	Round,
	Delegate(usize, usize, Balance),
	Undelegate(usize, usize, Balance),
	WithdrawDelegation(usize, usize),
	Redelegate(usize, usize, usize, Balance),
	Claim(usize, usize),
	Commission(usize, u32),
	Allocate(usize, usize, u32),
	Equivocate(usize, Balance),
	Session(usize, Balance),
}

fn obligation() -> impl Strategy<Value = Obligation> {
	(0u64..4, 0u16..2, 0u64..3).prop_map(|(worker, device, nonce)| Obligation {
		worker,
		device,
		nonce,
	})
}

fn step() -> impl Strategy<Value = Step> {
	let who = 0..ACTORS.len();
	let service = 0..Service::ALL.len();
	prop_oneof![
		1 => who.clone().prop_map(Step::Register),
		1 => (who.clone(), 0u128..4_000).prop_map(|(w, a)| Step::BondMore(w, a)),
		1 => (who.clone(), 0u128..4_000).prop_map(|(w, a)| Step::Unbond(w, a)),
		1 => who.clone().prop_map(Step::Withdraw),
		1 => who.clone().prop_map(Step::Retire),
		1 => (who.clone(), 1u64..12).prop_map(|(w, k)| Step::AddWorker(w, k)),
		1 => (who.clone(), 0u64..4, 1u64..12).prop_map(|(w, n, k)| Step::Rotate(w, n, k)),
		1 => (who.clone(), 0u64..4).prop_map(|(w, n)| Step::RemoveWorker(w, n)),
		1 => (who.clone(), 0u64..4).prop_map(|(w, n)| Step::AddDevice(w, n)),
		1 => (who.clone(), 0u64..4, 0u16..3).prop_map(|(w, n, d)| Step::RemoveDevice(w, n, d)),
		4 => (who.clone(), service.clone(), obligation(), 0u128..3_000)
			.prop_map(|(w, s, o, a)| Step::Reserve(w, s, o, a)),
		2 => (who.clone(), service.clone(), obligation())
			.prop_map(|(w, s, o)| Step::Release(w, s, o)),
		4 => (who.clone(), 0..DELEGATORS.len(), 0u128..4_000)
			.prop_map(|(w, d, a)| Step::Delegate(w, d, a)),
		2 => (who.clone(), 0..DELEGATORS.len(), 0u128..4_000)
			.prop_map(|(w, d, a)| Step::Undelegate(w, d, a)),
		2 => (who.clone(), 0..DELEGATORS.len())
			.prop_map(|(w, d)| Step::WithdrawDelegation(w, d)),
		1 => (who.clone(), who.clone(), 0..DELEGATORS.len(), 0u128..4_000)
			.prop_map(|(w, v, d, a)| Step::Redelegate(w, v, d, a)),
		2 => (who.clone(), 0..DELEGATORS.len()).prop_map(|(w, d)| Step::Claim(w, d)),
		1 => (who.clone(), 0u32..400_000).prop_map(|(w, p)| Step::Commission(w, p)),
		2 => (who.clone(), service.clone(), 0u32..1_000_000)
			.prop_map(|(w, s, p)| Step::Allocate(w, s, p)),
		1 => (who.clone(), 0u128..9_000).prop_map(|(w, a)| Step::Equivocate(w, a)),
		3 => (who.clone(), 0u128..5_000).prop_map(|(w, a)| Step::Session(w, a)),
		4 => (who, service, obligation(), any::<bool>(), 1u64..12)
			.prop_map(|(w, s, o, silent, p)| Step::Convict(w, s, o, silent, p)),
		2 => (0u64..6).prop_map(Step::Execute),
		1 => (0u64..6).prop_map(Step::Cancel),
		1 => (0u64..4, 0u16..2, 0u16..1_100).prop_map(|(w, d, s)| Step::Occupy(w, d, s)),
		1 => (0u64..4, 0u16..2, 0u16..1_100).prop_map(|(w, d, s)| Step::Free(w, d, s)),
		3 => (1u64..60).prop_map(Step::Skip),
		1 => Just(Step::Round),
	]
}

fn run(step: Step) -> Result<(), DispatchError> {
	let signed = |who: usize| RuntimeOrigin::signed(ACTORS[who]);
	let delegator = |by: usize| RuntimeOrigin::signed(DELEGATORS[by]);
	// The newest convictions are the ones that are open.
	let recent = |n: u64| NextConvictionId::<Test>::get().saturating_sub(1 + n);
	with_storage_layer(|| match step {
		Step::Register(who) => register(ACTORS[who], PAYOUT),
		Step::BondMore(who, amount) => Operators::bond_more(signed(who), amount),
		Step::Unbond(who, amount) => Operators::unbond(signed(who), amount),
		Step::Withdraw(who) => Operators::withdraw(signed(who)),
		Step::Retire(who) => Operators::retire(signed(who)),
		Step::AddWorker(who, key) => Operators::add_worker(signed(who), key),
		Step::Rotate(who, worker, key) => Operators::rotate_key(signed(who), worker, key),
		Step::RemoveWorker(who, worker) => Operators::remove_worker(signed(who), worker),
		Step::AddDevice(who, worker) => {
			Operators::add_device(signed(who), worker, Default::default())
		}
		Step::RemoveDevice(who, worker, device) => {
			Operators::remove_device(signed(who), worker, device)
		}
		Step::Reserve(who, service, obligation, amount) => {
			Operators::reserve(&ACTORS[who], Service::ALL[service], obligation, amount)
		}
		Step::Release(who, service, obligation) => <Operators as Security<_, _, _>>::release(
			&ACTORS[who],
			Service::ALL[service],
			obligation,
		),
		Step::Convict(who, service, obligation, silent, prover) => {
			let fault = if silent { Fault::MissedOpening } else { Fault::WrongOpening };
			Operators::convict(
				&ACTORS[who],
				Service::ALL[service],
				obligation,
				fault,
				Some(&prover),
			)
			.map(|_| ())
		}
		Step::Execute(n) => Operators::execute_conviction(signed(0), recent(n))
			.map(|_| ())
			.map_err(|error| error.error),
		Step::Cancel(n) => {
			Operators::cancel_conviction(RuntimeOrigin::root(), recent(n), Default::default())
		}
		Step::Occupy(worker, device, share) => {
			<Operators as Occupancy>::occupy(worker, device, share)
		}
		Step::Free(worker, device, share) => {
			<Operators as Occupancy>::release(worker, device, share)
		}
		Step::Skip(blocks) => {
			skip(blocks);
			Ok(())
		}
		Step::Round => {
			Round::mutate(|round| *round += 1);
			Ok(())
		}
		Step::Delegate(who, by, amount) => Operators::delegate(delegator(by), ACTORS[who], amount),
		Step::Undelegate(who, by, amount) => {
			Operators::undelegate(delegator(by), ACTORS[who], amount)
		}
		Step::WithdrawDelegation(who, by) => {
			Operators::withdraw_delegation(delegator(by), ACTORS[who])
		}
		Step::Redelegate(who, to, by, amount) => {
			Operators::redelegate(delegator(by), ACTORS[who], ACTORS[to], amount)
		}
		Step::Claim(who, by) => Operators::claim_rewards(delegator(by), ACTORS[who]),
		Step::Commission(who, ppm) => Operators::set_commission(signed(who), ppm),
		Step::Allocate(who, service, ppm) => {
			Operators::allocate(signed(who), Service::ALL[service], ppm)
		}
		Step::Equivocate(who, amount) => {
			Operators::convict_consensus(&ACTORS[who], Session::get(), amount, Some(&DAVE));
			Ok(())
		}
		Step::Session(who, amount) => {
			let stake = Operators::consensus_stake(&ACTORS[who]);
			Operators::reward(&ACTORS[who], Session::get(), amount, &stake);
			Session::mutate(|session| *session += 1);
			Ok(())
		}
	})
}

fn check(issuance: Balance) {
	crate::mock::check();
	assert_eq!(Balances::total_issuance() + TotalBurnt::<Test>::get(), issuance);
	let accounts: Balance = (0..100u64).map(|who| Balances::total_balance(&who)).sum();
	let pots = Balances::balance(&delegation_pot()) + Balances::balance(&rewards_pot());
	assert_eq!(accounts + pots, Balances::total_issuance());
	for (operator, record) in Records::<Test>::iter() {
		let reserved: Balance = Reservations::<Test>::iter_prefix_values((operator,)).sum();
		assert_eq!(reserved, record.ledger.total_reserved());
		assert!(reserved <= held(HoldReason::Bond, operator) + record.pool.stake);
	}
	let escrowed: Balance = Convictions::<Test>::iter_values().map(|c| c.own).sum();
	let on_hold: Balance = ACTORS.iter().map(|who| held(HoldReason::Escrow, *who)).sum();
	assert_eq!(escrowed, on_hold);
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(128))]

	#[test]
	fn f18_stake_should_stay_and_issuance_should_hold_when_calls_are_random(
		steps in proptest::collection::vec(step(), 1..120)
	) {
		execute(fifths(), || {
			// What sessions will pay lies in the rewards account from the start.
			assert_ok!(Balances::mint_into(&rewards_pot(), 1_000_000));
			let issuance = Balances::total_issuance();
			let mut workers = NextWorkerId::<Test>::get();
			for step in steps {
				let before: Vec<_> = Reservations::<Test>::iter().collect();
				let ends = match &step {
					Step::Release(who, service, obligation)
					| Step::Convict(who, service, obligation, ..) => {
						Some((ACTORS[*who], Service::ALL[*service], *obligation))
					},
					_ => None,
				};
				let _ = run(step);
				check(issuance);
				// A reservation ends by release or conviction and by nothing else.
				for (key, amount) in before {
					if ends != Some(key) {
						assert_eq!(Reservations::<Test>::get(key), Some(amount));
					}
				}
				assert!(NextWorkerId::<Test>::get() >= workers);
				workers = NextWorkerId::<Test>::get();
			}
			Round::set(5);
			Session::set(7);
		});
	}
}
