//! `assay offers`: what is offered, and for how much.

use super::{
	super::{amount, blocks, connect, line, printable, show},
	units::{
		currency_name, flops, hourly, memory, money, parse_currency, parse_flops, parse_memory,
		parse_price, parse_region, table, Price,
	},
};
use crate::{
	chain::{Offer, OfferView},
	config::Config,
	Error,
};
use assay_market::Currency;
use serde_json::{json, Map, Value};

/// Percentiles of the prices that are shown.
const PERCENTILES: [usize; 3] = [10, 50, 90];

/// What is asked of the offers that are listed.
#[derive(clap::Args, Clone, Debug, Default)]
pub(in super::super) struct Args {
	/// Least proven speed of each GPU in FLOP/s, such as 30T
	#[arg(long, value_name = "FLOPS", value_parser = parse_flops)]
	min_flops: Option<u64>,
	/// Least memory of each GPU, such as 24G
	#[arg(long, value_name = "SIZE", value_parser = parse_memory)]
	memory: Option<u32>,
	/// So many GPUs of one offer have to be free
	#[arg(long)]
	count: Option<u32>,
	/// Where the GPUs have to be, exactly as providers write it
	#[arg(long, value_parser = parse_region)]
	region: Option<String>,
	/// In what leases are paid: asy or credits
	#[arg(long, value_parser = parse_currency)]
	currency: Option<Currency>,
	/// Highest price per GPU and hour, such as 0.5, or per block, such as 0.0001/block
	#[arg(long, value_name = "PRICE", value_parser = parse_price)]
	max_price: Option<Price>,
	/// Only offers with a spot price, and by that price
	#[arg(long)]
	spot: bool,
	/// Also what cannot be rented at present
	#[arg(long)]
	all: bool,
}

impl Args {
	/// Whether an offer may fit, as far as it says so itself.
	fn may_fit(&self, offer: &Offer, slot_ms: u64) -> bool {
		let most = self.max_price.map_or(u128::MAX, |price| price.per_block(slot_ms));
		(self.all || offer.listed)
			&& self.memory.is_none_or(|least| offer.memory_mib >= least)
			&& self.count.is_none_or(|count| offer.terms.maximum_count >= count)
			&& self.region.as_ref().is_none_or(|region| *region == offer.region)
			&& self.currency.is_none_or(|currency| currency == offer.currency)
			&& (!self.spot || offer.terms.spot.is_some())
			&& offer.terms.price_of(self.spot) <= most
	}

	/// Whether an offer fits that may.
	fn fits(&self, view: &OfferView) -> bool {
		(self.all || (view.active && view.capacity > 0))
			&& self.min_flops.is_none_or(|least| view.capacity >= least)
			&& self.count.is_none_or(|count| view.free >= count)
	}
}

/// Lists offers.
pub(super) async fn run(config: &Config, args: &Args, json: bool) -> Result<(), Error> {
	let chain = connect(config).await?;
	let best = chain.best().await?;
	let slot_ms = chain.terms(best).await?.slot_ms;
	let mut views = Vec::new();
	for (id, offer) in chain.offers(best).await? {
		if args.may_fit(&offer, slot_ms) {
			let view = chain.offer(best, id).await?;
			views.extend(view.filter(|view| args.fits(view)));
		}
	}
	sort(&mut views, args.spot);
	if json {
		show(&as_json(&views, args.spot, slot_ms));
	} else {
		line(as_text(&views, args.spot, slot_ms, best.number));
	}
	Ok(())
}

/// The cheapest first, currency by currency.
fn sort(views: &mut [OfferView], spot: bool) {
	views.sort_by_key(|view| (view.offer.currency, view.offer.terms.price_of(spot), view.id));
}

/// The price at a percentile of sorted prices: the least one that so many of a hundred do not exceed.
fn percentile(sorted: &[u128], percent: usize) -> Option<u128> {
	let rank = sorted.len().saturating_mul(percent).div_ceil(100).max(1);
	sorted.get(rank.saturating_sub(1)).copied()
}

/// Prices per GPU and hour at the percentiles, by currency; sorted offers.
fn prices(views: &[OfferView], spot: bool, slot_ms: u64) -> Vec<(Currency, Vec<u128>)> {
	let of = |currency: Currency| {
		let views = views.iter().filter(|view| view.offer.currency == currency);
		let sorted: Vec<u128> =
			views.map(|view| hourly(view.offer.terms.price_of(spot), slot_ms)).collect();
		let prices: Vec<u128> =
			PERCENTILES.iter().filter_map(|percent| percentile(&sorted, *percent)).collect();
		(currency, prices)
	};
	let all = [Currency::Native, Currency::Credits].map(of);
	all.into_iter().filter(|(_, prices)| !prices.is_empty()).collect()
}

fn as_json(views: &[OfferView], spot: bool, slot_ms: u64) -> Value {
	let offers: Vec<Value> = views.iter().map(|view| offer_json(view, slot_ms)).collect();
	let prices: Map<String, Value> = prices(views, spot, slot_ms)
		.into_iter()
		.map(|(currency, prices)| {
			let names = PERCENTILES.iter().map(|percent| format!("p{percent}"));
			let prices = prices.into_iter().map(|price| json!(amount(price)));
			let prices: Map<String, Value> = names.zip(prices).collect();
			(currency_name(currency).to_string(), Value::Object(prices))
		})
		.collect();
	json!({ "offers": offers, "prices_per_hour": prices })
}

fn offer_json(view: &OfferView, slot_ms: u64) -> Value {
	let (offer, terms) = (&view.offer, &view.offer.terms);
	json!({
		"offer": view.id,
		"operator": offer.operator.to_string(),
		"worker": offer.worker,
		"devices": offer.devices,
		"free": view.free,
		"currency": currency_name(offer.currency),
		"price_per_hour": amount(hourly(terms.price, slot_ms)),
		"price_per_block": amount(terms.price),
		"spot": terms.spot.map(|spot| json!({
			"price_per_hour": amount(hourly(spot.price, slot_ms)),
			"price_per_block": amount(spot.price),
			"notice_blocks": spot.notice,
		})),
		"capacity_flop_per_second": view.capacity,
		"memory_mib": offer.memory_mib,
		"region": offer.region,
		"minimum_blocks": terms.minimum_duration,
		"maximum_blocks": terms.maximum_duration,
		"maximum_count": terms.maximum_count,
		"listed": offer.listed,
		"active": view.active,
		"last_seen_block": view.last_seen,
		"maintenance": view.maintenance.map(|window| json!({
			"from_block": window.from,
			"until_block": window.until,
		})),
	})
}

fn as_text(views: &[OfferView], spot: bool, slot_ms: u64, best: u32) -> String {
	if views.is_empty() {
		return "no offer fits; --all shows what cannot be rented at present too".into();
	}
	let heading = [
		"offer",
		"price per GPU-h",
		"spot",
		"proven per GPU",
		"memory",
		"free",
		"lease",
		"region",
		"",
	];
	let mut rows = vec![heading.map(str::to_string).to_vec()];
	rows.extend(views.iter().map(|view| offer_row(view, slot_ms, best)));
	let mut out = table(&rows);
	for (currency, prices) in prices(views, spot, slot_ms) {
		let prices: Vec<String> = PERCENTILES
			.iter()
			.zip(prices)
			.map(|(percent, price)| format!("p{percent} {}", amount(price)))
			.collect();
		out.push_str(&format!(
			"\n{} per GPU and hour{}: {}",
			currency_name(currency),
			if spot { ", spot" } else { "" },
			prices.join(", ")
		));
	}
	out
}

fn offer_row(view: &OfferView, slot_ms: u64, best: u32) -> Vec<String> {
	let (offer, terms) = (&view.offer, &view.offer.terms);
	let spot = terms.spot.map_or("-".into(), |spot| amount(hourly(spot.price, slot_ms)));
	let maintenance = view.maintenance.map(|window| match window.from.checked_sub(best) {
		Some(left) => format!("maintenance in {}", blocks(left, slot_ms)),
		None => format!("maintenance until block {}", window.until),
	});
	let notes = [
		(!offer.listed).then(|| "not listed".to_string()),
		(!view.active).then(|| "operator inactive".to_string()),
		(view.capacity == 0).then(|| "nothing proven".to_string()),
		maintenance,
	];
	vec![
		view.id.to_string(),
		money(hourly(terms.price, slot_ms), offer.currency),
		spot,
		flops(view.capacity),
		memory(offer.memory_mib),
		format!("{} of {}", view.free, offer.devices.len()),
		format!("{} to {}", terms.minimum_duration, blocks(terms.maximum_duration, slot_ms)),
		if offer.region.is_empty() { "-".into() } else { printable(&offer.region) },
		notes.into_iter().flatten().collect::<Vec<_>>().join(", "),
	]
}

#[cfg(test)]
pub(super) mod tests {
	use super::*;
	use crate::chain::{AccountId, OfferTerms, Spot};
	use assay_market::Window;

	const ASY: u128 = 1_000_000_000_000;

	type Change = fn(&mut OfferView);

	/// An offer of two GPUs, both free, for 0.36 ASY an hour.
	pub(in super::super) fn view(id: u64) -> OfferView {
		OfferView {
			id,
			offer: Offer {
				operator: AccountId::from([1; 32]),
				worker: 7,
				devices: vec![0, 1],
				currency: Currency::Native,
				memory_mib: 24_576,
				region: "eu-de".into(),
				terms: OfferTerms {
					price: ASY / 10_000,
					spot: Some(Spot { price: ASY / 20_000, notice: 20 }),
					minimum_duration: 10,
					maximum_duration: 3_600,
					maximum_count: 2,
				},
				listed: true,
			},
			capacity: 50_000_000_000_000,
			free: 2,
			active: true,
			last_seen: 90,
			maintenance: None,
		}
	}

	fn changed(change: impl FnOnce(&mut OfferView)) -> OfferView {
		let mut view = view(1);
		change(&mut view);
		view
	}

	fn is_shown(args: &Args, view: &OfferView) -> bool {
		args.may_fit(&view.offer, 1_000) && args.fits(view)
	}

	#[test]
	fn filters_should_keep_what_fits_and_nothing_else() {
		let fitting = Args {
			min_flops: Some(50_000_000_000_000),
			memory: Some(24_576),
			count: Some(2),
			region: Some("eu-de".into()),
			currency: Some(Currency::Native),
			max_price: Some(Price::Hour(ASY * 36 / 100)),
			spot: false,
			all: false,
		};
		assert!(is_shown(&fitting, &view(1)));
		let refused: [(&str, Change); 11] = [
			("capacity", |view| view.capacity -= 1),
			("memory", |view| view.offer.memory_mib -= 1),
			("free", |view| view.free = 1),
			("count", |view| view.offer.terms.maximum_count = 1),
			("region", |view| view.offer.region = "eu-DE".into()),
			("currency", |view| view.offer.currency = Currency::Credits),
			("price", |view| view.offer.terms.price += 1),
			("listed", |view| view.offer.listed = false),
			("active", |view| view.active = false),
			("proven", |view| view.capacity = 0),
			("all at once", |view| {
				view.free = 0;
				view.active = false;
			}),
		];
		for (name, change) in refused {
			assert!(!is_shown(&fitting, &changed(change)), "{name}");
		}
	}

	#[test]
	fn filters_should_show_what_cannot_be_rented_when_asked_to() {
		let (some, all) = (Args::default(), Args { all: true, ..Args::default() });
		let hidden: [Change; 3] = [
			|view| view.offer.listed = false,
			|view| view.active = false,
			|view| view.capacity = 0,
		];
		for change in hidden {
			assert!(!is_shown(&some, &changed(change)));
			assert!(is_shown(&all, &changed(change)));
		}
		assert!(is_shown(&some, &changed(|view| view.free = 0)), "it will be free again");
	}

	#[test]
	fn filters_should_judge_by_the_spot_price_when_asked_for_it() {
		let price = Some(Price::Block(ASY / 20_000));
		let spot = Args { spot: true, max_price: price, ..Args::default() };
		assert!(is_shown(&spot, &view(1)));
		assert!(!is_shown(&Args { spot: false, ..spot.clone() }, &view(1)));
		assert!(!is_shown(&spot, &changed(|view| view.offer.terms.spot = None)));
	}

	#[test]
	fn percentiles_should_be_prices_that_somebody_asks() {
		assert_eq!(percentile(&[], 50), None);
		for percent in PERCENTILES {
			assert_eq!(percentile(&[7], percent), Some(7));
		}
		let ten: Vec<u128> = (1..=10).collect();
		let found = PERCENTILES.map(|percent| percentile(&ten, percent));
		assert_eq!(found, [Some(1), Some(5), Some(9)]);
		let eleven: Vec<u128> = (1..=11).collect();
		let found = PERCENTILES.map(|percent| percentile(&eleven, percent));
		assert_eq!(found, [Some(2), Some(6), Some(10)]);
	}

	#[test]
	fn table_should_list_the_cheapest_first_with_percentiles_by_currency() {
		let mut dear = changed(|view| view.offer.terms.price *= 2);
		dear.id = 3;
		let mut credits = changed(|view| view.offer.currency = Currency::Credits);
		credits.id = 4;
		credits.maintenance = Some(Window { from: 160, until: 200 });
		let mut views = vec![credits, dear, view(2)];
		sort(&mut views, false);
		assert_eq!(views.iter().map(|view| view.id).collect::<Vec<_>>(), [2, 3, 4]);
		let text = as_text(&views, false, 1_000, 100);
		let lines: Vec<&str> = text.lines().collect();
		assert!(lines[0].starts_with("offer  price per GPU-h"), "{text}");
		assert!(lines[1].starts_with("2      0.36 ASY"), "{text}");
		assert!(lines[1].contains("0.18  50.0 TFLOP/s    24 GiB  2 of 2"), "{text}");
		assert!(lines[3].ends_with("eu-de   maintenance in 60 blocks (60 seconds)"), "{text}");
		assert_eq!(lines[4], "ASY per GPU and hour: p10 0.36, p50 0.36, p90 0.72");
		assert_eq!(lines[5], "credits per GPU and hour: p10 0.36, p50 0.36, p90 0.36");

		let value = as_json(&views, true, 1_000);
		assert_eq!(value["offers"][0]["price_per_hour"], "0.36");
		assert_eq!(value["offers"][0]["spot"]["price_per_block"], "0.00005");
		assert_eq!(value["prices_per_hour"]["ASY"]["p90"], "0.18");
		assert!(as_text(&[], false, 1_000, 1).contains("--all"));
	}
}
