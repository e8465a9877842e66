use frame_support::traits::{Get, IntegrityTest};
use pallet_referenda::TracksInfo;
use serde_json::json;

use super::chain;
use crate::{
	configs::{Tracks, FAST_TRACK, ROOT_TRACK},
	timing::{
		CommissionDelay, EscrowDelay, KeptSessions, LongestFaultWindow, ReportLongevity,
		UnbondingDelay,
	},
	AllPalletsWithSystem, BlockNumber, Runtime,
};

/// Blocks in an epoch of a live network.
const EPOCH: BlockNumber = 2_400;

fn delay<T: Get<BlockNumber>>() -> BlockNumber {
	T::get()
}

#[test]
fn delays_should_be_days_when_the_chain_is_live() {
	chain("live", json!({})).execute_with(|| {
		let day = 6 * EPOCH;
		assert_eq!(delay::<UnbondingDelay<Runtime>>(), 14 * day);
		assert_eq!(delay::<CommissionDelay<Runtime>>(), 7 * day);
		assert_eq!(delay::<EscrowDelay<Runtime>>(), 3 * day);
		assert_eq!(delay::<LongestFaultWindow<Runtime>>(), day);
		assert_eq!(<KeptSessions<Runtime> as Get<u32>>::get(), 80);
		assert_eq!(ReportLongevity::<Runtime>::get(), u64::from(80 * EPOCH));
	});
}

#[test]
fn delays_should_be_minutes_when_the_chain_is_a_developers() {
	for preset in ["development", "local_testnet"] {
		chain(preset, json!({})).execute_with(|| {
			assert_eq!(delay::<UnbondingDelay<Runtime>>(), 14 * 60);
			assert_eq!(delay::<CommissionDelay<Runtime>>(), 7 * 60);
			assert_eq!(delay::<EscrowDelay<Runtime>>(), 3 * 60);
			assert_eq!(delay::<LongestFaultWindow<Runtime>>(), 60);
			assert_eq!(<KeptSessions<Runtime> as Get<u32>>::get(), 10);
		});
	}
}

#[test]
fn tracks_should_have_the_documented_periods_when_the_chain_is_live() {
	chain("live", json!({})).execute_with(|| {
		let root = Tracks::info(ROOT_TRACK).expect("it exists");
		assert_eq!(root.prepare_period, EPOCH);
		assert_eq!(root.decision_period, 84 * EPOCH);
		assert_eq!(root.confirm_period, 6 * EPOCH);
		assert_eq!(root.min_enactment_period, 6 * EPOCH);
		let fast = Tracks::info(FAST_TRACK).expect("it exists");
		assert_eq!(fast.prepare_period, EPOCH / 6);
		assert_eq!(fast.decision_period, 12 * EPOCH);
		assert_eq!(fast.confirm_period, EPOCH);
		assert_eq!(fast.min_enactment_period, 5);
		assert!(Tracks::info(2).is_none());
		assert_eq!(Tracks::tracks().count(), 2);
		assert!(
			Tracks::tracks().all(|track| Tracks::info(track.id).as_deref() == Some(&track.info))
		);
	});
}

/// A wrong slash can be cancelled even if the votes suffice only in the last block of the decision.
#[test]
fn fast_track_should_end_before_the_escrow_whatever_the_chains_lengths_are() {
	for (epoch_length, unbonding_epochs) in [(20, 14), (60, 14), (60, 28), (600, 84), (2_400, 84)] {
		let timing = json!({
			"epochLength": epoch_length,
			"unbondingEpochs": unbonding_epochs,
		});
		chain("development", json!({ "timing": timing })).execute_with(|| {
			let fast = Tracks::info(FAST_TRACK).expect("it exists");
			let longest = fast.prepare_period
				+ fast.decision_period
				+ fast.confirm_period
				+ fast.min_enactment_period;
			let escrow = delay::<EscrowDelay<Runtime>>();
			assert!(longest < escrow, "{longest} of {escrow} blocks");
		});
	}
}

#[test]
fn constants_should_be_consistent_when_a_preset_is_built() {
	for name in crate::genesis::preset_names() {
		chain(name.as_str(), json!({})).execute_with(AllPalletsWithSystem::integrity_test);
	}
}
