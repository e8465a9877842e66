//! What was measured fits into a block, also where a slot takes a second.

use std::time::{Duration, Instant};

use assay_economics::MILLION;
use assay_flops::Parameters;
use codec::Encode;
use frame_support::{
	assert_ok,
	dispatch::{DispatchClass, GetDispatchInfo},
	traits::{fungible::Mutate, Get},
	weights::{constants::WEIGHT_REF_TIME_PER_SECOND, Weight},
};
use frame_system::limits::BlockWeights;
use pallet_beacon::WeightInfo as _;
use pallet_gpu_market::{Bounds as _, WeightInfo as _};
use pallet_operators::{Service, WeightInfo as _};
use pallet_proof_of_flops::WeightInfo as _;
use pallet_validators::{types::CandidateState, WeightInfo as _};
use serde_json::json;
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};
use sp_runtime::traits::Dispatchable;

use super::{blocks::block, chain, unstarted};
use crate::{
	configs::SchedulerWeight, weights, AccountId, Balances, Operators as Operator, Runtime,
	RuntimeCall, RuntimeOrigin, ASY,
};

type Beacon = weights::pallet_beacon::WeightInfo<Runtime>;
type Market = weights::pallet_gpu_market::WeightInfo<Runtime>;
type Flops = weights::pallet_proof_of_flops::WeightInfo<Runtime>;
type Operators = weights::pallet_operators::WeightInfo<Runtime>;
type Validators = weights::pallet_validators::WeightInfo<Runtime>;

/// The most that hooks weigh in one block: a change of session with everything that can come with it.
fn hooks() -> Weight {
	[
		Beacon::advance(),
		Flops::on_initialize_open(),
		Validators::end_session(100),
		Validators::start_session(100),
		Validators::new_session(100, 300),
		Validators::note_author(),
		Validators::on_offence(100),
		Validators::drain_charges(4),
	]
	.into_iter()
	.fold(Weight::zero(), |sum, one| sum.saturating_add(one))
}

#[test]
fn m11_hooks_and_worst_calls_should_fit_the_block_in_every_preset() {
	for preset in crate::genesis::preset_names() {
		chain(preset.as_str(), json!({})).execute_with(|| {
			let limits: BlockWeights = <Runtime as frame_system::Config>::BlockWeights::get();
			let class = |class| limits.get(class).max_extrinsic.expect("the class is limited");
			let hooks = hooks();
			assert!(hooks.all_lt(limits.max_block), "{preset:?}: hooks take {hooks}");
			let members = assay_market::MAX_DEVICES;
			for (name, weight) in [
				("reveal", Flops::reveal(Parameters::LIVE.samples)),
				("commit", Flops::commit(8)),
				("validate", Validators::validate(300)),
				("register", Operators::register()),
				("bond_more", Operators::bond_more()),
				("unbond", Operators::unbond()),
				("withdraw", Operators::withdraw()),
				("add_worker", Operators::add_worker()),
				("remove_worker", Operators::remove_worker()),
				("add_device", Operators::add_device()),
				("retire", Operators::retire()),
				("execute_conviction", Operators::execute_conviction()),
				("cancel_conviction", Operators::cancel_conviction()),
				("delegate", Operators::delegate()),
				("undelegate", Operators::undelegate()),
				("withdraw_delegation", Operators::withdraw_delegation()),
				("redelegate", Operators::redelegate()),
				("claim_rewards", Operators::claim_rewards()),
				("settle_delegation", Operators::settle_delegation()),
				("allocate", Operators::allocate()),
				("rent", Market::rent_bound()),
				("rent_matching", Market::rent_matching_bound(members)),
				("rent_cluster", Market::rent_cluster_bound(members)),
				("ready", Market::ready_bound(members)),
				("decline", Market::decline(members)),
				("end", Market::end(members)),
				("settle", Market::settle()),
				("settle a request", Market::settle_request(members)),
			] {
				let normal = class(DispatchClass::Normal);
				assert!(weight.all_lt(normal), "{preset:?}: {name} takes {weight} of {normal}");
				assert!(weight.ref_time() > 0, "{name} was not measured");
			}
		});
	}
}

/// Scheduled calls and a change of session may meet in one block. On a live chain both fit into what
/// blocks may compute; where a slot takes a second, a block must do no more than fit into the slot.
#[test]
fn m11_scheduled_calls_should_leave_room_for_a_change_of_session() {
	for preset in crate::genesis::preset_names() {
		chain(preset.as_str(), json!({})).execute_with(|| {
			let limits: BlockWeights = <Runtime as frame_system::Config>::BlockWeights::get();
			let scheduled: Weight = SchedulerWeight::get();
			let both = hooks().saturating_add(scheduled).ref_time();
			let room = match preset.as_str() {
				crate::genesis::LIVE => limits.max_block.ref_time(),
				_ => WEIGHT_REF_TIME_PER_SECOND,
			};
			assert!(both < room, "{preset:?}: {both} of {room} picoseconds");
		});
	}
}

fn account(kind: &str, index: u32) -> AccountId {
	sp_io::hashing::blake2_256(&(kind, index).encode()).into()
}

/// An account with funds.
fn rich(kind: &str, index: u32) -> AccountId {
	let who = account(kind, index);
	assert_ok!(Balances::mint_into(&who, 10_000 * ASY));
	who
}

/// An operator that could validate, with this bond.
fn operator(kind: &str, index: u32, bond: u128) -> AccountId {
	let who = rich(kind, index);
	let all = vec![(Service::Consensus, MILLION)].try_into().expect("one service");
	let origin = || RuntimeOrigin::signed(who.clone());
	assert_ok!(Operator::register(origin(), who.clone(), all));
	if bond > 1_000 * ASY {
		assert_ok!(Operator::bond_more(origin(), bond - 1_000 * ASY));
	}
	let keys = crate::SessionKeys {
		babe: Sr25519Keyring::Eve.public().into(),
		grandpa: Ed25519Keyring::Eve.public().into(),
	};
	pallet_session::NextKeys::<Runtime>::insert(&who, keys);
	who
}

/// For how long this thread has computed; other processes on the machine do not count.
fn computed() -> Duration {
	let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
	let nanoseconds = statistics.split(' ').next().and_then(|number| number.parse().ok());
	Duration::from_nanos(nanoseconds.unwrap_or_default())
}

/// Executes calls until no more fit into what transactions may take of a block, the whole block
/// included, and compares that with the time it takes.
fn fill(name: &str, calls: impl IntoIterator<Item = (AccountId, RuntimeCall)>) {
	let limits: BlockWeights = <Runtime as frame_system::Config>::BlockWeights::get();
	let limit = limits.get(DispatchClass::Normal).max_total.expect("it is limited");
	let mut calls = calls.into_iter();
	let (mut used, mut executed) = (Weight::zero(), 0);
	let (begin, before) = (Instant::now(), computed());
	block(|| loop {
		let (who, call) = calls.next().expect("there are more than fit");
		let next = used.saturating_add(call.get_dispatch_info().call_weight);
		if !next.all_lte(limit) {
			break;
		}
		used = next;
		executed += 1;
		assert_ok!(call.dispatch(RuntimeOrigin::signed(who)));
	});
	let (took, computed) = (begin.elapsed(), computed() - before);
	let declared = Duration::from_nanos(used.ref_time() / 1_000);
	println!("{executed} times {name}: {computed:?} of {declared:?}, by the clock {took:?}");
	assert!(executed > 0);
	assert!(computed < declared, "{executed} times {name}: {computed:?} of {declared:?}");
	assert!(took < Duration::from_secs(2), "{executed} times {name} took {took:?}");
}

#[test]
fn m11_full_blocks_should_take_less_time_than_declared_when_calls_are_at_their_worst() {
	const MANY: u32 = 2_000;
	unstarted("development", json!({})).execute_with(|| {
		block(|| {});
		// All places are taken, so that every newcomer is compared with everybody.
		for index in 0..300 {
			let who = operator("candidate", index, 1_000 * ASY);
			if pallet_validators::Candidates::<Runtime>::count() < 300 {
				pallet_validators::Candidates::<Runtime>::insert(who, CandidateState::Ready);
			}
		}
		let newcomers: Vec<_> =
			(0..50).map(|index| operator("newcomer", index, 2_000 * ASY)).collect();
		let validate = || RuntimeCall::Validators(pallet_validators::Call::validate {});
		fill("validate", newcomers.into_iter().map(|who| (who, validate())));

		let operator = account("candidate", 7);
		let delegators: Vec<_> = (0..MANY).map(|index| rich("delegator", index)).collect();
		let by_all = |call: pallet_operators::Call<Runtime>| {
			let call = RuntimeCall::Operators(call);
			delegators.iter().map(move |who| (who.clone(), call.clone())).collect::<Vec<_>>()
		};
		use pallet_operators::Call;
		let amount = 100 * ASY;
		fill("delegate", by_all(Call::delegate { operator: operator.clone(), amount }));
		for who in &delegators {
			let origin = RuntimeOrigin::signed(who.clone());
			assert_ok!(Operator::delegate(origin, operator.clone(), amount));
		}
		fill("undelegate", by_all(Call::undelegate { operator: operator.clone(), amount }));
		let allocations: Vec<_> =
			Service::ALL.iter().map(|service| (*service, MILLION / 5)).collect();
		fill(
			"register",
			by_all(Call::register {
				payout: operator.clone(),
				allocations: allocations.try_into().expect("there are five"),
			}),
		);
	});
}
