//! The presets: what a network's first state is.
//!
//! | | `development` | `local_testnet` | `live` |
//! | --- | --- | --- | --- |
//! | slot | 1 s | 1 s | 6 s |
//! | epoch | 1 minute | 1 minute | 4 hours |
//! | unbonding | 14 epochs, 14 minutes | 14 epochs, 14 minutes | 84 epochs, 14 days |
//! | delay of a raised allocation | 10 blocks | 10 blocks | 14,400 blocks, 1 day |
//! | validators | 1 to 10 | 1 to 4 | 4 to 100 |
//! | a validator's own bond | 1,000 ASY | 1,000 ASY | 10,000 ASY |
//! | first validators | //Alice | //Alice, //Bob, //Charlie, //Dave | a launch adds them |
//! | sudo | //Alice | //Alice | none |
//!
//! The first validators are operators with the accounts //Alice//stash and so on, who give all of a bond
//! of 100,000 ASY to consensus; their nodes sign with the session keys of //Alice and so on.
//!
//! Epochs of the first two are shorter than the 256 blocks after which BABE's own randomness depends on
//! them: they are predictable, which is fine on a developer's machine and nowhere else.

use alloc::{format, string::ToString, vec, vec::Vec};
use assay_economics::{deterrence::Policy, MILLION};
use assay_flops::Parameters;
use assay_market::Parameters as MarketParameters;
use frame_support::{genesis_builder_helper::build_state, traits::Get};
use pallet_operators::Service;
use pallet_validators::types::Limits;
use serde_json::{json, Value};
use sp_consensus_babe::AuthorityId as BabeId;
use sp_consensus_grandpa::AuthorityId as GrandpaId;
use sp_core::{ed25519, sr25519};
use sp_genesis_builder::PresetId;
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};

use crate::{
	apis::BABE_GENESIS_EPOCH_CONFIG,
	configs::{credits_issuer, FLOPS_ASSET},
	timing, AccountId, Balance, BlockNumber, Runtime, RuntimeGenesisConfig, SessionKeys, ASY,
};

/// Name of the preset of a chain with one validator on a developer's machine.
pub const DEVELOPMENT: &str = sp_genesis_builder::DEV_RUNTIME_PRESET;
/// Name of the preset of a chain with four validators on one machine.
pub const LOCAL_TESTNET: &str = sp_genesis_builder::LOCAL_TESTNET_RUNTIME_PRESET;
/// Name of the preset of a public network, to which a launch adds validators and balances.
pub const LIVE: &str = "live";

/// Native tokens of each well-known account of the development presets.
const ENDOWMENT: Balance = 1_000_000 * ASY;
/// Own bond of each validator of the development presets.
const VALIDATOR_BOND: Balance = 100_000 * ASY;

/// A validator of genesis: its account and session keys.
struct Validator {
	account: AccountId,
	keys: SessionKeys,
}

impl Validator {
	fn new(account: Sr25519Keyring, babe: Sr25519Keyring, grandpa: Ed25519Keyring) -> Self {
		Self {
			account: account.to_account_id(),
			keys: SessionKeys {
				babe: BabeId::from(sr25519::Public::from(babe)),
				grandpa: GrandpaId::from(ed25519::Public::from(grandpa)),
			},
		}
	}

	fn alice() -> Self {
		Self::new(Sr25519Keyring::AliceStash, Sr25519Keyring::Alice, Ed25519Keyring::Alice)
	}

	fn bob() -> Self {
		Self::new(Sr25519Keyring::BobStash, Sr25519Keyring::Bob, Ed25519Keyring::Bob)
	}

	fn charlie() -> Self {
		Self::new(Sr25519Keyring::CharlieStash, Sr25519Keyring::Charlie, Ed25519Keyring::Charlie)
	}

	fn dave() -> Self {
		Self::new(Sr25519Keyring::DaveStash, Sr25519Keyring::Dave, Ed25519Keyring::Dave)
	}
}

/// What presets differ in.
struct Preset {
	slot_duration: u64,
	epoch_length: u64,
	unbonding_epochs: u32,
	allocation_delay: BlockNumber,
	parameters: Parameters,
	market: MarketParameters,
	policy: Policy,
	limits: Limits,
	minimum_self_bond: Balance,
	validators: Vec<Validator>,
	endowed: Vec<AccountId>,
	sudo: Option<AccountId>,
}

impl Preset {
	/// A chain on a developer's machine.
	fn local(validators: Vec<Validator>, maximum: u32) -> Self {
		Self {
			slot_duration: 1_000,
			epoch_length: 60,
			unbonding_epochs: 14,
			allocation_delay: 10,
			parameters: Parameters::DEVELOPMENT,
			market: MarketParameters::DEVELOPMENT,
			policy: Policy::DEVELOPMENT,
			limits: Limits { minimum: 1, maximum },
			minimum_self_bond: 1_000 * ASY,
			validators,
			endowed: Sr25519Keyring::well_known().map(|key| key.to_account_id()).collect(),
			sudo: Some(Sr25519Keyring::Alice.to_account_id()),
		}
	}

	/// A public network, without any account.
	fn live() -> Self {
		Self {
			slot_duration: 6_000,
			epoch_length: 2_400,
			unbonding_epochs: 84,
			allocation_delay: 14_400,
			parameters: Parameters::LIVE,
			market: MarketParameters::LIVE,
			policy: Policy::LIVE,
			limits: Limits { minimum: 4, maximum: 100 },
			minimum_self_bond: 10_000 * ASY,
			validators: vec![],
			endowed: vec![],
			sudo: None,
		}
	}

	fn json(self) -> Value {
		let accounts = self.validators.iter().map(|validator| &validator.account);
		json!({
			"timing": {
				"slotDuration": self.slot_duration,
				"epochLength": self.epoch_length,
				"unbondingEpochs": self.unbonding_epochs,
			},
			"balances": {
				"balances": self
					.endowed
					.iter()
					.map(|account| (account, ENDOWMENT))
					.collect::<Vec<_>>(),
			},
			"babe": { "authorities": [], "epochConfig": BABE_GENESIS_EPOCH_CONFIG },
			"session": {
				"keys": self
					.validators
					.iter()
					.map(|validator| (&validator.account, &validator.account, &validator.keys))
					.collect::<Vec<_>>(),
			},
			"operators": {
				"operators": accounts
					.clone()
					.map(|account| {
						let everything = [(Service::Consensus, MILLION)];
						(account, account, VALIDATOR_BOND, everything, [(); 0])
					})
					.collect::<Vec<_>>(),
				"allocationDelay": self.allocation_delay,
				"policy": self.policy,
			},
			"validators": {
				"candidates": accounts.collect::<Vec<_>>(),
				"limits": self.limits,
				"minimumSelfBond": self.minimum_self_bond,
			},
			"assets": {
				"assets": [(FLOPS_ASSET, credits_issuer(), true, 1)],
				"metadata": [(FLOPS_ASSET, b"FLOPS credit".to_vec(), b"FLOPS".to_vec(), 12)],
			},
			"beacon": { "delay": self.parameters.delay },
			"proofOfFlops": { "parameters": self.parameters },
			"gpuMarket": { "parameters": self.market },
			"sudo": { "key": self.sudo },
		})
	}
}

/// The preset's JSON, as a patch of the default genesis.
pub fn get_preset(id: &PresetId) -> Option<Vec<u8>> {
	let preset = match id.as_str() {
		DEVELOPMENT => Preset::local(vec![Validator::alice()], 10),
		LOCAL_TESTNET => Preset::local(
			vec![Validator::alice(), Validator::bob(), Validator::charlie(), Validator::dave()],
			4,
		),
		LIVE => Preset::live(),
		_ => return None,
	};
	Some(preset.json().to_string().into_bytes())
}

/// Builds the genesis state from its JSON, and refuses what no pallet alone can see to be wrong.
///
/// # Errors
/// What contradicts what, and how to mend it. A pallet that finds its own part wrong panics, as the
/// SDK's do; the node shows both alike.
pub fn build(config: Vec<u8>) -> sp_genesis_builder::Result {
	build_state::<RuntimeGenesisConfig>(config)?;
	if let Some(parameters) = pallet_proof_of_flops::Parameters::<Runtime>::get() {
		let Parameters { window, grace, delay, reveal_window, .. } = parameters;
		let provable = [window, grace, delay, reveal_window]
			.into_iter()
			.fold(0, |sum: u32, part| sum.saturating_add(part));
		let longest: BlockNumber = timing::LongestFaultWindow::<Runtime>::get();
		if provable > longest {
			return Err(format!(
				"a fault in proof of FLOPS can be proven for {provable} blocks, but delays of stake \
				 reckon with {longest}: shorten the windows of proofOfFlops.parameters, or raise \
				 timing.epochLength or timing.unbondingEpochs"
			));
		}
	}
	Ok(())
}

/// The presets' names.
pub fn preset_names() -> Vec<PresetId> {
	vec![PresetId::from(DEVELOPMENT), PresetId::from(LOCAL_TESTNET), PresetId::from(LIVE)]
}
