//! What was measured fits into a block, also where a slot takes a second.

use assay_flops::Parameters;
use frame_support::{
	dispatch::DispatchClass,
	traits::Get,
	weights::{constants::WEIGHT_REF_TIME_PER_SECOND, Weight},
};
use frame_system::limits::BlockWeights;
use pallet_beacon::WeightInfo as _;
use pallet_gpu_market::WeightInfo as _;
use pallet_operators::WeightInfo as _;
use pallet_proof_of_flops::WeightInfo as _;
use pallet_validators::WeightInfo as _;
use serde_json::json;

use super::chain;
use crate::{configs::SchedulerWeight, weights, Runtime};

type Beacon = weights::pallet_beacon::WeightInfo<Runtime>;
type Market = weights::pallet_gpu_market::WeightInfo<Runtime>;
type Flops = weights::pallet_proof_of_flops::WeightInfo<Runtime>;
type Operators = weights::pallet_operators::WeightInfo<Runtime>;
type Validators = weights::pallet_validators::WeightInfo<Runtime>;

/// The most that hooks weigh in one block: a change of session with everything that can come with it.
fn hooks() -> Weight {
	[
		Beacon::advance(),
		Flops::on_initialize_open(),
		Validators::end_session(100),
		Validators::start_session(100),
		Validators::new_session(100, 300),
		Validators::note_author(),
		Validators::on_offence(100),
		Validators::drain_charges(4),
	]
	.into_iter()
	.fold(Weight::zero(), |sum, one| sum.saturating_add(one))
}

#[test]
fn m11_hooks_and_worst_calls_should_fit_the_block_in_every_preset() {
	for preset in crate::genesis::preset_names() {
		chain(preset.as_str(), json!({})).execute_with(|| {
			let limits: BlockWeights = <Runtime as frame_system::Config>::BlockWeights::get();
			let class = |class| limits.get(class).max_extrinsic.expect("the class is limited");
			let hooks = hooks();
			assert!(hooks.all_lt(limits.max_block), "{preset:?}: hooks take {hooks}");
			let members = assay_market::MAX_DEVICES;
			for (name, weight) in [
				("reveal", Flops::reveal(Parameters::LIVE.samples)),
				("commit", Flops::commit(8)),
				("validate", Validators::validate(300)),
				("register", Operators::register()),
				("bond_more", Operators::bond_more()),
				("unbond", Operators::unbond()),
				("withdraw", Operators::withdraw()),
				("add_worker", Operators::add_worker()),
				("remove_worker", Operators::remove_worker()),
				("add_device", Operators::add_device()),
				("retire", Operators::retire()),
				("execute_conviction", Operators::execute_conviction()),
				("cancel_conviction", Operators::cancel_conviction()),
				("delegate", Operators::delegate()),
				("undelegate", Operators::undelegate()),
				("withdraw_delegation", Operators::withdraw_delegation()),
				("redelegate", Operators::redelegate()),
				("claim_rewards", Operators::claim_rewards()),
				("settle_delegation", Operators::settle_delegation()),
				("allocate", Operators::allocate()),
				("rent", Market::rent()),
				("rent_matching", Market::rent_matching(members)),
				("rent_cluster", Market::rent_cluster(members)),
				("ready", Market::ready(members)),
				("decline", Market::decline(members)),
				("end", Market::end(members)),
				("settle", Market::settle()),
				("settle a request", Market::settle_request(members)),
			] {
				let normal = class(DispatchClass::Normal);
				assert!(weight.all_lt(normal), "{preset:?}: {name} takes {weight} of {normal}");
				assert!(weight.ref_time() > 0, "{name} was not measured");
			}
		});
	}
}

/// Scheduled calls and a change of session may meet in one block. On a live chain both fit into what
/// blocks may compute; where a slot takes a second, a block must do no more than fit into the slot.
#[test]
fn m11_scheduled_calls_should_leave_room_for_a_change_of_session() {
	for preset in crate::genesis::preset_names() {
		chain(preset.as_str(), json!({})).execute_with(|| {
			let limits: BlockWeights = <Runtime as frame_system::Config>::BlockWeights::get();
			let scheduled: Weight = SchedulerWeight::get();
			let both = hooks().saturating_add(scheduled).ref_time();
			let room = match preset.as_str() {
				crate::genesis::LIVE => limits.max_block.ref_time(),
				_ => WEIGHT_REF_TIME_PER_SECOND,
			};
			assert!(both < room, "{preset:?}: {both} of {room} picoseconds");
		});
	}
}
