//! What a live chain must not contain (M16, M17): a sudo key, or a key whose secret is public.
//!
//! The genesis storage is searched as bytes, so that no place is forgotten: authorities, session
//! keys, balances, proxies and whatever pallets come later.

use std::collections::HashMap;

use sc_service::{ChainSpec, ChainType};
use sp_core::{
	crypto::{Pair, DEV_PHRASE},
	ecdsa, ed25519, sr25519,
	storage::{well_known_keys, Storage},
};
use sp_io::hashing::twox_128;
use sp_runtime::{traits::IdentifyAccount, MultiSigner};

use crate::problem::Problem;

/// Names derived from the development phrase that tools and tutorials use; the first is the
/// phrase itself.
const NAMES: [&str; 9] =
	["", "//Alice", "//Bob", "//Charlie", "//Dave", "//Eve", "//Ferdie", "//One", "//Two"];

/// Is this a chain on which real value may depend? A custom type counts: only development and
/// local chains say of themselves that they do not matter.
pub(crate) fn is_live(chain_type: &ChainType) -> bool {
	!matches!(chain_type, ChainType::Development | ChainType::Local)
}

/// Refuses a live chain whose genesis has a sudo key or trusts a well-known key. Other chains
/// pass unread.
pub(crate) fn ensure_exportable(specification: &dyn ChainSpec) -> Result<(), Problem> {
	fit_storage(specification).map(|_| ())
}

/// As [`ensure_exportable`], and refuses a live chain that nobody could ever make a block of. It
/// is better said before a database with that genesis exists.
pub(crate) fn ensure_startable(specification: &dyn ChainSpec) -> Result<(), Problem> {
	match fit_storage(specification)? {
		Some(storage) => ensure_authors(&storage),
		None => Ok(()),
	}
}

/// The genesis storage of a live chain, after the checks; `None` for other chains.
fn fit_storage(specification: &dyn ChainSpec) -> Result<Option<Storage>, Problem> {
	if !is_live(&specification.chain_type()) {
		return Ok(None);
	}
	let storage = specification.as_storage_builder().build_storage().map_err(Problem::Genesis)?;
	ensure_no_sudo(&storage)?;
	ensure_no_well_known_key(&storage)?;
	Ok(Some(storage))
}

fn value_key(pallet: &str, item: &str) -> Vec<u8> {
	[twox_128(pallet.as_bytes()), twox_128(item.as_bytes())].concat()
}

fn ensure_authors(storage: &Storage) -> Result<(), Problem> {
	for pallet in ["Babe", "Grandpa"] {
		// An empty vector is encoded as one zero byte: its length.
		match storage.top.get(&value_key(pallet, "Authorities")).and_then(|value| value.first()) {
			None | Some(0) => return Err(Problem::NoAuthors),
			Some(_) => {}
		}
	}
	Ok(())
}

fn ensure_no_sudo(storage: &Storage) -> Result<(), Problem> {
	if storage.top.contains_key(&value_key("Sudo", "Key")) {
		return Err(Problem::Sudo);
	}
	Ok(())
}

fn ensure_no_well_known_key(storage: &Storage) -> Result<(), Problem> {
	let known = well_known_public_keys();
	let children = storage.children_default.values().flat_map(|child| child.data.iter());
	for (key, value) in storage.top.iter().chain(children) {
		// The code holds the development presets themselves, and is no state.
		if key == well_known_keys::CODE {
			continue;
		}
		let windows = key.windows(32).chain(value.windows(32));
		if let Some(owner) = windows.filter_map(|window| known.get(window)).next() {
			return Err(Problem::WellKnownKey {
				owner: owner.clone(),
				entry: sp_core::hexdisplay::HexDisplay::from(key).to_string(),
			});
		}
	}
	Ok(())
}

/// 32 bytes that give a well-known key away, with its name: public keys of all three schemes (for
/// ECDSA the x coordinate) and the account of the ECDSA key, which is a hash.
fn well_known_public_keys() -> HashMap<Vec<u8>, String> {
	let mut known = HashMap::new();
	for name in NAMES {
		for uri in [name.to_string(), format!("{name}//stash")] {
			let secret = format!("{DEV_PHRASE}{uri}");
			let shown = if uri.is_empty() { "of the bare development phrase" } else { &uri };
			if let Ok(pair) = sr25519::Pair::from_string(&secret, None) {
				known.insert(pair.public().0.to_vec(), format!("{shown} (sr25519)"));
			}
			if let Ok(pair) = ed25519::Pair::from_string(&secret, None) {
				known.insert(pair.public().0.to_vec(), format!("{shown} (ed25519)"));
			}
			if let Ok(pair) = ecdsa::Pair::from_string(&secret, None) {
				let account = MultiSigner::from(pair.public()).into_account();
				let account: &[u8] = account.as_ref();
				known.insert(account.to_vec(), format!("{shown} (ecdsa)"));
				known.insert(pair.public().0[1..].to_vec(), format!("{shown} (ecdsa)"));
			}
		}
	}
	known
}

#[cfg(test)]
mod tests {
	use super::*;
	use assay_runtime::{genesis, Runtime};
	use sc_service::GenericChainSpec;
	use serde_json::{json, Value};
	use sp_genesis_builder::runtime_decl_for_genesis_builder::GenesisBuilder;
	use sp_keyring::{Ed25519Keyring, Sr25519Keyring};

	fn storage(entries: &[(&[u8], &[u8])]) -> Storage {
		Storage {
			top: entries.iter().map(|(key, value)| (key.to_vec(), value.to_vec())).collect(),
			children_default: Default::default(),
		}
	}

	/// The genesis of a preset, computed natively, as a specification of `chain_type`.
	fn specification(preset: &str, patch: Value, chain_type: ChainType) -> GenericChainSpec {
		let bytes = genesis::get_preset(&preset.into()).expect("a preset of ours");
		let mut json: Value = serde_json::from_slice(&bytes).expect("the runtime wrote it");
		sc_chain_spec::json_patch::merge(&mut json, patch);
		let default = <Runtime as GenesisBuilder<assay_runtime::Block>>::get_preset(&None);
		let mut full: Value =
			serde_json::from_slice(&default.expect("a default exists")).expect("JSON");
		sc_chain_spec::json_patch::merge(&mut full, json);
		let mut state = sp_io::TestExternalities::default();
		let built = state.execute_with(|| {
			<Runtime as GenesisBuilder<assay_runtime::Block>>::build_state(
				full.to_string().into_bytes(),
			)
		});
		built.expect("a genesis of ours builds");
		let mut specification = GenericChainSpec::builder(b"code", None)
			.with_chain_type(chain_type)
			.with_genesis_config_patch(json!({}))
			.build();
		let storage = state.execute_with(|| {
			let mut top = std::collections::BTreeMap::new();
			let mut key = Vec::new();
			while let Some(next) = sp_io::storage::next_key(&key) {
				top.insert(next.clone(), sp_io::storage::get(&next).expect("it exists").to_vec());
				key = next;
			}
			Storage { top, children_default: Default::default() }
		});
		ChainSpec::set_storage(&mut specification, storage);
		specification
	}

	/// Authorities as an operator of a real network would patch them in.
	fn authorities(account: &str, babe: &str, grandpa: &str) -> Value {
		json!({ "session": { "keys": [[account, account, { "babe": babe, "grandpa": grandpa }]] } })
	}

	fn address(seed: u8) -> String {
		use sp_core::crypto::Ss58Codec;
		sp_core::crypto::AccountId32::from(sr25519::Pair::from_seed(&[seed; 32]).public())
			.to_ss58check()
	}

	fn own_authorities() -> Value {
		use sp_core::crypto::Ss58Codec;
		let grandpa = ed25519::Pair::from_seed(&[3; 32]).public().to_ss58check();
		authorities(&address(1), &address(2), &grandpa)
	}

	#[test]
	fn m16_live_preset_should_have_no_sudo_key_when_built() {
		let live = specification(genesis::LIVE, json!({}), ChainType::Live);
		assert!(ensure_exportable(&live).is_ok());
	}

	#[test]
	fn m16_live_chain_should_be_refused_when_it_has_a_sudo_key() {
		let patch = json!({ "sudo": { "key": address(9) } });
		let live = specification(genesis::LIVE, patch, ChainType::Live);
		assert!(matches!(ensure_exportable(&live), Err(Problem::Sudo)));
	}

	#[test]
	fn live_chain_should_not_start_when_it_names_no_authors() {
		let live = specification(genesis::LIVE, json!({}), ChainType::Live);
		assert!(matches!(ensure_startable(&live), Err(Problem::NoAuthors)));
	}

	#[test]
	fn m17_live_chain_should_pass_when_all_keys_are_its_own() {
		let live = specification(genesis::LIVE, own_authorities(), ChainType::Live);
		assert!(ensure_exportable(&live).is_ok());
		assert!(ensure_startable(&live).is_ok());
	}

	#[test]
	fn m17_live_chain_should_be_refused_when_an_authority_is_alice() {
		use sp_core::crypto::Ss58Codec;
		let alice = Sr25519Keyring::Alice.to_account_id().to_ss58check();
		let grandpa = ed25519::Pair::from_seed(&[3; 32]).public().to_ss58check();
		let finality = Ed25519Keyring::Bob.public().to_ss58check();
		for patch in [
			authorities(&alice, &address(2), &grandpa),
			authorities(&address(1), &alice, &grandpa),
			authorities(&address(1), &address(2), &finality),
		] {
			let live = specification(genesis::LIVE, patch, ChainType::Live);
			assert!(matches!(ensure_exportable(&live), Err(Problem::WellKnownKey { .. })));
		}
	}

	#[test]
	fn m17_live_chain_should_be_refused_when_a_development_account_is_endowed() {
		use sp_core::crypto::Ss58Codec;
		let ferdie = Sr25519Keyring::Ferdie.to_account_id().to_ss58check();
		let patch = json!({ "balances": { "balances": [[ferdie, 1_000_000_000_000_u64]] } });
		let live = specification(genesis::LIVE, patch, ChainType::Live);
		let refusal = ensure_exportable(&live).expect_err("an endowed development account");
		assert!(refusal.to_string().contains("//Ferdie (sr25519)"), "{refusal}");
	}

	#[test]
	fn m17_development_genesis_should_be_refused_when_it_calls_itself_live() {
		for preset in [genesis::DEVELOPMENT, genesis::LOCAL_TESTNET] {
			for chain_type in [ChainType::Live, ChainType::Custom("main".into())] {
				assert!(ensure_exportable(&specification(preset, json!({}), chain_type)).is_err());
			}
			for chain_type in [ChainType::Development, ChainType::Local] {
				assert!(ensure_exportable(&specification(preset, json!({}), chain_type)).is_ok());
			}
		}
	}

	#[test]
	fn m17_well_known_key_should_be_found_when_anywhere_in_the_storage() {
		let phrase = sr25519::Pair::from_string(DEV_PHRASE, None).expect("valid").public();
		let ecdsa = ecdsa::Pair::from_string("//Eve", None).expect("valid").public();
		let account = MultiSigner::from(ecdsa).into_account();
		let account: &[u8] = account.as_ref();
		for secret in [&phrase.0[..], &ecdsa.0[..], account] {
			let inside = [b"before", secret, b"after"].concat();
			assert!(ensure_no_well_known_key(&storage(&[(b"key", &inside)])).is_err());
			assert!(ensure_no_well_known_key(&storage(&[(&inside, b"value")])).is_err());
			assert!(ensure_no_well_known_key(&storage(&[(well_known_keys::CODE, &inside)])).is_ok());
			let mut child = storage(&[]);
			child.children_default.insert(
				b"child".to_vec(),
				sp_core::storage::StorageChild {
					data: [(b"key".to_vec(), inside)].into(),
					child_info: sp_core::storage::ChildInfo::new_default(b"child"),
				},
			);
			assert!(ensure_no_well_known_key(&child).is_err());
		}
	}
}
