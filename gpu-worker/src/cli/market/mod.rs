//! The GPU market: what operators offer and renters rent.

mod deal;
mod lease;
mod leases;
mod maintenance;
mod offer;
mod offers;
mod rent;
mod reputation;
mod units;

use super::{
	parse_account, parse_amount,
	plan::{self, Context},
	signing::{Signing, RENTER_KEY},
};
use crate::{
	chain::{AccountId, TopUp},
	config::Config,
	Error,
};
use assay_market::{Blocks, Currency};
use clap::Subcommand;
pub(crate) use units::parse_memory;
pub(super) use units::{hourly, money, table};
use units::{parse_currency, parse_hours, parse_length, parse_price, Length, Price};

#[derive(Subcommand, Debug)]
pub(super) enum Command {
	/// List offers of GPUs, the cheapest first, and what GPUs cost
	Offers(offers::Args),
	/// Publish offers of GPUs, change and withdraw them
	Offer(offer::Args),
	/// Rent GPUs; the price is shown first
	Rent(rent::Args),
	/// List leases
	Leases(leases::Args),
	/// Lengthen a lease
	Extend {
		/// The lease
		lease: u64,
		#[command(flatten)]
		extension: Extension,
		/// Highest price per GPU and hour, or per block; without it, the lease's own
		#[arg(long, value_name = "PRICE", value_parser = parse_price)]
		max_price: Option<Price>,
		#[command(flatten)]
		signing: Signing,
	},
	/// End a lease, or cancel a request
	End {
		/// The lease
		lease: u64,
		#[command(flatten)]
		signing: Signing,
	},
	/// Pay what was served of a lease, and close it if it is over or its provider is lost; anybody may
	Settle {
		/// The lease
		lease: u64,
		#[command(flatten)]
		signing: Signing,
	},
	/// Release a refund that an account could not take before; anybody may
	ReleaseRefund {
		/// The renter; without it, the signer
		#[arg(long, value_parser = parse_account)]
		renter: Option<AccountId>,
		/// In what it is: asy or credits
		#[arg(long, value_parser = parse_currency)]
		currency: Currency,
		#[command(flatten)]
		signing: Signing,
	},
	/// Give a lease to another key
	SetAccess {
		/// The lease
		lease: u64,
		/// Account whose signature opens the lease from now on
		#[arg(value_parser = parse_account)]
		access: AccountId,
		#[command(flatten)]
		signing: Signing,
	},
	/// Let a lease be lengthened out of your balance, or take that back
	SetTopUp {
		/// The lease
		lease: u64,
		#[command(flatten)]
		top_up: TopUpArgs,
		/// Lengthen it no more
		#[arg(long, conflicts_with = "top_up", required_unless_present = "top_up")]
		off: bool,
		#[command(flatten)]
		signing: Signing,
	},
	/// Show what an operator is known for in the market
	Reputation {
		/// The operator
		#[arg(value_parser = parse_account)]
		operator: AccountId,
	},
}

/// By how much a lease is lengthened.
#[derive(clap::Args, Clone, Copy, Debug)]
#[group(required = true, multiple = false)]
pub(super) struct Extension {
	/// So many blocks more
	#[arg(long)]
	blocks: Option<Blocks>,
	/// So many hours more, such as 1.5
	#[arg(long, value_parser = parse_hours)]
	hours: Option<Length>,
	/// Up to this block in all; can be repeated
	#[arg(long, value_name = "BLOCK")]
	until: Option<Blocks>,
}

/// Permission to lengthen a lease.
#[derive(clap::Args, Clone, Copy, Debug)]
pub(super) struct TopUpArgs {
	/// Lengthen the lease when it is about to end, each time by: 100 for blocks, or 0.5h
	#[arg(long, value_name = "LENGTH", value_parser = parse_length, requires = "top_up_limit")]
	top_up: Option<Length>,
	/// Most that may be held for that, in the currency of the lease
	#[arg(long, value_name = "AMOUNT", value_parser = parse_amount, requires = "top_up")]
	top_up_limit: Option<u128>,
}

impl TopUpArgs {
	fn in_blocks(self, slot_ms: u64) -> Option<TopUp> {
		let (length, limit) = self.top_up.zip(self.top_up_limit)?;
		Some(TopUp { blocks: length.blocks(slot_ms), limit })
	}
}

/// Does what the arguments say.
pub(super) async fn run(config: &Config, command: Command, json: bool) -> Result<(), Error> {
	let (signing, wanted) = match command {
		Command::Offers(args) => return offers::run(config, &args, json).await,
		Command::Offer(args) => return offer::run(config, args, json).await,
		Command::Rent(args) => return rent::run(config, args, json).await,
		Command::Leases(args) => return leases::run(config, &args, json).await,
		Command::Reputation { operator } => return reputation::run(config, &operator, json).await,
		Command::Extend { lease, extension, max_price, signing } => {
			(signing, Wanted::Extend(lease, extension, max_price))
		}
		Command::End { lease, signing } => (signing, Wanted::End(lease)),
		Command::Settle { lease, signing } => (signing, Wanted::Settle(lease)),
		Command::ReleaseRefund { renter, currency, signing } => {
			(signing, Wanted::ReleaseRefund(renter, currency))
		}
		Command::SetAccess { lease, access, signing } => {
			(signing, Wanted::SetAccess(lease, access))
		}
		Command::SetTopUp { lease, top_up, signing, .. } => {
			(signing, Wanted::SetTopUp(lease, top_up))
		}
	};
	let context = Context::new(config, signing.signer(config, RENTER_KEY)?).await?;
	let slot_ms = context.terms.slot_ms;
	let plan = match wanted {
		Wanted::Extend(lease, extension, max_price) => {
			let max_price = max_price.map(|price| price.per_block(slot_ms));
			lease::extend(&context, lease, extension, max_price).await?
		}
		Wanted::End(lease) => lease::end(&context, lease).await?,
		Wanted::Settle(lease) => lease::settle(&context, lease).await?,
		Wanted::ReleaseRefund(renter, currency) => {
			lease::release_refund(&context, renter, currency)
		}
		Wanted::SetAccess(lease, access) => lease::set_access(&context, lease, access).await?,
		Wanted::SetTopUp(lease, top_up) => {
			lease::set_top_up(&context, lease, top_up.in_blocks(slot_ms)).await?
		}
	};
	plan::perform(&context, plan, signing.how(json)).await
}

/// What shall happen to a lease.
enum Wanted {
	Extend(u64, Extension, Option<Price>),
	End(u64),
	Settle(u64),
	ReleaseRefund(Option<AccountId>, Currency),
	SetAccess(u64, AccountId),
	SetTopUp(u64, TopUpArgs),
}
