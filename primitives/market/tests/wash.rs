//! F12 and F13: renting from oneself, simulated for many markets.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use assay_market::{
	charge::{cancellation_fee, charge, total},
	Amounts, Checkpoint, Currency, MaintenanceRules, Parameters, Reputation,
};
use proptest::prelude::*;

/// A strategist that owns the renter, the operator and its worker.
#[derive(Debug, Default)]
struct Strategist {
	/// What both of its accounts have gained, or lost if negative.
	balance: i128,
	/// What was burnt of it.
	burnt: i128,
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
	fn rent_from_itself(&mut self, cycle: &Cycle, rules: &Parameters) {
		let Cycle { price, count, duration, proves, currency, .. } = *cycle;
		let devices = u32::try_from(count).unwrap();
		if !rules.is_price(price, currency) {
			return;
		}
		let escrow = total(price, devices, duration);
		if cycle.cancels {
			let fee = cancellation_fee(escrow, devices, currency, rules);
			self.spend(fee);
			return;
		}
		let bought = 1_000;
		let mut worker = assay_market::Attendance::new(0);
		let mut checkpoint = Checkpoint { block: 0, missed: 0 };
		let mut held = escrow;
		for gap in &cycle.gaps {
			let now = worker.last + gap;
			worker = worker.beat(now, rules);
			let span = worker.span(checkpoint, duration);
			let capacities = vec![proves; count];
			let parts =
				charge(price, bought, &capacities, span.covered, span.payable, currency, rules);
			held -= parts.net + parts.fee + parts.refund;
			self.spend(parts.fee);
			self.known = self.known.at(now, rules.half_life);
			let gpu_blocks = u128::from(span.payable) * u128::from(devices);
			self.known.serve(currency, parts.fee, gpu_blocks);
			checkpoint = span.end;
		}
		// What is left of the escrow comes back, and the net payments went from one of its accounts
		// to the other.
		assert!(held <= escrow);
	}

	fn spend(&mut self, fee: u128) {
		let fee = i128::try_from(fee).unwrap();
		self.balance -= fee;
		self.burnt += fee;
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(500))]

	#[test]
	fn f13_renting_from_oneself_should_always_lose_and_buy_no_more_reputation_than_it_burns(
		rules in market(), cycles in prop::collection::vec(cycle(), 1..20),
	) {
		prop_assert_eq!(rules.validate(), Ok(()));
		let mut strategist = Strategist::default();
		for cycle in &cycles {
			strategist.rent_from_itself(cycle, &rules);
		}
		let known = strategist.known;
		let shown = i128::try_from(known.kept.native + known.kept.credits).unwrap();
		prop_assert!(strategist.balance <= 0);
		prop_assert!(shown <= strategist.burnt, "{shown} for {}", strategist.burnt);
		// Whatever service is shown was paid for with the minimum fee, unless the devices prove less
		// than they sold.
		if cycles.iter().all(|cycle| cycle.proves >= 1_000) && known.service > 0 {
			prop_assert!(strategist.balance < 0);
		}
	}

	#[test]
	fn f12_a_worker_that_its_own_renter_hires_should_earn_what_it_would_alone_less_the_fee(
		rules in market(), cycle in cycle(), earns in 0i128..1_000_000,
	) {
		// Proof of FLOPS pays the same to a rented device: there is no exemption.
		let mut alone = Strategist::default();
		let mut hired = Strategist::default();
		alone.balance += earns;
		hired.balance += earns;
		hired.rent_from_itself(&cycle, &rules);
		prop_assert_eq!(hired.balance, alone.balance - hired.burnt);
		prop_assert!(hired.balance <= alone.balance);
	}
}
