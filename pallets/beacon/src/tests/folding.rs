//! What a block does to the value.

use crate::{mock::*, types, Beacon as _, GenesisConfig, WeightInfo};
use frame_support::{traits::Hooks, weights::Weight};
use sp_core::H256;

#[test]
fn value_should_begin_with_the_genesis_hash_when_the_first_block_runs() {
	build_and_execute(|| {
		let expected = types::genesis_value(H256::repeat_byte(0xaa).as_bytes());
		assert_eq!(Beacon::current(), expected);
		assert_eq!(Beacon::value_at(1), Some(expected));
		assert_eq!(Beacon::value_at(0), None);
	});
}

#[test]
fn value_should_fold_the_parent_authors_output_when_there_is_one() {
	build_and_execute(|| {
		let before = Beacon::current();
		next_block(Some([7; 32]));
		let expected =
			H256(assay_draw::seed(b"assay/beacon/fold", &[before.as_bytes(), &[7u8; 32]]));
		assert_eq!(Beacon::current(), expected);
		assert_eq!(Beacon::value_at(2), Some(expected));
		assert_eq!(Beacon::value_at(1), Some(before));
	});
}

#[test]
fn value_should_stay_when_the_parent_had_no_vrf() {
	build_and_execute(|| {
		next_block(Some([7; 32]));
		let before = Beacon::current();
		next_block(None);
		assert_eq!(Beacon::current(), before);
		assert_eq!(Beacon::value_at(3), Some(before));
	});
}

#[test]
fn value_should_stay_when_the_source_returns_a_stale_output() {
	build_and_execute(|| {
		next_block(Some([7; 32]));
		let before = Beacon::current();
		next_block(Some([7; 32]));
		next_block(Some([7; 32]));
		assert_eq!(Beacon::current(), before);
		next_block(None);
		next_block(Some([7; 32]));
		assert_eq!(Beacon::current(), before);
		next_block(Some([8; 32]));
		assert_eq!(Beacon::current(), types::fold(&before, &[8; 32]));
	});
}

#[test]
fn value_should_depend_on_the_whole_history_when_outputs_repeat_later() {
	build_and_execute(|| {
		next_block(Some([1; 32]));
		next_block(Some([2; 32]));
		let one_way = Beacon::current();
		next_block(Some([1; 32]));
		assert_ne!(Beacon::current(), one_way);
		assert_ne!(Beacon::value_at(2), Some(Beacon::current()));
	});
}

#[test]
fn hook_should_cost_the_same_when_the_ring_is_full() {
	build_and_execute(|| {
		run_to(u64::from(RING) * 3);
		assert_eq!(crate::Ring::<Test>::iter().count(), RING as usize);
		let weight = Beacon::on_initialize(System::block_number());
		assert_eq!(weight, <() as WeightInfo>::advance());
		assert!(weight.all_gt(Weight::zero()));
	});
}

#[test]
fn default_genesis_should_be_the_live_delay_when_nothing_is_given() {
	assert_eq!(GenesisConfig::<Test>::default().delay, DELAY);
}
