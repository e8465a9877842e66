//! `assay rent`: a lease of an offer, of the cheapest of many, or of several offers at once.

use super::{
	super::{
		line, parse_account,
		plan::{self, Context, Step},
		signing::{Signing, RENTER_KEY},
	},
	deal::{as_shown, ceiling, is_as_good, not_a_cluster, numbers, summary, why_not, Moment},
	units::{
		parse_currency, parse_flops, parse_hours, parse_memory, parse_price, parse_region, Length,
		Price,
	},
	TopUpArgs,
};
use crate::{
	chain::{self, AccountId, Ask, Call, MarketCall, Member, OfferView, Quote, Requirements},
	config::Config,
	Error,
};
use assay_market::{Blocks, Currency, MAX_DEVICES, MAX_PRICE};
use std::io::{IsTerminal, Write};

/// What to rent.
#[derive(clap::Args, Debug)]
pub(in super::super) struct Args {
	/// The offer; several are rented together or not at all
	#[arg(
		value_name = "OFFER",
		required_unless_present = "matching",
		conflicts_with_all = ["matching", "currency", "memory", "region"]
	)]
	offers: Vec<u64>,
	/// Take the cheapest offer that fits instead
	#[arg(long = "match")]
	matching: bool,
	/// How many GPUs, of each offer
	#[arg(
		long,
		default_value_t = 1,
		value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_DEVICES))
	)]
	count: u32,
	#[command(flatten)]
	duration: Duration,
	/// Highest price per GPU and hour, such as 0.5, or per block, such as 0.0001/block; without it,
	/// what each offer costs now
	#[arg(
		long,
		value_name = "PRICE",
		value_parser = parse_price,
		required_if_eq("matching", "true")
	)]
	max_price: Option<Price>,
	/// Rent for the spot price; the provider may end the lease with the notice of its offer
	#[arg(long)]
	spot: bool,
	/// Least proven speed of each GPU in FLOP/s, such as 30T; without it, 95 % of what is shown
	#[arg(long, value_name = "FLOPS", value_parser = parse_flops)]
	min_flops: Option<u64>,
	/// With --match: in what is paid, asy or credits; without it, credits
	#[arg(long, value_parser = parse_currency)]
	currency: Option<Currency>,
	/// With --match: least memory of each GPU, such as 24G
	#[arg(long, value_name = "SIZE", value_parser = parse_memory)]
	memory: Option<u32>,
	/// With --match: where the GPUs have to be, exactly as the provider writes it
	#[arg(long, value_parser = parse_region)]
	region: Option<String>,
	#[command(flatten)]
	top_up: TopUpArgs,
	/// Account whose signature opens the lease; without it, the signer
	#[arg(long, value_name = "ACCOUNT", value_parser = parse_account)]
	access: Option<AccountId>,
	/// Agree to the price without being asked
	#[arg(long)]
	yes: bool,
	#[command(flatten)]
	signing: Signing,
}

/// For how long.
#[derive(clap::Args, Clone, Copy, Debug)]
#[group(required = true, multiple = false)]
struct Duration {
	/// For so many blocks
	#[arg(long)]
	blocks: Option<Blocks>,
	/// For so many hours, such as 1.5
	#[arg(long, value_parser = parse_hours)]
	hours: Option<Length>,
}

/// What a request would be, before anybody has agreed to it.
struct Deal {
	call: Call,
	/// Each offer with its price; nothing is quoted for what cannot be rented.
	quotes: Vec<(OfferView, Quote)>,
	/// Why the chain would refuse it.
	refusal: Option<String>,
}

/// Rents, after the price was agreed to.
pub(super) async fn run(config: &Config, args: Args, json: bool) -> Result<(), Error> {
	let context = Context::new(config, args.signing.signer(config, RENTER_KEY)?).await?;
	let slot_ms = context.terms.slot_ms;
	let duration = match args.duration.hours {
		Some(hours) => hours.blocks(slot_ms),
		None => args.duration.blocks.unwrap_or_default(),
	};
	let ask = Ask {
		duration,
		max_price: args.max_price.map_or(MAX_PRICE, |price| price.per_block(slot_ms)),
		minimum_capacity: args.min_flops.unwrap_or_default(),
		spot: args.spot,
		minimum_notice: 0,
	};
	let deal = if args.matching {
		cheapest(&context, &args, ask).await?
	} else {
		named(&context, &args, ask).await?
	};
	let how = args.signing.how(json);
	let mut summary = summary(&deal.quotes, args.count, &ask, slot_ms);
	if let Some((_, quote)) = deal.quotes.first().filter(|_| args.matching) {
		summary.push_str(&ceiling(ask.max_price, quote.currency, slot_ms));
	}
	let step = step(deal, &summary, args.spot, slot_ms);
	if !how.dry_run {
		step.ensure_allowed()?;
		agree(&summary, args.yes, json)?;
	}
	plan::perform(&context, step.into(), how).await
}

/// A request for the named offers.
async fn named(context: &Context, args: &Args, ask: Ask) -> Result<Deal, Error> {
	let (chain, best, slot_ms) = (&context.chain, context.best, context.terms.slot_ms);
	let start_window = chain.market_rules(best).await?.start_window;
	let moment = Moment { now: best.number.saturating_add(1), start_window, slot_ms };
	let (mut quotes, mut members, mut refusal) = (Vec::new(), Vec::new(), None);
	for id in &args.offers {
		let view = chain
			.offer(best, *id)
			.await?
			.ok_or_else(|| chain::Error::NotFound(format!("offer {id}")))?;
		let mut member = Member { offer: *id, count: args.count, ask };
		match chain.quote(best, *id, args.count, ask).await? {
			Some(quote) => {
				// Without a ceiling of its own the renter pays what it was shown, and no more.
				let max_price = args.max_price.map_or(quote.price, |_| ask.max_price);
				let shown = (view, quote);
				member.ask = as_shown(ask, max_price, &shown);
				quotes.push(shown);
			}
			None => refusal = refusal.or(Some(why_not(&view, args.count, &ask, &moment))),
		}
		members.push(member);
	}
	let (access, top_up) = (access(context, args), args.top_up.in_blocks(slot_ms));
	let call = match members.as_slice() {
		[Member { offer, count, ask }] => {
			MarketCall::Rent { offer: *offer, count: *count, ask: *ask, access, top_up }
		}
		_ => {
			refusal = refusal.or_else(|| not_a_cluster(&quotes));
			MarketCall::RentCluster { members, access, top_up }
		}
	};
	Ok(Deal { call: call.into(), quotes, refusal })
}

/// A request for the cheapest offer that fits, or for the next one that is as good.
async fn cheapest(context: &Context, args: &Args, ask: Ask) -> Result<Deal, Error> {
	let mut requirements = Requirements {
		ask,
		count: args.count,
		currency: args.currency.unwrap_or(Currency::Credits),
		minimum_memory_mib: args.memory.unwrap_or_default(),
		region: args.region.clone(),
	};
	let (chain, best) = (&context.chain, context.best);
	let found = chain.candidates(best, &requirements).await?;
	let mut quotes = Vec::new();
	if let Some(view) = found.first() {
		let quote = chain.quote(best, view.id, args.count, ask).await?;
		quotes.extend(quote.map(|quote| (view.clone(), quote)));
	}
	if let Some(shown) = quotes.first() {
		requirements.ask = as_shown(ask, ask.max_price, shown);
	}
	let good = found.iter().filter(|view| is_as_good(view, &requirements.ask));
	let offers = good.map(|view| view.id).collect();
	let refusal = quotes
		.is_empty()
		.then(|| "no offer fits: ask for less, or look at `assay offers --all`".to_string());
	let (access, top_up) = (access(context, args), args.top_up.in_blocks(context.terms.slot_ms));
	let call = MarketCall::RentMatching { offers, requirements, access, top_up };
	Ok(Deal { call: call.into(), quotes, refusal })
}

fn access(context: &Context, args: &Args) -> AccountId {
	args.access.unwrap_or(context.account)
}

/// Shows the price, and asks unless the answer was given.
fn agree(summary: &str, yes: bool, json: bool) -> Result<(), Error> {
	if !json {
		line(summary);
	}
	if yes {
		return Ok(());
	}
	if json || !std::io::stdin().is_terminal() {
		return Err(Error::Unconfirmed);
	}
	let mut out = std::io::stdout();
	let _ = write!(out, "rent? [y/N] ").and_then(|()| out.flush());
	let mut answer = String::new();
	let _ = std::io::stdin().read_line(&mut answer);
	match answer.trim() {
		"y" | "Y" | "yes" => Ok(()),
		_ => Err(Error::Unconfirmed),
	}
}

fn step(deal: Deal, summary: &str, spot: bool, slot_ms: u64) -> Step {
	let numbers = numbers(&deal.quotes, spot, slot_ms);
	let lines = summary.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
	let step = Step::new(deal.call, lines.collect::<Vec<_>>().join("; "));
	let step = deal.quotes.iter().fold(step, |step, (_, quote)| {
		step.holding_in(Currency::Native, quote.deposit).holding_in(quote.currency, quote.escrow)
	});
	let when = "as soon as the provider is ready; if it is not in time, all comes back";
	step.later(when).unless(deal.refusal).with(numbers)
}

#[cfg(test)]
mod tests {
	use super::*;
	use clap::Parser;

	#[derive(Parser)]
	struct Line {
		#[command(flatten)]
		args: Args,
	}

	#[test]
	fn nothing_should_be_rented_when_nobody_agreed_to_the_price() {
		assert!(matches!(agree("", false, true), Err(Error::Unconfirmed)));
		assert!(agree("", true, true).is_ok());
	}

	#[test]
	fn command_line_should_name_offers_or_what_they_have_to_fit() {
		for right in [
			&["rent", "1", "--blocks", "100"][..],
			&["rent", "1", "2", "--hours", "1.5", "--count", "2", "--spot", "--yes"],
			&["rent", "1", "--blocks", "100", "--top-up", "50", "--top-up-limit", "1"],
			&["rent", "--match", "--blocks", "100", "--max-price", "1", "--memory", "1G"],
		] {
			let line = Line::try_parse_from(right.iter().copied());
			assert!(line.is_ok_and(|line| line.args.count >= 1), "{right:?}");
		}
		for wrong in [
			&["rent", "1"][..],
			&["rent", "--blocks", "100"],
			&["rent", "1", "--blocks", "100", "--hours", "1"],
			&["rent", "1", "--match", "--blocks", "100", "--max-price", "1"],
			&["rent", "--match", "--blocks", "100"],
			&["rent", "1", "--blocks", "100", "--memory", "1G"],
			&["rent", "1", "--blocks", "100", "--count", "17"],
			&["rent", "1", "--blocks", "100", "--top-up", "50"],
		] {
			assert!(Line::try_parse_from(wrong.iter().copied()).is_err(), "{wrong:?}");
		}
	}
}
