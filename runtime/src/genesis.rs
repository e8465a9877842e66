//! The presets: what a network's first state is.
//!
//! | preset | slot | epoch | validators | sudo |
//! | --- | --- | --- | --- | --- |
//! | `development` | 1 s | 1 minute | //Alice | //Alice |
//! | `local_testnet` | 1 s | 1 minute | //Alice, //Bob, //Charlie, //Dave | //Alice |
//! | `live` | 6 s | 4 hours | none: a launch adds them | none |
//!
//! Epochs of the first two are shorter than the 256 blocks after which BABE's own randomness depends on
//! them: they are predictable, which is fine on a developer's machine and nowhere else.

use alloc::{string::ToString, vec, vec::Vec};
use assay_flops::Parameters;
use serde_json::{json, Value};
use sp_consensus_babe::AuthorityId as BabeId;
use sp_consensus_grandpa::AuthorityId as GrandpaId;
use sp_core::{ed25519, sr25519};
use sp_genesis_builder::PresetId;
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};

use crate::{
	apis::BABE_GENESIS_EPOCH_CONFIG,
	configs::{credits_issuer, FLOPS_ASSET},
	AccountId, Balance, SessionKeys, ASY,
};

/// Name of the preset of a chain with one validator on a developer's machine.
pub const DEVELOPMENT: &str = sp_genesis_builder::DEV_RUNTIME_PRESET;
/// Name of the preset of a chain with four validators on one machine.
pub const LOCAL_TESTNET: &str = sp_genesis_builder::LOCAL_TESTNET_RUNTIME_PRESET;
/// Name of the preset of a public network, to which a launch adds validators and balances.
pub const LIVE: &str = "live";

/// Native tokens of each well-known account of the development presets.
const ENDOWMENT: Balance = 1_000_000 * ASY;

/// A validator of genesis: its account and session keys.
type Validator = (AccountId, BabeId, GrandpaId);

fn validator(account: Sr25519Keyring, finality: Ed25519Keyring) -> Validator {
	(
		account.to_account_id(),
		BabeId::from(sr25519::Public::from(account)),
		GrandpaId::from(ed25519::Public::from(finality)),
	)
}

fn preset(
	slot_duration: u64,
	epoch_length: u64,
	parameters: Parameters,
	validators: &[Validator],
	endowed: &[AccountId],
	sudo: Option<AccountId>,
) -> Value {
	json!({
		"timing": { "slotDuration": slot_duration, "epochLength": epoch_length },
		"balances": {
			"balances": endowed.iter().map(|account| (account, ENDOWMENT)).collect::<Vec<_>>(),
		},
		"babe": { "authorities": [], "epochConfig": BABE_GENESIS_EPOCH_CONFIG },
		"session": {
			"keys": validators
				.iter()
				.map(|(account, babe, grandpa)| {
					let keys = SessionKeys { babe: babe.clone(), grandpa: grandpa.clone() };
					(account, account, keys)
				})
				.collect::<Vec<_>>(),
		},
		"assets": {
			"assets": [(FLOPS_ASSET, credits_issuer(), true, 1)],
			"metadata": [(FLOPS_ASSET, b"FLOPS credit".to_vec(), b"FLOPS".to_vec(), 12)],
		},
		"beacon": { "delay": parameters.delay },
		"proofOfFlops": { "parameters": parameters },
		"sudo": { "key": sudo },
	})
}

fn endowed() -> Vec<AccountId> {
	Sr25519Keyring::well_known().map(|key| key.to_account_id()).collect()
}

/// The preset's JSON, as a patch of the default genesis.
pub fn get_preset(id: &PresetId) -> Option<Vec<u8>> {
	let value = match id.as_str() {
		DEVELOPMENT => preset(
			1_000,
			60,
			Parameters::DEVELOPMENT,
			&[validator(Sr25519Keyring::Alice, Ed25519Keyring::Alice)],
			&endowed(),
			Some(Sr25519Keyring::Alice.to_account_id()),
		),
		LOCAL_TESTNET => preset(
			1_000,
			60,
			Parameters::DEVELOPMENT,
			&[
				validator(Sr25519Keyring::Alice, Ed25519Keyring::Alice),
				validator(Sr25519Keyring::Bob, Ed25519Keyring::Bob),
				validator(Sr25519Keyring::Charlie, Ed25519Keyring::Charlie),
				validator(Sr25519Keyring::Dave, Ed25519Keyring::Dave),
			],
			&endowed(),
			Some(Sr25519Keyring::Alice.to_account_id()),
		),
		LIVE => preset(6_000, 2_400, Parameters::LIVE, &[], &[], None),
		_ => return None,
	};
	Some(value.to_string().into_bytes())
}

/// The presets' names.
pub fn preset_names() -> Vec<PresetId> {
	vec![PresetId::from(DEVELOPMENT), PresetId::from(LOCAL_TESTNET), PresetId::from(LIVE)]
}
