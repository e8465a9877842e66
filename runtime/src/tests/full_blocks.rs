//! A block full of one call at its worst takes less time than was declared.

use std::time::Duration;

use assay_economics::MILLION;
use assay_market::{Currency, MAX_DEVICES};
use codec::Encode;
use frame_support::{
	assert_ok,
	dispatch::{DispatchClass, GetDispatchInfo},
	traits::{fungible::Mutate, Get},
	weights::Weight,
	BoundedVec,
};
use frame_system::limits::BlockWeights;
use pallet_gpu_market::{Ask, Devices, Member, OfferId, Requirements, Terms};
use pallet_operators::{Service, WorkerId};
use pallet_validators::types::CandidateState;
use serde_json::json;
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};
use sp_runtime::traits::Dispatchable;

use super::{blocks::block, unstarted};
use crate::{AccountId, Balances, GpuMarket, Operators, Runtime, RuntimeCall, RuntimeOrigin, ASY};

fn account(kind: &str, index: u32) -> AccountId {
	sp_io::hashing::blake2_256(&(kind, index).encode()).into()
}

/// An account with funds.
fn rich(kind: &str, index: u32) -> AccountId {
	let who = account(kind, index);
	assert_ok!(Balances::mint_into(&who, 100_000 * ASY));
	who
}

/// An operator that answers for one service with this bond.
fn operator(kind: &str, index: u32, service: Service, bond: u128) -> AccountId {
	let who = rich(kind, index);
	let all = vec![(service, MILLION)].try_into().expect("one service");
	let origin = || RuntimeOrigin::signed(who.clone());
	assert_ok!(Operators::register(origin(), who.clone(), all));
	if bond > 1_000 * ASY {
		assert_ok!(Operators::bond_more(origin(), bond - 1_000 * ASY));
	}
	who
}

/// An operator that could validate, with this bond.
fn candidate(kind: &str, index: u32, bond: u128) -> AccountId {
	let who = operator(kind, index, Service::Consensus, bond);
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
	let (mut used, mut executed) = (Weight::zero(), 0);
	let before = computed();
	block(|| {
		for (who, call) in calls {
			let next = used.saturating_add(call.get_dispatch_info().call_weight);
			if !next.all_lte(limit) {
				break;
			}
			used = next;
			executed += 1;
			assert_ok!(call.dispatch(RuntimeOrigin::signed(who)));
		}
	});
	let computed = computed() - before;
	let declared = Duration::from_nanos(used.ref_time() / 1_000);
	println!("{executed} times {name}: {computed:?} of {declared:?}");
	let half = limit.ref_time() / 2;
	assert!(used.ref_time() > half, "{executed} times {name} are {declared:?}: not a full block");
	assert!(computed < declared, "{executed} times {name}: {computed:?} of {declared:?}");
}

#[test]
fn m11_full_blocks_should_take_less_time_than_declared_when_stake_moves() {
	const MANY: u32 = 2_000;
	unstarted("development", json!({})).execute_with(|| {
		block(|| {});
		// All places are taken, so that every newcomer is compared with everybody.
		for index in 0..300 {
			let who = candidate("candidate", index, 1_000 * ASY);
			if pallet_validators::Candidates::<Runtime>::count() < 300 {
				pallet_validators::Candidates::<Runtime>::insert(who, CandidateState::Ready);
			}
		}
		let newcomers: Vec<_> =
			(0..50).map(|index| candidate("newcomer", index, 2_000 * ASY)).collect();
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
			assert_ok!(Operators::delegate(origin, operator.clone(), amount));
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

/// A worker whose offer has as many devices as an offer can have.
struct Provider {
	key: AccountId,
	offer: OfferId,
}

fn devices() -> Devices {
	let all: Vec<_> = (0..MAX_DEVICES).map(|index| index.try_into().expect("it is 16")).collect();
	all.try_into().expect("it is 16")
}

fn provider(index: u32) -> Provider {
	let stake = pallet_gpu_market::Parameters::<Runtime>::get().lease_stake;
	let bond = stake * u128::from(MAX_DEVICES);
	let operator = operator("provider", index, Service::Market, bond.max(2_000 * ASY));
	let origin = || RuntimeOrigin::signed(operator.clone());
	let worker: WorkerId = pallet_operators::NextWorkerId::<Runtime>::get();
	let key = rich("worker", index);
	assert_ok!(Operators::add_worker(origin(), key.clone()));
	let round = pallet_proof_of_flops::CurrentRound::<Runtime>::get();
	for device in devices() {
		assert_ok!(Operators::add_device(origin(), worker, Default::default()));
		pallet_proof_of_flops::Standings::<Runtime>::insert(
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
	let offer = pallet_gpu_market::NextOffer::<Runtime>::get();
	let terms = Terms {
		price: ASY / 1_000,
		spot: None,
		minimum_duration: 1,
		maximum_duration: 1_000,
		maximum_count: MAX_DEVICES,
	};
	let region = BoundedVec::truncate_from(vec![b'r'; 32]);
	assert_ok!(GpuMarket::create_offer(
		origin(),
		worker,
		devices(),
		Currency::Native,
		1,
		region,
		terms
	));
	Provider { key, offer }
}

#[test]
fn m11_full_blocks_should_take_less_time_than_declared_when_devices_are_rented() {
	const MANY: u32 = 2_000;
	use pallet_gpu_market::Call;
	unstarted("development", json!({})).execute_with(|| {
		block(|| {});
		let providers: Vec<_> = (0..200).map(provider).collect();
		let renters: Vec<_> = (0..MANY).map(|index| rich("renter", index)).collect();
		let by_all = |call: &dyn Fn(usize) -> Call<Runtime>| {
			let numbered = renters.iter().enumerate();
			let calls = numbered.map(|(at, who)| (who.clone(), RuntimeCall::GpuMarket(call(at))));
			calls.collect::<Vec<_>>()
		};
		let ask = Ask {
			duration: 100,
			max_price: ASY,
			minimum_capacity: 1,
			spot: false,
			minimum_notice: 0,
		};
		let access = account("access", 0);
		// Every one of them asks all devices of other providers than the one before.
		let some = |at: usize| providers.iter().cycle().skip(at % providers.len()).take(16);
		let next = || pallet_gpu_market::NextLease::<Runtime>::get();

		let requirements = Requirements {
			ask,
			count: MAX_DEVICES,
			currency: Currency::Native,
			minimum_memory_mib: 1,
			region: Some(BoundedVec::truncate_from(vec![b'r'; 32])),
		};
		fill(
			"rent_matching",
			by_all(&|at| Call::rent_matching {
				offers: BoundedVec::truncate_from(some(at).map(|one| one.offer).collect()),
				requirements: requirements.clone(),
				access: access.clone(),
				top_up: None,
			}),
		);

		let first = next();
		let member = |one: &Provider| Member { offer: one.offer, count: MAX_DEVICES, ask };
		let clusters = by_all(&|at| Call::rent_cluster {
			members: BoundedVec::truncate_from(some(at).map(member).collect()),
			access: access.clone(),
			top_up: None,
		});
		fill("rent_cluster", clusters.clone());
		// Fewer of them fit a block than of their ends.
		let rented = usize::try_from(next() - first).expect("they fit a block") / 16;
		for (who, cluster) in clusters.into_iter().take(100).skip(rented) {
			assert_ok!(cluster.dispatch(RuntimeOrigin::signed(who)));
		}
		let ends = renters
			.iter()
			.zip((first..next()).step_by(16))
			.map(|(who, lease)| (who.clone(), RuntimeCall::GpuMarket(Call::end { lease })));
		fill("end", ends);

		let first = next();
		fill(
			"rent",
			by_all(&|at| Call::rent {
				offer: providers[at % providers.len()].offer,
				count: MAX_DEVICES,
				ask,
				access: access.clone(),
				top_up: None,
			}),
		);
		let ready = providers.iter().zip(first..).map(|(provider, lease)| {
			let call = Call::ready { lease, devices: devices() };
			(provider.key.clone(), RuntimeCall::GpuMarket(call))
		});
		fill("ready", ready);
	});
}
