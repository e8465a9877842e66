use frame_support::{
	assert_noop, assert_ok,
	dispatch::{DispatchInfo, GetDispatchInfo, Pays},
	traits::{fungible::Inspect, InstanceFilter},
};
use serde_json::json;
use sp_runtime::{
	traits::{DispatchTransaction, Dispatchable},
	DispatchError,
};

use super::{alice, bob, chain, charlie};
use crate::{
	configs::{ProxyType, FLOPS_ASSET},
	AccountId, Assets, Balances, Proxy, Runtime, RuntimeCall, RuntimeEvent, RuntimeOrigin, System,
	ASY,
};

fn transfer() -> RuntimeCall {
	RuntimeCall::Balances(pallet_balances::Call::transfer_allow_death {
		dest: charlie().into(),
		value: ASY,
	})
}

fn batch(calls: Vec<RuntimeCall>) -> RuntimeCall {
	RuntimeCall::Utility(pallet_utility::Call::batch_all { calls })
}

fn proxied(real: AccountId, call: RuntimeCall) -> RuntimeCall {
	RuntimeCall::Proxy(pallet_proxy::Call::proxy {
		real: real.into(),
		force_proxy_type: None,
		call: Box::new(call),
	})
}

/// What `call` came to when //Bob made it as the proxy of //Alice.
fn result_of(call: RuntimeCall) -> Result<(), DispatchError> {
	System::reset_events();
	let origin = RuntimeOrigin::signed(bob());
	proxied(alice(), call).dispatch(origin).map_err(|failed| failed.error)?;
	System::events()
		.into_iter()
		.find_map(|record| match record.event {
			RuntimeEvent::Proxy(pallet_proxy::Event::ProxyExecuted { result }) => Some(result),
			_ => None,
		})
		.expect("the proxy tells what its call came to")
}

/// All kinds that may not do everything.
const RESTRICTED: [ProxyType; 4] =
	[ProxyType::NonTransfer, ProxyType::WorkerOps, ProxyType::Governance, ProxyType::ValidatorOps];

fn register(operator: AccountId) {
	let call = pallet_operators::Call::register {
		payout: operator.clone(),
		allocations: Default::default(),
	};
	assert_ok!(RuntimeCall::Operators(call).dispatch(RuntimeOrigin::signed(operator)));
}

fn with_proxy(kind: ProxyType, test: impl FnOnce()) {
	chain("development", json!({})).execute_with(|| {
		assert_ok!(Proxy::add_proxy(RuntimeOrigin::signed(alice()), bob().into(), kind, 0));
		test()
	});
}

#[test]
fn proxy_should_move_funds_when_it_may_do_anything() {
	with_proxy(ProxyType::Any, || {
		let before = Balances::balance(&charlie());
		assert_ok!(result_of(batch(vec![transfer()])));
		assert_eq!(Balances::balance(&charlie()), before + ASY);
	});
}

/// Calls that would carry //Alice's funds or those of others away, in themselves.
fn escapes() -> Vec<RuntimeCall> {
	use pallet_operators::Call as Operators;
	let operators = [
		Operators::register { payout: bob(), allocations: Default::default() },
		Operators::set_payout { payout: bob() },
		Operators::set_commission { commission_ppm: 0 },
		// //Bob gets itself convicted, and a second account of it the bounty.
		Operators::delegate { operator: bob(), amount: 100 * ASY },
		Operators::redelegate { from: charlie(), to: bob(), amount: 100 * ASY },
	];
	let others = [
		transfer(),
		RuntimeCall::Balances(pallet_balances::Call::burn { value: ASY, keep_alive: true }),
		RuntimeCall::Assets(pallet_assets::Call::transfer {
			id: FLOPS_ASSET.into(),
			target: bob().into(),
			amount: 1,
		}),
		// //Charlie trusts //Alice with everything, which is the way out through a second proxy.
		proxied(charlie(), transfer()),
		RuntimeCall::Proxy(pallet_proxy::Call::add_proxy {
			delegate: bob().into(),
			proxy_type: ProxyType::Any,
			delay: 0,
		}),
		RuntimeCall::Multisig(pallet_multisig::Call::as_multi_threshold_1 {
			other_signatories: vec![bob()],
			call: Box::new(transfer()),
		}),
		RuntimeCall::Sudo(pallet_sudo::Call::sudo { call: Box::new(transfer()) }),
	];
	operators.map(RuntimeCall::Operators).into_iter().chain(others).collect()
}

/// Calls that put session keys in place, with which one can equivocate and prove it.
fn session_calls() -> Vec<RuntimeCall> {
	let keys = crate::SessionKeys {
		babe: sp_core::sr25519::Public::from_raw([1; 32]).into(),
		grandpa: sp_core::ed25519::Public::from_raw([1; 32]).into(),
	};
	vec![RuntimeCall::Session(pallet_session::Call::set_keys { keys, proof: vec![] })]
}

/// Calls that move stake, though not to others.
fn stake_calls() -> Vec<RuntimeCall> {
	use pallet_operators::{Call as Operators, Service};
	[
		Operators::bond_more { amount: ASY },
		Operators::unbond { amount: ASY },
		Operators::withdraw {},
		Operators::retire {},
		Operators::undelegate { operator: bob(), amount: ASY },
		Operators::withdraw_delegation { operator: bob() },
		Operators::claim_rewards { operator: bob() },
		Operators::allocate { service: Service::Consensus, share_ppm: 1 },
	]
	.map(RuntimeCall::Operators)
	.into()
}

fn worker_calls() -> Vec<RuntimeCall> {
	use pallet_operators::Call as Operators;
	let hot_key = AccountId::new([7; 32]);
	[
		Operators::add_worker { hot_key: hot_key.clone() },
		Operators::rotate_key { worker: 0, new_key: hot_key },
		Operators::remove_worker { worker: 0 },
	]
	.map(RuntimeCall::Operators)
	.into()
}

fn governance_calls() -> Vec<RuntimeCall> {
	use pallet_conviction_voting::{AccountVote, Conviction, Vote};
	let vote = Vote { aye: true, conviction: Conviction::None };
	vec![
		RuntimeCall::ConvictionVoting(pallet_conviction_voting::Call::vote {
			poll_index: 0,
			vote: AccountVote::Standard { vote, balance: ASY },
		}),
		RuntimeCall::Referenda(pallet_referenda::Call::place_decision_deposit { index: 0 }),
		RuntimeCall::Preimage(pallet_preimage::Call::note_preimage { bytes: vec![1] }),
	]
}

fn validator_calls() -> Vec<RuntimeCall> {
	vec![
		RuntimeCall::Validators(pallet_validators::Call::validate {}),
		RuntimeCall::Validators(pallet_validators::Call::stop_validating {}),
		RuntimeCall::Validators(pallet_validators::Call::remove_keys {}),
	]
}

/// The call, and all ways to carry it in another one that the SDK knows.
fn wrapped(call: &RuntimeCall) -> Vec<RuntimeCall> {
	let boxed = || Box::new(call.clone());
	vec![
		call.clone(),
		batch(vec![call.clone()]),
		batch(vec![batch(vec![call.clone()])]),
		RuntimeCall::Utility(pallet_utility::Call::if_else { main: boxed(), fallback: boxed() }),
		RuntimeCall::Utility(pallet_utility::Call::as_derivative { index: 0, call: boxed() }),
		proxied(charlie(), call.clone()),
		batch(vec![proxied(charlie(), call.clone())]),
		RuntimeCall::Multisig(pallet_multisig::Call::as_multi_threshold_1 {
			other_signatories: vec![bob()],
			call: boxed(),
		}),
	]
}

fn was_filtered(result: Result<(), DispatchError>) -> bool {
	result == Err(frame_system::Error::<Runtime>::CallFiltered.into())
}

#[test]
fn restricted_proxy_should_move_no_funds_when_calls_are_nested() {
	for kind in RESTRICTED {
		with_proxy(kind, || {
			assert_ok!(Proxy::add_proxy(
				RuntimeOrigin::signed(charlie()),
				alice().into(),
				ProxyType::Any,
				0
			));
			// Otherwise some calls would fail for another reason.
			register(alice());
			register(bob());
			let total = |account| Balances::total_balance(&account);
			let before = (total(alice()), total(charlie()));
			for call in escapes().iter().flat_map(wrapped) {
				let result = result_of(call.clone());
				assert!(was_filtered(result), "{kind:?} let {call:?} through: {result:?}");
			}
			assert_eq!((total(alice()), total(charlie())), before);
		});
	}
}

#[test]
fn restricted_proxy_should_do_nothing_beyond_its_kind() {
	let groups = [
		(stake_calls(), vec![ProxyType::NonTransfer]),
		(worker_calls(), vec![ProxyType::NonTransfer, ProxyType::WorkerOps]),
		(governance_calls(), vec![ProxyType::NonTransfer, ProxyType::Governance]),
		(session_calls(), vec![ProxyType::ValidatorOps]),
		(validator_calls(), vec![ProxyType::ValidatorOps]),
	];
	for kind in RESTRICTED {
		with_proxy(kind, || {
			for (calls, kinds) in &groups {
				for call in calls {
					for carried in [call.clone(), batch(vec![call.clone()])] {
						let filtered = was_filtered(result_of(carried));
						assert_eq!(filtered, !kinds.contains(&kind), "{kind:?} and {call:?}");
					}
				}
			}
		});
	}
}

#[test]
fn worker_ops_proxy_should_run_workers() {
	with_proxy(ProxyType::WorkerOps, || {
		register(alice());
		let add = RuntimeCall::Operators(pallet_operators::Call::add_worker {
			hot_key: AccountId::new([7; 32]),
		});
		assert_ok!(result_of(batch(vec![add])));
	});
}

#[test]
fn proxy_type_should_allow_all_that_a_narrower_one_does() {
	let calls: Vec<_> = [
		escapes(),
		stake_calls(),
		worker_calls(),
		governance_calls(),
		session_calls(),
		validator_calls(),
		vec![batch(vec![])],
	]
	.concat();
	let kinds = [[ProxyType::Any].as_slice(), &RESTRICTED].concat();
	for wide in &kinds {
		assert!(wide.is_superset(wide));
		assert!(ProxyType::Any.is_superset(wide));
		for narrow in &kinds {
			// Whoever is a superset may make proxies of the other kind for the account.
			let covers = calls.iter().all(|call| wide.filter(call) || !narrow.filter(call));
			assert_eq!(wide.is_superset(narrow), covers, "{wide:?} over {narrow:?}");
		}
	}
}

#[test]
fn credits_should_not_be_minted_by_a_transaction() {
	chain("development", json!({})).execute_with(|| {
		let mint = RuntimeCall::Assets(pallet_assets::Call::mint {
			id: FLOPS_ASSET.into(),
			beneficiary: alice().into(),
			amount: 1,
		});
		// Even when root made //Alice the issuer.
		assert_ok!(Assets::force_asset_status(
			RuntimeOrigin::root(),
			FLOPS_ASSET.into(),
			alice().into(),
			alice().into(),
			alice().into(),
			alice().into(),
			1,
			true,
			false,
		));
		assert_noop!(
			mint.dispatch(RuntimeOrigin::signed(alice())).map_err(|failed| failed.error),
			frame_system::Error::<Runtime>::CallFiltered
		);
	});
}

#[test]
fn fee_should_go_back_except_for_the_tip_when_a_call_pays_no() {
	chain("development", json!({})).execute_with(|| {
		let call = RuntimeCall::System(frame_system::Call::remark { remark: vec![] });
		let info = DispatchInfo { pays_fee: Pays::Yes, ..call.get_dispatch_info() };
		let tip = ASY;
		let before = Balances::balance(&alice());
		let extension = pallet_transaction_payment::ChargeTransactionPayment::<Runtime>::from(tip);
		assert_ok!(extension
			.test_run(RuntimeOrigin::signed(alice()), &call, &info, 100, 0, |_| {
				assert!(Balances::balance(&alice()) < before - tip, "the fee is paid first");
				Ok(Pays::No.into())
			})
			.expect("valid"));
		assert_eq!(Balances::balance(&alice()), before - tip);
	});
}
