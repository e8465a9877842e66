use frame_support::{
	assert_noop, assert_ok,
	dispatch::{DispatchInfo, GetDispatchInfo, Pays},
	traits::fungible::Inspect,
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

#[test]
fn restricted_proxy_should_move_no_funds_when_calls_are_nested() {
	for kind in [ProxyType::NonTransfer, ProxyType::WorkerOps] {
		with_proxy(kind, || {
			// //Charlie trusts //Alice with everything, which is the way out through a second proxy.
			assert_ok!(Proxy::add_proxy(
				RuntimeOrigin::signed(charlie()),
				alice().into(),
				ProxyType::Any,
				0
			));
			let before = (Balances::balance(&alice()), Balances::balance(&charlie()));
			let attempts = [
				transfer(),
				batch(vec![transfer()]),
				batch(vec![batch(vec![transfer()])]),
				proxied(charlie(), transfer()),
				batch(vec![proxied(charlie(), transfer())]),
				RuntimeCall::Proxy(pallet_proxy::Call::add_proxy {
					delegate: bob().into(),
					proxy_type: ProxyType::Any,
					delay: 0,
				}),
				RuntimeCall::Utility(pallet_utility::Call::as_derivative {
					index: 0,
					call: Box::new(transfer()),
				}),
				RuntimeCall::Multisig(pallet_multisig::Call::as_multi_threshold_1 {
					other_signatories: vec![bob()],
					call: Box::new(transfer()),
				}),
				RuntimeCall::Operators(pallet_operators::Call::set_payout { payout: bob() }),
				RuntimeCall::Sudo(pallet_sudo::Call::sudo {
					call: Box::new(RuntimeCall::Balances(pallet_balances::Call::force_transfer {
						source: alice().into(),
						dest: bob().into(),
						value: ASY,
					})),
				}),
			];
			for call in attempts {
				assert!(result_of(call.clone()).is_err(), "{kind:?} let {call:?} through");
			}
			assert_eq!((Balances::balance(&alice()), Balances::balance(&charlie())), before);
		});
	}
}

#[test]
fn worker_ops_proxy_should_run_workers() {
	with_proxy(ProxyType::WorkerOps, || {
		assert_ok!(RuntimeCall::Operators(pallet_operators::Call::register { payout: alice() })
			.dispatch(RuntimeOrigin::signed(alice())));
		let add = RuntimeCall::Operators(pallet_operators::Call::add_worker {
			hot_key: AccountId::new([7; 32]),
		});
		assert_ok!(result_of(batch(vec![add])));
	});
}

#[test]
fn proxy_type_should_not_be_superset_of_a_wider_one() {
	use frame_support::traits::InstanceFilter;
	let kinds = [ProxyType::Any, ProxyType::NonTransfer, ProxyType::WorkerOps];
	for (wide, a) in kinds.iter().enumerate() {
		for (narrow, b) in kinds.iter().enumerate() {
			assert_eq!(a.is_superset(b), wide <= narrow, "{a:?} over {b:?}");
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
