//! What happens on a chain, read through subxt from the node's own metadata.

use std::{collections::BTreeMap, future::Future, sync::Arc, time::Duration};

use serde_json::Value as Json;
use sp_io::hashing::twox_128;
use subxt::{
	backend::LegacyBackend,
	config::DefaultExtrinsicParamsBuilder,
	dynamic::{At, Value},
	ext::scale_value::{Composite, Primitive, ValueDef},
	rpcs::{rpc_params, Error as RpcError, RpcClient, UserError},
	OnlineClient, PolkadotConfig,
};
use subxt_signer::sr25519::Keypair;

/// Time that a transaction may take to become final.
const SUBMIT_LIMIT: Duration = Duration::from_secs(60);

/// Blocks in which a transaction can be included: more than any test waits for.
const LIFETIME: u64 = 1_024;

/// A client of a running node.
#[derive(Debug, Clone)]
pub struct Chain {
	rpc: RpcClient,
	api: OnlineClient<PolkadotConfig>,
}

/// An event with where it happened.
#[derive(Debug, Clone)]
pub struct Record {
	/// Block of the event.
	pub block: u32,
	/// Pallet that emitted it.
	pub pallet: String,
	/// Name of the event.
	pub name: String,
	/// Its fields.
	pub fields: Composite<()>,
}

impl Record {
	/// Whether this is the event `name` of `pallet`.
	pub fn is(&self, pallet: &str, name: &str) -> bool {
		self.pallet == pallet && self.name == name
	}

	fn field(&self, name: &str) -> &Value<()> {
		let event = format!("{}.{}", self.pallet, self.name);
		self.fields.at(name).unwrap_or_else(|| panic!("{event} has no field {name}"))
	}

	/// An unsigned field.
	pub fn number(&self, name: &str) -> u128 {
		let mut value = self.field(name);
		// A number may be wrapped in a type of its own.
		while let (ValueDef::Composite(_), Some(inner)) = (&value.value, value.at(0)) {
			value = inner;
		}
		value.as_u128().unwrap_or_else(|| panic!("{name} is no number: {value}"))
	}

	/// An unsigned field of 32 bits.
	pub fn small(&self, name: &str) -> u32 {
		u32::try_from(self.number(name)).unwrap_or_else(|_| panic!("{name} is above 2³²"))
	}

	/// A yes or no.
	pub fn flag(&self, name: &str) -> bool {
		let value = self.field(name);
		value.as_bool().unwrap_or_else(|| panic!("{name} is neither true nor false: {value}"))
	}

	/// A field of 32 bytes: an account or a hash.
	pub fn bytes(&self, name: &str) -> [u8; 32] {
		let mut bytes = Vec::new();
		collect_bytes(self.field(name), &mut bytes);
		bytes.try_into().unwrap_or_else(|_| panic!("{name} is not of 32 bytes"))
	}

	/// Name of the variant of a field that is an enumeration.
	pub fn variant(&self, name: &str) -> String {
		match &self.field(name).value {
			ValueDef::Variant(variant) => variant.name.clone(),
			_ => panic!("{name} is no enumeration"),
		}
	}

	/// Worker and device that the event names.
	pub fn device(&self) -> (u64, u16) {
		let worker = u64::try_from(self.number("worker")).expect("a worker's id has 64 bits");
		let device = u16::try_from(self.number("device")).expect("a device's index has 16 bits");
		(worker, device)
	}
}

pub(crate) fn collect_bytes(value: &Value<()>, bytes: &mut Vec<u8>) {
	match &value.value {
		ValueDef::Primitive(Primitive::U128(byte)) => {
			bytes.push(u8::try_from(*byte).expect("an element of a byte array"));
		}
		ValueDef::Composite(composite) => {
			composite.values().for_each(|value| collect_bytes(value, bytes));
		}
		_ => panic!("not a byte array: {value}"),
	}
}

impl Chain {
	/// Connects, if the node is up.
	pub async fn try_connect(url: &str) -> Option<Self> {
		let rpc = RpcClient::from_insecure_url(url).await.ok()?;
		let backend = LegacyBackend::builder().build(rpc.clone());
		let api = OnlineClient::from_backend(Arc::new(backend)).await.ok()?;
		Some(Self { rpc, api })
	}

	/// Connects to a node that is up.
	pub async fn connect(url: &str) -> Self {
		Self::try_connect(url).await.unwrap_or_else(|| panic!("{url} does not answer"))
	}

	/// The typed client underneath.
	pub fn api(&self) -> &OnlineClient<PolkadotConfig> {
		&self.api
	}

	/// Any request; `Err` holds the node's words.
	pub async fn request(&self, method: &str, parameters: Vec<Json>) -> Result<Json, String> {
		let mut list = subxt::rpcs::client::RpcParams::new();
		for parameter in parameters {
			list.push(parameter).map_err(|error| error.to_string())?;
		}
		self.rpc.request(method, list).await.map_err(|error| match &error {
			RpcError::User(UserError { data: Some(data), .. }) => format!("{error}: {data}"),
			_ => error.to_string(),
		})
	}

	async fn header(&self, hash: Option<Json>) -> Json {
		let header: Json = self
			.rpc
			.request("chain_getHeader", rpc_params![hash])
			.await
			.unwrap_or_else(|error| panic!("no header: {error}"));
		header
	}

	/// Number of the best block.
	pub async fn best(&self) -> u32 {
		number_of(&self.header(None).await)
	}

	/// Number and hash of the latest finalized block.
	pub async fn finalized(&self) -> (u32, String) {
		let hash: Json = self
			.rpc
			.request("chain_getFinalizedHead", rpc_params![])
			.await
			.unwrap_or_else(|error| panic!("no finalized block: {error}"));
		let number = number_of(&self.header(Some(hash.clone())).await);
		(number, hash.as_str().unwrap_or_default().to_owned())
	}

	/// Hash of a block of the best chain.
	pub async fn hash(&self, number: u32) -> Option<String> {
		let hash: Json = self
			.rpc
			.request("chain_getBlockHash", rpc_params![number])
			.await
			.unwrap_or_else(|error| panic!("no hash: {error}"));
		hash.as_str().map(str::to_owned)
	}

	/// The events of a block of the best chain, all of them decoded.
	pub async fn events(&self, number: u32) -> Vec<Record> {
		let at = self
			.api
			.at_block(u64::from(number))
			.await
			.unwrap_or_else(|error| panic!("block {number}: {error}"));
		let events = at
			.events()
			.fetch()
			.await
			.unwrap_or_else(|error| panic!("events of block {number}: {error}"));
		events
			.iter()
			.map(|event| {
				let event = event.unwrap_or_else(|error| panic!("block {number}: {error}"));
				Record {
					block: number,
					pallet: event.pallet_name().to_owned(),
					name: event.event_name().to_owned(),
					fields: event
						.decode_fields_unchecked_as()
						.unwrap_or_else(|error| panic!("block {number}: {error}")),
				}
			})
			.collect()
	}

	/// The bytes of a value of the state after the block of this hash; `None` when there are none.
	pub async fn raw(&self, pallet: &str, item: &str, hash: &str) -> Option<Vec<u8>> {
		let key = [twox_128(pallet.as_bytes()), twox_128(item.as_bytes())].concat();
		let key = format!("0x{}", hex::encode(key));
		let found: Json = self
			.rpc
			.request("state_getStorage", rpc_params![key, hash])
			.await
			.unwrap_or_else(|error| panic!("{pallet}.{item}: {error}"));
		let text = found.as_str()?.trim_start_matches("0x");
		Some(hex::decode(text).unwrap_or_else(|error| panic!("{pallet}.{item}: {error}")))
	}

	/// A value of the state at the latest finalized block; `None` when there is none.
	pub async fn stored(&self, pallet: &str, item: &str, keys: Vec<Value>) -> Option<Value<()>> {
		let at = self
			.api
			.at_current_block()
			.await
			.unwrap_or_else(|error| panic!("no finalized block: {error}"));
		let address = subxt::dynamic::storage::<Vec<Value>, Value<()>>(pallet, item);
		let found = at
			.storage()
			.try_fetch(address, keys)
			.await
			.unwrap_or_else(|error| panic!("{pallet}.{item}: {error}"));
		found.map(|found| found.decode().unwrap_or_else(|error| panic!("{pallet}.{item}: {error}")))
	}

	/// Submits a call and waits until it has succeeded in a finalized block; `Err` says why not.
	pub async fn try_submit(
		&self,
		pallet: &str,
		call: &str,
		arguments: Vec<Value>,
		signer: &Keypair,
	) -> Result<(), String> {
		self.submit_within(SUBMIT_LIMIT, pallet, call, arguments, signer).await
	}

	/// As [`Self::try_submit`], with time for a network in trouble. The transaction outlives that.
	pub async fn submit_within(
		&self,
		limit: Duration,
		pallet: &str,
		call: &str,
		arguments: Vec<Value>,
		signer: &Keypair,
	) -> Result<(), String> {
		let fail = |error: &dyn std::fmt::Display| format!("{pallet}.{call}: {error}");
		let at = self.api.at_current_block().await.map_err(|error| fail(&error))?;
		let payload = subxt::dynamic::tx(pallet, call, Composite::Unnamed(arguments));
		let parameters = DefaultExtrinsicParamsBuilder::new().mortal(LIFETIME).build();
		let progress = at
			.transactions()
			.sign_and_submit_then_watch(&payload, signer, parameters)
			.await
			.map_err(|error| fail(&error))?;
		tokio::time::timeout(limit, progress.wait_for_finalized_success())
			.await
			.map_err(|_| fail(&"not final in time"))?
			.map_err(|error| fail(&error))?;
		Ok(())
	}

	/// A signed transaction that never expires, as it would be submitted: in hexadecimal. The tip
	/// is in the least unit of the native token.
	pub async fn signed(
		&self,
		pallet: &str,
		call: &str,
		arguments: Vec<Value>,
		signer: &Keypair,
		(nonce, tip): (u64, u128),
	) -> Json {
		let payload = subxt::dynamic::tx(pallet, call, Composite::Unnamed(arguments));
		let parameters = DefaultExtrinsicParamsBuilder::new().immortal().nonce(nonce).tip(tip);
		let at = self.api.at_current_block().await;
		let at = at.unwrap_or_else(|error| panic!("no finalized block: {error}"));
		let signed = at.transactions().create_signed(&payload, signer, parameters.build()).await;
		let signed = signed.unwrap_or_else(|error| panic!("{pallet}.{call}: {error}"));
		Json::from(format!("0x{}", hex::encode(signed.encoded())))
	}

	/// Free balance of the native token.
	pub async fn free_balance(&self, account: [u8; 32]) -> u128 {
		let found = self.stored("System", "Account", vec![Value::from_bytes(account)]).await;
		let free =
			found.as_ref().and_then(|found| found.at("data")).and_then(|data| data.at("free"));
		free.and_then(|free| free.as_u128()).unwrap_or(0)
	}

	/// Submits a call that has to succeed.
	pub async fn submit(&self, pallet: &str, call: &str, arguments: Vec<Value>, signer: &Keypair) {
		let result = self.try_submit(pallet, call, arguments, signer).await;
		result.unwrap_or_else(|error| panic!("{error}"));
	}

	/// Waits until there is a block `number`.
	pub async fn wait_best(&self, number: u32, limit: Duration) {
		eventually(&format!("block {number}"), limit, || async {
			(self.best().await >= number).then_some(())
		})
		.await;
	}

	/// Waits until block `number` is finalized.
	pub async fn wait_finalized(&self, number: u32, limit: Duration) {
		eventually(&format!("block {number} to be finalized"), limit, || async {
			(self.finalized().await.0 >= number).then_some(())
		})
		.await;
	}
}

/// The `number` of a header in JSON.
fn number_of(header: &Json) -> u32 {
	let text = header["number"].as_str().unwrap_or_else(|| panic!("no header: {header}"));
	u32::from_str_radix(text.trim_start_matches("0x"), 16).expect("a number in hexadecimal")
}

/// Collects the events of finalized blocks in order, each once.
#[derive(Debug)]
pub struct Journal {
	/// All events so far.
	pub records: Vec<Record>,
	/// The slot of each block so far.
	pub slots: BTreeMap<u32, u64>,
	next: u32,
	slot_milliseconds: u64,
}

impl Journal {
	/// Begins with block 1.
	pub fn new(slot_milliseconds: u64) -> Self {
		Self::from_block(1, slot_milliseconds)
	}

	/// Begins with a later block.
	pub fn from_block(next: u32, slot_milliseconds: u64) -> Self {
		Self { records: Vec::new(), slots: BTreeMap::new(), next, slot_milliseconds }
	}

	/// Reads on to the latest finalized block.
	pub async fn follow(&mut self, chain: &Chain) {
		let (finalized, _) = chain.finalized().await;
		while self.next <= finalized {
			self.records.extend(chain.events(self.next).await);
			self.slots.insert(self.next, self.slot(chain, self.next).await);
			self.next += 1;
		}
	}

	/// A block's timestamp lies in its slot.
	async fn slot(&self, chain: &Chain, number: u32) -> u64 {
		let at = chain
			.api
			.at_block(u64::from(number))
			.await
			.unwrap_or_else(|error| panic!("block {number}: {error}"));
		let now = at
			.storage()
			.fetch(subxt::dynamic::storage::<(), u64>("Timestamp", "Now"), ())
			.await
			.unwrap_or_else(|error| panic!("no time in block {number}: {error}"));
		now.decode().expect("a timestamp has 64 bits") / self.slot_milliseconds
	}

	/// The events `name` of proof of FLOPS, in order.
	pub fn flops<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Record> {
		self.records.iter().filter(move |record| record.is("ProofOfFlops", name))
	}
}

/// Probes until there is an answer.
///
/// # Panics
/// When there is none within `limit`.
pub async fn eventually<T, F, Fut>(what: &str, limit: Duration, mut probe: F) -> T
where
	F: FnMut() -> Fut,
	Fut: Future<Output = Option<T>>,
{
	let start = std::time::Instant::now();
	loop {
		if let Some(answer) = probe().await {
			return answer;
		}
		assert!(start.elapsed() < limit, "waited {limit:?} in vain for {what}");
		tokio::time::sleep(Duration::from_millis(200)).await;
	}
}
