//! A model of everybody: random sequences of all calls, and of what the other pallets do with stake,
//! by many accounts over simulated sessions, with every law checked after every step.
//!
//! `ASSAY_MODEL_STEPS` sets the number of steps (100,000 by default), `ASSAY_MODEL_SEED` the seed of
//! the first world. A failure names its world's seed and its last steps.

mod books;
mod dice;
mod steps;

use self::{
	books::Books,
	dice::Dice,
	steps::{choose, choose_wildly, Step, EVERYBODY, OPERATORS},
};
use super::support::*;
use crate::{
	mock::*,
	pallet::{
		Cohorts, Convictions, Delegations, Devices, Operators as Records, Reservations, WorkersOf,
	},
	Occupancy, Service,
};
use frame_support::{
	assert_ok,
	traits::fungible::{Inspect, Mutate},
};
use std::{
	collections::{BTreeMap, VecDeque},
	sync::atomic::{AtomicU64, Ordering},
	thread,
};

/// Steps in one world: enough for stake to come, to be convicted and to leave several times.
const WORLD: u64 = 2_000;
/// Steps of all worlds together unless the environment asks for more.
const STEPS: u64 = 100_000;
/// What everybody begins with.
const ENDOWMENT: Balance = 200_000;

fn from_environment(name: &str, otherwise: u64) -> u64 {
	std::env::var(name).map_or(otherwise, |value| {
		value.parse().unwrap_or_else(|_| panic!("{name} has to be a number"))
	})
}

/// The last steps of a world; tells them when a law is broken.
struct Diary {
	seed: u64,
	number: u64,
	last: VecDeque<String>,
}

impl Diary {
	fn note(&mut self, step: &Step) {
		self.number += 1;
		if self.last.len() == 12 {
			self.last.pop_front();
		}
		self.last.push_back(format!("{step:?} in block {}", System::block_number()));
	}
}

impl Drop for Diary {
	fn drop(&mut self) {
		if thread::panicking() {
			let steps: Vec<_> = self.last.iter().map(String::as_str).collect();
			eprintln!(
				"seed {}, step {}; the last steps, the last one broke a law:\n{}",
				self.seed,
				self.number,
				steps.join("\n")
			);
		}
	}
}

/// How often each kind of step succeeded and failed.
type Tally = BTreeMap<&'static str, (u64, u64)>;

/// Lives through one world.
fn live(seed: u64, steps: u64, tally: &mut Tally) {
	// The mock's variables outlive a world of the same thread.
	Session::set(0);
	Round::set(0);
	new_test_ext().execute_with(|| {
		for who in EVERYBODY {
			assert_ok!(Balances::mint_into(&who, ENDOWMENT));
		}
		let mut dice = Dice::new(seed);
		let mut books = Books::open();
		let mut diary = Diary { seed, number: 0, last: VecDeque::new() };
		while diary.number < steps {
			let step = choose(&mut dice, books.longest_pause());
			let Some(step) = books.prepare(step, &mut dice) else { continue };
			diary.note(&step);
			let outcome = step.apply();
			let count = tally.entry(step.name()).or_default();
			match outcome {
				Ok(_) => count.0 += 1,
				Err(_) => count.1 += 1,
			}
			books.check(&step, &outcome);
			System::reset_events();
		}
		everybody_leaves(&mut books, &mut diary);
	});
}

/// Nobody can be kept: when the obligations are final, everybody gets out all there is.
fn everybody_leaves(books: &mut Books, diary: &mut Diary) {
	let mut act = |step: Step| {
		diary.note(&step);
		let outcome = step.apply();
		books.check(&step, &outcome);
		System::reset_events();
		outcome
	};
	let open: Vec<_> = Reservations::<Test>::iter_keys().collect();
	for (operator, service, obligation) in open {
		assert_ok!(act(Step::Release { operator, service, obligation }));
	}
	let mut leave = || {
		let delegations: Vec<_> = Delegations::<Test>::iter_keys().collect();
		for (operator, who) in delegations {
			// Some have forgotten all about it; somebody else lets them go.
			if who % 2 == 0 {
				let _ = act(Step::Settle { who, operator });
				continue;
			}
			let _ = act(Step::Undelegate { who, operator, amount: Balance::MAX });
			let _ = act(Step::Collect { who, operator });
		}
		for who in OPERATORS {
			let _ = act(Step::Retire { who });
			for service in Service::ALL {
				let _ = act(Step::Allocate { who, service, ppm: 0 });
			}
			let workers: Vec<_> = WorkersOf::<Test>::iter_key_prefix(who).collect();
			for worker in workers {
				let devices: Vec<_> = Devices::<Test>::iter_key_prefix(worker).collect();
				for device in devices {
					let share = <Operators as Occupancy>::occupied(worker, device);
					let _ = act(Step::Free { worker, device, share });
					assert_ok!(act(Step::RemoveDevice { who, worker, device }));
				}
				assert_ok!(act(Step::RemoveWorker { who, worker }));
			}
			let _ = act(Step::Claim { who, operator: who });
			let _ = act(Step::Withdraw { who });
		}
		let convictions: Vec<_> = Convictions::<Test>::iter_keys().collect();
		for id in convictions {
			let _ = act(Step::Execute { id });
		}
		let _ = act(Step::Pass { blocks: UnbondingDelay::get() });
	};
	for _ in 0..5 {
		leave();
	}
	for operator in OPERATORS {
		assert!(!Records::<Test>::contains_key(operator), "{operator} cannot leave");
	}
	assert_eq!(Delegations::<Test>::iter().count(), 0, "a delegation is left behind");
	assert_eq!(Cohorts::<Test>::iter().count(), 0, "a cohort is left behind");
	assert_eq!(Convictions::<Test>::iter().count(), 0);
	assert_eq!(Balances::total_balance(&delegation_pot()), ED);
}

/// Lives through worlds of consecutive seeds on all cores, and returns what succeeded.
fn live_many(seed: u64, steps: u64) -> Tally {
	let worlds = steps.div_ceil(WORLD);
	let next = AtomicU64::new(0);
	let threads = thread::available_parallelism().map_or(1, |threads| threads.get());
	let tallies: Vec<Tally> = thread::scope(|scope| {
		let lives: Vec<_> = (0..threads)
			.map(|_| {
				scope.spawn(|| {
					let mut tally = Tally::new();
					loop {
						let world = next.fetch_add(1, Ordering::Relaxed);
						if world >= worlds {
							break tally;
						}
						live(seed + world, WORLD, &mut tally);
					}
				})
			})
			.collect();
		lives.into_iter().map(|life| life.join().expect("a law was broken")).collect()
	});
	let mut sum = Tally::new();
	for (name, (succeeded, failed)) in tallies.into_iter().flatten() {
		let count = sum.entry(name).or_default();
		count.0 += succeeded;
		count.1 += failed;
	}
	sum
}

#[test]
fn laws_should_hold_when_everybody_does_anything_for_many_sessions() {
	let steps = from_environment("ASSAY_MODEL_STEPS", STEPS);
	let tally = live_many(from_environment("ASSAY_MODEL_SEED", 1), steps);
	for (name, (succeeded, failed)) in &tally {
		println!("{name:>22}: {succeeded:>8} succeeded, {failed:>8} refused");
	}
	// A model in which something never succeeds proves nothing about it.
	for name in NAMES {
		let succeeded = tally.get(name).map_or(0, |count| count.0);
		assert!(succeeded >= steps / 10_000, "{name} succeeded only {succeeded} times");
	}
}

/// All steps.
const NAMES: [&str; 32] = [
	"register",
	"set_payout",
	"bond_more",
	"unbond",
	"withdraw",
	"add_worker",
	"rotate_key",
	"remove_worker",
	"add_device",
	"describe_device",
	"remove_device",
	"retire",
	"execute_conviction",
	"cancel_conviction",
	"delegate",
	"undelegate",
	"withdraw_delegation",
	"redelegate",
	"claim_rewards",
	"set_commission",
	"allocate",
	"set_allocation_delay",
	"set_policy",
	"reserve",
	"release",
	"convict",
	"occupy",
	"free",
	"convict_consensus",
	"reward",
	"pass",
	"round",
];

#[test]
fn m12_calls_should_never_panic_when_their_parameters_are_wild() {
	let steps = from_environment("ASSAY_MODEL_STEPS", STEPS) / 5;
	let worlds = steps.div_ceil(WORLD);
	for seed in 0..worlds {
		Session::set(0);
		new_test_ext().execute_with(|| {
			for (n, who) in (0u32..).zip(EVERYBODY) {
				assert_ok!(Balances::mint_into(&who, 1 << (16 + 8 * n)));
			}
			let mut dice = Dice::new(seed);
			let mut diary = Diary { seed, number: 0, last: VecDeque::new() };
			for number in 0..WORLD {
				let step = choose_wildly(&mut dice);
				diary.note(&step);
				let _ = step.apply();
				if dice.once_in(30) {
					next_session();
				}
				for operator in OPERATORS {
					let _ = Operators::operator_status(operator);
				}
				if number % 16 == 0 {
					assert_ok!(Operators::do_try_state());
				}
				System::reset_events();
			}
			assert_ok!(Operators::do_try_state());
		});
	}
}
