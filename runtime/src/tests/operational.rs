//! Whose operational calls reach a pool.

use frame_support::{
	assert_ok,
	dispatch::{DispatchClass, GetDispatchInfo},
};
use serde_json::json;
use sp_runtime::{
	traits::{DispatchTransaction, TransactionExtension, Zero},
	transaction_validity::{
		InvalidTransaction, TransactionSource::External, TransactionValidityError,
	},
};

use super::{alice, bob, chain, charlie, governance};
use crate::{
	operational::CheckOperational, AccountId, Operators, Runtime, RuntimeCall, RuntimeOrigin,
	System, VERSION,
};

fn checked(who: AccountId, call: &RuntimeCall) -> Result<(), TransactionValidityError> {
	let (info, length) = (call.get_dispatch_info(), 0);
	CheckOperational
		.validate_only(RuntimeOrigin::signed(who), call, &info, length, External, 0)
		.map(drop)
}

fn heartbeat() -> RuntimeCall {
	RuntimeCall::GpuMarket(pallet_gpu_market::Call::heartbeat {})
}

fn sudo(call: RuntimeCall) -> RuntimeCall {
	RuntimeCall::Sudo(pallet_sudo::Call::sudo { call: call.into() })
}

fn remark() -> RuntimeCall {
	RuntimeCall::System(frame_system::Call::remark { remark: vec![] })
}

const BAD_SIGNER: Result<(), TransactionValidityError> =
	Err(TransactionValidityError::Invalid(InvalidTransaction::BadSigner));
const BAD_CALL: Result<(), TransactionValidityError> =
	Err(TransactionValidityError::Invalid(InvalidTransaction::Call));

#[test]
fn m14_duties_should_be_taken_from_workers_alone() {
	chain("development", json!({})).execute_with(|| {
		let key = AccountId::new([7; 32]);
		let all = vec![(pallet_operators::Service::Market, 1_000_000)];
		let all = all.try_into().expect("one service");
		assert_ok!(Operators::register(RuntimeOrigin::signed(bob()), bob(), all));
		let commit =
			pallet_proof_of_flops::Call::commit { device: 0, tiles: 1, root: [1; 32].into() };
		let reveal = pallet_proof_of_flops::Call::reveal {
			round: 1,
			device: 0,
			openings: Default::default(),
		};
		let duties = [heartbeat(), commit.into(), reveal.into()];
		for duty in &duties {
			assert_eq!(checked(key.clone(), duty), BAD_SIGNER);
		}
		assert_ok!(Operators::add_worker(RuntimeOrigin::signed(bob()), key.clone()));
		for duty in &duties {
			assert_eq!(duty.get_dispatch_info().class, DispatchClass::Operational);
			assert_ok!(checked(key.clone(), duty));
			assert_eq!(checked(bob(), duty), BAD_SIGNER, "an operator is no worker");
		}
	});
}

#[test]
fn m14_operational_calls_should_be_refused_when_they_are_wrapped() {
	chain("development", json!({})).execute_with(|| {
		let duties = || vec![heartbeat(); 3];
		let wrapped: [RuntimeCall; 5] = [
			pallet_utility::Call::batch { calls: duties() }.into(),
			pallet_utility::Call::batch_all { calls: duties() }.into(),
			pallet_utility::Call::as_derivative { index: 0, call: heartbeat().into() }.into(),
			pallet_proxy::Call::proxy {
				real: bob().into(),
				force_proxy_type: None,
				call: heartbeat().into(),
			}
			.into(),
			pallet_multisig::Call::as_multi_threshold_1 {
				other_signatories: vec![bob()],
				call: heartbeat().into(),
			}
			.into(),
		];
		for call in wrapped {
			assert_eq!(call.get_dispatch_info().class, DispatchClass::Operational, "{call:?}");
			assert_eq!(checked(alice(), &call), BAD_CALL, "{call:?}");
		}
	});
}

#[test]
fn m14_sudo_should_be_taken_from_its_key_alone() {
	chain("development", json!({})).execute_with(|| {
		assert_eq!(pallet_sudo::Key::<Runtime>::get(), Some(alice()));
		assert_ok!(checked(alice(), &sudo(heartbeat())));
		assert_eq!(checked(charlie(), &sudo(heartbeat())), BAD_SIGNER);
		pallet_sudo::Key::<Runtime>::kill();
		assert_eq!(checked(alice(), &sudo(heartbeat())), BAD_SIGNER);
	});
}

#[test]
fn m14_runtime_should_be_taken_from_anybody_when_it_was_authorised() {
	governance::chain_with_executor().execute_with(|| {
		let code = governance::wasm(VERSION.spec_version + 1);
		let apply = |code: &[u8]| {
			RuntimeCall::System(frame_system::Call::apply_authorized_upgrade {
				code: code.to_vec(),
			})
		};
		assert_eq!(checked(charlie(), &apply(&code)), BAD_CALL);
		let hash = sp_io::hashing::blake2_256(&code).into();
		assert_ok!(System::authorize_upgrade(RuntimeOrigin::root(), hash));
		assert_ok!(checked(charlie(), &apply(&code)));
		assert_eq!(checked(charlie(), &apply(&code[1..])), BAD_CALL);
		let set_code = RuntimeCall::System(frame_system::Call::set_code { code });
		assert_eq!(checked(alice(), &set_code), BAD_CALL);
	});
}

#[test]
fn m14_other_calls_should_pass_and_weigh_nothing() {
	chain("development", json!({})).execute_with(|| {
		assert_ok!(checked(charlie(), &remark()));
		let mixed = vec![heartbeat(), remark()];
		assert_ok!(checked(charlie(), &pallet_utility::Call::batch { calls: mixed }.into()));
		assert!(CheckOperational.weight(&remark()).is_zero());
		assert!(!CheckOperational.weight(&heartbeat()).is_zero());
	});
}

#[test]
fn wallets_should_not_see_what_adds_nothing_to_a_transaction() {
	assert!(<CheckOperational as TransactionExtension<RuntimeCall>>::metadata().is_empty());
	assert!(codec::Encode::encode(&CheckOperational).is_empty());
}
