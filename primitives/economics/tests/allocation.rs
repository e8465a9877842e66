//! Allocations never overlap, and what is reserved never exceeds them.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use assay_economics::allocation::{Ledger, LedgerError, SERVICES};
use proptest::prelude::*;

/// A ledger with these allocations, of as much stake.
fn ledger(allocations: &[u128]) -> Ledger {
	let mut ledger = Ledger::default();
	for (service, amount) in allocations.iter().enumerate() {
		ledger.raise(service, *amount, u128::MAX);
	}
	ledger
}

fn allocations(ledger: &Ledger) -> Vec<u128> {
	(0..SERVICES).map(|service| ledger.allocated(service)).collect()
}

#[test]
fn grow_should_keep_proportions_and_leave_dust_unallocated() {
	let mut ledger = ledger(&[50, 30, 10]);
	ledger.grow(100, 33);
	assert_eq!(allocations(&ledger), [66, 39, 13, 0, 0]);
	ledger.grow(0, 5);
	assert_eq!(ledger.total_allocated(), 118);
}

#[test]
fn shrink_should_take_from_others_when_a_reservation_cannot_give() {
	let mut ledger = ledger(&[50, 30, 20]);
	ledger.reserve(0, 50, 100, 50).unwrap();
	ledger.shrink(100, 40).unwrap();
	assert_eq!(allocations(&ledger), [50, 6, 4, 0, 0]);
	let before = ledger.clone();
	assert_eq!(ledger.shrink(60, 11), Err(LedgerError::ReservedStake));
	assert_eq!(ledger.shrink(60, 61), Err(LedgerError::Overflow));
	assert_eq!(ledger, before);
	ledger.shrink(60, 10).unwrap();
	assert_eq!(allocations(&ledger), [50, 0, 0, 0, 0]);
}

#[test]
fn shrink_should_take_from_the_unreserved_service_last() {
	let mut ledger = ledger(&[50, 30, 20]);
	ledger.reserve(1, 30, 100, 25).unwrap();
	// In proportion 25, 15 and 10: what is missing for the reservation comes from the third.
	ledger.shrink(100, 50).unwrap();
	assert_eq!(allocations(&ledger), [25, 25, 0, 0, 0]);
	ledger.shrink(50, 20).unwrap();
	assert_eq!(allocations(&ledger), [5, 25, 0, 0, 0]);
	ledger.shrink(30, 5).unwrap();
	assert_eq!(allocations(&ledger), [0, 25, 0, 0, 0]);
	assert_eq!(ledger.shrink(25, 1), Err(LedgerError::ReservedStake));
}

#[test]
fn own_stake_should_back_obligations_without_its_part_of_the_unreserved_service() {
	let mut ledger = ledger(&[4_500, 500]);
	assert_eq!(ledger.backing(1_000, 5_000), 100);
	assert_eq!(ledger.backing(1_001, 5_000), 100, "the part of the service is rounded up");
	assert_eq!(ledger.backing(0, 5_000), 0);
	assert_eq!(Ledger::default().backing(0, 0), 0);
	assert_eq!(ledger.electable(1_000, 5_000), 5_000);
	ledger.reserve(1, 500, 100, 100).unwrap();
	assert_eq!(ledger.electable(1_000, 5_000), 4_500);
	assert_eq!(ledger.electable(50, 5_000), 0);
	// The unreserved service's own reservations are a part of its allocation.
	ledger.reserve(0, 4_500, 1_000, 300).unwrap();
	assert_eq!(ledger.backing(1_000, 5_000), 400);
	assert_eq!(ledger.electable(1_000, 5_000), 4_500);
}

#[test]
fn raise_should_be_limited_by_what_is_unallocated() {
	let mut ledger = ledger(&[50, 30]);
	ledger.raise(2, 40, 100);
	assert_eq!(ledger.allocated(2), 20);
	ledger.raise(0, 10, 100);
	assert_eq!(ledger.allocated(0), 50, "a raise never lowers");
	ledger.raise(0, 60, 90);
	assert_eq!(ledger.allocated(0), 50, "nothing is free");
}

#[test]
fn cut_should_keep_what_is_reserved() {
	let mut ledger = ledger(&[50]);
	ledger.reserve(0, u128::MAX, 50, 20).unwrap();
	ledger.cut(0, 60);
	assert_eq!(ledger.allocated(0), 50, "a cut never raises");
	ledger.cut(0, 10);
	assert_eq!(ledger.allocated(0), 20);
}

#[test]
fn reserve_should_be_refused_when_allocation_ceiling_or_active_stake_leave_less() {
	let mut ledger = ledger(&[50, 50]);
	assert_eq!(ledger.reserve(0, u128::MAX, 100, 51), Err(LedgerError::AboveAllocation));
	assert_eq!(ledger.reserve(0, 20, 100, 21), Err(LedgerError::AboveAllocation));
	ledger.reserve(0, 20, 60, 20).unwrap();
	assert_eq!(ledger.reserve(1, u128::MAX, 60, 41), Err(LedgerError::ReservedStake));
	ledger.reserve(1, u128::MAX, 60, 40).unwrap();
	assert_eq!(ledger.reserve(1, u128::MAX, u128::MAX, u128::MAX), Err(LedgerError::Overflow));
	assert_eq!(ledger.total_reserved(), 60);
}

#[test]
fn release_and_slash_should_be_refused_when_less_is_reserved() {
	let mut ledger = ledger(&[50]);
	ledger.reserve(0, u128::MAX, 50, 20).unwrap();
	let before = ledger.clone();
	assert_eq!(ledger.release(0, 21), Err(LedgerError::Overflow));
	assert_eq!(ledger.slash_reserved(0, 21), Err(LedgerError::Overflow));
	assert_eq!(ledger.slash_reserved(0, 51), Err(LedgerError::Overflow));
	assert_eq!(ledger, before);
	ledger.slash_reserved(0, 15).unwrap();
	ledger.release(0, 5).unwrap();
	assert_eq!((ledger.allocated(0), ledger.reserved(0)), (35, 0));
}

#[test]
fn ledger_should_refuse_a_service_when_it_is_unknown() {
	let mut ledger = ledger(&[50]);
	let before = ledger.clone();
	let unknown = Err(LedgerError::UnknownService);
	assert_eq!(ledger.reserve(SERVICES, u128::MAX, 50, 1), unknown);
	assert_eq!(ledger.release(SERVICES, 1), unknown);
	assert_eq!(ledger.slash_reserved(SERVICES, 1), unknown);
	assert_eq!(ledger.slash(SERVICES, 1), 0);
	ledger.raise(SERVICES, 1, u128::MAX);
	ledger.cut(SERVICES, 0);
	ledger.restore(SERVICES, 1);
	assert_eq!(ledger, before);
	assert_eq!((ledger.allocated(SERVICES), ledger.reserved(SERVICES)), (0, 0));
}

#[derive(Clone, Debug)]
enum Step {
	Grow(u128),
	Shrink(u128),
	Raise(usize, u128),
	Cut(usize, u128),
	Reserve(usize, u128),
	Release(usize, u128),
	SlashReserved(usize, u128),
	Slash(usize, u128),
	Restore(usize),
}

fn step(largest: u128) -> impl Strategy<Value = Step> {
	let service = 0..SERVICES;
	let amount = prop_oneof![0..=16u128, 0..=largest];
	(0..9u8, service, amount).prop_map(|(kind, service, amount)| match kind {
		0 => Step::Grow(amount),
		1 => Step::Shrink(amount),
		2 => Step::Raise(service, amount),
		3 => Step::Cut(service, amount),
		4 => Step::Reserve(service, amount),
		5 => Step::Release(service, amount),
		6 => Step::SlashReserved(service, amount),
		7 => Step::Slash(service, amount),
		_ => Step::Restore(service),
	})
}

/// Plays steps on a stake that is tracked apart, and checks the invariants after each.
fn play(steps: &[Step]) -> Result<(), TestCaseError> {
	let (mut ledger, mut stake) = (Ledger::default(), 0u128);
	let mut escrow = [0u128; SERVICES];
	for step in steps {
		let before = ledger.clone();
		let mut slashed = None;
		match *step {
			Step::Grow(amount) => {
				ledger.grow(stake, amount);
				stake += amount;
			}
			Step::Shrink(amount) => match ledger.shrink(stake, amount) {
				Ok(()) => {
					stake -= amount;
					prop_assert!((0..SERVICES).all(|s| ledger.allocated(s) <= before.allocated(s)));
				}
				Err(LedgerError::ReservedStake) => {
					prop_assert!(before.total_reserved() > stake - amount)
				}
				Err(error) => prop_assert!(amount > stake, "{error:?}"),
			},
			Step::Raise(service, target) => ledger.raise(service, target, stake),
			Step::Cut(service, target) => ledger.cut(service, target),
			Step::Reserve(service, amount) => {
				let _ = ledger.reserve(service, u128::MAX, stake, amount);
			}
			Step::Release(service, amount) => {
				ledger.release(service, amount.min(before.reserved(service))).unwrap()
			}
			Step::SlashReserved(service, amount) => {
				let amount = amount.min(before.reserved(service));
				ledger.slash_reserved(service, amount).unwrap();
				slashed = Some((service, amount));
			}
			Step::Slash(service, amount) => {
				slashed = Some((service, ledger.slash(service, amount)));
			}
			Step::Restore(service) => {
				let amount = std::mem::take(&mut escrow[service]);
				stake += amount;
				ledger.restore(service, amount);
			}
		}
		if let Some((service, amount)) = slashed {
			stake -= amount;
			escrow[service] += amount;
			for s in 0..SERVICES {
				let expected = before.allocated(s) - if s == service { amount } else { 0 };
				prop_assert_eq!(ledger.allocated(s), expected, "unique stake");
			}
		}
		prop_assert!(ledger.total_allocated() <= stake, "{:?}: {:?} of {}", step, ledger, stake);
		for s in 0..SERVICES {
			prop_assert!(ledger.reserved(s) <= ledger.allocated(s), "{:?}: {:?}", step, ledger);
		}
	}
	Ok(())
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(512))]

	#[test]
	fn ledger_should_never_promise_a_unit_twice(
		small in prop::collection::vec(step(1_000), 1..200),
		large in prop::collection::vec(step(1 << 88), 1..200),
	) {
		play(&small)?;
		play(&large)?;
	}

	/// Whoever has lent stake may take it back whatever is reserved, in as many parts as it likes.
	#[test]
	fn lent_stake_should_leave_when_reservations_are_backed_by_the_operators_own(
		own in 1..1u128 << 60,
		lent in 0..1u128 << 60,
		shares in prop::array::uniform5(0..=200_000u128),
		reserved in prop::array::uniform5(0..=1_000_000u128),
		parts in prop::collection::vec(0..=1_000_000u128, 0..8),
	) {
		let mut stake = own + lent;
		let mut ledger = ledger(&shares.map(|ppm| stake * ppm / 1_000_000));
		for (service, ppm) in reserved.into_iter().enumerate() {
			let amount = own * ppm / 5_000_000;
			let _ = ledger.reserve(service, u128::MAX, ledger.backing(own, stake), amount);
		}
		let elected = ledger.allocated(0);
		let before = stake;
		let rest = [1_000_000].into_iter();
		for ppm in parts.into_iter().chain(rest) {
			let leaves = (stake - own) * ppm / 1_000_000;
			prop_assert_eq!(ledger.shrink(stake, leaves), Ok(()));
			stake -= leaves;
			prop_assert!(ledger.total_allocated() <= stake);
			prop_assert!(ledger.total_reserved() <= ledger.backing(own, stake));
			// The unreserved service keeps its part, but for a unit of rounding for each step.
			prop_assert!(ledger.allocated(0) + 9 >= elected * stake / before);
		}
		prop_assert_eq!(stake, own);
	}
}
