//! Signing, estimating, submitting and following transactions.

use super::{
	failed,
	keystore::METHOD_NOT_FOUND,
	runtime::{self, runtime_types as types},
	AccountId, Chain, Error, Head, MarketCall, News, Service,
};
use crate::store::Signed;
use assay_flops::{Hash, Opening};
use codec::Encode;
use std::{collections::HashMap, fmt, time::Duration};
use subxt::{
	config::{substrate::H256, DefaultExtrinsicParamsBuilder},
	error::DispatchError,
	ext::scale_value::{Composite, Primitive, ValueDef},
	rpcs::Error as RpcError,
	tx::{DynamicPayload, Payload},
	utils::MultiAddress,
	OnlineClientAtBlock, SubstrateConfig,
};
use subxt_signer::sr25519::Keypair;

pub(super) type At = OnlineClientAtBlock<SubstrateConfig>;

/// Blocks for which a signed transaction stays valid.
const MORTALITY: u32 = 64;
/// A final block this close to the best one anchors a transaction, so that it is valid on every
/// fork; when finality lags more, the best block does.
const ANCHOR_LAG: u32 = 24;
/// Blocks before the latest one that are looked at again, since they may have been replaced.
const LOOK_BACK: u32 = 16;

/// The node's answer for a transaction whose fee cannot be paid: invalid, for want of a payment.
const CANNOT_PAY: &[u8] = &[1, 0, 1];

/// A call that the worker or an operator makes. Amounts are in units of 10⁻¹² ASY.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "fields are the arguments of the pallets' documented calls")]
pub enum Call {
	/// Commits to tiles.
	Commit { device: u16, tiles: u32, root: Hash },
	/// Opens samples.
	Reveal { round: u32, device: u16, openings: Vec<Opening> },
	/// Settles a claim.
	Settle { worker: u64, device: u16, round: u32 },
	/// Pays the buffer of a retired device out.
	ReleaseBuffer { worker: u64, device: u16 },
	/// Makes the signer an operator, with shares of its stake in parts in a million.
	Register { payout: AccountId, allocations: Vec<(Service, u32)> },
	/// Changes where rewards go.
	SetPayout { payout: AccountId },
	/// Adds to the bond.
	BondMore { amount: u128 },
	/// Begins to take from the bond.
	Unbond { amount: u128 },
	/// Takes what has been unbonded long enough.
	Withdraw,
	/// Adds a worker with its hot key.
	AddWorker { key: AccountId },
	/// Replaces a hot key from the next round on.
	RotateKey { worker: u64, key: AccountId },
	/// Removes a worker.
	RemoveWorker { worker: u64 },
	/// Adds a device.
	AddDevice { worker: u64, description: String },
	/// Changes the description of a device.
	DescribeDevice { worker: u64, device: u16, description: String },
	/// Removes a device.
	RemoveDevice { worker: u64, device: u16 },
	/// Begins to retire.
	Retire,
	/// Executes a conviction whose time in escrow is over.
	ExecuteConviction { id: u64 },
	/// Adds to an operator's stake.
	Delegate { operator: AccountId, amount: u128 },
	/// Begins to take from what was delegated.
	Undelegate { operator: AccountId, amount: u128 },
	/// Takes what left a delegation long enough ago.
	WithdrawDelegation { operator: AccountId },
	/// Pays a delegator all that it has with an operator that retires and answers for nothing.
	SettleDelegation { operator: AccountId, delegator: AccountId },
	/// Moves delegated stake from one operator to another.
	Redelegate { from: AccountId, to: AccountId, amount: u128 },
	/// Claims what the signer has earned with an operator, or as one.
	ClaimRewards { operator: AccountId },
	/// Changes the commission, in parts in a million.
	SetCommission { ppm: u32 },
	/// Changes the share of the stake that a service may slash, in parts in a million.
	Allocate { service: Service, ppm: u32 },
	/// Sets the keys with which a validator takes part in consensus.
	SetKeys { keys: Vec<u8>, proof: Vec<u8> },
	/// Stands for election as a validator.
	Validate,
	/// Stands no more.
	StopValidating,
	/// Takes the session keys back.
	RemoveKeys,
	/// Sends funds, for example the float of a worker's key.
	Transfer { to: AccountId, amount: u128 },
	/// Does something in the GPU market.
	Market(MarketCall),
}

impl From<MarketCall> for Call {
	fn from(call: MarketCall) -> Self {
		Self::Market(call)
	}
}

impl Call {
	/// Pallet and call, as in the metadata.
	pub fn name(&self) -> &'static str {
		match self {
			Self::Commit { .. } => "ProofOfFlops.commit",
			Self::Reveal { .. } => "ProofOfFlops.reveal",
			Self::Settle { .. } => "ProofOfFlops.settle",
			Self::ReleaseBuffer { .. } => "ProofOfFlops.release_buffer",
			Self::Register { .. } => "Operators.register",
			Self::SetPayout { .. } => "Operators.set_payout",
			Self::BondMore { .. } => "Operators.bond_more",
			Self::Unbond { .. } => "Operators.unbond",
			Self::Withdraw => "Operators.withdraw",
			Self::AddWorker { .. } => "Operators.add_worker",
			Self::RotateKey { .. } => "Operators.rotate_key",
			Self::RemoveWorker { .. } => "Operators.remove_worker",
			Self::AddDevice { .. } => "Operators.add_device",
			Self::DescribeDevice { .. } => "Operators.describe_device",
			Self::RemoveDevice { .. } => "Operators.remove_device",
			Self::Retire => "Operators.retire",
			Self::ExecuteConviction { .. } => "Operators.execute_conviction",
			Self::Delegate { .. } => "Operators.delegate",
			Self::Undelegate { .. } => "Operators.undelegate",
			Self::WithdrawDelegation { .. } => "Operators.withdraw_delegation",
			Self::SettleDelegation { .. } => "Operators.settle_delegation",
			Self::Redelegate { .. } => "Operators.redelegate",
			Self::ClaimRewards { .. } => "Operators.claim_rewards",
			Self::SetCommission { .. } => "Operators.set_commission",
			Self::Allocate { .. } => "Operators.allocate",
			Self::SetKeys { .. } => "Session.set_keys",
			Self::Validate => "Validators.validate",
			Self::StopValidating => "Validators.stop_validating",
			Self::RemoveKeys => "Validators.remove_keys",
			Self::Transfer { .. } => "Balances.transfer_keep_alive",
			Self::Market(call) => call.name(),
		}
	}

	fn encode(&self, at: &At) -> Result<Vec<u8>, Error> {
		let calls = runtime::transactions();
		let flops = || calls.proof_of_flops();
		let operators = || runtime::transactions().operators();
		match self.clone() {
			Self::Commit { device, tiles, root } => {
				call_data(at, flops().commit(device, tiles, H256(root)))
			}
			Self::Reveal { round, device, openings } => {
				let openings = openings
					.into_iter()
					.map(|opening| types::assay_flops::opening::Opening {
						entries: opening.entries,
						path: opening.path,
					})
					.collect();
				call_data(at, flops().reveal(round, device, bounded(openings)))
			}
			Self::Settle { worker, device, round } => {
				call_data(at, flops().settle(worker, device, round))
			}
			Self::ReleaseBuffer { worker, device } => {
				call_data(at, flops().release_buffer(worker, device))
			}
			Self::Register { payout, allocations } => {
				let allocations =
					allocations.into_iter().map(|(service, ppm)| (service.into(), ppm)).collect();
				call_data(at, operators().register(payout, bounded(allocations)))
			}
			Self::SetPayout { payout } => call_data(at, operators().set_payout(payout)),
			Self::BondMore { amount } => call_data(at, operators().bond_more(amount)),
			Self::Unbond { amount } => call_data(at, operators().unbond(amount)),
			Self::Withdraw => call_data(at, operators().withdraw()),
			Self::AddWorker { key } => call_data(at, operators().add_worker(key)),
			Self::RotateKey { worker, key } => call_data(at, operators().rotate_key(worker, key)),
			Self::RemoveWorker { worker } => call_data(at, operators().remove_worker(worker)),
			Self::AddDevice { worker, description } => {
				let description = bounded(description.into_bytes());
				call_data(at, operators().add_device(worker, description))
			}
			Self::DescribeDevice { worker, device, description } => {
				let description = bounded(description.into_bytes());
				call_data(at, operators().describe_device(worker, device, description))
			}
			Self::RemoveDevice { worker, device } => {
				call_data(at, operators().remove_device(worker, device))
			}
			Self::Retire => call_data(at, operators().retire()),
			Self::ExecuteConviction { id } => call_data(at, operators().execute_conviction(id)),
			Self::Delegate { operator, amount } => {
				call_data(at, operators().delegate(operator, amount))
			}
			Self::Undelegate { operator, amount } => {
				call_data(at, operators().undelegate(operator, amount))
			}
			Self::WithdrawDelegation { operator } => {
				call_data(at, operators().withdraw_delegation(operator))
			}
			Self::SettleDelegation { operator, delegator } => {
				call_data(at, operators().settle_delegation(operator, delegator))
			}
			Self::Redelegate { from, to, amount } => {
				call_data(at, operators().redelegate(from, to, amount))
			}
			Self::ClaimRewards { operator } => call_data(at, operators().claim_rewards(operator)),
			Self::SetCommission { ppm } => call_data(at, operators().set_commission(ppm)),
			Self::Allocate { service, ppm } => {
				call_data(at, operators().allocate(service.into(), ppm))
			}
			Self::SetKeys { keys, proof } => set_keys(at, &keys, &proof),
			Self::Validate => call_data(at, calls.validators().validate()),
			Self::StopValidating => call_data(at, calls.validators().stop_validating()),
			Self::RemoveKeys => call_data(at, calls.validators().remove_keys()),
			Self::Transfer { to, amount } => {
				call_data(at, calls.balances().transfer_keep_alive(MultiAddress::Id(to), amount))
			}
			Self::Market(call) => call.encode(at),
		}
	}
}

pub(super) fn bounded<T>(items: Vec<T>) -> types::bounded_collections::bounded_vec::BoundedVec<T> {
	types::bounded_collections::bounded_vec::BoundedVec(items)
}

/// The bytes of `Session.set_keys`: the node gives keys and proof in the runtime's own encoding.
fn set_keys(at: &At, keys: &[u8], proof: &[u8]) -> Result<Vec<u8>, Error> {
	let missing = || Error::Incompatible("it has no call Session.set_keys".into());
	let pallet = at.metadata_ref().pallet_by_name("Session").ok_or_else(missing)?;
	let call = pallet.call_variant_by_name("set_keys").ok_or_else(missing)?;
	let mut data = vec![pallet.call_index(), call.index];
	data.extend(keys);
	proof.encode_to(&mut data);
	Ok(data)
}

/// The call's bytes, after its shape was compared with the runtime's.
pub(super) fn call_data<P: Payload>(at: &At, payload: P) -> Result<Vec<u8>, Error> {
	let transactions = at.transactions();
	transactions.validate(&payload).map_err(|error| failed("encoding a call", &error))?;
	transactions.call_data(&payload).map_err(|error| failed("encoding a call", &error))
}

/// What the transaction pool said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submission {
	/// It took the transaction, or has it already.
	Taken,
	/// The transaction is outdated: its nonce is used, or it expired.
	Outdated(String),
	/// It will not take it, for another reason.
	Refused(String),
}

/// What a node found when it tried a transaction out on the best state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trial {
	/// It would succeed.
	Accepted,
	/// It would be refused, for the documented reason.
	Refused(String),
	/// The node cannot tell, and why not.
	Unknown(String),
}

/// An event of one of our pallets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
	/// Pallet and event, as in the metadata.
	pub name: String,
	fields: Composite<()>,
}

impl Event {
	/// A field that is a number.
	pub fn number(&self, field: &str) -> Option<u64> {
		let Composite::Named(fields) = &self.fields else { return None };
		match fields.iter().find(|(name, _)| name == field)?.1.value {
			ValueDef::Primitive(Primitive::U128(number)) => u64::try_from(number).ok(),
			_ => None,
		}
	}
}

impl fmt::Display for Event {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(f, "{} {}", self.name, render(&ValueDef::Composite(self.fields.clone())))
	}
}

/// Where a transaction ended up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inclusion {
	/// The block.
	pub block: Hash,
	/// Hash of the transaction.
	pub transaction: Hash,
	/// Events of our pallets.
	pub events: Vec<Event>,
}

impl Chain {
	/// The next nonce of an account, counting what waits in the node's pool.
	pub async fn next_nonce(&self, account: &AccountId) -> Result<u64, Error> {
		self.within("nonce", self.rpc.system_account_next_index(account)).await
	}

	/// Signs a call so that it is valid for the next 64 blocks.
	pub async fn sign(
		&self,
		call: &Call,
		signer: &Keypair,
		nonce: u64,
		best: Head,
		finalized: Head,
	) -> Result<Signed, Error> {
		let lag = best.number.saturating_sub(finalized.number);
		let anchor = if lag <= ANCHOR_LAG { finalized } else { best };
		let at = self.at(best).await?;
		let payload = payload(&at, call)?;
		let params = DefaultExtrinsicParamsBuilder::<SubstrateConfig>::new()
			.nonce(nonce)
			.mortal_from_unchecked(MORTALITY.into(), anchor.number.into(), H256(anchor.hash))
			.build();
		let transaction = at
			.transactions()
			.create_signable_offline(&payload, params)
			.and_then(|mut signable| signable.sign(signer))
			.map_err(|error| failed("signing", &error))?;
		Ok(Signed {
			hash: transaction.hash().0,
			bytes: transaction.into_encoded(),
			nonce,
			signed_at: best.number,
			expires_at: anchor.number.saturating_add(MORTALITY),
			attempt: 1,
		})
	}

	/// Gives a transaction to the node's pool; the same bytes may be given any number of times.
	pub async fn submit(&self, signed: &Signed) -> Result<Submission, Error> {
		let submitting = self.rpc.author_submit_extrinsic(&signed.bytes);
		match tokio::time::timeout(self.deadline, submitting).await {
			Err(_) => Err(Error::Deadline {
				doing: "submitting a transaction",
				seconds: self.deadline.as_secs(),
			}),
			Ok(Ok(_)) => Ok(Submission::Taken),
			Ok(Err(RpcError::User(error))) => {
				let data = error.data.as_ref().map(|data| data.get()).unwrap_or_default();
				let said = format!("{} {data}", error.message);
				Ok(match error.code {
					// "Already imported": the pool has these very bytes.
					1013 => Submission::Taken,
					1010 if said.contains("outdated") || said.contains("ancient") => {
						Submission::Outdated(said)
					}
					_ => Submission::Refused(said),
				})
			}
			Ok(Err(error)) => Err(failed("submitting a transaction", &error)),
		}
	}

	/// The fee of a signed transaction in units of 10⁻¹² ASY, before any refund.
	pub async fn fee(&self, signed: &Signed, best: Head) -> Result<u128, Error> {
		let at = self.at(best).await?;
		let transaction = at.transactions().from_bytes(signed.bytes.clone());
		self.within("fee estimate", transaction.partial_fee_estimate()).await
	}

	/// Lets the node try a transaction out, without sending it to anybody.
	pub async fn try_out(&self, signed: &Signed, best: Head) -> Result<Trial, Error> {
		let asking = self.rpc.dry_run(&signed.bytes, Some(H256(best.hash)));
		let answer = match tokio::time::timeout(self.deadline, asking).await {
			Err(_) => {
				let seconds = self.deadline.as_secs();
				return Err(Error::Deadline { doing: "trying a transaction out", seconds });
			}
			Ok(Ok(answer)) => answer.0,
			Ok(Err(RpcError::User(error))) if error.code == METHOD_NOT_FOUND => {
				return Ok(Trial::Unknown(
					"this node tries transactions out for its own machine only".into(),
				));
			}
			Ok(Err(error)) => return Ok(Trial::Unknown(super::text(&error))),
		};
		let metadata = self.at(best).await?.metadata();
		Ok(match answer.as_slice() {
			[0, 0, ..] => Trial::Accepted,
			[0, 1, error @ ..] => match DispatchError::decode_from(error, metadata) {
				Ok(error) => Trial::Refused(explain(&error)),
				Err(error) => return Err(failed("decoding an error", &error)),
			},
			CANNOT_PAY => Trial::Refused("the account cannot pay the fee: send it some ASY".into()),
			_ => Trial::Unknown(
				"it depends on transactions that are not in a block yet; try again in a moment"
					.into(),
			),
		})
	}

	/// Signs a call, submits it and waits until it is in a best block, or in a final one.
	pub async fn execute(
		&self,
		call: &Call,
		signer: &Keypair,
		wait_for_finality: bool,
		deadline: Duration,
	) -> Result<Inclusion, Error> {
		let name = call.name();
		let late = || Error::NotIncluded { call: name, seconds: deadline.as_secs() };
		let (best, finalized) = (self.best().await?, self.finalized().await?);
		let account = crate::keys::account(signer);
		let nonce = self.next_nonce(&account).await?;
		let mut heads = self.heads().await?;
		let signed = self.sign(call, signer, nonce, best, finalized).await?;
		match self.submit(&signed).await? {
			Submission::Taken => (),
			Submission::Outdated(said) | Submission::Refused(said) => {
				return Err(Error::NotTaken(said));
			}
		}
		let end = tokio::time::Instant::now() + deadline;
		// By number: the hash of the block that was looked at, and what was found in it.
		let mut seen: HashMap<u32, (Hash, Option<Inclusion>)> = HashMap::new();
		loop {
			let news = tokio::time::timeout_at(end, heads.next()).await.map_err(|_| late())??;
			let head = match news {
				News::Best(head) | News::Final(head) => head,
			};
			let first = head.number.saturating_sub(LOOK_BACK).max(best.number.saturating_add(1));
			for number in first..=head.number {
				let Some(hash) = self.block_hash(number).await? else { continue };
				if seen.get(&number).is_none_or(|(looked_at, _)| *looked_at != hash) {
					let result = self.outcome(name, &signed.hash, Head { number, hash }).await?;
					seen.insert(number, (hash, result.transpose()?));
				}
				if let Some((_, Some(inclusion))) = seen.get(&number) {
					let is_final = matches!(news, News::Final(last) if last.number >= number);
					if is_final || !wait_for_finality {
						return Ok(inclusion.clone());
					}
				}
			}
		}
	}

	/// Looks for a transaction in a block: `None` when it is not there, else how it went.
	pub async fn outcome(
		&self,
		call: &'static str,
		transaction: &Hash,
		block: Head,
	) -> Result<Option<Result<Inclusion, Error>>, Error> {
		let at = self.at(block).await?;
		let extrinsics = self.within("transactions of a block", at.extrinsics().fetch()).await?;
		for extrinsic in extrinsics.iter() {
			let extrinsic = extrinsic.map_err(|error| failed("decoding a block", &error))?;
			if extrinsic.hash().0 != *transaction {
				continue;
			}
			let events = self.within("events of a block", extrinsic.events()).await?;
			let mut told = Vec::new();
			for event in events.iter() {
				let event = event.map_err(|error| failed("decoding events", &error))?;
				match (event.pallet_name(), event.event_name()) {
					("System", "ExtrinsicFailed") => {
						let error = DispatchError::decode_from(event.field_bytes(), at.metadata())
							.map_err(|error| failed("decoding an error", &error))?;
						let reason = explain(&error);
						return Ok(Some(Err(Error::Refused { call, reason })));
					}
					(
						pallet @ ("GpuMarket" | "Operators" | "ProofOfFlops" | "Session"
						| "Validators"),
						event_name,
					) => told.push(Event {
						name: format!("{pallet}.{event_name}"),
						fields: event
							.decode_fields_unchecked_as::<Composite<()>>()
							.unwrap_or_else(|_| Composite::Named(Vec::new())),
					}),
					_ => (),
				}
			}
			return Ok(Some(Ok(Inclusion {
				block: block.hash,
				transaction: *transaction,
				events: told,
			})));
		}
		Ok(None)
	}
}

fn payload(at: &At, call: &Call) -> Result<DynamicPayload<Composite<()>>, Error> {
	let bytes = call.encode(at)?;
	at.transactions()
		.from_call_data_bytes(&bytes)
		.map_err(|error| failed("encoding a call", &error))
}

/// A decoded value as text; bytes, such as accounts and hashes, in hex.
fn render(value: &ValueDef<()>) -> String {
	fn byte(value: &ValueDef<()>) -> Option<u8> {
		match value {
			ValueDef::Primitive(Primitive::U128(byte)) => u8::try_from(*byte).ok(),
			_ => None,
		}
	}
	match value {
		ValueDef::Composite(Composite::Unnamed(items)) => match items.as_slice() {
			[single] => render(&single.value),
			items => {
				let bytes: Option<Vec<u8>> = items.iter().map(|item| byte(&item.value)).collect();
				match bytes {
					Some(bytes) if bytes.len() >= 20 => format!("0x{}", hex::encode(bytes)),
					_ => {
						let items: Vec<_> = items.iter().map(|item| render(&item.value)).collect();
						format!("[{}]", items.join(", "))
					}
				}
			}
		},
		ValueDef::Composite(Composite::Named(fields)) => {
			let fields: Vec<_> = fields
				.iter()
				.map(|(name, field)| format!("{name}: {}", render(&field.value)))
				.collect();
			format!("{{ {} }}", fields.join(", "))
		}
		ValueDef::Variant(variant) if variant.values.is_empty() => variant.name.clone(),
		ValueDef::Variant(variant) => {
			format!("{} {}", variant.name, render(&ValueDef::Composite(variant.values.clone())))
		}
		ValueDef::Primitive(Primitive::U128(number)) => number.to_string(),
		ValueDef::Primitive(Primitive::I256(bytes) | Primitive::U256(bytes)) => {
			format!("0x{}", hex::encode(bytes))
		}
		ValueDef::Primitive(Primitive::Bool(yes)) => yes.to_string(),
		ValueDef::Primitive(Primitive::String(text)) => text.clone(),
		ValueDef::Primitive(Primitive::I128(number)) => number.to_string(),
		ValueDef::Primitive(Primitive::Char(letter)) => letter.to_string(),
		ValueDef::BitSequence(bits) => format!("{bits:?}"),
	}
}

/// The documented sentence of an error, or its name.
fn explain(error: &DispatchError) -> String {
	if let DispatchError::Token(error) = error {
		return format!(
			"{error} The signing account has too little to spend: send it some ASY, or credits \
			 where it pays in them."
		);
	}
	if let DispatchError::Module(module) = error {
		if let Ok(details) = module.details() {
			let sentence = details.variant.docs.join(" ").trim().to_string();
			let name = format!("{}.{}", details.pallet.name(), details.variant.name);
			return if sentence.is_empty() { name } else { format!("{sentence} [{name}]") };
		}
	}
	error.to_string()
}
