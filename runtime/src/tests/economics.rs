//! What root may not do either, what validators earn, and who pays.

use assay_economics::deterrence::Policy;
use frame_support::{
	assert_noop, assert_ok,
	dispatch::GetDispatchInfo,
	traits::{fungible::Inspect, Get},
};
use pallet_operators::Staking;
use pallet_validators::types::Limits;
use serde_json::json;
use sp_keyring::Sr25519Keyring;
use sp_runtime::traits::{DispatchTransaction, Dispatchable};

use super::{
	alice,
	blocks::{block, blocks},
	chain, unstarted,
};
use crate::{
	timing, AccountId, Balances, Operators, Runtime, RuntimeCall, RuntimeOrigin, Session, System,
	Validators, ASY,
};

fn validator() -> AccountId {
	Sr25519Keyring::AliceStash.to_account_id()
}

/// Each breaks one rule of the condition.
fn bad_policies() -> Vec<Policy> {
	let good = Policy::DEVELOPMENT;
	vec![
		Policy { sampling_ppm: 0, ..good },
		Policy { verifiers: 0, ..good },
		Policy { colluding_ppm: 1_000_000, ..good },
		Policy { deterrence: 1, ..good },
		Policy { bounty_ppm: 490_001, ..good },
		Policy { stake_per_cost: 1, ..good },
		Policy { concurrency: 0, ..good },
	]
}

#[test]
fn policy_should_be_refused_from_root_when_cheating_would_pay() {
	chain("development", json!({})).execute_with(|| {
		let before = pallet_operators::EconomicPolicy::<Runtime>::get();
		for policy in bad_policies() {
			let call = RuntimeCall::Operators(pallet_operators::Call::set_policy { policy });
			assert!(call.dispatch(RuntimeOrigin::root()).is_err(), "{policy:?}");
		}
		assert_eq!(pallet_operators::EconomicPolicy::<Runtime>::get(), before);
		let call =
			RuntimeCall::Operators(pallet_operators::Call::set_policy { policy: Policy::LIVE });
		assert_ok!(call.dispatch(RuntimeOrigin::root()));
	});
}

#[test]
fn allocation_delay_should_be_refused_from_root_when_it_is_below_genesis() {
	chain("live", json!({})).execute_with(|| {
		let root = RuntimeOrigin::root;
		assert!(Operators::set_allocation_delay(root(), 14_399).is_err());
		assert_ok!(Operators::set_allocation_delay(root(), 20_000));
		assert_ok!(Operators::set_allocation_delay(root(), 14_400));
	});
}

#[test]
fn limits_should_be_refused_from_root_when_no_validator_would_be_left() {
	chain("development", json!({})).execute_with(|| {
		for (minimum, maximum) in [(0, 10), (5, 4), (1, 101)] {
			let limits = Limits { minimum, maximum };
			assert!(Validators::set_limits(RuntimeOrigin::root(), limits).is_err(), "{limits:?}");
		}
		let limits = Limits { minimum: 2, maximum: 50 };
		assert_ok!(Validators::set_limits(RuntimeOrigin::root(), limits));
	});
}

#[test]
fn setters_should_be_refused_when_an_account_calls_them() {
	chain("development", json!({})).execute_with(|| {
		let calls = [
			RuntimeCall::Operators(pallet_operators::Call::set_policy { policy: Policy::LIVE }),
			RuntimeCall::Operators(pallet_operators::Call::set_allocation_delay { blocks: 100 }),
			RuntimeCall::Validators(pallet_validators::Call::set_limits {
				limits: Limits { minimum: 1, maximum: 2 },
			}),
		];
		for call in calls {
			assert_noop!(
				call.dispatch(RuntimeOrigin::signed(alice())).map_err(|failed| failed.error),
				sp_runtime::DispatchError::BadOrigin
			);
		}
	});
}

#[test]
fn validator_should_earn_blocks_and_fees_when_its_session_ends() {
	unstarted("development", json!({})).execute_with(|| {
		let issued = Balances::total_issuance();
		let paid = Balances::balance(&alice());
		block(|| {
			// A transaction whose only effect is its fee.
			let call = RuntimeCall::System(frame_system::Call::remark { remark: vec![] });
			let info = call.get_dispatch_info();
			let fee = pallet_transaction_payment::ChargeTransactionPayment::<Runtime>::from(ASY);
			assert_ok!(fee
				.dispatch_transaction(RuntimeOrigin::signed(alice()), call, &info, 100, 0)
				.expect("valid"));
		});
		let fee = paid - Balances::balance(&alice());
		assert!(fee > ASY, "the tip is part of it");
		blocks(130);
		assert!(Session::current_index() >= 2);

		let minted = Balances::total_issuance() - issued;
		// 8 % a year of 12 million ASY are 30 milli-ASY a second.
		assert!((3 * ASY..6 * ASY).contains(&minted), "{minted} in 131 blocks of a second");
		let pot = Balances::balance(&Operators::rewards_account());
		assert!(pot >= minted + fee, "{pot} of {minted} minted and {fee} paid");

		let before = Balances::balance(&validator());
		assert_ok!(Operators::claim_rewards(RuntimeOrigin::signed(validator()), validator()));
		let claimed = Balances::balance(&validator()) - before;
		assert!(claimed > fee + minted / 2, "{claimed} of {pot}");
		assert!(claimed <= pot);
	});
}

#[test]
fn validators_should_stay_when_nobody_else_is_elected() {
	unstarted("local_testnet", json!({})).execute_with(|| {
		let stashes = || {
			[
				Sr25519Keyring::AliceStash,
				Sr25519Keyring::BobStash,
				Sr25519Keyring::CharlieStash,
				Sr25519Keyring::DaveStash,
			]
			.map(|key| key.to_account_id())
		};
		assert_eq!(Session::validators().len(), 4);
		// Only the first of each session writes blocks here, so that the others are put out one by one,
		// but never below the floor.
		blocks(400);
		let left = Session::validators();
		assert!(!left.is_empty());
		assert!(left.iter().all(|account| stashes().contains(account)));
	});
}

/// Stake that left when it was counted last must not be provably at fault afterwards.
#[test]
fn equivocations_should_be_provable_for_less_time_than_stake_needs_to_leave() {
	for preset in crate::genesis::preset_names() {
		chain(preset.as_str(), json!({})).execute_with(|| {
			let epochs = timing::UnbondingEpochs::<Runtime>::get();
			let kept: u32 = <timing::KeptSessions<Runtime> as Get<u32>>::get();
			// Elected a session ahead, provable to the end of the session in which proofs are pruned.
			assert!(kept + 3 <= epochs, "{kept} sessions are kept, stake leaves after {epochs}");
		});
	}
}

#[test]
fn keys_in_use_should_be_forgotten_when_they_are_too_old() {
	unstarted("development", json!({})).execute_with(|| {
		let kept: u32 = <timing::KeptSessions<Runtime> as Get<u32>>::get();
		blocks(60 * (kept + 4));
		let session = Session::current_index();
		let keys = pallet_validators::KeysInUse::<Runtime>::get;
		assert!(keys(session - kept + 1).is_some());
		assert!(keys(session - kept - 2).is_none());
		assert_eq!(System::block_number(), 60 * (kept + 4));
	});
}
