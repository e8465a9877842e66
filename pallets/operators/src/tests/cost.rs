//! What an operation costs does not depend on how many delegators an operator has.

use super::support::*;
use crate::{
	mock::*,
	pallet::{Cohorts, Delegations, Operators as Records},
	types::Cohort,
	Service, Staking, WorkerId,
};
use codec::Encode;
use frame_support::{
	assert_ok,
	traits::{fungible::Mutate, Hooks},
	weights::Weight,
};

/// Many delegators.
const MANY: u64 = 100_000;
/// The first of the accounts that could be delegators.
const FIRST: AccountId = 1_000_000;

/// An operator in three services with `delegators` delegators of the same stake together.
fn world(delegators: u64) -> (sp_io::TestExternalities, WorkerId) {
	let mut ext = new_test_ext();
	let worker = ext.execute_with(|| {
		let worker = cheat(
			10_000,
			&[(Service::Consensus, 400_000), (Service::Flops, 300_000), (Service::Jobs, 300_000)],
		);
		let each = 2 * minimum();
		let all = each * Balance::from(MANY);
		assert_ok!(Balances::mint_into(&FIRST, 10 * all));
		assert_ok!(delegate_to(FIRST, OPERATOR, all));
		// What the first one has beyond its part is shared among the others.
		let mut delegation = Delegations::<Test>::get(OPERATOR, FIRST).unwrap();
		delegation.joining[0].1 = each;
		for who in FIRST + 1..FIRST + delegators {
			Delegations::<Test>::insert(OPERATOR, who, &delegation);
		}
		delegation.joining[0].1 = all - each * Balance::from(delegators - 1);
		Delegations::<Test>::insert(OPERATOR, FIRST, &delegation);
		let count = u32::try_from(delegators).unwrap();
		Records::<Test>::mutate(OPERATOR, |record| record.as_mut().unwrap().delegators = count);
		let session = Session::get() + 2;
		let cohort = Cohort { index: None, members: count };
		Cohorts::<Test>::insert(OPERATOR, session, cohort);
		assert_ok!(Operators::do_try_state());
		assert_ok!(set_aside(Service::Flops, worker, 0, 3_000));
		worker
	});
	(ext, worker)
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

/// Operations on the operator as a whole, one after the other.
fn operations(delegators: u64) -> Vec<(&'static str, Cost)> {
	let (mut ext, worker) = world(delegators);
	let mut costs = Vec::new();
	let mut cost = |name, operation: &dyn Fn()| costs.push((name, measure(&mut ext, operation)));
	cost("an election", &|| {
		assert!(exposure(OPERATOR).weight > 0);
	});
	ext.execute_with(|| {
		// What the change itself costs is measured where it happens, in `pallet-validators`.
		next_session();
		next_session();
	});
	let mut cost = |name, operation: &dyn Fn()| costs.push((name, measure(&mut ext, operation)));
	// The first reward lets everybody's shares mature.
	let reward = || {
		let stake = exposure(OPERATOR);
		<Operators as Staking<_, _>>::reward(&OPERATOR, Session::get(), 1_000_000, &stake);
	};
	cost("a first reward", &|| {
		assert_ok!(Balances::mint_into(&rewards_pot(), 1_000_000));
		reward();
	});
	cost("a reward", &|| {
		assert_ok!(Balances::mint_into(&rewards_pot(), 1_000_000));
		reward();
	});
	cost("a conviction", &|| {
		assert_eq!(prove(Service::Flops, worker, 0, Some(HONEST)), Ok(3_000));
	});
	cost("an equivocation", &|| {
		let all = <Operators as Staking<_, _>>::convict_consensus(
			&OPERATOR,
			Session::get(),
			Balance::MAX,
			Some(&HONEST),
		);
		assert!(all > 0);
	});
	cost("a cancellation", &|| {
		assert_ok!(Operators::cancel_conviction(
			RuntimeOrigin::root(),
			last_conviction(),
			Default::default()
		));
	});
	cost("an execution", &|| {
		skip(EscrowDelay::get());
		assert!(Operators::execute_conviction(signed(CAROL), last_conviction() - 1).is_ok());
	});
	cost("the operator's claim", &|| {
		assert_ok!(Operators::claim_rewards(signed(OPERATOR), OPERATOR));
	});
	cost("a change of allocations", &|| {
		assert_ok!(Operators::allocate(signed(OPERATOR), Service::Jobs, 0));
	});
	ext.execute_with(|| {
		assert_ok!(Operators::do_try_state());
		Session::set(5);
	});
	costs
}

#[test]
fn slashes_rewards_and_elections_should_cost_the_same_when_there_are_100_000_delegators() {
	let one = operations(1);
	let many = operations(MANY);
	for (one, many) in one.into_iter().zip(many) {
		assert_eq!(one, many);
	}
}

#[test]
fn a_delegators_own_calls_should_cost_the_same_when_there_are_100_000_delegators() {
	let costs = |delegators| {
		let (mut ext, _) = world(delegators);
		let who = FIRST;
		let mut costs = Vec::new();
		let mut cost =
			|name, operation: &dyn Fn()| costs.push((name, measure(&mut ext, operation)));
		cost("delegate", &|| {
			assert_ok!(delegate_to(who, OPERATOR, minimum()));
		});
		cost("session", &|| {
			next_session();
			next_session();
			let stake = exposure(OPERATOR);
			pay(OPERATOR, Session::get(), 100_000_000, &stake);
		});
		cost("claim", &|| {
			assert_ok!(Operators::claim_rewards(signed(who), OPERATOR));
		});
		cost("undelegate", &|| {
			assert_ok!(undelegate_from(who, OPERATOR, Balance::MAX));
		});
		cost("withdraw", &|| {
			skip(UnbondingDelay::get());
			assert_ok!(collect(who, OPERATOR));
		});
		ext.execute_with(|| Session::set(5));
		costs
	};
	for ((name, one), (_, many)) in costs(1).into_iter().zip(costs(MANY)) {
		// The last delegator's withdrawal deletes what others' leaves.
		assert!(many.written.abs_diff(one.written) <= 1, "{name}: {one:?} {many:?}");
		// One entry among many is some branches deeper in the trie.
		assert!(many.proof <= one.proof + 6_000, "{name}: {one:?} {many:?}");
	}
}

#[test]
fn m13_hooks_should_cost_the_same_when_there_are_100_000_objects() {
	let hooks = |delegators| -> (Cost, Weight) {
		let (mut ext, _) = world(delegators);
		let mut weight = Weight::zero();
		let cost = measure(&mut ext, || {
			next_session();
			let block = System::block_number() + 1;
			System::set_block_number(block);
			weight = Operators::on_initialize(block);
			weight += Operators::on_idle(block, Weight::MAX);
			Operators::on_finalize(block);
		});
		ext.execute_with(|| {
			assert_eq!(
				u64::try_from(Delegations::<Test>::iter_keys().count()).unwrap(),
				delegators
			);
			assert_eq!(Cohorts::<Test>::iter().count(), 1);
			Session::set(5);
		});
		(cost, weight)
	};
	assert_eq!(hooks(1), hooks(MANY));
}
