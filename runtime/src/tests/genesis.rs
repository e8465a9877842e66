use frame_support::traits::{
	fungibles::{roles::Inspect as _, Inspect as _},
	Get,
};
use pallet_operators::Staking;
use serde_json::json;
use sp_core::sr25519;
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};
use std::panic::{catch_unwind, AssertUnwindSafe};

use super::{alice, chain, genesis};
use crate::{
	configs::{credits_issuer, FLOPS_ASSET},
	timing, Assets, Babe, Operators, Runtime, Session, ASY,
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
		assert_eq!(Session::validators(), vec![Sr25519Keyring::AliceStash.to_account_id()]);
		let authorities: Vec<_> = Babe::authorities().into_iter().map(|(key, _)| key).collect();
		assert_eq!(authorities, vec![sr25519::Public::from(Sr25519Keyring::Alice).into()]);
	});
	chain("local_testnet", json!({})).execute_with(|| {
		let accounts = [
			Sr25519Keyring::AliceStash,
			Sr25519Keyring::BobStash,
			Sr25519Keyring::CharlieStash,
			Sr25519Keyring::DaveStash,
		]
		.map(|key| key.to_account_id());
		assert_eq!(Session::validators(), accounts);
		for account in accounts {
			let stake = Operators::consensus_stake(&account);
			assert_eq!((stake.own, stake.delegated), (100_000 * ASY, 0));
			assert_eq!(stake.weight, 100_000 * ASY);
		}
	});
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
	for epochs in [0, 13, 15, 27, 100] {
		assert!(refused(json!({ "timing": { "unbondingEpochs": epochs } })), "{epochs}");
	}
	assert!(refused(json!({ "timing": { "epochLength": 1 << 27, "unbondingEpochs": 14 } })));
	// Faults could be proven for longer than the delays reckon with.
	assert!(refused(json!({ "timing": { "epochLength": 12 } })));
	assert!(refused(json!({ "proofOfFlops": { "parameters": { "revealWindow": 60 } } })));
	assert!(refused(json!({ "operators": { "policy": { "stakePerCost": 1 } } })));
	assert!(refused(json!({ "operators": { "policy": { "bountyPpm": 500_000 } } })));
	assert!(refused(json!({ "validators": { "limits": { "minimum": 0 } } })));
	assert!(refused(json!({ "validators": { "limits": { "minimum": 11 } } })));
	assert!(refused(json!({ "validators": { "limits": { "maximum": 101 } } })));
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
