//! Referenda from the proposal to what they do, by real votes, over all their periods.

use assay_economics::deterrence::Policy;
use frame_support::{
	assert_noop, assert_ok,
	dispatch::GetDispatchInfo,
	traits::{schedule::DispatchTime, Currency, Get, StorePreimage},
};
use frame_system::RawOrigin;
use pallet_conviction_voting::{AccountVote, Conviction, Vote};
use pallet_operators::{Fault, Obligation, Security, Service};
use pallet_referenda::{
	ReferendumCount, ReferendumInfo, ReferendumInfoFor, TrackInfoOf, TracksInfo,
};
use sc_executor::WasmExecutor;
use serde_json::json;
use sp_core::{storage::well_known_keys, traits::ReadRuntimeVersionExt};
use sp_keyring::Sr25519Keyring;
use sp_runtime::{traits::Dispatchable, DispatchError};
use sp_version::{embed::embed_runtime_version, RuntimeVersion};

use super::{
	alice,
	blocks::{block, blocks, blocks_until},
	bob, chain, charlie, unstarted,
};
use crate::{
	configs::{SchedulerWeight, Tracks, FAST_TRACK, ROOT_TRACK},
	origins, timing, AccountId, Balance, Balances, BlockNumber, ConvictionVoting, Executive,
	Operators, OriginCaller, Preimage, Referenda, Runtime, RuntimeCall, RuntimeEvent,
	RuntimeOrigin, System, UncheckedExtrinsic, ASY, VERSION, WASM_BINARY_BLOATY,
};

fn root() -> OriginCaller {
	RawOrigin::Root.into()
}

fn fast_track() -> OriginCaller {
	origins::Origin::FastTrack.into()
}

/// Proposes `call` and pays the deposits.
fn propose(origin: OriginCaller, call: RuntimeCall) -> u32 {
	let index = ReferendumCount::<Runtime>::get();
	let proposer = RuntimeOrigin::signed(alice());
	let proposal = Preimage::bound(call).expect("the call is small");
	let moment = DispatchTime::After(0);
	assert_ok!(Referenda::submit(proposer.clone(), Box::new(origin), proposal, moment));
	assert_ok!(Referenda::place_decision_deposit(proposer, index));
	index
}

fn vote(who: AccountId, index: u32, aye: bool, balance: Balance) {
	let vote = Vote { aye, conviction: Conviction::Locked1x };
	assert_ok!(ConvictionVoting::vote(
		RuntimeOrigin::signed(who),
		index,
		AccountVote::Standard { vote, balance }
	));
}

fn is_approved(index: u32) -> bool {
	matches!(ReferendumInfoFor::<Runtime>::get(index), Some(ReferendumInfo::Approved(..)))
}

fn is_rejected(index: u32) -> bool {
	matches!(ReferendumInfoFor::<Runtime>::get(index), Some(ReferendumInfo::Rejected(..)))
}

/// Whether `event` was deposited in the latest block.
fn happened(event: impl Into<RuntimeEvent>) -> bool {
	let event = event.into();
	System::events().iter().any(|record| record.event == event)
}

/// Nine million of twelve, in the hands of nine accounts.
fn majority() -> Vec<AccountId> {
	Sr25519Keyring::well_known().take(9).map(|key| key.to_account_id()).collect()
}

/// Makes //Bob an operator and convicts it, rightly or not, and returns the number of the conviction
/// and what is in escrow.
fn convict() -> (u64, Balance) {
	let everything = vec![(Service::Flops, assay_economics::MILLION)];
	assert_ok!(Operators::register(
		RuntimeOrigin::signed(bob()),
		bob(),
		everything.try_into().expect("one service")
	));
	let worker = pallet_operators::NextWorkerId::<Runtime>::get();
	let origin = RuntimeOrigin::signed(bob());
	assert_ok!(Operators::add_worker(origin.clone(), AccountId::new([7; 32])));
	assert_ok!(Operators::add_device(origin, worker, Default::default()));
	let obligation = Obligation { worker, device: 0, nonce: 0 };
	assert_ok!(Operators::reserve(&bob(), Service::Flops, obligation, 100 * ASY));
	let id = pallet_operators::NextConvictionId::<Runtime>::get();
	let fault = Fault::MissedOpening;
	let taken = Operators::convict(&bob(), Service::Flops, obligation, fault, None);
	(id, taken.expect("the reservation exists"))
}

fn cancel(id: u64) -> RuntimeCall {
	let reason = b"the client had a mistake".to_vec().try_into().expect("short");
	RuntimeCall::Operators(pallet_operators::Call::cancel_conviction { id, reason })
}

fn bonded(operator: &AccountId) -> Balance {
	pallet_operators::Operators::<Runtime>::get(operator).expect("it is one").bonded
}

fn period(track: u16, select: impl Fn(&TrackInfoOf<Runtime>) -> BlockNumber) -> BlockNumber {
	select(&Tracks::info(track).expect("the track exists"))
}

/// A runtime like this one with another version in its Wasm.
pub(super) fn wasm(spec_version: u32) -> Vec<u8> {
	let wasm = WASM_BINARY_BLOATY
		.expect("this test needs the runtime's Wasm: build without SKIP_WASM_BUILD");
	embed_runtime_version(wasm, RuntimeVersion { spec_version, ..VERSION })
		.expect("the builder wrote a module")
}

fn spec_version_of(code: &[u8]) -> Option<u32> {
	use codec::Decode;
	let version = sp_io::misc::runtime_version(code)?;
	RuntimeVersion::decode(&mut &*version).ok().map(|version| version.spec_version)
}

/// A development chain that can read the version of a Wasm, as a node can.
pub(super) fn chain_with_executor() -> sp_io::TestExternalities {
	let mut chain = unstarted("development", json!({}));
	let executor = WasmExecutor::<sp_io::SubstrateHostFunctions>::builder().build();
	chain.register_extension(ReadRuntimeVersionExt::new(executor));
	chain
}

/// The Wasm in the chain's state.
fn stored_code() -> Vec<u8> {
	sp_io::storage::get(well_known_keys::CODE).map(Vec::from).unwrap_or_default()
}

fn is_authorized() -> bool {
	System::authorized_upgrade().is_some()
}

fn apply(code: Vec<u8>) -> sp_runtime::ApplyExtrinsicResult {
	Executive::apply_extrinsic(UncheckedExtrinsic::new_bare(RuntimeCall::System(
		frame_system::Call::apply_authorized_upgrade { code },
	)))
}

#[test]
fn root_referendum_should_replace_the_runtime_when_it_is_approved() {
	let code = wasm(VERSION.spec_version + 1);
	chain_with_executor().execute_with(|| {
		let code_hash = sp_io::hashing::blake2_256(&code).into();
		let authorize = RuntimeCall::System(frame_system::Call::authorize_upgrade { code_hash });
		let mut index = 0;
		block(|| {
			// Nobody decided anything yet.
			assert!(apply(code.clone()).is_err());
			index = propose(root(), authorize);
			for who in majority() {
				vote(who, index, true, 900_000 * ASY);
			}
		});
		let prepare = period(ROOT_TRACK, |track| track.prepare_period);
		let confirm = period(ROOT_TRACK, |track| track.confirm_period);
		let enact = period(ROOT_TRACK, |track| track.min_enactment_period);
		let decided = blocks_until(prepare + confirm + 2, || is_approved(index));
		assert!(decided >= prepare + confirm, "decided after {decided} blocks");
		blocks(enact - 1);
		assert!(!is_authorized(), "there is time to see what was decided");
		blocks(1);
		assert!(is_authorized());

		block(|| {
			// Another code than the one that was voted on is refused, whoever brings it.
			assert!(apply(wasm(VERSION.spec_version + 2)).is_err());
			assert_ok!(apply(code.clone()).expect("anybody may bring it"));
			assert!(happened(frame_system::Event::<Runtime>::CodeUpdated {
				hash: sp_io::hashing::blake2_256(&code).into()
			}));
		});
		assert_eq!(stored_code(), code);
		assert_eq!(spec_version_of(&code), Some(VERSION.spec_version + 1));
		blocks(2);
	});
}

#[test]
fn runtime_should_stay_when_the_new_one_is_no_newer() {
	let code = wasm(VERSION.spec_version);
	chain_with_executor().execute_with(|| {
		let code_hash = sp_io::hashing::blake2_256(&code).into();
		let before = stored_code();
		block(|| {
			assert_ok!(System::authorize_upgrade(RuntimeOrigin::root(), code_hash));
			assert_ok!(apply(code.clone()).expect("it is the authorized one"));
		});
		assert_eq!(stored_code(), before);
		assert!(!is_authorized());
	});
}

/// Three in a hundred tokens are enough when nobody objects, and they are in time.
#[test]
fn fast_referendum_should_cancel_a_slash_when_few_vote_and_nobody_objects() {
	unstarted("development", json!({})).execute_with(|| {
		let (mut id, mut index, mut amount, mut before) = (0, 0, 0, 0);
		block(|| {
			(id, amount) = convict();
			assert_eq!(amount, 100 * ASY);
			before = bonded(&bob());
			index = propose(fast_track(), cancel(id));
			vote(charlie(), index, true, 360_000 * ASY);
		});
		let escrow: BlockNumber = timing::EscrowDelay::<Runtime>::get();
		let passed = blocks_until(escrow, || is_approved(index));
		let at_once = period(FAST_TRACK, |track| track.prepare_period + track.confirm_period);
		assert!(passed > at_once + 10, "so few votes have to wait, but it took {passed} blocks");
		assert_eq!(bonded(&bob()), before, "carried out before its time");
		blocks(period(FAST_TRACK, |track| track.min_enactment_period));
		assert!(happened(pallet_operators::Event::<Runtime>::ConvictionCancelled {
			id,
			operator: bob(),
			amount,
			reason: b"the client had a mistake".to_vec().try_into().expect("short"),
		}));
		assert_eq!(bonded(&bob()), before + amount);
		assert!(pallet_operators::Convictions::<Runtime>::get(id).is_none());

		// The escrow ends without anything to take.
		blocks(escrow);
		block(|| {
			assert_noop!(
				Operators::execute_conviction(RuntimeOrigin::signed(charlie()), id)
					.map_err(|failed| failed.error),
				pallet_operators::Error::<Runtime>::UnknownConviction
			);
			assert_ok!(Referenda::refund_decision_deposit(RuntimeOrigin::signed(alice()), index));
		});
	});
}

#[test]
fn fast_referendum_should_leave_a_slash_when_the_majority_objects() {
	unstarted("development", json!({})).execute_with(|| {
		let (mut id, mut index, mut before) = (0, 0, 0);
		block(|| {
			(id, _) = convict();
			before = bonded(&bob());
			index = propose(fast_track(), cancel(id));
			vote(bob(), index, true, 900_000 * ASY);
			for who in [alice(), charlie()] {
				vote(who, index, false, 900_000 * ASY);
			}
		});
		let escrow: BlockNumber = timing::EscrowDelay::<Runtime>::get();
		let passed = blocks_until(escrow, || is_rejected(index));
		assert!(passed >= period(FAST_TRACK, |track| track.decision_period));
		blocks(escrow - passed);
		block(|| {
			assert_ok!(Operators::execute_conviction(RuntimeOrigin::signed(charlie()), id));
		});
		assert_eq!(bonded(&bob()), before);
	});
}

#[test]
fn fast_referendum_should_pause_and_resume_a_call_when_it_passes() {
	unstarted("development", json!({})).execute_with(|| {
		let transfer = RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive {
			dest: bob().into(),
			value: ASY,
		});
		let decide = |call: RuntimeCall| {
			let mut index = 0;
			block(|| {
				index = propose(fast_track(), call);
				for who in majority() {
					vote(who, index, true, 900_000 * ASY);
				}
			});
			blocks_until(20, || is_approved(index));
			blocks(period(FAST_TRACK, |track| track.min_enactment_period));
		};
		let name: pallet_tx_pause::RuntimeCallNameOf<Runtime> = (
			b"Balances".to_vec().try_into().expect("short"),
			b"transfer_keep_alive".to_vec().try_into().expect("short"),
		);
		let full_name = name.clone();
		decide(RuntimeCall::TxPause(pallet_tx_pause::Call::pause { full_name }));
		let refused = transfer.clone().dispatch(RuntimeOrigin::signed(charlie()));
		assert_eq!(
			refused.map_err(|failed| failed.error),
			Err(frame_system::Error::<Runtime>::CallFiltered.into())
		);
		decide(RuntimeCall::TxPause(pallet_tx_pause::Call::unpause { ident: name }));
		assert_ok!(transfer.dispatch(RuntimeOrigin::signed(charlie())));
	});
}

#[test]
fn fast_track_should_be_refused_when_it_asks_for_more() {
	chain("development", json!({})).execute_with(|| {
		let (id, _) = convict();
		let calls = [
			RuntimeCall::System(frame_system::Call::set_code { code: vec![] }),
			RuntimeCall::System(frame_system::Call::authorize_upgrade {
				code_hash: Default::default(),
			}),
			RuntimeCall::System(frame_system::Call::set_storage { items: vec![] }),
			RuntimeCall::Balances(pallet_balances::Call::force_transfer {
				source: alice().into(),
				dest: bob().into(),
				value: ASY,
			}),
			RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive {
				dest: bob().into(),
				value: ASY,
			}),
			RuntimeCall::Operators(pallet_operators::Call::set_policy { policy: Policy::LIVE }),
			RuntimeCall::Operators(pallet_operators::Call::set_allocation_delay {
				blocks: 100_000,
			}),
			RuntimeCall::Referenda(pallet_referenda::Call::kill { index: 0 }),
			RuntimeCall::Utility(pallet_utility::Call::dispatch_as {
				as_origin: Box::new(root()),
				call: Box::new(cancel(id)),
			}),
			RuntimeCall::Scheduler(pallet_scheduler::Call::schedule {
				when: 100,
				maybe_periodic: None,
				priority: 0,
				call: Box::new(cancel(id)),
			}),
		];
		for call in calls {
			let origin = RuntimeOrigin::from(fast_track());
			let error = call.clone().dispatch(origin).map_err(|failed| failed.error);
			assert_eq!(error, Err(DispatchError::BadOrigin), "{call:?}");
		}
		assert_ok!(cancel(id).dispatch(fast_track().into()));
	});
}

#[test]
fn conviction_should_stay_when_an_account_would_cancel_it() {
	chain("development", json!({})).execute_with(|| {
		let (id, _) = convict();
		for origin in [RuntimeOrigin::signed(bob()), RuntimeOrigin::none()] {
			let error = cancel(id).dispatch(origin).map_err(|failed| failed.error);
			assert_eq!(error, Err(DispatchError::BadOrigin));
		}
		assert_ok!(cancel(id).dispatch(RuntimeOrigin::root()));
	});
}

#[test]
fn bonded_stake_should_vote_and_still_be_slashed() {
	chain("development", json!({})).execute_with(|| {
		let (id, amount) = convict();
		let index = propose(root(), cancel(id));
		// All that //Bob has is locked for the vote, the bond and the escrow with it.
		let total = Balances::total_balance(&bob());
		vote(bob(), index, true, total);
		let escrow: BlockNumber = timing::EscrowDelay::<Runtime>::get();
		System::set_block_number(System::block_number() + escrow);
		assert_ok!(Operators::execute_conviction(RuntimeOrigin::signed(alice()), id));
		assert_eq!(Balances::total_balance(&bob()), total - amount);
	});
}

/// On a chain with slots of a second too, where a block computes for a third of one.
#[test]
fn replacing_the_runtime_should_fit_what_scheduled_calls_may_take() {
	for preset in crate::genesis::preset_names() {
		unstarted(preset.as_str(), json!({})).execute_with(|| {
			let call = RuntimeCall::System(frame_system::Call::set_code { code: vec![] });
			let needed = call.get_dispatch_info().call_weight;
			assert!(needed.all_lt(SchedulerWeight::get()), "{needed:?}");
		});
	}
}
