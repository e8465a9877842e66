//! What a lease would cost, in words and numbers, and why it cannot be had.

use super::{
	super::{amount, blocks},
	units::{currency_name, flops, gpus, hourly, money},
};
use crate::chain::{Ask, OfferView, Quote};
use assay_market::{Blocks, Currency, Window, MAX_DEVICES};
use serde_json::{json, Map, Value};

/// Of what an offer is shown to prove, so many in a hundred have to be there when the request is made:
/// what is proven is a mean of measurements and moves a little with each.
const KEPT_PERCENT: u128 = 95;

/// The circumstances of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
	/// The block in which it would be made.
	pub(super) now: Blocks,
	/// In how many blocks it has to be taken.
	pub(super) start_window: Blocks,
	/// Milliseconds of a block.
	pub(super) slot_ms: u64,
}

/// The notice that a lease of the offer would have; `None` if it is no spot lease.
fn notice(view: &OfferView, spot: bool) -> Option<Blocks> {
	view.offer.terms.spot.filter(|_| spot).map(|spot| spot.notice)
}

/// The ask that holds the provider to what the renter is shown: no higher price than `max_price`, no
/// shorter notice, and the capacity that was asked for, or nearly what is shown if none was.
pub(super) fn as_shown(ask: Ask, max_price: u128, (view, quote): &(OfferView, Quote)) -> Ask {
	let kept = u128::from(quote.capacity).saturating_mul(KEPT_PERCENT).div_euclid(100);
	let minimum_capacity = match ask.minimum_capacity {
		0 => u64::try_from(kept).unwrap_or(u64::MAX),
		asked => asked,
	};
	Ask {
		max_price,
		minimum_capacity,
		minimum_notice: notice(view, ask.spot).unwrap_or_default(),
		..ask
	}
}

/// Whether an offer proves as much and has as long a notice as is asked for.
pub(super) fn is_as_good(view: &OfferView, ask: &Ask) -> bool {
	view.capacity >= ask.minimum_capacity
		&& notice(view, ask.spot).unwrap_or_default() >= ask.minimum_notice
}

/// Why several offers cannot be rented together, if they cannot.
pub(super) fn not_a_cluster(quotes: &[(OfferView, Quote)]) -> Option<String> {
	let most = usize::try_from(MAX_DEVICES).unwrap_or(usize::MAX);
	if quotes.len() > most {
		return Some(format!("at most {most} offers can be rented together"));
	}
	let mut currencies = quotes.iter().map(|(_, quote)| quote.currency);
	let first = currencies.next()?;
	currencies
		.any(|currency| currency != first)
		.then(|| "offers that are rented together have to be paid in one currency".into())
}

/// Why an offer cannot be rented in that way, in the order in which the chain looks.
pub(super) fn why_not(view: &OfferView, count: u32, ask: &Ask, moment: &Moment) -> String {
	let (terms, currency) = (&view.offer.terms, view.offer.currency);
	let Moment { now, start_window, slot_ms } = *moment;
	let price = terms.price_of(ask.spot);
	let until = now.saturating_add(start_window);
	let away = view.maintenance.filter(|window| window.overlaps(now, until));
	if !view.offer.listed {
		"the offer is not listed: its operator has to update it first".into()
	} else if !(1..=terms.maximum_count).contains(&count) {
		format!("the offer rents at most {} at a time", gpus(terms.maximum_count))
	} else if !(terms.minimum_duration..=terms.maximum_duration).contains(&ask.duration) {
		format!(
			"the offer rents for {} to {}",
			terms.minimum_duration,
			blocks(terms.maximum_duration, slot_ms)
		)
	} else if ask.spot && terms.spot.is_none() {
		"the offer has no spot price: rent without --spot".into()
	} else if price > ask.max_price {
		let hour = money(hourly(price, slot_ms), currency);
		format!("it costs {hour} per GPU and hour, {} per block", amount(price))
	} else if !view.active {
		"its operator can begin nothing new at present: take another offer".into()
	} else if let Some(Window { from, until }) = away {
		format!(
			"its worker may be away from block {from} on, before block {until}: take another offer, or \
			 wait until then"
		)
	} else if view.capacity == 0 {
		"its GPUs have proven nothing yet: wait for a round of proof of FLOPS".into()
	} else if view.capacity < ask.minimum_capacity {
		format!("its GPUs prove {} each", flops(view.capacity))
	} else if view.free < count {
		format!("{} of its GPUs are free: ask for fewer, or wait", view.free)
	} else {
		"its operator has too little free stake in the market: take another offer, or wait".into()
	}
}

/// Sums over all offers: escrow in the currency, and deposits in ASY.
fn sums(quotes: &[(OfferView, Quote)]) -> (u128, u128) {
	quotes.iter().fold((0, 0), |(escrow, deposit), (_, quote)| {
		(escrow.saturating_add(quote.escrow), deposit.saturating_add(quote.deposit))
	})
}

/// What a person is shown before it agrees.
pub(super) fn summary(
	quotes: &[(OfferView, Quote)],
	count: u32,
	ask: &Ask,
	slot_ms: u64,
) -> String {
	let Some((_, first)) = quotes.first() else { return "requests a lease".into() };
	let (escrow, deposit) = sums(quotes);
	let mut out = format!(
		"total    {} for {} and {}, set aside now; what is not served comes back",
		money(escrow, first.currency),
		gpus(quotes.iter().fold(0u32, |sum, _| sum.saturating_add(count))),
		blocks(ask.duration, slot_ms)
	);
	for (view, quote) in quotes {
		out.push_str(&format!(
			"\nprice    {} per GPU and hour ({} per block): offer {}, {} proven each",
			money(hourly(quote.price, slot_ms), quote.currency),
			amount(quote.price),
			view.id,
			flops(quote.capacity)
		));
		if let Some(notice) = notice(view, ask.spot) {
			out.push_str(&format!(
				"\nnotice   the provider of offer {} may end it {} after it says so",
				view.id,
				blocks(notice, slot_ms)
			));
		}
	}
	let stake = quotes.iter().fold(0u128, |sum, (_, quote)| sum.saturating_add(quote.stake));
	out.push_str(&format!(
		"\ndeposit  {} ASY, returned when the lease is closed\nstake    {} ASY of the provider \
		 answer for it",
		amount(deposit),
		amount(stake)
	));
	out
}

/// What is added where the offer may be another one in the end.
pub(super) fn ceiling(price: u128, currency: Currency, slot_ms: u64) -> String {
	format!(
		"\nceiling  {} per GPU and hour, should that offer be gone: then the next one that proves as \
		 much is taken",
		money(hourly(price, slot_ms), currency)
	)
}

/// The same for programs.
pub(super) fn numbers(
	quotes: &[(OfferView, Quote)],
	spot: bool,
	slot_ms: u64,
) -> Map<String, Value> {
	let mut numbers = Map::new();
	let Some((_, first)) = quotes.first() else { return numbers };
	let (escrow, deposit) = sums(quotes);
	let fee = quotes.iter().fold(0u128, |sum, (_, q)| sum.saturating_add(q.cancellation_fee));
	let prices: Vec<Value> = quotes
		.iter()
		.map(|(view, quote)| {
			json!({
				"offer": view.id,
				"price_per_hour": amount(hourly(quote.price, slot_ms)),
				"price_per_block": amount(quote.price),
				"capacity_flop_per_second": quote.capacity,
				"notice_blocks": notice(view, spot),
			})
		})
		.collect();
	numbers.insert("currency".into(), json!(currency_name(first.currency)));
	numbers.insert("total".into(), json!(amount(escrow)));
	numbers.insert("deposit_asy".into(), json!(amount(deposit)));
	numbers.insert("cancellation_fee".into(), json!(amount(fee)));
	numbers.insert("prices".into(), Value::Array(prices));
	numbers
}

#[cfg(test)]
mod tests {
	use super::{super::offers::tests::view, *};
	use crate::chain::Spot;

	const ASY: u128 = 1_000_000_000_000;

	const MOMENT: Moment = Moment { now: 100, start_window: 20, slot_ms: 1_000 };

	fn ask() -> Ask {
		Ask { duration: 100, max_price: ASY, minimum_capacity: 0, spot: false, minimum_notice: 0 }
	}

	fn quote(currency: Currency) -> Quote {
		Quote {
			currency,
			price: ASY / 10_000,
			escrow: ASY / 100,
			deposit: ASY / 10,
			cancellation_fee: 1_000_000,
			capacity: 50_000_000_000_000,
			stake: 10 * ASY,
		}
	}

	#[test]
	fn m04_renting_should_be_foreseen_as_refused_when_the_price_has_changed() {
		let dearer = why_not(&view(1), 1, &Ask { max_price: ASY / 10_001, ..ask() }, &MOMENT);
		assert_eq!(dearer, "it costs 0.36 ASY per GPU and hour, 0.0001 per block");
		let spot = Ask { max_price: ASY / 20_001, spot: true, ..ask() };
		assert!(why_not(&view(1), 1, &spot, &MOMENT).starts_with("it costs 0.18 ASY"));
	}

	#[test]
	fn m04_a_request_should_hold_the_provider_to_what_was_shown() {
		let shown = (view(1), quote(Currency::Native));
		let firm = as_shown(ask(), 7, &shown);
		let wanted = Ask { max_price: 7, minimum_capacity: 47_500_000_000_000, ..ask() };
		assert_eq!(firm, wanted, "five in a hundred may be missing, and there is no notice");
		let spot = as_shown(Ask { spot: true, ..ask() }, 7, &shown);
		assert_eq!(spot, Ask { spot: true, minimum_notice: 20, ..wanted });
		// Whoever says what is enough gets that.
		for minimum_capacity in [1_000_000_000_000, 49_000_000_000_000] {
			let asked = Ask { minimum_capacity, ..ask() };
			assert_eq!(as_shown(asked, 7, &shown).minimum_capacity, minimum_capacity);
		}
		let all = (view(1), Quote { capacity: u64::MAX, ..shown.1 });
		assert!(as_shown(ask(), 7, &all).minimum_capacity > u64::MAX / 100 * 94);

		// Where another offer may be taken, it is as good.
		let mut other = view(2);
		assert!(is_as_good(&other, &spot));
		other.offer.terms.spot = other.offer.terms.spot.map(|spot| Spot { notice: 19, ..spot });
		assert!(is_as_good(&other, &firm) && !is_as_good(&other, &spot));
		other.capacity = 47_000_000_000_000;
		assert!(!is_as_good(&other, &firm));
	}

	#[test]
	fn renting_should_be_foreseen_as_refused_with_a_reason_for_each() {
		let changed = |change: fn(&mut OfferView)| {
			let mut view = view(1);
			change(&mut view);
			view
		};
		let away = |from, until| OfferView { maintenance: Some(Window { from, until }), ..view(1) };
		for (view, count, ask, wanted) in [
			(changed(|view| view.offer.listed = false), 1, ask(), "not listed"),
			(view(1), 3, ask(), "at most 2 GPUs"),
			(view(1), 1, Ask { duration: 9, ..ask() }, "for 10 to 3600 blocks"),
			(
				changed(|view| view.offer.terms.spot = None),
				1,
				Ask { spot: true, ..ask() },
				"--spot",
			),
			(changed(|view| view.active = false), 1, ask(), "nothing new"),
			(away(120, 130), 1, ask(), "away from block 120 on"),
			(away(90, 101), 1, ask(), "before block 101"),
			(changed(|view| view.capacity = 0), 1, ask(), "proven nothing"),
			(view(1), 1, Ask { minimum_capacity: u64::MAX, ..ask() }, "prove 50.0 TFLOP/s"),
			(changed(|view| view.free = 1), 2, ask(), "1 of its GPUs are free"),
			(view(1), 1, ask(), "free stake"),
			(away(121, 130), 1, ask(), "free stake"),
			(away(90, 100), 1, ask(), "free stake"),
		] {
			let told = why_not(&view, count, &ask, &MOMENT);
			assert!(told.contains(wanted), "{told}");
		}
	}

	#[test]
	fn cluster_should_be_refused_when_its_currencies_differ() {
		let (asy, credits) = (quote(Currency::Native), quote(Currency::Credits));
		assert_eq!(not_a_cluster(&[(view(1), asy), (view(2), asy)]), None);
		assert!(not_a_cluster(&[(view(1), asy), (view(2), credits)]).is_some());
		assert!(not_a_cluster(&vec![(view(1), asy); 17]).is_some_and(|fix| fix.contains("16")));
	}

	#[test]
	fn price_should_be_told_as_total_and_for_an_hour() {
		let quotes = [(view(1), quote(Currency::Native))];
		assert_eq!(
			summary(&quotes, 1, &ask(), 1_000),
			"total    0.01 ASY for 1 GPU and 100 blocks (100 seconds), set aside now; what is not \
			 served comes back\nprice    0.36 ASY per GPU and hour (0.0001 per block): offer 1, 50.0 \
			 TFLOP/s proven each\ndeposit  0.1 ASY, returned when the lease is closed\nstake    10 \
			 ASY of the provider answer for it"
		);
		let spot = summary(&quotes, 1, &Ask { spot: true, ..ask() }, 1_000);
		let notice =
			"\nnotice   the provider of offer 1 may end it 20 blocks (20 seconds) after it says \
		              so\ndeposit";
		assert!(spot.contains(notice), "{spot}");
		assert_eq!(numbers(&quotes, true, 1_000)["prices"][0]["notice_blocks"], 20);
		let both = [(view(1), quote(Currency::Credits)), (view(2), quote(Currency::Credits))];
		let told = numbers(&both, false, 1_000);
		assert_eq!((&told["total"], &told["deposit_asy"]), (&json!("0.02"), &json!("0.2")));
		assert!(summary(&both, 2, &ask(), 1_000).starts_with("total    0.02 credits for 4 GPUs"));
	}
}
