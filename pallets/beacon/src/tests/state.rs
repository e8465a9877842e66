//! Genesis and invariants.

use crate::{mock::*, Accumulator, Beacon as _, Delay, Ring};
use frame_support::{assert_err, assert_ok};
use proptest::prelude::*;
use sp_core::H256;

#[test]
fn genesis_should_store_the_delay_when_it_is_within_bounds() {
	for delay in [1, 2, DELAY, RING / 2] {
		genesis(delay).execute_with(|| {
			assert_eq!(Delay::<Test>::get(), u64::from(delay));
			assert_eq!(Beacon::delay(), u64::from(delay));
			assert_ok!(Beacon::do_try_state());
		});
	}
}

#[test]
#[should_panic = "at least 1"]
fn genesis_should_panic_when_the_delay_is_zero() {
	genesis(0);
}

#[test]
#[should_panic = "at most half of its ring"]
fn genesis_should_panic_when_the_delay_is_above_half_of_the_ring() {
	genesis(RING / 2 + 1);
}

#[test]
fn delay_should_be_one_when_storage_was_never_written() {
	build_and_execute(|| {
		Delay::<Test>::kill();
		assert_eq!(Beacon::delay(), 1);
		Delay::<Test>::put(u64::from(DELAY));
	});
}

#[test]
fn try_state_should_fail_when_the_state_is_corrupt() {
	type Corruption = (fn(), &'static str);
	let corruptions: [Corruption; 6] = [
		(|| Delay::<Test>::put(0), "delay is below 1 or above half of the ring"),
		(
			|| Accumulator::<Test>::put(H256::zero()),
			"the newest value of the ring is not the accumulator",
		),
		(
			|| Ring::<Test>::mutate(3, |past| past.as_mut().unwrap().block = 4),
			"a value stands in another block's place",
		),
		(
			|| Ring::<Test>::mutate(3, |past| past.as_mut().unwrap().block += u64::from(RING)),
			"the ring holds a value of the future",
		),
		(
			|| Ring::<Test>::insert(RING, Ring::<Test>::get(3).unwrap()),
			"a value stands outside of the ring",
		),
		(|| Accumulator::<Test>::kill(), "the newest value of the ring is not the accumulator"),
	];
	for (corrupt, message) in corruptions {
		new_test_ext().execute_with(|| {
			run_to(10);
			assert_ok!(Beacon::do_try_state());
			corrupt();
			assert_err!(Beacon::do_try_state(), message);
		});
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(32))]

	#[test]
	fn invariants_should_hold_when_blocks_lack_or_repeat_outputs(
		outputs in proptest::collection::vec(proptest::option::of(0u8..4), 1..600)
	) {
		build_and_execute(|| {
			let mut expected = Beacon::current();
			let mut last = None;
			for output in outputs {
				next_block(output.map(|byte| [byte; 32]));
				if let Some(byte) = output.filter(|byte| last != Some(*byte)) {
					expected = crate::types::fold(&expected, &[byte; 32]);
					last = Some(byte);
				}
				assert_eq!(Beacon::current(), expected);
				assert_eq!(Beacon::value_at(System::block_number()), Some(expected));
			}
		});
	}
}
