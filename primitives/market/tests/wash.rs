//! F12 and F13: renting from oneself, simulated for many markets, with books of every account.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use assay_market::{
	charge::{cancellation_fee, charge, total},
	Amounts, Attendance, Charge, Checkpoint, Currency, MaintenanceRules, Parameters, Reputation,
};
use proptest::prelude::*;

/// What each account begins with in either currency: more than any lease costs.
const FUNDS: u128 = 1_000_000_000_000_000;
/// What each device proved when it was rented.
const BOUGHT: u64 = 1_000;

/// One currency: both accounts of a strategist, and what there is of it. Nobody else has any, so that
/// whatever the strategist loses must have been burnt.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Books {
	/// What the renter can spend.
	renter: u128,
	/// What it has on hold.
	held: u128,
	/// What the payout account of its worker has.
	payout: u128,
	/// What there is in all.
	issuance: u128,
}

impl Books {
	fn new() -> Self {
		Self { renter: FUNDS, held: 0, payout: FUNDS, issuance: 2 * FUNDS }
	}

	fn hold(&mut self, amount: u128) {
		self.renter -= amount;
		self.held += amount;
	}

	fn release(&mut self, amount: u128) {
		self.held -= amount;
		self.renter += amount;
	}

	fn pay(&mut self, amount: u128) {
		self.held -= amount;
		self.payout += amount;
	}

	fn burn(&mut self, amount: u128) {
		self.held -= amount;
		self.issuance -= amount;
	}

	/// Credits for proven work.
	fn mint(&mut self, amount: u128) {
		self.payout += amount;
		self.issuance += amount;
	}

	/// What both accounts have.
	fn wealth(&self) -> u128 {
		self.renter + self.held + self.payout
	}

	/// What both accounts have lost since they began.
	fn loss(&self) -> i128 {
		i128::try_from(2 * FUNDS).unwrap() - i128::try_from(self.wealth()).unwrap()
	}
}

/// A strategist that owns the renter, the operator and its worker.
#[derive(Clone, Debug)]
struct Strategist {
	native: Books,
	credits: Books,
	/// Attested blocks times devices of leases whose devices proved all that they had sold.
	served: Amounts,
	/// What its operator is known for.
	known: Reputation,
}

/// One cycle of renting from oneself.
#[derive(Clone, Debug)]
struct Cycle {
	price: u128,
	count: usize,
	duration: u32,
	/// How often the worker beats, relative to the interval.
	gaps: Vec<u32>,
	/// What the devices prove during the lease, in thousandths of what they proved before.
	proves: u64,
	/// Whether the request is cancelled instead of being taken.
	cancels: bool,
	currency: Currency,
}

fn cycle() -> impl Strategy<Value = Cycle> {
	(
		1u128..1_000_000,
		1usize..=16,
		1u32..5_000,
		prop::collection::vec(1u32..300, 1..40),
		0u64..2_000,
		prop::bool::weighted(0.1),
		prop_oneof![Just(Currency::Native), Just(Currency::Credits)],
	)
		.prop_map(|(price, count, duration, gaps, proves, cancels, currency)| Cycle {
			price,
			count,
			duration,
			gaps,
			proves,
			cancels,
			currency,
		})
}

prop_compose! {
	/// Any market that the rules allow.
	fn market()(
		interval in 2u32..200, grace in 2u32..10, fee_ppm in 1u32..=500_000,
		native in 1u128..10_000, credits in 1u128..10_000, half_life in 1u32..100_000,
	) -> Parameters {
		let grace = interval * grace;
		Parameters {
			interval,
			grace,
			fee_ppm,
			minimum_fee: Amounts { native, credits },
			half_life,
			maintenance: MaintenanceRules { notice: interval, longest: 100, gap: grace + 1 },
			stale_after: grace + 101,
			..Parameters::LIVE
		}
	}
}

impl Strategist {
	fn new() -> Self {
		let known = Reputation::default();
		Self { native: Books::new(), credits: Books::new(), served: Amounts::default(), known }
	}

	fn books(&mut self, currency: Currency) -> &mut Books {
		match currency {
			Currency::Native => &mut self.native,
			Currency::Credits => &mut self.credits,
		}
	}

	fn rent_from_itself(&mut self, cycle: &Cycle, rules: &Parameters) {
		let Cycle { price, count, duration, proves, currency, .. } = *cycle;
		let devices = u32::try_from(count).unwrap();
		if !rules.is_price(price, currency) {
			return;
		}
		let escrow = total(price, devices, duration);
		self.books(currency).hold(escrow);
		let mut left = escrow;
		if cycle.cancels {
			let fee = cancellation_fee(escrow, devices, currency, rules);
			self.books(currency).burn(fee);
			left -= fee;
		} else {
			let mut worker = Attendance::new(0);
			let mut checkpoint = Checkpoint { block: 0, missed: 0 };
			for gap in &cycle.gaps {
				let now = worker.last + gap;
				worker = worker.beat(now, rules);
				let span = worker.span(checkpoint, duration);
				let capacities = vec![proves; count];
				let Charge { net, fee, refund } =
					charge(price, BOUGHT, &capacities, span.covered, span.payable, currency, rules);
				let books = self.books(currency);
				books.pay(net);
				books.burn(fee);
				books.release(refund);
				left -= net + fee + refund;
				let gpu_blocks = u128::from(span.payable) * u128::from(devices);
				self.known = self.known.at(now, rules.half_life);
				self.known.serve(currency, fee, gpu_blocks, rules);
				if proves >= BOUGHT {
					self.served.add(currency, gpu_blocks);
				}
				checkpoint = span.end;
			}
		}
		self.books(currency).release(left);
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(500))]

	#[test]
	fn f13_renting_from_oneself_should_always_lose_and_buy_no_more_reputation_than_it_burns(
		rules in market(), cycles in prop::collection::vec(cycle(), 1..20),
	) {
		prop_assert_eq!(rules.validate(), Ok(()));
		let mut strategist = Strategist::new();
		for cycle in &cycles {
			strategist.rent_from_itself(cycle, &rules);
		}
		let mut burnt_for = 0;
		for currency in [Currency::Native, Currency::Credits] {
			let books = strategist.books(currency).clone();
			prop_assert_eq!(books.held, 0, "something is on hold for nothing");
			prop_assert_eq!(books.wealth(), books.issuance, "something came from nowhere");
			let loss = u128::try_from(books.loss()).expect("nobody gains by it");
			let shown = strategist.known.kept.of(currency);
			prop_assert!(shown <= loss, "{shown} is shown for {loss}");
			// Whatever was served was paid for with the minimum fee.
			let least = strategist.served.of(currency) * rules.minimum_fee.of(currency);
			prop_assert!(loss >= least, "{loss} was lost instead of {least}");
			burnt_for += loss / rules.minimum_fee.of(currency);
		}
		prop_assert!(strategist.known.service <= burnt_for, "service is shown that burnt nothing");
	}

	#[test]
	fn f12_a_worker_that_its_own_renter_hires_should_earn_what_it_would_alone_less_the_fee(
		rules in market(), cycle in cycle(), earns in 0u128..1_000_000,
	) {
		// Proof of FLOPS pays the same to a rented device: there is no exemption.
		let (mut alone, mut hired) = (Strategist::new(), Strategist::new());
		alone.credits.mint(earns);
		hired.credits.mint(earns);
		hired.rent_from_itself(&cycle, &rules);
		for currency in [Currency::Native, Currency::Credits] {
			let burnt = alone.books(currency).issuance - hired.books(currency).issuance;
			prop_assert_eq!(
				hired.books(currency).wealth() + burnt,
				alone.books(currency).wealth()
			);
			let least = hired.served.of(currency) * rules.minimum_fee.of(currency);
			prop_assert!(burnt >= least, "{burnt} was burnt instead of {least}");
		}
	}
}

#[test]
fn f13_renting_from_oneself_should_cost_nothing_only_in_a_market_that_is_refused() {
	let free = Parameters { fee_ppm: 0, minimum_fee: Amounts::default(), ..Parameters::LIVE };
	assert!(free.validate().is_err());
	let cycle = Cycle {
		price: 1_000,
		count: 4,
		duration: 500,
		gaps: vec![100; 5],
		proves: BOUGHT,
		cancels: false,
		currency: Currency::Credits,
	};
	let loss = |rules: &Parameters| {
		let mut strategist = Strategist::new();
		strategist.rent_from_itself(&cycle, rules);
		(strategist.served.credits, strategist.credits.loss())
	};
	assert_eq!(loss(&free), (2_000, 0), "what the simulations above would then find");
	let least = Amounts { native: 1, credits: 1 };
	assert_eq!(loss(&Parameters { fee_ppm: 1, minimum_fee: least, ..free }), (2_000, 2_000));
}
