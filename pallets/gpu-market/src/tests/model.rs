//! A model of everybody: random sequences of all calls by many accounts, with every law checked.
//!
//! `ASSAY_MODEL_STEPS` sets the number of steps (40,000 by default). A failure names its seed.

use super::ledger::{Balances, Ledger};
use crate::{mock::*, *};
use assay_market::{Currency, Parameters as Rules};
use frame_support::{
	assert_ok,
	dispatch::{DispatchResult, DispatchResultWithPostInfo},
};
use std::collections::BTreeMap;

/// Numbers that are as good as random, and the same for the same seed.
struct Dice(u64);

impl Dice {
	/// A number below `bound`.
	fn below(&mut self, bound: u64) -> u64 {
		// Knuth's generator; its upper half is good enough.
		self.0 =
			self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
		(self.0 >> 33) % bound.max(1)
	}

	fn of<T: Copy>(&mut self, choice: &[T]) -> T {
		choice[usize::try_from(self.below(choice.len().try_into().unwrap())).unwrap()]
	}

	fn once_in(&mut self, n: u64) -> bool {
		self.below(n) == 0
	}
}

fn renter(dice: &mut Dice) -> u64 {
	dice.of(&[ALICE, BOB, CAROL])
}

/// A lease that fits, or one that does not, once was, or never.
fn lease_that(dice: &mut Dice, fits: impl Fn(&Lease<u64>) -> bool) -> LeaseId {
	let open: Vec<_> =
		Leases::<Test>::iter().filter(|(_, lease)| fits(lease)).map(|(id, _)| id).collect();
	if open.is_empty() || dice.once_in(20) {
		dice.below(NextLease::<Test>::get() + 1)
	} else {
		dice.of(&open)
	}
}

fn any_lease(dice: &mut Dice) -> LeaseId {
	lease_that(dice, |_| true)
}

fn lease_of(dice: &mut Dice, who: u64) -> LeaseId {
	lease_that(dice, |lease| lease.renter == who)
}

fn is_active(lease: &Lease<u64>) -> bool {
	matches!(lease.state, LeaseState::Active(_))
}

/// An offer of an operator that there is, or one that once was, or never.
fn offer_of(dice: &mut Dice, i: Option<u64>) -> OfferId {
	let open: Vec<_> = Offers::<Test>::iter()
		.filter(|(_, offer)| i.is_none_or(|i| offer.operator == operator(i)))
		.map(|(id, _)| id)
		.collect();
	if open.is_empty() || dice.once_in(20) {
		dice.below(NextOffer::<Test>::get() + 1)
	} else {
		dice.of(&open)
	}
}

fn any_offer(dice: &mut Dice) -> OfferId {
	offer_of(dice, None)
}

fn any_devices(dice: &mut Dice) -> Devices {
	(0..DEVICES).filter(|_| !dice.once_in(3)).collect::<Vec<_>>().try_into().unwrap()
}

fn any_terms(dice: &mut Dice, count: u32) -> Terms {
	let price = 14 + u128::from(dice.below(300));
	let spot = dice.once_in(2).then(|| Spot {
		price: price.saturating_sub(1 + u128::from(dice.below(3))).max(13),
		notice: dice.below(70).try_into().unwrap(),
	});
	Terms {
		price,
		spot,
		minimum_duration: dice.below(20).try_into().unwrap(),
		maximum_duration: (15 + dice.below(400)).try_into().unwrap(),
		maximum_count: 1 + u32::try_from(dice.below(count.into())).unwrap(),
	}
}

fn any_ask(dice: &mut Dice) -> Ask {
	Ask {
		duration: (1 + dice.below(150)).try_into().unwrap(),
		max_price: 100 + u128::from(dice.below(400)),
		minimum_capacity: dice.below(CAPACITY / 2),
		spot: dice.once_in(3),
		minimum_notice: dice.below(20).try_into().unwrap(),
	}
}

fn any_top_up(dice: &mut Dice) -> Option<TopUp> {
	dice.once_in(2).then(|| TopUp {
		blocks: dice.below(60).try_into().unwrap(),
		limit: u128::from(dice.below(100_000)),
	})
}

/// One call of somebody. Most of them make sense.
fn act(dice: &mut Dice) -> DispatchResultWithPostInfo {
	let done =
		|result: DispatchResult| -> DispatchResultWithPostInfo { Ok(result.map(Into::into)?) };
	let i = dice.below(OPERATORS);
	// Rare things are rare, or little would ever start.
	let choice = match dice.below(31) {
		3..=6 | 19 | 25 | 26 if !dice.once_in(4) => dice.of(&[7, 10, 14]),
		choice => choice,
	};
	match choice {
		0 | 1 => {
			let devices = any_devices(dice);
			let count = devices.len().try_into().unwrap();
			let currency = dice.of(&[Currency::Native, Currency::Credits]);
			let mut terms = any_terms(dice, count);
			terms.spot = terms.spot.filter(|_| !dice.once_in(10));
			done(Market::create_offer(
				signed(operator(i)),
				worker(i),
				devices,
				currency,
				1,
				region(),
				terms,
			))
		}
		2 => {
			let terms = any_terms(dice, 4);
			done(Market::update_offer(signed(operator(i)), offer_of(dice, Some(i)), terms))
		}
		3 => done(Market::withdraw_offer(signed(operator(i)), offer_of(dice, Some(i)))),
		4 => Market::prune_offer(signed(BOB), any_offer(dice)),
		5 => {
			let from = now() + u32::try_from(dice.below(60)).unwrap();
			let until = from + u32::try_from(dice.below(150)).unwrap();
			done(Market::announce_maintenance(signed(operator(i)), worker(i), from, until))
		}
		6 => done(Market::cancel_maintenance(signed(operator(i)), worker(i))),
		7..=9 => {
			let (who, top_up) = (renter(dice), any_top_up(dice));
			let count = u32::try_from(dice.below(10)).unwrap() / 4;
			done(Market::rent(signed(who), any_offer(dice), count, any_ask(dice), who, top_up))
		}
		10 | 11 => {
			let offers: Vec<_> = (0..dice.below(17)).map(|_| any_offer(dice)).collect();
			let requirements = Requirements {
				ask: any_ask(dice),
				count: 1 + u32::try_from(dice.below(3)).unwrap(),
				currency: dice.of(&[Currency::Native, Currency::Credits]),
				minimum_memory_mib: 0,
				region: None,
			};
			let (who, top_up) = (renter(dice), any_top_up(dice));
			let offers = offers.try_into().unwrap();
			done(Market::rent_matching(signed(who), offers, requirements, who, top_up))
		}
		12 | 13 => {
			let ask = any_ask(dice);
			let members: Vec<_> = (0..1 + dice.below(3))
				.map(|_| Member {
					offer: any_offer(dice),
					count: 1,
					ask: Ask { max_price: 100 + u128::from(dice.below(400)), ..ask },
				})
				.collect();
			let (who, top_up) = (renter(dice), any_top_up(dice));
			done(Market::rent_cluster(signed(who), members.try_into().unwrap(), who, top_up))
		}
		14..=18 => {
			let id = lease_that(dice, |lease| match lease.state {
				LeaseState::Requested { at } => now() < at + RULES.start_window,
				_ => false,
			});
			let i = Leases::<Test>::get(id)
				.and_then(|lease| (0..OPERATORS).find(|i| worker(*i) == lease.worker))
				.unwrap_or(i);
			ready(i, id)
		}
		19 => Market::decline(signed(hot_key(i)), any_lease(dice)),
		20 => {
			let who = renter(dice);
			Market::end(signed(who), lease_of(dice, who))
		}
		21 => {
			let id = lease_that(dice, |lease| lease.operator == operator(i) && is_active(lease));
			done(Market::give_notice(signed(operator(i)), id))
		}
		22 => {
			let (who, blocks) = (renter(dice), dice.below(50).try_into().unwrap());
			let id = lease_that(dice, |lease| lease.renter == who && is_active(lease));
			done(Market::extend(signed(who), id, blocks, 200))
		}
		23 => {
			let who = renter(dice);
			done(Market::set_top_up(signed(who), lease_of(dice, who), any_top_up(dice)))
		}
		24 => {
			let who = renter(dice);
			done(Market::set_access(signed(who), lease_of(dice, who), BOB))
		}
		25 => {
			let currency = dice.of(&[Currency::Native, Currency::Credits]);
			done(Market::release_withheld(signed(BOB), renter(dice), currency))
		}
		26 => {
			let fee_ppm = 1 + u32::try_from(dice.below(500_000)).unwrap();
			done(Market::set_parameters(RuntimeOrigin::root(), Rules { fee_ppm, ..RULES }))
		}
		27 => {
			let url = dice.of(&["https://192.0.2.1:9640", "http://x", "nowhere"]);
			let endpoint = dice.once_in(2).then(|| endpoint(url));
			done(Market::announce(signed(hot_key(i)), endpoint))
		}
		_ => settle(any_lease(dice)),
	}
}

/// What happens outside the market: capacity changes, accounts are blocked, payouts move, time passes.
fn happen(dice: &mut Dice, silent: &mut [bool; 4]) {
	let i = dice.below(OPERATORS);
	match dice.below(12) {
		0 => {
			let device = dice.below(DEVICES.into()).try_into().unwrap();
			prove(worker(i), device, CAPACITY / 4 + dice.below(2 * CAPACITY));
		}
		1 => {
			let who = dice.of(&[ALICE, BOB, payout(0), payout(1)]);
			if dice.once_in(4) {
				assert_ok!(Assets::block(signed(ADMIN), FLOPS, who));
			} else {
				assert_ok!(Assets::thaw(signed(ADMIN), FLOPS, who));
			}
		}
		2 => {
			let to = if dice.once_in(3) { 900 + i } else { payout(i) };
			let _ = Operators::set_payout(signed(operator(i)), to);
		}
		3 => {
			let worker = &mut silent[usize::try_from(i).unwrap()];
			*worker = dice.once_in(4);
		}
		4..=7 => skip(dice.below(6).try_into().unwrap()),
		_ => {}
	}
	for i in 0..OPERATORS {
		if !silent[usize::try_from(i).unwrap()] {
			let _ = beat(i);
		}
	}
}

/// Every lease reaches its end by itself if everybody but the one who settles is gone.
fn everything_should_end() {
	for _ in 0..8 {
		skip(RULES.max_spot_notice + RULES.maintenance.longest + RULES.grace + 500);
		for id in Leases::<Test>::iter_keys().collect::<Vec<_>>() {
			let _ = settle(id);
		}
	}
	assert_eq!(Leases::<Test>::iter().count(), 0, "a lease that never ends");
	assert_eq!(Clusters::<Test>::iter().count(), 0);
	assert_eq!(LeasesOf::<Test>::iter().count() + LeasesAt::<Test>::iter().count(), 0);
}

/// What happened in a world.
#[derive(Default)]
struct Tally {
	/// Calls that succeeded.
	done: u64,
	/// Leases that started.
	started: u64,
	/// How leases ended.
	ends: BTreeMap<String, u64>,
}

impl Tally {
	fn count(&mut self, event: &Event<Test>) {
		match event {
			Event::LeaseStarted { .. } => self.started += 1,
			Event::Closed { reason, .. } => {
				*self.ends.entry(format!("{reason:?}")).or_default() += 1;
			}
			_ => {}
		}
	}
}

/// One call of somebody, and what happens besides.
fn step(dice: &mut Dice, silent: &mut [bool; 4], ledger: &mut Ledger, tally: &mut Tally) {
	let result =
		frame_support::storage::with_storage_layer(|| act(dice).map_err(|error| error.error));
	tally.done += u64::from(result.is_ok());
	happen(dice, silent);
	for event in events() {
		tally.count(&event);
		ledger.apply(event);
	}
	System::reset_events();
}

fn live(seed: u64, steps: u64, tally: &mut Tally) {
	new_test_ext().execute_with(|| {
		let before = Balances::now();
		let mut ledger = Ledger::default();
		let mut dice = Dice(seed);
		let mut silent = [false; 4];
		for number in 0..steps {
			step(&mut dice, &mut silent, &mut ledger, tally);
			if number % 16 == 0 {
				assert_ok!(Market::do_try_state());
				ledger.check(&before);
			}
		}
		everything_should_end();
		events().into_iter().for_each(|event| ledger.apply(event));
		assert_ok!(Market::do_try_state());
		ledger.check(&before);
	})
}

#[test]
fn m07_m08_m12_money_should_be_conserved_whatever_everybody_does() {
	let steps: u64 =
		std::env::var("ASSAY_MODEL_STEPS").map_or(40_000, |steps| steps.parse().unwrap());
	let mut tally = Tally::default();
	for seed in 0..8 {
		println!("seed {seed}");
		live(seed, steps / 8, &mut tally);
	}
	let Tally { done, started, ends } = tally;
	println!("{done} of {steps} calls succeeded, {started} leases started, ends: {ends:?}");
	assert!(done * 4 > steps && started * 50 > steps, "too little happens");
	assert_eq!(ends.len(), 8, "every end should be seen");
}

/// A number of blocks, as extreme as they come or any.
fn any_blocks(dice: &mut Dice) -> u32 {
	match dice.below(4) {
		0 => dice.below(3).try_into().unwrap(),
		1 => u32::MAX - u32::try_from(dice.below(3)).unwrap(),
		2 => u32::MAX / 2,
		_ => dice.below(2_000).try_into().unwrap(),
	}
}

/// An amount, as extreme as they come or any.
fn any_amount(dice: &mut Dice) -> u128 {
	match dice.below(3) {
		0 => u128::from(dice.below(3)),
		1 => u128::MAX - u128::from(dice.below(3)),
		_ => u128::from(dice.below(2_000)),
	}
}

/// Numbers of a market that nobody would choose, some of which are allowed.
fn wild_rules(dice: &mut Dice) -> Rules {
	let mut rules = RULES;
	let times = [
		&mut rules.maintenance.notice,
		&mut rules.maintenance.longest,
		&mut rules.maintenance.gap,
		&mut rules.interval,
		&mut rules.grace,
		&mut rules.start_window,
		&mut rules.end_notice,
		&mut rules.fee_ppm,
		&mut rules.stale_after,
		&mut rules.max_spot_notice,
		&mut rules.max_duration,
		&mut rules.half_life,
	];
	for time in times {
		if dice.once_in(6) {
			*time = any_blocks(dice);
		}
	}
	let minimum_fee = &mut rules.minimum_fee;
	for amount in [&mut minimum_fee.native, &mut minimum_fee.credits, &mut rules.lease_stake] {
		if dice.once_in(6) {
			*amount = any_amount(dice);
		}
	}
	rules
}

/// Everything that can be looked at.
fn look_around(dice: &mut Dice) {
	for id in Leases::<Test>::iter_keys().collect::<Vec<_>>() {
		assert!(Market::lease(id).is_some());
	}
	for (id, offer) in Offers::<Test>::iter().collect::<Vec<_>>() {
		let ask = Ask { duration: any_blocks(dice), max_price: any_amount(dice), ..any_ask(dice) };
		let _ = (Market::offer(id), Market::quote(id, any_blocks(dice), ask));
		let requirements = Requirements {
			ask,
			count: 1,
			currency: offer.currency,
			minimum_memory_mib: 0,
			region: None,
		};
		let _ = Market::candidates(requirements, None, any_blocks(dice));
		let _ = Market::reputation(offer.operator);
	}
}

#[test]
fn m12_no_parameters_should_make_anything_panic_or_break_a_law_of_money() {
	let (mut allowed, mut refused, mut tally) = (0, 0, Tally::default());
	for seed in 0..60 {
		new_test_ext().execute_with(|| {
			let before = Balances::now();
			let mut ledger = Ledger::default();
			let mut dice = Dice(seed);
			let mut silent = [false; 4];
			for number in 0..240 {
				// A market that has begun in peace.
				if number > 30 && dice.once_in(8) {
					let rules = wild_rules(&mut dice);
					if Market::set_parameters(RuntimeOrigin::root(), rules).is_ok() {
						allowed += 1;
					} else {
						// No genesis or call can set these.
						refused += 1;
						Parameters::<Test>::put(rules);
					}
				}
				step(&mut dice, &mut silent, &mut ledger, &mut tally);
				if number % 16 == 0 {
					look_around(&mut dice);
				}
			}
			Parameters::<Test>::put(RULES);
			assert_ok!(Market::do_try_state());
			ledger.check(&before);
		});
	}
	println!("{} calls succeeded, {} leases started", tally.done, tally.started);
	assert!(allowed > 60 && refused > 60 && tally.started > 100, "too little happens");
}
