use frame_support::{assert_noop, assert_ok, storage::with_transaction, traits::GetCallMetadata};
use serde_json::json;
use sp_runtime::{traits::Dispatchable, DispatchError, DispatchResult, TransactionOutcome};

use super::{
	alice,
	blocks::{block, blocks},
	bob, chain, charlie, unstarted,
};
use crate::{
	configs::NEVER_PAUSED, origins, Balances, Runtime, RuntimeCall, RuntimeOrigin, TxPause, ASY,
};

/// A pallet's name and a call's.
type Name = (&'static str, &'static str);

fn fast_track() -> RuntimeOrigin {
	origins::Origin::FastTrack.into()
}

fn full_name((pallet, call): Name) -> pallet_tx_pause::RuntimeCallNameOf<Runtime> {
	let bounded = |name: &str| name.as_bytes().to_vec().try_into().expect("names are short");
	(bounded(pallet), bounded(call))
}

fn pause(origin: RuntimeOrigin, name: Name) -> DispatchResult {
	TxPause::pause(origin, full_name(name))
}

/// The names of all calls.
fn all_calls() -> Vec<Name> {
	RuntimeCall::get_module_names()
		.iter()
		.flat_map(|pallet| RuntimeCall::get_call_names(pallet).iter().map(|call| (*pallet, *call)))
		.collect()
}

fn transfer() -> RuntimeCall {
	RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive {
		dest: charlie().into(),
		value: ASY,
	})
}

fn error_of(call: RuntimeCall) -> Option<DispatchError> {
	call.dispatch(RuntimeOrigin::signed(alice())).err().map(|failed| failed.error)
}

const TRANSFER: Name = ("Balances", "transfer_keep_alive");

#[test]
fn whitelist_should_name_calls_that_exist() {
	let calls = all_calls();
	for (pallet, names) in NEVER_PAUSED {
		assert!(calls.iter().any(|(known, _)| known == pallet), "there is no pallet {pallet}");
		for name in *names {
			assert!(calls.contains(&(*pallet, *name)), "there is no call {pallet}.{name}");
		}
	}
}

#[test]
fn call_should_stay_open_when_it_is_whitelisted() {
	chain("development", json!({})).execute_with(|| {
		let (mut kept, mut paused) = (0, 0);
		for (pallet, call) in all_calls() {
			let listed = NEVER_PAUSED.iter().any(|(name, calls)| {
				*name == pallet && (calls.is_empty() || calls.contains(&call))
			});
			for origin in [RuntimeOrigin::root(), fast_track()] {
				let result = with_transaction(|| {
					let result = pause(origin, (pallet, call));
					TransactionOutcome::Rollback(Ok::<_, DispatchError>(result))
				})
				.expect("rolled back");
				if listed {
					kept += 1;
					let refused = pallet_tx_pause::Error::<Runtime>::Unpausable.into();
					assert_eq!(result, Err(refused), "{pallet}.{call}");
				} else {
					paused += 1;
					assert_ok!(result);
				}
			}
		}
		assert!(kept > 50 && paused > 50, "{kept} are kept open, {paused} can be paused");
	});
}

/// To pause what the honest have to say would convict them, and to pause votes or blocks would leave
/// nobody who could resume.
#[test]
fn what_protects_the_honest_should_be_whitelisted() {
	chain("development", json!({})).execute_with(|| {
		for name in [
			("Timestamp", "set"),
			("System", "apply_authorized_upgrade"),
			("Babe", "report_equivocation"),
			("Babe", "report_equivocation_unsigned"),
			("Grandpa", "report_equivocation"),
			("Grandpa", "report_equivocation_unsigned"),
			("Session", "set_keys"),
			("Validators", "validate"),
			("ProofOfFlops", "reveal"),
			("Operators", "unbond"),
			("Operators", "undelegate"),
			("Operators", "cancel_conviction"),
			("Referenda", "submit"),
			("ConvictionVoting", "vote"),
			("Scheduler", "schedule"),
			("Proxy", "proxy"),
			("Multisig", "as_multi"),
			("TxPause", "unpause"),
		] {
			assert_noop!(
				pause(RuntimeOrigin::root(), name),
				pallet_tx_pause::Error::<Runtime>::Unpausable
			);
		}
	});
}

#[test]
fn call_should_be_refused_while_it_is_paused() {
	chain("development", json!({})).execute_with(|| {
		let filtered = Some(frame_system::Error::<Runtime>::CallFiltered.into());
		let wrapped =
			RuntimeCall::Utility(pallet_utility::Call::batch_all { calls: vec![transfer()] });
		assert_eq!(error_of(transfer()), None);
		assert_ok!(pause(fast_track(), TRANSFER));
		let before = Balances::free_balance(charlie());
		assert_eq!(error_of(transfer()), filtered);
		assert_eq!(error_of(wrapped.clone()), filtered);
		assert_eq!(Balances::free_balance(charlie()), before);
		// Root is above all filters, and what was not named goes on.
		assert_ok!(RuntimeCall::Balances(pallet_balances::Call::force_transfer {
			source: alice().into(),
			dest: charlie().into(),
			value: ASY,
		})
		.dispatch(RuntimeOrigin::root()));
		assert_ok!(TxPause::unpause(fast_track(), full_name(TRANSFER)));
		assert_eq!(error_of(transfer()), None);
		assert_eq!(error_of(wrapped), None);
	});
}

#[test]
fn pause_should_be_refused_when_nobody_decided_it() {
	chain("development", json!({})).execute_with(|| {
		for origin in [RuntimeOrigin::signed(bob()), RuntimeOrigin::none()] {
			assert_noop!(pause(origin.clone(), TRANSFER), DispatchError::BadOrigin);
			assert_noop!(TxPause::unpause(origin, full_name(TRANSFER)), DispatchError::BadOrigin);
		}
	});
}

#[test]
fn blocks_should_go_on_when_everything_is_paused_that_can_be() {
	unstarted("development", json!({})).execute_with(|| {
		block(|| {
			for name in all_calls() {
				// What is whitelisted refuses.
				let _ = pause(RuntimeOrigin::root(), name);
			}
		});
		assert!(error_of(transfer()).is_some());
		// Into the session after next, so that an election takes place too.
		blocks(150);
		block(|| {
			assert_ok!(TxPause::unpause(fast_track(), full_name(TRANSFER)));
		});
		assert_eq!(error_of(transfer()), None);
	});
}
