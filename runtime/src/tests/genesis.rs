use frame_support::traits::{
	fungibles::{roles::Inspect as _, Inspect as _},
	Get,
};
use serde_json::json;
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};
use std::panic::{catch_unwind, AssertUnwindSafe};

use super::{alice, chain, genesis};
use crate::{
	configs::{credits_issuer, FLOPS_ASSET},
	timing, Assets, Babe, Runtime, Session,
};

#[test]
fn preset_should_build_when_it_is_listed() {
	for name in crate::genesis::preset_names() {
		chain(name.as_str(), json!({})).execute_with(|| {
			assert_eq!(Assets::total_issuance(FLOPS_ASSET), 0);
			assert!(Assets::asset_exists(FLOPS_ASSET));
		});
	}
}

#[test]
fn preset_should_be_unknown_when_it_is_not_listed() {
	assert!(crate::genesis::get_preset(&"mainnet".into()).is_none());
}

#[test]
fn validators_should_be_those_of_the_preset() {
	chain("development", json!({})).execute_with(|| {
		assert_eq!(Session::validators(), vec![alice()]);
		assert_eq!(Babe::authorities().len(), 1);
	});
	chain("local_testnet", json!({})).execute_with(|| assert_eq!(Session::validators().len(), 4));
}

#[test]
fn m16_live_should_have_no_sudo_and_no_well_known_key() {
	chain("live", json!({})).execute_with(|| assert_eq!(pallet_sudo::Key::<Runtime>::get(), None));
	let text = genesis("live", json!({})).to_string();
	for key in Sr25519Keyring::iter() {
		assert!(!text.contains(&key.to_account_id().to_string()), "live names {key:?}");
	}
	for key in Ed25519Keyring::iter() {
		assert!(!text.contains(&key.to_account_id().to_string()), "live names {key:?}");
	}
	// The same search finds them where they are.
	let text = genesis("development", json!({})).to_string();
	assert!(text.contains(&alice().to_string()));
}

#[test]
fn live_epoch_should_be_long_enough_for_babe_randomness() {
	chain("live", json!({}))
		.execute_with(|| assert!(timing::EpochLength::<Runtime>::get() >= 1_300));
}

#[test]
fn block_weight_should_be_a_third_of_the_slot() {
	let limit = || {
		let weights: frame_system::limits::BlockWeights =
			<Runtime as frame_system::Config>::BlockWeights::get();
		weights.validate().expect("the weights are consistent").max_block.ref_time()
	};
	// 10⁹ units of reference time are a millisecond.
	chain("development", json!({})).execute_with(|| assert_eq!(limit(), 333_000_000_000));
	chain("live", json!({})).execute_with(|| assert_eq!(limit(), 2_000_000_000_000));
}

#[test]
fn genesis_should_be_refused_when_it_contradicts_itself() {
	let refused = |patch: serde_json::Value| {
		catch_unwind(AssertUnwindSafe(|| chain("development", patch))).is_err()
	};
	assert!(!refused(json!({})));
	assert!(refused(json!({ "timing": { "slotDuration": 10 } })));
	assert!(refused(json!({ "timing": { "epochLength": 3 } })));
	assert!(refused(json!({ "beacon": { "delay": 0 } })));
	assert!(refused(json!({ "proofOfFlops": { "parameters": { "window": 0 } } })));
	assert!(refused(json!({ "unknownPallet": {} })));
}

#[test]
fn credits_account_should_be_nobodys() {
	chain("development", json!({})).execute_with(|| {
		let issuer = Assets::issuer(FLOPS_ASSET);
		assert_eq!(issuer, Some(credits_issuer()));
		for key in Sr25519Keyring::iter() {
			assert_ne!(issuer, Some(key.to_account_id()));
		}
	});
}
