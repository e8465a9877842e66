//! `assay operator …`: stake, delegators, allocations, workers, devices and validating.
//!
//! Every command first looks at the chain and makes a [`Plan`]: nothing, when what it asks for is so
//! already, or one [`Step`] with all that it will do. A dry run shows the plan.

mod allocation;
mod bond;
mod delegation;
mod rewards;
mod status;
mod validate;
mod workers;

use super::{
	parse_account, parse_allocations, parse_amount, parse_service, parse_share,
	plan::{self, Context, Plan},
	signing::{Signing, OPERATOR_KEY},
	Allocations,
};
use crate::{
	chain::{AccountId, Service},
	config::Config,
	keys, Error,
};
use clap::Subcommand;

/// Manage an operator.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
	#[command(subcommand)]
	command: Command,
	#[command(flatten)]
	signing: Signing,
}

#[derive(Subcommand, Debug)]
enum Command {
	#[command(flatten)]
	One(Transaction),
	/// Stand for election as a validator, or say that it is back
	Validate {
		/// The validator's own node, in whose keystore the session keys lie; without it, --rpc
		#[arg(long, value_name = "URL")]
		node: Option<String>,
		/// Make new session keys although the node holds those on chain
		#[arg(long, conflicts_with = "stop")]
		rotate: bool,
		/// Stand no more
		#[arg(long)]
		stop: bool,
	},
	/// Show what was earned with an operator, or as one, and claim it
	Rewards {
		/// The operator; without it, the signer
		#[arg(value_parser = parse_account)]
		operator: Option<AccountId>,
		/// Claim it
		#[arg(long)]
		claim: bool,
	},
	/// Show stake, allocations, delegators, rewards, validating, workers and devices
	Status {
		/// The operator; without it, the signer
		#[arg(long, value_parser = parse_account)]
		operator: Option<AccountId>,
	},
}

/// What is one transaction.
#[derive(Subcommand, Clone, Debug)]
enum Transaction {
	/// Become an operator with the minimum bond
	Register {
		/// Where rewards go; without it, the operator's own account
		#[arg(long, value_parser = parse_account)]
		payout: Option<AccountId>,
		/// Shares of the stake that services may slash, from the beginning
		#[arg(
			long,
			value_name = "SERVICE=SHARE,…",
			default_value = "flops=100%",
			value_parser = parse_allocations
		)]
		allocate: Allocations,
	},
	/// Change where rewards go
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
		/// The amount is that of the bond in the end, not what is added
		#[arg(long)]
		to: bool,
	},
	/// Begin to take from the bond
	Unbond {
		/// How much, in ASY
		#[arg(value_parser = parse_amount)]
		amount: u128,
		/// The amount is that of the bond in the end, not what is taken
		#[arg(long)]
		to: bool,
	},
	/// Take what has been unbonded long enough
	Withdraw,
	/// Add to the stake of an operator, and share its rewards and its slashes
	Delegate {
		/// The operator
		#[arg(value_parser = parse_account)]
		operator: AccountId,
		/// How much, in ASY
		#[arg(value_parser = parse_amount)]
		amount: u128,
		/// The amount is that of the delegation in the end, not what is added
		#[arg(long)]
		to: bool,
	},
	/// Begin to take from a delegation
	Undelegate {
		/// The operator
		#[arg(value_parser = parse_account)]
		operator: AccountId,
		/// How much, in ASY; all of it when less than the minimum would stay
		#[arg(value_parser = parse_amount)]
		amount: u128,
		/// The amount is that of the delegation in the end, not what is taken
		#[arg(long)]
		to: bool,
	},
	/// Take what left a delegation long enough ago
	WithdrawDelegation {
		/// The operator
		#[arg(value_parser = parse_account)]
		operator: AccountId,
	},
	/// Pay a delegator all that it has with an operator that retires and owes nothing; anybody may
	SettleDelegation {
		/// The operator
		#[arg(value_parser = parse_account)]
		operator: AccountId,
		/// The delegator
		#[arg(value_parser = parse_account)]
		delegator: AccountId,
	},
	/// Move delegated stake at once, from an operator that owes nothing to any service
	Redelegate {
		/// The operator that loses it
		#[arg(value_parser = parse_account)]
		from: AccountId,
		/// The operator that gets it
		#[arg(value_parser = parse_account)]
		to: AccountId,
		/// How much, in ASY
		#[arg(value_parser = parse_amount)]
		amount: u128,
	},
	/// Change the share of the stake that a service may slash
	Allocate {
		/// The service: consensus, flops, market, jobs or data
		#[arg(value_parser = parse_service)]
		service: Service,
		/// The share, such as 40%
		#[arg(value_parser = parse_share)]
		share: u32,
	},
	/// Change what is kept of the delegators' rewards
	Commission {
		/// The share, such as 5%
		#[arg(value_parser = parse_share)]
		percent: u32,
	},
	/// Take the session keys and their deposit back, once nothing is validated any more
	RemoveKeys,
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
}

/// Does what the arguments say.
pub(super) async fn run(config: &Config, args: Args, json: bool) -> Result<(), Error> {
	let how = args.signing.how(json);
	let signer = || args.signing.signer(config, OPERATOR_KEY);
	match &args.command {
		Command::Status { operator } => {
			let operator = match operator {
				Some(operator) => *operator,
				None => keys::account(&signer()?),
			};
			status::run(config, &operator, json).await
		}
		Command::Rewards { operator, claim } => {
			let context = Context::new(config, signer()?).await?;
			rewards::run(&context, operator.as_ref(), *claim, how).await
		}
		Command::Validate { node, rotate, stop } => {
			let context = Context::new(config, signer()?).await?;
			if *stop {
				let plan = validate::stop(&context).await?;
				return plan::perform(&context, plan, how).await;
			}
			validate::run(config, &context, node.as_deref(), *rotate, how).await
		}
		Command::One(transaction) => {
			let context = Context::new(config, signer()?).await?;
			let plan = plan_of(&context, transaction.clone()).await?;
			plan::perform(&context, plan, how).await
		}
	}
}

/// The plan of a command that is one transaction.
async fn plan_of(context: &Context, transaction: Transaction) -> Result<Plan, Error> {
	match transaction {
		Transaction::Register { payout, allocate } => {
			bond::register(context, payout, allocate).await
		}
		Transaction::SetPayout { payout } => bond::set_payout(context, payout).await,
		Transaction::Bond { amount, to } => bond::bond(context, amount, to).await,
		Transaction::Unbond { amount, to } => bond::unbond(context, amount, to).await,
		Transaction::Withdraw => bond::withdraw(context).await,
		Transaction::Retire => bond::retire(context).await,
		Transaction::ExecuteConviction { id } => bond::execute_conviction(context, id).await,
		Transaction::Delegate { operator, amount, to } => {
			delegation::delegate(context, operator, amount, to).await
		}
		Transaction::Undelegate { operator, amount, to } => {
			delegation::undelegate(context, operator, amount, to).await
		}
		Transaction::WithdrawDelegation { operator } => {
			delegation::withdraw(context, operator).await
		}
		Transaction::SettleDelegation { operator, delegator } => {
			delegation::settle(context, operator, delegator).await
		}
		Transaction::Redelegate { from, to, amount } => {
			delegation::redelegate(context, from, to, amount).await
		}
		Transaction::Allocate { service, share } => {
			allocation::allocate(context, service, share).await
		}
		Transaction::Commission { percent } => allocation::commission(context, percent).await,
		Transaction::RemoveKeys => validate::remove_keys(context).await,
		Transaction::AddWorker { key } => workers::add_worker(context, key).await,
		Transaction::RotateKey { worker, key } => workers::rotate_key(context, worker, key).await,
		Transaction::RemoveWorker { worker } => workers::remove_worker(context, worker).await,
		Transaction::AddDevice { worker, description } => {
			Ok(workers::add_device(context, worker, description))
		}
		Transaction::DescribeDevice { worker, device, description } => {
			workers::describe_device(context, worker, device, description).await
		}
		Transaction::RemoveDevice { worker, device } => {
			workers::remove_device(context, worker, device).await
		}
		Transaction::ReleaseBuffer { worker, device } => {
			workers::release_buffer(context, worker, device).await
		}
		Transaction::TopUp { to, amount } => Ok(workers::top_up(to, amount)),
	}
}
