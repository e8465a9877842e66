//! `assay operator …`: bond, workers and devices.

use super::{amount, connect, line, parse_account, parse_amount, show};
use crate::{
	chain::{AccountId, Call, Chain, Inclusion, Terms},
	config::Config,
	keys, Error,
};
use clap::Subcommand;
use serde_json::{json, Map, Value};
use std::{fmt::Write, path::PathBuf, time::Duration};
use subxt_signer::sr25519::Keypair;

/// How long a transaction may take to get into a block.
const INCLUSION_DEADLINE: Duration = Duration::from_secs(90);
/// How long it may take to become final.
const FINALITY_DEADLINE: Duration = Duration::from_secs(300);

/// Manage an operator.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
	#[command(subcommand)]
	command: Command,
	/// File with the operator's secret: hex, or a phrase with derivations, mode 0600; without it,
	/// operator.key in the base path
	#[arg(long, global = true, value_name = "FILE")]
	suri_file: Option<PathBuf>,
	/// Sign with a well-known development account: alice, bob, …
	#[arg(long, global = true, value_name = "NAME", conflicts_with = "suri_file")]
	dev_account: Option<String>,
	/// Show fee and effect, and do nothing
	#[arg(long, global = true)]
	dry_run: bool,
	/// Wait until the transaction is final, not only included
	#[arg(long, global = true)]
	finalized: bool,
}

#[derive(Subcommand, Clone, Debug)]
enum Command {
	/// Become an operator with the minimum bond
	Register {
		/// Where credits go; without it, the operator's own account
		#[arg(long, value_parser = parse_account)]
		payout: Option<AccountId>,
	},
	/// Change where credits go
	SetPayout {
		/// The account
		#[arg(value_parser = parse_account)]
		payout: AccountId,
	},
	/// Add to the bond
	Bond {
		/// How much, in ASY
		#[arg(value_parser = parse_amount)]
		amount: u128,
	},
	/// Begin to take from the bond
	Unbond {
		/// How much, in ASY
		#[arg(value_parser = parse_amount)]
		amount: u128,
	},
	/// Take what has been unbonded long enough
	Withdraw,
	/// Add a worker with its hot key
	AddWorker {
		/// The worker's address; `assay keys show` prints it
		#[arg(value_parser = parse_account)]
		key: AccountId,
	},
	/// Replace a worker's hot key from the next round on
	RotateKey {
		/// Id of the worker
		worker: u64,
		/// The new address
		#[arg(value_parser = parse_account)]
		key: AccountId,
	},
	/// Remove a worker
	RemoveWorker {
		/// Id of the worker
		worker: u64,
	},
	/// Add a device to a worker
	AddDevice {
		/// Id of the worker
		worker: u64,
		/// What it is; nothing is ever paid for a description
		#[arg(default_value = "GPU")]
		description: String,
	},
	/// Change what is said about a device
	DescribeDevice {
		/// Id of the worker
		worker: u64,
		/// Index of the device
		device: u16,
		/// What it is
		description: String,
	},
	/// Remove a device
	RemoveDevice {
		/// Id of the worker
		worker: u64,
		/// Index of the device
		device: u16,
	},
	/// Pay the buffer of a removed or retired device out
	ReleaseBuffer {
		/// Id of the worker
		worker: u64,
		/// Index of the device
		device: u16,
	},
	/// Send ASY, for example the float of a worker's key
	TopUp {
		/// The address
		#[arg(value_parser = parse_account)]
		to: AccountId,
		/// How much, in ASY
		#[arg(value_parser = parse_amount)]
		amount: u128,
	},
	/// Make a conviction final whose time in escrow is over; anybody may
	ExecuteConviction {
		/// Id of the conviction
		id: u64,
	},
	/// Retire: no new obligations, and everything that is not reserved unbonds
	Retire,
	/// Show bond, workers and devices
	Status {
		/// The operator; without it, the signer
		#[arg(long, value_parser = parse_account)]
		operator: Option<AccountId>,
	},
}

impl Command {
	fn call(&self, signer: &AccountId) -> Option<Call> {
		Some(match self.clone() {
			Self::Register { payout } => Call::Register { payout: payout.unwrap_or(*signer) },
			Self::SetPayout { payout } => Call::SetPayout { payout },
			Self::Bond { amount } => Call::BondMore { amount },
			Self::Unbond { amount } => Call::Unbond { amount },
			Self::Withdraw => Call::Withdraw,
			Self::AddWorker { key } => Call::AddWorker { key },
			Self::RotateKey { worker, key } => Call::RotateKey { worker, key },
			Self::RemoveWorker { worker } => Call::RemoveWorker { worker },
			Self::AddDevice { worker, description } => Call::AddDevice { worker, description },
			Self::DescribeDevice { worker, device, description } => {
				Call::DescribeDevice { worker, device, description }
			}
			Self::RemoveDevice { worker, device } => Call::RemoveDevice { worker, device },
			Self::ReleaseBuffer { worker, device } => Call::ReleaseBuffer { worker, device },
			Self::TopUp { to, amount } => Call::Transfer { to, amount },
			Self::ExecuteConviction { id } => Call::ExecuteConviction { id },
			Self::Retire => Call::Retire,
			Self::Status { .. } => return None,
		})
	}
}

/// What a call will do, in words.
fn effect(call: &Call, terms: &Terms) -> String {
	match call {
		Call::Register { payout } => format!(
			"holds the minimum bond of {} ASY and pays credits to {payout}",
			amount(terms.minimum_bond)
		),
		Call::SetPayout { payout } => format!("pays credits to {payout} from now on"),
		Call::BondMore { amount: more } => format!("holds {} ASY more", amount(*more)),
		Call::Unbond { amount: less } => format!(
			"takes {} ASY from the bond; they can be withdrawn after {} blocks, and can be slashed \
			 until then",
			amount(*less),
			terms.unbonding_blocks
		),
		Call::Withdraw => "returns everything that has been unbonded long enough".into(),
		Call::AddWorker { key } => format!(
			"adds a worker whose hot key is {key}; holds a deposit of {} ASY",
			amount(terms.worker_deposit)
		),
		Call::RotateKey { worker, key } => {
			format!("lets {key} sign for worker {worker} from the next round on")
		}
		Call::RemoveWorker { worker } => {
			format!("removes worker {worker}, which must have no open obligation, and its devices")
		}
		Call::AddDevice { worker, .. } => format!(
			"adds a device to worker {worker}; holds a deposit of {} ASY; its first commitment \
			 reserves {} ASY of the bond",
			amount(terms.device_deposit),
			amount(terms.device_stake)
		),
		Call::DescribeDevice { worker, device, .. } => {
			format!("changes the description of device {device} of worker {worker}")
		}
		Call::RemoveDevice { worker, device } => {
			format!("removes device {device} of worker {worker} and returns its deposit")
		}
		Call::ReleaseBuffer { worker, device } => {
			format!("pays the buffer of device {device} of worker {worker} to the payout account")
		}
		Call::Transfer { to, amount: sent } => format!("sends {} ASY to {to}", amount(*sent)),
		Call::ExecuteConviction { id } => {
			format!("burns the stake of conviction {id}, less the bounty of who proved it")
		}
		Call::Retire => {
			"begins no new obligations and unbonds what is not reserved; it cannot be undone".into()
		}
		Call::Commit { .. } | Call::Reveal { .. } | Call::Settle { .. } => String::new(),
	}
}

/// Does what the arguments say.
pub(super) async fn run(config: &Config, args: Args, json: bool) -> Result<(), Error> {
	if let Command::Status { operator } = &args.command {
		let operator = match operator {
			Some(operator) => *operator,
			None => keys::account(&signer(config, &args)?),
		};
		return status(config, &operator, json).await;
	}
	let signer = signer(config, &args)?;
	let account = keys::account(&signer);
	let Some(call) = args.command.call(&account) else { return Ok(()) };
	let chain = connect(config).await?;
	let (best, finalized) = (chain.best().await?, chain.finalized().await?);
	let effect = effect(&call, &chain.terms(best).await?);
	let nonce = chain.next_nonce(&account).await?;
	let draft = chain.sign(&call, &signer, nonce, best, finalized).await?;
	let fee = chain.fee(&draft, best).await?;
	if args.dry_run {
		if json {
			show(&json!({
				"dry_run": true,
				"call": call.name(),
				"signer": account.to_string(),
				"fee_asy": amount(fee),
				"effect": effect,
			}));
		} else {
			line(format!(
				"{} signed by {account}\n  effect  {effect}\n  fee     {} ASY\nnothing was sent",
				call.name(),
				amount(fee)
			));
		}
		return Ok(());
	}
	let deadline = if args.finalized { FINALITY_DEADLINE } else { INCLUSION_DEADLINE };
	let inclusion = chain.execute(&call, &signer, args.finalized, deadline).await?;
	let extra = results(&chain, &call, &account).await?;
	tell(&call, &inclusion, fee, &effect, extra, json);
	Ok(())
}

fn signer(config: &Config, args: &Args) -> Result<Keypair, Error> {
	if let Some(name) = &args.dev_account {
		return Ok(keys::development(name)?);
	}
	let default = config.base_path.join("operator.key");
	Ok(keys::load(args.suri_file.as_deref().unwrap_or(&default))?)
}

/// Numbers that the chain gave and that the next command needs.
async fn results(
	chain: &Chain,
	call: &Call,
	operator: &AccountId,
) -> Result<Map<String, Value>, Error> {
	let mut extra = Map::new();
	let best = chain.best().await?;
	match call {
		Call::AddWorker { .. } => {
			if let Some(worker) = chain.workers_of(best, operator).await?.last() {
				extra.insert("worker".into(), json!(worker));
			}
		}
		Call::AddDevice { worker, .. } => {
			let view = chain.worker(best, *worker).await?;
			if let Some(device) = view.and_then(|view| view.devices.last().map(|d| d.device)) {
				extra.insert("worker".into(), json!(worker));
				extra.insert("device".into(), json!(device));
			}
		}
		_ => (),
	}
	Ok(extra)
}

fn tell(
	call: &Call,
	inclusion: &Inclusion,
	fee: u128,
	effect: &str,
	extra: Map<String, Value>,
	json: bool,
) {
	let block = format!("0x{}", hex::encode(inclusion.block));
	let transaction = format!("0x{}", hex::encode(inclusion.transaction));
	if json {
		let mut value = json!({
			"call": call.name(),
			"block": block,
			"transaction": transaction,
			"fee_asy": amount(fee),
			"effect": effect,
			"events": inclusion.events,
		});
		if let Some(object) = value.as_object_mut() {
			object.extend(extra);
		}
		show(&value);
		return;
	}
	let mut out = format!("{}: {effect}\n  in block {block}", call.name());
	for (name, value) in &extra {
		let _ = write!(out, "\n  {name} {value}");
	}
	line(out);
}

async fn status(config: &Config, operator: &AccountId, json: bool) -> Result<(), Error> {
	let chain = connect(config).await?;
	let best = chain.best().await?;
	let view = chain
		.operator(best, operator)
		.await?
		.ok_or_else(|| crate::chain::Error::NotFound(format!("operator {operator}")))?;
	let balance = chain.balance(best, operator).await?;
	let credits = chain.credits(best, &view.payout).await?;
	let mut workers = Vec::new();
	for id in chain.workers_of(best, operator).await? {
		if let Some(worker) = chain.worker(best, id).await? {
			let float = chain.balance(best, &worker.key).await?;
			workers.push((worker, float));
		}
	}
	if json {
		let workers: Vec<Value> = workers
			.iter()
			.map(|(worker, float)| {
				json!({
					"worker": worker.worker,
					"activity": worker.activity,
					"key": worker.key.to_string(),
					"next_key": worker.next_key.as_ref().map(|(key, round)| {
						json!({ "key": key.to_string(), "from_round": round })
					}),
					"float_asy": amount(*float),
					"devices": worker.devices,
				})
			})
			.collect();
		show(&json!({
			"operator": operator.to_string(),
			"activity": view.activity,
			"payout": view.payout.to_string(),
			"balance_asy": amount(balance),
			"payout_credits": amount(credits),
			"bonded_asy": amount(view.bonded),
			"reserved_asy": amount(view.reserved),
			"free_asy": amount(view.free),
			"unbonding_asy": amount(view.unbonding),
			"withdrawable_asy": amount(view.withdrawable),
			"next_due_block": view.next_due,
			"escrowed_asy": amount(view.escrowed),
			"convictions": view.convictions,
			"workers": workers,
		}));
		return Ok(());
	}
	let mut out = format!(
		"operator {operator} · {}\npayout   {} with {} credits\nbalance  {} ASY\nbond     {} ASY: {} \
		 reserved, {} free\nleaving  {} ASY, of which {} can be withdrawn",
		view.activity,
		view.payout,
		amount(credits),
		amount(balance),
		amount(view.bonded),
		amount(view.reserved),
		amount(view.free),
		amount(view.unbonding),
		amount(view.withdrawable),
	);
	if view.convictions > 0 {
		let _ = write!(
			out,
			"\nescrow   {} ASY of {} convictions",
			amount(view.escrowed),
			view.convictions
		);
	}
	for (worker, float) in &workers {
		let _ = write!(
			out,
			"\nworker {}: key {}, float {} ASY",
			worker.worker,
			worker.key,
			amount(*float)
		);
		for device in &worker.devices {
			let _ = write!(out, "\n  device {}: {}", device.device, device.description);
		}
	}
	line(out);
	Ok(())
}
