//! All access to the chain: connection, blocks, state, transactions.
//!
//! A [`Chain`] is one connection. When it breaks, calls fail with an error that
//! [`Error::is_temporary`] recognises, and the caller makes a new one; nothing reconnects behind
//! its back, so that genesis, runtime and finality are checked every time. Every call has a
//! deadline.

mod error;
pub mod guard;
mod keystore;
mod market;
mod operators;
mod queries;
mod runtime;
mod transactions;
mod types;

pub use error::Error;
pub use keystore::SessionKeys;
pub use market::*;
pub use operators::Terms;
pub use transactions::{Call, Event, Inclusion, Submission, Trial};
pub use types::*;

use assay_flops::Hash;
use codec::Encode;
use futures::FutureExt;
use std::{fmt::Display, future::Future, sync::Arc, time::Duration};
use subxt::{
	backend::LegacyBackend,
	config::{
		substrate::{BlakeTwo256, H256},
		Hasher, RpcConfigFor,
	},
	rpcs::{client::RpcSubscription, methods::legacy::LegacyRpcMethods, RpcClient},
	OnlineClient, OnlineClientAtBlock, SubstrateConfig,
};

type Header = subxt::config::substrate::SubstrateHeader<H256>;

/// Reads the text of an error together with its causes, without the prefixes that libraries repeat.
fn text(error: &(dyn std::error::Error + 'static)) -> String {
	let mut text = error.to_string();
	let mut source = error.source();
	while let Some(cause) = source {
		let cause_text = cause.to_string();
		if !text.contains(&cause_text) {
			text.push_str(": ");
			text.push_str(&cause_text);
		}
		source = cause.source();
	}
	for prefix in ["RPC error: ", "client error: ", "Backend error: ", "User error: "] {
		text = text.replace(prefix, "");
	}
	text
}

/// A connection to a node whose chain and runtime were checked.
#[derive(Clone)]
pub struct Chain {
	client: OnlineClient<SubstrateConfig>,
	rpc: LegacyRpcMethods<RpcConfigFor<SubstrateConfig>>,
	raw: RpcClient,
	genesis: Hash,
	spec_version: u32,
	url: Arc<str>,
	deadline: Duration,
}

impl std::fmt::Debug for Chain {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		write!(f, "Chain({})", self.url)
	}
}

impl Chain {
	/// Connects, and refuses another genesis than `expected` and an unknown runtime.
	pub async fn connect(
		url: &str,
		deadline: Duration,
		expected: Option<&Hash>,
	) -> Result<Self, Error> {
		let unreachable = |cause: String| Error::Unreachable { url: url.into(), cause };
		let connecting = RpcClient::from_insecure_url(url);
		let raw = tokio::time::timeout(deadline, connecting)
			.await
			.map_err(|_| unreachable("no answer in time".into()))?
			.map_err(|error| unreachable(text(&error)))?;
		let rpc = LegacyRpcMethods::new(raw.clone());
		let backend = LegacyBackend::<SubstrateConfig>::builder().build(raw.clone());
		let connecting = OnlineClient::<SubstrateConfig>::from_backend(Arc::new(backend));
		let client = within(deadline, "genesis hash", connecting).await?;
		let genesis = client.genesis_hash().0;
		guard::check_genesis(expected, &genesis)?;
		let version =
			within(deadline, "runtime version", rpc.state_get_runtime_version(None)).await?;
		let name = version.other.get("specName").and_then(|name| name.as_str()).unwrap_or("?");
		guard::check_runtime(name, version.spec_version)?;
		Ok(Self {
			client,
			rpc,
			raw,
			genesis,
			spec_version: version.spec_version,
			url: url.into(),
			deadline,
		})
	}

	/// Genesis hash of the chain.
	pub fn genesis(&self) -> &Hash {
		&self.genesis
	}

	/// Address of the node.
	pub fn url(&self) -> &str {
		&self.url
	}

	/// Version of the runtime at the time of connection.
	pub fn spec_version(&self) -> u32 {
		self.spec_version
	}

	/// The best block.
	pub async fn best(&self) -> Result<Head, Error> {
		let header = self.within("best block", self.rpc.chain_get_header(None)).await?;
		header.as_ref().map(head_of).ok_or_else(|| Error::NotFound("best block".into()))
	}

	/// The latest final block.
	pub async fn finalized(&self) -> Result<Head, Error> {
		let hash = self.within("final block", self.rpc.chain_get_finalized_head()).await?;
		let header = self.within("final block", self.rpc.chain_get_header(Some(hash))).await?;
		header.as_ref().map(head_of).ok_or_else(|| Error::NotFound("final block".into()))
	}

	/// Hash of the block with this number on the best chain.
	pub async fn block_hash(&self, number: u32) -> Result<Option<Hash>, Error> {
		let number = u64::from(number).into();
		let hash = self.within("block hash", self.rpc.chain_get_block_hash(Some(number))).await?;
		Ok(hash.map(|hash| hash.0))
	}

	/// Peers of the node, and whether it is still synchronising.
	pub async fn health(&self) -> Result<(usize, bool), Error> {
		let health = self.within("node health", self.rpc.system_health()).await?;
		Ok((health.peers, health.is_syncing))
	}

	/// Follows best and final blocks from now on.
	pub async fn heads(&self) -> Result<Heads, Error> {
		Ok(Heads {
			best: self.within("best blocks", self.rpc.chain_subscribe_new_heads()).await?,
			finalized: self
				.within("final blocks", self.rpc.chain_subscribe_finalized_heads())
				.await?,
		})
	}

	/// A client for the state of one block. Fails when its runtime is not a supported one.
	async fn at(&self, head: Head) -> Result<OnlineClientAtBlock<SubstrateConfig>, Error> {
		let block = self.client.at_block_hash_and_number(H256(head.hash), head.number.into());
		let at = self.within("state of a block", block).await?;
		guard::check_runtime(guard::SPEC_NAME, at.spec_version())?;
		Ok(at)
	}

	async fn within<T, E: std::error::Error + 'static>(
		&self,
		doing: &'static str,
		future: impl Future<Output = Result<T, E>>,
	) -> Result<T, Error> {
		within(self.deadline, doing, future).await
	}
}

async fn within<T, E: std::error::Error + 'static>(
	deadline: Duration,
	doing: &'static str,
	future: impl Future<Output = Result<T, E>>,
) -> Result<T, Error> {
	match tokio::time::timeout(deadline, future).await {
		Err(_) => Err(Error::Deadline { doing, seconds: deadline.as_secs() }),
		Ok(Err(error)) => Err(failed(doing, &error)),
		Ok(Ok(value)) => Ok(value),
	}
}

fn failed(doing: &'static str, error: &(dyn std::error::Error + 'static)) -> Error {
	let cause = text(error);
	// Generated code refuses to talk to a runtime whose metadata differs from the committed one.
	if cause.contains("not compatible") || cause.contains("ncompatible") {
		return Error::Incompatible(cause);
	}
	Error::Failed { doing, cause }
}

fn lost(cause: impl Display) -> Error {
	Error::Failed { doing: "block subscription", cause: cause.to_string() }
}

fn head_of(header: &Header) -> Head {
	let number = u32::try_from(header.number).unwrap_or(u32::MAX);
	Head { number, hash: BlakeTwo256.hash(&header.encode()).0 }
}

/// A block that was imported or made final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
	/// The best chain ends here now.
	Best(Head),
	/// This block and all before it are final.
	Final(Head),
}

/// Subscriptions to best and final blocks.
pub struct Heads {
	best: RpcSubscription<Header>,
	finalized: RpcSubscription<Header>,
}

impl Heads {
	/// The next news. When several blocks of a kind wait, only the latest is told.
	///
	/// Cancel safe. An error means that the connection is gone.
	pub async fn next(&mut self) -> Result<News, Error> {
		let (header, is_best) = tokio::select! {
			header = self.best.next() => (header, true),
			header = self.finalized.next() => (header, false),
		};
		let mut latest = header.ok_or_else(|| lost("closed by the node"))?.map_err(lost)?;
		let stream = if is_best { &mut self.best } else { &mut self.finalized };
		while let Some(Some(Ok(header))) = stream.next().now_or_never() {
			latest = header;
		}
		let head = head_of(&latest);
		Ok(if is_best { News::Best(head) } else { News::Final(head) })
	}
}
