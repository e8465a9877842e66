//! Chain specifications: the runtime's presets, with a name and what wallets show.

use std::path::{Path, PathBuf};

use assay_runtime::{genesis, Runtime, WASM_BINARY};
use sc_service::{ChainType, GenericChainSpec, Properties};
use serde_json::{json, Value};
use sp_core::Get;

use crate::problem::Problem;

/// Specification of an Assay chain.
pub(crate) type ChainSpec = GenericChainSpec;

/// Symbol of the native token.
pub(crate) const TOKEN_SYMBOL: &str = "ASY";
/// Decimal places of the native token.
pub(crate) const TOKEN_DECIMALS: u8 = 12;

/// One of the chains this binary can make itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Preset {
	/// One validator on a developer's machine.
	Development,
	/// Four validators on one machine.
	LocalTestnet,
	/// A public network; validators and balances come from a patch.
	Live,
}

impl Preset {
	/// The preset of that name, if it is one. `dev` and `local` are what Substrate calls them.
	pub(crate) fn named(id: &str) -> Option<Self> {
		match id {
			"dev" | genesis::DEVELOPMENT => Some(Self::Development),
			"local" | genesis::LOCAL_TESTNET => Some(Self::LocalTestnet),
			genesis::LIVE => Some(Self::Live),
			_ => None,
		}
	}

	/// The specification, with `patch` merged over the preset's genesis.
	pub(crate) fn specification(self, patch: Value) -> Result<ChainSpec, Problem> {
		Ok(self.with_code(WASM_BINARY.ok_or(Problem::NoWasm)?, patch))
	}

	fn with_code(self, code: &[u8], patch: Value) -> ChainSpec {
		let (name, id, chain_type, preset) = match self {
			Self::Development => (
				"Assay Development",
				"assay_development",
				ChainType::Development,
				genesis::DEVELOPMENT,
			),
			Self::LocalTestnet => (
				"Assay Local Testnet",
				"assay_local_testnet",
				ChainType::Local,
				genesis::LOCAL_TESTNET,
			),
			Self::Live => ("Assay", "assay", ChainType::Live, genesis::LIVE),
		};
		ChainSpec::builder(code, None)
			.with_name(name)
			.with_id(id)
			.with_protocol_id("assay")
			.with_chain_type(chain_type)
			.with_properties(properties())
			.with_genesis_config_preset_name(preset)
			.with_genesis_config_patch(patch)
			.build()
	}
}

/// What wallets and explorers need to show amounts and addresses.
pub(crate) fn properties() -> Properties {
	let prefix: u16 = <Runtime as frame_system::Config>::SS58Prefix::get();
	let mut properties = Properties::new();
	properties.insert("tokenSymbol".into(), json!(TOKEN_SYMBOL));
	properties.insert("tokenDecimals".into(), json!(TOKEN_DECIMALS));
	properties.insert("ss58Format".into(), json!(prefix));
	properties
}

/// The specification that `--chain` names: a preset or a file.
pub(crate) fn load(id: &str) -> Result<ChainSpec, String> {
	match Preset::named(id) {
		Some(preset) => preset.specification(json!({})).map_err(|problem| problem.to_string()),
		None => ChainSpec::from_json_file(PathBuf::from(id)).map_err(|error| {
			format!(
				"`{id}` is neither development, local_testnet, live nor the path of a chain \
				 specification ({error})."
			)
		}),
	}
}

/// The preset that `id` names, with the genesis of the file at `patch` merged over it.
pub(crate) fn patched(id: &str, patch: &Path) -> Result<ChainSpec, Problem> {
	let preset = Preset::named(id).ok_or_else(|| Problem::PatchOfFile(id.into()))?;
	preset.specification(read_patch(patch)?)
}

fn read_patch(path: &Path) -> Result<Value, Problem> {
	let refuse = |reason: String| Problem::Patch { path: path.into(), reason };
	let text = std::fs::read(path).map_err(|error| refuse(error.to_string()))?;
	let patch: Value = serde_json::from_slice(&text).map_err(|error| refuse(error.to_string()))?;
	if !patch.is_object() {
		return Err(refuse("it is not a JSON object".into()));
	}
	Ok(patch)
}

#[cfg(test)]
mod tests {
	use super::*;
	use sc_service::ChainSpec as _;

	#[test]
	fn preset_should_be_found_when_named_in_either_way() {
		assert_eq!(Preset::named("dev"), Some(Preset::Development));
		assert_eq!(Preset::named("development"), Some(Preset::Development));
		assert_eq!(Preset::named("local"), Some(Preset::LocalTestnet));
		assert_eq!(Preset::named("local_testnet"), Some(Preset::LocalTestnet));
		assert_eq!(Preset::named("live"), Some(Preset::Live));
		assert_eq!(Preset::named("spec.json"), None);
	}

	#[test]
	fn specification_should_tell_wallets_token_and_prefix_when_made_from_any_preset() {
		for preset in [Preset::Development, Preset::LocalTestnet, Preset::Live] {
			let properties = preset.with_code(b"code", json!({})).properties();
			assert_eq!(properties["tokenSymbol"], "ASY");
			assert_eq!(properties["tokenDecimals"], 12);
			let prefix: u16 = <Runtime as frame_system::Config>::SS58Prefix::get();
			assert_eq!(properties["ss58Format"], prefix);
		}
	}

	#[test]
	fn chain_type_should_be_live_when_the_preset_is_live_only() {
		let kind = |preset: Preset| preset.with_code(b"code", json!({})).chain_type();
		assert_eq!(kind(Preset::Development), ChainType::Development);
		assert_eq!(kind(Preset::LocalTestnet), ChainType::Local);
		assert_eq!(kind(Preset::Live), ChainType::Live);
	}

	#[test]
	fn patch_should_be_refused_when_it_is_no_object_or_for_no_preset() {
		let folder = std::env::temp_dir().join(format!("assay-patch-{}", std::process::id()));
		std::fs::create_dir_all(&folder).expect("writable");
		let file = folder.join("patch.json");
		std::fs::write(&file, "[1]").expect("writable");
		assert!(matches!(read_patch(&file), Err(Problem::Patch { .. })));
		std::fs::write(&file, "{").expect("writable");
		assert!(matches!(read_patch(&file), Err(Problem::Patch { .. })));
		std::fs::write(&file, r#"{"balances":{}}"#).expect("writable");
		assert!(read_patch(&file).is_ok());
		assert!(matches!(patched("spec.json", &file), Err(Problem::PatchOfFile(_))));
		std::fs::remove_dir_all(&folder).expect("made above");
		assert!(matches!(read_patch(&file), Err(Problem::Patch { .. })));
	}

	#[test]
	fn unknown_chain_should_be_explained_when_there_is_no_such_file() {
		let refusal = load("no-such-chain.json").err().expect("no such file");
		assert!(refusal.contains("no-such-chain.json") && refusal.contains("local_testnet"));
	}
}
