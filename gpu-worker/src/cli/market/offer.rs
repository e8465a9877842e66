//! `assay offer …`: what an operator offers.

use super::{
	super::{
		amount, blocks,
		plan::{self, Context, Plan, Step},
		signing::{Signing, OPERATOR_KEY},
	},
	maintenance,
	units::{
		currency_name, gpus, hourly, money, parse_currency, parse_length, parse_memory,
		parse_price, parse_region, Length, Price,
	},
};
use crate::{
	chain::{self, MarketCall, Offer, OfferTerms, Service, Spot},
	config::Config,
	Error,
};
use assay_market::{Blocks, Currency, Parameters};
use clap::Subcommand;
use serde_json::{json, Map};

/// Publish offers of GPUs, change and withdraw them.
#[derive(clap::Args, Debug)]
pub(in super::super) struct Args {
	#[command(subcommand)]
	command: Command,
	#[command(flatten)]
	signing: Signing,
}

#[derive(Subcommand, Clone, Debug)]
enum Command {
	/// Publish an offer of a worker's devices
	Create {
		/// Id of the worker
		worker: u64,
		/// Price per GPU and hour, such as 0.5, or per block, such as 0.0001/block
		#[arg(long, value_parser = parse_price)]
		price: Price,
		/// In what leases are paid: asy or credits
		#[arg(long, default_value = "credits", value_parser = parse_currency)]
		currency: Currency,
		/// Memory of each GPU, such as 24G
		#[arg(long, value_name = "SIZE", value_parser = parse_memory)]
		memory: u32,
		/// Where the GPUs are, in at most 32 bytes, such as eu-de
		#[arg(long, default_value = "", value_parser = parse_region)]
		region: String,
		/// Devices to offer, such as 0,1; without it, all of the worker
		#[arg(long, value_name = "DEVICES", value_delimiter = ',')]
		only: Vec<u16>,
		#[command(flatten)]
		changes: Changes,
	},
	/// Change prices, durations or the largest count, and list the offer again
	Update {
		/// The offer
		offer: u64,
		/// Price per GPU and hour, such as 0.5, or per block, such as 0.0001/block
		#[arg(long, value_parser = parse_price)]
		price: Option<Price>,
		/// No more spot leases
		#[arg(long, conflicts_with = "spot_price")]
		no_spot: bool,
		#[command(flatten)]
		changes: Changes,
	},
	/// Withdraw an offer; its leases go on
	Withdraw {
		/// The offer
		offer: u64,
	},
	/// Remove anybody's offer that is stale: its operator has the deposit back, you the fee
	Prune {
		/// The offer
		offer: u64,
	},
	/// Announce that a worker will be silent for a while
	Maintenance {
		/// Id of the worker
		worker: u64,
		/// First block of it; without it, as soon as is allowed
		#[arg(long, value_name = "BLOCK")]
		from: Option<Blocks>,
		/// How long: 100 for blocks, or 0.5h
		#[arg(
			long = "for",
			value_name = "LENGTH",
			value_parser = parse_length,
			required_unless_present = "cancel"
		)]
		length: Option<Length>,
		/// Cancel it before it begins
		#[arg(long, conflicts_with_all = ["from", "length"])]
		cancel: bool,
	},
	/// End a spot lease with the notice that was promised
	Notice {
		/// The lease
		lease: u64,
	},
}

/// What can be changed of an offer, apart from its price.
#[derive(clap::Args, Clone, Debug)]
struct Changes {
	/// Lower price of leases that may be ended, per GPU and hour, or per block
	#[arg(long, value_name = "PRICE", value_parser = parse_price, requires = "spot_notice")]
	spot_price: Option<Price>,
	/// How long such a lease goes on after notice: 100 for blocks, or 0.5h
	#[arg(long, value_name = "LENGTH", value_parser = parse_length, requires = "spot_price")]
	spot_notice: Option<Length>,
	/// Shortest lease: 100 for blocks, or 0.5h; without it, one heartbeat
	#[arg(long, value_name = "LENGTH", value_parser = parse_length)]
	shortest: Option<Length>,
	/// Longest lease; without it, as long as the market allows
	#[arg(long, value_name = "LENGTH", value_parser = parse_length)]
	longest: Option<Length>,
	/// Most GPUs of one lease; without it, all that are offered
	#[arg(long, value_name = "COUNT")]
	at_most: Option<u32>,
}

impl Changes {
	/// The terms with these changes.
	fn apply(&self, terms: OfferTerms, slot_ms: u64) -> OfferTerms {
		let spot = self.spot_price.zip(self.spot_notice).map(|(price, notice)| Spot {
			price: price.per_block(slot_ms),
			notice: notice.blocks(slot_ms),
		});
		let length =
			|asked: Option<Length>, now| asked.map_or(now, |length| length.blocks(slot_ms));
		OfferTerms {
			price: terms.price,
			spot: spot.or(terms.spot),
			minimum_duration: length(self.shortest, terms.minimum_duration),
			maximum_duration: length(self.longest, terms.maximum_duration),
			maximum_count: self.at_most.unwrap_or(terms.maximum_count),
		}
	}
}

/// Does what the arguments say.
pub(super) async fn run(config: &Config, args: Args, json: bool) -> Result<(), Error> {
	let context = Context::new(config, args.signing.signer(config, OPERATOR_KEY)?).await?;
	let plan = match args.command {
		Command::Create { worker, price, currency, memory, region, only, changes } => {
			let price = price.per_block(context.terms.slot_ms);
			let draft = Draft { worker, price, currency, memory, region, only };
			create(&context, draft, &changes).await?
		}
		Command::Update { offer, price, no_spot, changes } => {
			update(&context, offer, price, no_spot, &changes).await?
		}
		Command::Prune { offer } => prune(&context, offer).await?,
		Command::Withdraw { offer } => withdraw(&context, offer).await?,
		Command::Maintenance { worker, cancel: true, .. } => {
			maintenance::cancel(&context, worker).await?
		}
		Command::Maintenance { worker, from, length, .. } => {
			let length = length.map_or(0, |length| length.blocks(context.terms.slot_ms));
			maintenance::announce(&context, worker, from, length).await?
		}
		Command::Notice { lease } => super::lease::notice(&context, lease).await?,
	};
	plan::perform(&context, plan, args.signing.how(json)).await
}

/// An offer that is to be published, apart from what can be changed later.
struct Draft {
	worker: u64,
	price: u128,
	currency: Currency,
	memory: u32,
	region: String,
	only: Vec<u16>,
}

async fn create(context: &Context, draft: Draft, changes: &Changes) -> Result<Plan, Error> {
	let (chain, best) = (&context.chain, context.best);
	let worker = chain
		.worker(best, draft.worker)
		.await?
		.ok_or_else(|| chain::Error::NotFound(format!("worker {}", draft.worker)))?;
	let known: Vec<u16> = worker.devices.iter().map(|device| device.device).collect();
	let mut devices = if draft.only.is_empty() { known.clone() } else { draft.only };
	devices.sort_unstable();
	devices.dedup();
	let rules = chain.market_rules(best).await?;
	let all = OfferTerms {
		price: draft.price,
		spot: None,
		minimum_duration: rules.interval,
		maximum_duration: rules.max_duration,
		maximum_count: u32::try_from(devices.len()).unwrap_or(u32::MAX),
	};
	let offer = Offer {
		operator: context.account,
		worker: draft.worker,
		terms: changes.apply(all, context.terms.slot_ms),
		devices,
		currency: draft.currency,
		memory_mib: draft.memory,
		region: draft.region,
		listed: true,
	};
	if let Some((id, _)) = chain.offers(best).await?.into_iter().find(|(_, known)| *known == offer)
	{
		let mut extra = Map::new();
		extra.insert("offer".into(), json!(id));
		return Ok(Plan::Nothing { because: format!("offer {id} says the same"), extra });
	}
	let refusal = if worker.operator != context.account {
		Some(format!("worker {} is another operator's: sign with its account", draft.worker))
	} else {
		offer
			.devices
			.iter()
			.find(|device| !known.contains(device))
			.map(|device| format!("the worker has no device {device}: add it first"))
			.or_else(|| terms_refused(&offer, &rules, context.terms.slot_ms))
	};
	let deposit = chain.offer_deposit(best).await?;
	let own = context.own().await?;
	let free = own.as_ref().and_then(|own| own.allocation(Service::Market)).map_or(0, |a| a.free);
	let effect = format!(
		"offers {} for a deposit of {} ASY",
		described(&offer, context.terms.slot_ms),
		amount(deposit)
	);
	let step = Step::new(call(&offer), effect).holding(deposit).unless(refusal);
	Ok(step.later(rentable(free, rules.lease_stake)).into())
}

fn call(offer: &Offer) -> crate::chain::Call {
	MarketCall::CreateOffer {
		worker: offer.worker,
		devices: offer.devices.clone(),
		currency: offer.currency,
		memory_mib: offer.memory_mib,
		region: offer.region.clone(),
		terms: offer.terms,
	}
	.into()
}

/// From when on an offer can be rented, by the operator's free stake in the market.
fn rentable(free: u128, stake: u128) -> String {
	if free >= stake {
		"at once, for devices that have proven something".into()
	} else {
		format!(
			"it cannot be rented before {} ASY for each GPU are allocated to the market, and {} are \
			 free: use `assay operator allocate market SHARE`",
			amount(stake),
			amount(free)
		)
	}
}

fn described(offer: &Offer, slot_ms: u64) -> String {
	let terms = &offer.terms;
	let spot = terms.spot.map(|spot| {
		format!(
			", as spot leases with a notice of {} for {}",
			blocks(spot.notice, slot_ms),
			money(hourly(spot.price, slot_ms), offer.currency)
		)
	});
	format!(
		"{} of worker {} for {} each per hour ({} per block){}, for {} to {}",
		gpus(u32::try_from(offer.devices.len()).unwrap_or(u32::MAX)),
		offer.worker,
		money(hourly(terms.price, slot_ms), offer.currency),
		amount(terms.price),
		spot.unwrap_or_default(),
		terms.minimum_duration,
		blocks(terms.maximum_duration, slot_ms)
	)
}

/// Why the market does not take such terms, if it does not.
fn terms_refused(offer: &Offer, rules: &Parameters, slot_ms: u64) -> Option<String> {
	let (terms, currency) = (&offer.terms, offer.currency);
	let bad_price = |price: u128| {
		let least = rules.minimum_fee.of(currency).saturating_mul(2);
		(!rules.is_price(price, currency)).then(|| {
			format!(
				"a price has to be at least {} {} per block, {} per hour",
				amount(least),
				currency_name(currency),
				amount(hourly(least, slot_ms))
			)
		})
	};
	let bad_spot = terms.spot.and_then(|spot| {
		bad_price(spot.price)
			.or_else(|| {
				(spot.price >= terms.price)
					.then(|| "the spot price has to be lower than the price".to_string())
			})
			.or_else(|| {
				(spot.notice > rules.max_spot_notice).then(|| {
					let most = blocks(rules.max_spot_notice, slot_ms);
					format!("the longest notice of a spot lease is {most}")
				})
			})
	});
	let bad_length = || {
		let ordered = (1..=terms.maximum_duration).contains(&terms.minimum_duration);
		(!ordered || terms.maximum_duration > rules.max_duration).then(|| {
			let most = blocks(rules.max_duration, slot_ms);
			format!("the shortest lease has to be at most the longest, and that at most {most}")
		})
	};
	let bad_count = || {
		let most = offer.devices.len();
		let fits = terms.maximum_count >= 1
			&& usize::try_from(terms.maximum_count).is_ok_and(|count| count <= most);
		(!fits).then(|| format!("--at-most has to be from 1 to {most}"))
	};
	bad_price(terms.price).or(bad_spot).or_else(bad_length).or_else(bad_count)
}

async fn prune(context: &Context, id: u64) -> Result<Plan, Error> {
	if context.chain.offer(context.best, id).await?.is_none() {
		return Ok(Plan::nothing(format!("there is no offer {id}")));
	}
	let call = MarketCall::PruneOffer { offer: id };
	Ok(Step::new(call.into(), format!("removes offer {id}, if it is stale")).into())
}

async fn update(
	context: &Context,
	id: u64,
	price: Option<Price>,
	no_spot: bool,
	changes: &Changes,
) -> Result<Plan, Error> {
	let (chain, best, slot_ms) = (&context.chain, context.best, context.terms.slot_ms);
	let view = chain
		.offer(best, id)
		.await?
		.ok_or_else(|| chain::Error::NotFound(format!("offer {id}")))?;
	let before = view.offer;
	let mut terms = before.terms;
	terms.price = price.map_or(terms.price, |price| price.per_block(slot_ms));
	terms.spot = terms.spot.filter(|_| !no_spot);
	let terms = changes.apply(terms, slot_ms);
	if terms == before.terms && before.listed {
		return Ok(Plan::nothing(format!("offer {id} says so and is listed")));
	}
	let after = Offer { terms, ..before };
	let rules = chain.market_rules(best).await?;
	let refusal = if after.operator == context.account {
		terms_refused(&after, &rules, slot_ms)
	} else {
		Some(format!("offer {id} is another operator's: sign with its account"))
	};
	let effect = format!(
		"lists offer {id} as {}; leases that were made before keep their terms",
		described(&after, slot_ms)
	);
	Ok(Step::new(MarketCall::UpdateOffer { offer: id, terms }.into(), effect)
		.unless(refusal)
		.into())
}

async fn withdraw(context: &Context, id: u64) -> Result<Plan, Error> {
	let Some(view) = context.chain.offer(context.best, id).await? else {
		return Ok(Plan::nothing(format!("there is no offer {id}: it was withdrawn or pruned")));
	};
	let refusal = (view.offer.operator != context.account)
		.then(|| format!("offer {id} is another operator's: sign with its account"));
	let effect = format!("withdraws offer {id} and returns its deposit; its leases go on");
	Ok(Step::new(MarketCall::WithdrawOffer { offer: id }.into(), effect).unless(refusal).into())
}

#[cfg(test)]
mod tests {
	use super::{super::offers::tests::view, *};

	const RULES: Parameters = Parameters::DEVELOPMENT;

	fn refused(change: impl FnOnce(&mut Offer)) -> Option<String> {
		let mut offer = view(1).offer;
		change(&mut offer);
		terms_refused(&offer, &RULES, 1_000)
	}

	#[test]
	fn offer_should_be_foreseen_as_refused_when_the_market_does_not_take_it() {
		assert_eq!(refused(|_| ()), None);
		let least = refused(|offer| offer.terms.price = 1_999_999).expect("too cheap");
		assert_eq!(least, "a price has to be at least 0.000002 ASY per block, 0.0072 per hour");
		let same = refused(|offer| offer.terms.price = offer.terms.spot.map_or(0, |s| s.price));
		assert!(same.is_some_and(|fix| fix.contains("lower than the price")));
		let notice = refused(|offer| {
			offer.terms.spot = offer.terms.spot.map(|spot| Spot { notice: 61, ..spot });
		});
		assert!(notice.is_some_and(|fix| fix.contains("60 blocks")));
		for (shortest, longest) in [(0, 10), (11, 10), (10, 86_401)] {
			let fix = refused(|offer| {
				offer.terms.minimum_duration = shortest;
				offer.terms.maximum_duration = longest;
			});
			assert!(fix.is_some_and(|fix| fix.contains("shortest lease")), "{shortest} {longest}");
		}
		for count in [0, 3] {
			let fix = refused(|offer| offer.terms.maximum_count = count);
			assert!(fix.is_some_and(|fix| fix.contains("from 1 to 2")), "{count}");
		}
	}

	#[test]
	fn offer_should_keep_what_is_not_changed() {
		let none = Changes {
			spot_price: None,
			spot_notice: None,
			shortest: None,
			longest: None,
			at_most: None,
		};
		let terms = view(1).offer.terms;
		assert_eq!(none.apply(terms, 1_000), terms);
		let some = Changes {
			spot_price: Some(Price::Block(3)),
			spot_notice: Some(Length::Blocks(5)),
			longest: Some(Length::Hours(500_000)),
			..none
		};
		let changed = some.apply(terms, 1_000);
		assert_eq!(changed.spot, Some(Spot { price: 3, notice: 5 }));
		assert_eq!((changed.minimum_duration, changed.maximum_duration), (10, 1_800));
	}

	#[test]
	fn offer_should_say_what_it_lacks_to_be_rented() {
		assert!(rentable(10, 10).starts_with("at once"));
		assert!(rentable(9, 10).contains("allocate market"));
	}

	#[test]
	fn offer_should_be_described_with_prices_of_an_hour() {
		assert_eq!(
			described(&view(1).offer, 1_000),
			"2 GPUs of worker 7 for 0.36 ASY each per hour (0.0001 per block), as spot leases with a \
			 notice of 20 blocks (20 seconds) for 0.18 ASY, for 10 to 3600 blocks (60 minutes)"
		);
	}
}
