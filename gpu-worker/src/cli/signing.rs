//! Who signs, and how a transaction is carried out.

use super::plan::How;
use crate::{config::Config, keys, Error};
use std::path::PathBuf;
use subxt_signer::sr25519::Keypair;

/// The key of an operator in the base path.
pub(super) const OPERATOR_KEY: &str = "operator.key";
/// The key of a renter in the base path.
pub(super) const RENTER_KEY: &str = "renter.key";

/// Whose key signs.
#[derive(clap::Args, Clone, Debug)]
pub(super) struct Key {
	/// File with the signer's secret: hex, or a phrase with derivations, mode 0600; without it,
	/// operator.key in the base path, or renter.key for what a renter does
	#[arg(long, global = true, value_name = "FILE")]
	suri_file: Option<PathBuf>,
	/// Sign with a well-known development account: alice, bob, alice//stash, …
	#[arg(long, global = true, value_name = "NAME", conflicts_with = "suri_file")]
	dev_account: Option<String>,
}

impl Key {
	/// The key: `default` in the base path unless another one is named.
	pub(super) fn load(&self, config: &Config, default: &str) -> Result<Keypair, Error> {
		if let Some(name) = &self.dev_account {
			return Ok(keys::development(name)?);
		}
		let default = config.base_path.join(default);
		Ok(keys::load(self.suri_file.as_deref().unwrap_or(&default))?)
	}
}

/// Options of every command that signs a transaction.
#[derive(clap::Args, Clone, Debug)]
pub(super) struct Signing {
	#[command(flatten)]
	key: Key,
	/// Show what it will do, when, what it costs, and whether it would be refused; do nothing
	#[arg(long, global = true)]
	pub(super) dry_run: bool,
	/// Wait until the transaction is final, not only included
	#[arg(long, global = true)]
	finalized: bool,
}

impl Signing {
	/// The key that signs: `default` in the base path unless another one is named.
	pub(super) fn signer(&self, config: &Config, default: &str) -> Result<Keypair, Error> {
		self.key.load(config, default)
	}

	/// How a plan is carried out and shown.
	pub(super) fn how(&self, json: bool) -> How {
		How { dry_run: self.dry_run, finalized: self.finalized, json }
	}
}
