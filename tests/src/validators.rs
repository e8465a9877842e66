//! A network of validators on one machine: elected by stake, each a real node.

use std::{
	path::{Path, PathBuf},
	time::{Duration, Instant},
};

use codec::{Decode, Encode};
use serde_json::{json, Value as Json};
use sp_core::{crypto::Ss58Codec, ed25519, sr25519, Pair, U256};
use sp_io::hashing::blake2_256;
use subxt::dynamic::{At, Value};
use subxt_signer::{sr25519::Keypair, SecretUri};

use crate::{
	chain::Chain,
	node::{patched_specification, Identity, Node, NodeOptions},
	Machine,
};

/// One ASY in the smallest unit.
pub const ASY: u128 = 1_000_000_000_000;
/// How long nodes may take to find or lose each other.
const CONNECTION_LIMIT: Duration = Duration::from_secs(60);

/// An operator of genesis that is a candidate.
#[derive(Debug, Clone, Copy)]
pub struct Candidate {
	/// Whose well-known session keys it has; its account is that name's stash.
	pub name: &'static str,
	/// The flag and number of its node.
	pub identity: Identity,
	/// Its own bond, in ASY.
	pub bond: u128,
}

impl Candidate {
	/// The secret of its account.
	pub fn signer(&self) -> Keypair {
		let uri = format!("//{}//stash", self.name).parse::<SecretUri>();
		Keypair::from_uri(&uri.expect("a well-formed name")).expect("a development key")
	}

	/// Its account.
	pub fn account(&self) -> [u8; 32] {
		self.signer().public_key().0
	}

	fn address(&self) -> String {
		subxt::utils::AccountId32(self.account()).to_string()
	}

	/// The secret of its session keys.
	fn seed(&self) -> String {
		format!("//{}", self.name)
	}

	/// The key that it writes blocks with.
	fn babe_key(&self) -> sr25519::Public {
		sr25519::Pair::from_string(&self.seed(), None).expect("a development key").public()
	}

	/// The key that it votes for finality with.
	fn grandpa_key(&self) -> ed25519::Public {
		ed25519::Pair::from_string(&self.seed(), None).expect("a development key").public()
	}

	/// The account, the validator's name in sessions, and the session keys.
	fn session_entry(&self) -> Json {
		json!([self.address(), self.address(), {
			"babe": self.babe_key().to_ss58check(),
			"grandpa": self.grandpa_key().to_ss58check(),
		}])
	}
}

/// Writes the specification of a chain with slots of a second and sessions of `epoch` slots, whose
/// first `seats` candidates are its first validators and which elects `seats` of all. The one of
/// index `newcomer` has an account there, and is no operator yet.
pub fn specification(
	folder: &Path,
	candidates: &[Candidate],
	newcomer: usize,
	seats: usize,
	epoch: u32,
) -> PathBuf {
	let million = 1_000_000;
	let entry = |candidate: &&Candidate| {
		let bond = u64::try_from(candidate.bond * ASY).expect("a bond below 18 million ASY");
		let everything = json!([["consensus", million]]);
		json!([candidate.address(), candidate.address(), bond, everything, []])
	};
	let endowment = u64::try_from(1_000_000 * ASY).expect("below 18 million ASY");
	let mut operators: Vec<&Candidate> = candidates.iter().collect();
	operators.remove(newcomer);
	let (first, others) = operators.split_at(seats);
	let sudo = sr25519::Pair::from_string("//Alice", None).expect("a development key");
	let balances: Vec<_> = candidates
		.iter()
		.map(Candidate::address)
		.chain([sudo.public().to_ss58check()])
		.map(|address| json!([address, endowment]))
		.collect();
	patched_specification(
		folder,
		&json!({
			"timing": { "epochLength": epoch },
			// Short enough for unbonding in so short sessions.
			"proofOfFlops": { "parameters": {
				"window": 5, "grace": 2, "minimumGap": 12, "meanGap": 20, "delay": 2,
				"revealWindow": 3, "auditBudget": 512, "samples": 4,
				"colludingAuthors": { "num": 1, "den": 3 }, "deterrence": 2,
			} },
			"balances": { "balances": balances },
			"operators": { "operators": operators.iter().map(entry).collect::<Vec<_>>() },
			"validators": {
				"candidates": operators.iter().map(|one| one.address()).collect::<Vec<_>>(),
				"limits": { "minimum": 1, "maximum": seats },
			},
			"session": {
				"keys": first.iter().map(|one| one.session_entry()).collect::<Vec<_>>(),
				"nonAuthorityKeys": others.iter().map(|one| one.session_entry()).collect::<Vec<_>>(),
			},
		}),
	)
}

/// A validator's node with a client and its name among its peers.
#[derive(Debug)]
pub struct Member {
	/// Its node.
	pub node: Node,
	/// A client of it.
	pub chain: Chain,
	peer: String,
}

impl Member {
	/// Starts a node that talks to nobody but the peers it is told of.
	pub async fn start(machine: &Machine, specification: &Path, identity: Identity) -> Self {
		let options = NodeOptions {
			chain: Some(specification.to_owned()),
			identity,
			arguments: vec!["--reserved-only".into(), "--no-mdns".into()],
			..Default::default()
		};
		let folder = machine.path(&format!("node-{}", identity.number));
		let node = Node::start(folder, options).await;
		let chain = node.chain().await;
		let peer = chain.request("system_localPeerId", vec![]).await.expect("a node has a name");
		let peer = peer.as_str().expect("a string").to_owned();
		Self { node, chain, peer }
	}

	async fn add_peer(&self, other: &Self) {
		let address =
			format!("/ip4/127.0.0.1/tcp/{}/p2p/{}", other.node.network_port(), other.peer);
		let added = self.chain.request("system_addReservedPeer", vec![json!(address)]).await;
		added.unwrap_or_else(|error| panic!("{address}: {error}"));
	}

	/// Gives the node the key that a candidate writes blocks with.
	pub async fn write_as(&self, candidate: &Candidate) {
		self.insert_key("babe", candidate, candidate.babe_key().0).await;
	}

	/// Gives the node the key that a candidate votes for finality with.
	pub async fn vote_as(&self, candidate: &Candidate) {
		self.insert_key("gran", candidate, candidate.grandpa_key().0).await;
	}

	async fn insert_key(&self, kind: &str, candidate: &Candidate, key: [u8; 32]) {
		let key = format!("0x{}", hex::encode(key));
		let parameters = [kind, &candidate.seed(), &key].map(Json::from).to_vec();
		let inserted = self.chain.request("author_insertKey", parameters).await;
		inserted.unwrap_or_else(|error| panic!("a key of {}: {error}", candidate.name));
	}

	/// Kills the node and starts it again, without peers.
	pub async fn isolate(&mut self) {
		self.node.kill();
		self.node.restart().await;
		self.chain = self.node.chain().await;
	}

	async fn peers(&self) -> u64 {
		let health = self.chain.request("system_health", vec![]).await.expect("a node is healthy");
		health["peers"].as_u64().expect("a number")
	}

	/// Waits until it has exactly so many peers.
	pub async fn wait_peers(&self, number: u64) {
		let start = Instant::now();
		loop {
			let peers = self.peers().await;
			if peers == number {
				return;
			}
			assert!(
				start.elapsed() < CONNECTION_LIMIT,
				"after {CONNECTION_LIMIT:?} a node has {peers} peers, not {number}"
			);
			tokio::time::sleep(Duration::from_millis(200)).await;
		}
	}

	/// The validators of the session at the latest finalized block.
	pub async fn validators(&self) -> Vec<[u8; 32]> {
		let validators = self.chain.stored("Session", "Validators", vec![]).await;
		accounts(&validators.expect("a chain has validators"))
	}

	/// A session with its validators, of the latest finalized block.
	pub async fn sitting(&self) -> (u32, Vec<[u8; 32]>) {
		loop {
			let session = self.session().await;
			let validators = self.validators().await;
			// Blocks become final between two requests.
			if self.session().await == session {
				return (session, validators);
			}
		}
	}

	/// The slot of a block with the validators that may write in it, and the randomness that says
	/// whose turn each slot is, all by the state after the block.
	pub async fn turn(&self, number: u32) -> Turn {
		let hash = self.chain.hash(number).await.unwrap_or_else(|| panic!("no block {number}"));
		let babe = async |item| {
			let value = self.chain.raw("Babe", item, &hash).await;
			value.unwrap_or_else(|| panic!("block {number} has no Babe.{item}"))
		};
		Turn {
			slot: u64::decode(&mut &babe("CurrentSlot").await[..]).expect("BABE stores it so"),
			keys: Decode::decode(&mut &babe("Authorities").await[..]).expect("BABE stores it so"),
			randomness: Decode::decode(&mut &babe("Randomness").await[..])
				.expect("BABE stores it so"),
		}
	}

	/// The key that an account wants to write blocks with, by the latest finalized block.
	pub async fn babe_key(&self, account: [u8; 32]) -> [u8; 32] {
		let keys = vec![Value::from_bytes(account)];
		let keys = self.chain.stored("Session", "NextKeys", keys).await;
		let babe = keys.as_ref().and_then(|keys| keys.at("babe"));
		accounts(babe.expect("a validator has session keys"))[0]
	}

	/// The session of the latest finalized block.
	pub async fn session(&self) -> u32 {
		let index = self.chain.stored("Session", "CurrentIndex", vec![]).await;
		let index = index.and_then(|index| index.as_u128());
		index.map_or(0, |index| u32::try_from(index).expect("sessions have 32 bits"))
	}
}

/// Who may write blocks at some time.
#[derive(Debug)]
pub struct Turn {
	/// The slot.
	pub slot: u64,
	/// BABE keys with their weights.
	pub keys: Vec<([u8; 32], u64)>,
	randomness: [u8; 32],
}

impl Turn {
	/// The key that has to write in a slot of this session if luck names nobody else, as BABE draws it.
	pub fn due(&self, slot: u64) -> [u8; 32] {
		let drawn = U256::from_big_endian(&blake2_256(&(self.randomness, slot).encode()));
		let index = drawn % U256::from(self.keys.len());
		self.keys[index.as_usize()].0
	}
}

/// Accounts or keys of a list that was decoded without knowing its type.
fn accounts(list: &Value<()>) -> Vec<[u8; 32]> {
	let mut bytes = Vec::new();
	crate::chain::collect_bytes(list, &mut bytes);
	bytes.chunks_exact(32).map(|chunk| chunk.try_into().expect("32 bytes")).collect()
}

/// Tells every node of either group of all of the other one.
pub async fn link(left: &[&Member], right: &[&Member]) {
	for one in left {
		for other in right {
			if one.peer != other.peer {
				one.add_peer(other).await;
				other.add_peer(one).await;
			}
		}
	}
}
