//! The session keys in a node's keystore. The node answers such requests to its own machine only.

use super::{text, AccountId, Chain, Error};
use serde::Deserialize;
use std::future::Future;
use subxt::rpcs::{client::RpcParams, Error as RpcError};

/// What a node answers when a request is not open to this connection, or does not exist.
pub(super) const METHOD_NOT_FOUND: i32 = -32_601;

/// New session keys, made by a node and kept in its keystore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionKeys {
	/// The public keys, as the runtime encodes them.
	pub keys: Vec<u8>,
	/// Proof that whoever made the keys holds them for the owner, as the runtime encodes it.
	pub proof: Vec<u8>,
}

/// The node's answer, in hexadecimal.
#[derive(Deserialize)]
struct Generated {
	keys: String,
	proof: Option<String>,
}

impl Chain {
	/// Whether the node holds the secret halves of all these session keys.
	pub async fn holds_session_keys(&self, keys: &[u8]) -> Result<bool, Error> {
		const METHOD: &str = "author_hasSessionKeys";
		self.own_node(METHOD, self.rpc.author_has_session_keys(keys.to_vec())).await
	}

	/// Lets the node make new session keys for `owner`. Keys that it has stay where they are.
	pub async fn make_session_keys(&self, owner: &AccountId) -> Result<SessionKeys, Error> {
		const METHOD: &str = "author_rotateKeysWithOwner";
		let broken = |cause: &str| Error::Failed { doing: METHOD, cause: cause.into() };
		let mut parameters = RpcParams::new();
		parameters
			.push(format!("0x{}", hex::encode(owner.0)))
			.map_err(|error| broken(&text(&error)))?;
		let made: Generated = self.own_node(METHOD, self.raw.request(METHOD, parameters)).await?;
		let proof = made.proof.ok_or_else(|| {
			Error::Incompatible("it makes session keys without a proof of ownership".into())
		})?;
		let bytes = |digits: &str| {
			hex::decode(digits.trim_start_matches("0x")).map_err(|_| broken("no hexadecimal bytes"))
		};
		Ok(SessionKeys { keys: bytes(&made.keys)?, proof: bytes(&proof)? })
	}

	/// A request that nodes answer to their own machine only.
	async fn own_node<T>(
		&self,
		method: &'static str,
		request: impl Future<Output = Result<T, RpcError>>,
	) -> Result<T, Error> {
		match tokio::time::timeout(self.deadline, request).await {
			Err(_) => Err(Error::Deadline { doing: method, seconds: self.deadline.as_secs() }),
			Ok(Ok(answer)) => Ok(answer),
			Ok(Err(RpcError::User(error))) if error.code == METHOD_NOT_FOUND => {
				Err(Error::Denied { url: self.url.to_string(), method })
			}
			Ok(Err(error)) => Err(Error::Failed { doing: method, cause: text(&error) }),
		}
	}
}
