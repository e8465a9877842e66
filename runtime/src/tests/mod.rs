//! The runtime as a whole: presets, proxies, who may mint, what weights follow, what validators earn,
//! and what referenda do.

mod accounts;
mod blocks;
mod economics;
mod equivocations;
mod full_blocks;
mod genesis;
mod governance;
mod operational;
mod pause;
mod timing;
mod weights;

use frame_support::genesis_builder_helper::get_preset;
use serde_json::Value;
use sp_io::TestExternalities;
use sp_keyring::Sr25519Keyring;

use crate::{genesis as presets, AccountId, RuntimeGenesisConfig, System};

/// Writes `patch` over `base`, object by object.
fn merge(base: &mut Value, patch: Value) {
	match (base, patch) {
		(Value::Object(base), Value::Object(patch)) => {
			for (key, value) in patch {
				merge(base.entry(key).or_insert(Value::Null), value);
			}
		}
		(base, patch) => *base = patch,
	}
}

/// The full genesis of a preset with `patch` over it.
fn genesis(preset: &str, patch: Value) -> Value {
	let bytes = get_preset::<RuntimeGenesisConfig>(&None, |_| None).expect("default exists");
	let mut config: Value = serde_json::from_slice(&bytes).expect("default is JSON");
	let bytes = presets::get_preset(&preset.into()).expect("preset exists");
	merge(&mut config, serde_json::from_slice(&bytes).expect("preset is JSON"));
	merge(&mut config, patch);
	config
}

/// A chain at its genesis that was begun with the preset and `patch` over it.
fn unstarted(preset: &str, patch: Value) -> TestExternalities {
	let config = genesis(preset, patch);
	let mut externalities = TestExternalities::default();
	externalities.execute_with(|| {
		presets::build(config.to_string().into_bytes())
			.unwrap_or_else(|error| panic!("the genesis of {preset} does not build: {error}"));
	});
	externalities
}

/// The same chain at block 1, without having executed it.
fn chain(preset: &str, patch: Value) -> TestExternalities {
	let mut externalities = unstarted(preset, patch);
	externalities.execute_with(|| System::set_block_number(1));
	externalities
}

fn alice() -> AccountId {
	Sr25519Keyring::Alice.to_account_id()
}

fn bob() -> AccountId {
	Sr25519Keyring::Bob.to_account_id()
}

fn charlie() -> AccountId {
	Sr25519Keyring::Charlie.to_account_id()
}
