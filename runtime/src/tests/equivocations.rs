//! An equivocation from its report to the burnt stake, in the runtime as it is put together.

use codec::Decode;
use codec::Encode;
use frame_support::{
	assert_noop, assert_ok,
	dispatch::GetDispatchInfo,
	traits::{fungible::Inspect, Get, KeyOwnerProofSystem},
};
use pallet_operators::Service;
use serde_json::json;
use sp_consensus_babe::{
	digests::{CompatibleDigestItem, PreDigest, SecondaryPlainPreDigest},
	EquivocationProof, BABE_ENGINE_ID, KEY_TYPE,
};
use sp_core::proof_of_possession::ProofOfPossessionGenerator;
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};
use sp_runtime::{
	generic::{Digest, DigestItem},
	traits::{DispatchTransaction, Header as _},
	transaction_validity::{InvalidTransaction, TransactionSource, TransactionValidityError},
};

use super::{
	blocks::{block, blocks},
	charlie, unstarted,
};
use crate::{
	timing, AccountId, Babe, Balances, BlockNumber, Executive, Grandpa, Hash, Header, Operators,
	Runtime, RuntimeCall, RuntimeOrigin, Session, UncheckedExtrinsic, Validators, ASY,
};

/// The validator that equivocates: not the first, which writes the test's blocks.
const OFFENDER: u32 = 1;

fn offender() -> AccountId {
	Session::validators().get(OFFENDER as usize).expect("there are four").clone()
}

/// Two blocks of the offender for the current slot.
fn equivocation() -> EquivocationProof<Header> {
	let (offender, _) = Babe::authorities().get(OFFENDER as usize).expect("four").clone();
	let slot = pallet_babe::CurrentSlot::<Runtime>::get();
	let key = Sr25519Keyring::well_known()
		.find(|key| key.public() == offender.clone().into_inner())
		.expect("the preset's keys are well known");
	let header = |state_root: Hash| {
		let author =
			PreDigest::SecondaryPlain(SecondaryPlainPreDigest { authority_index: OFFENDER, slot });
		let digest = Digest { logs: vec![DigestItem::PreRuntime(BABE_ENGINE_ID, author.encode())] };
		let mut header = Header::new(7, Hash::zero(), state_root, Hash::zero(), digest);
		let seal = key.sign(header.hash().as_ref()).into();
		header.digest_mut().push(DigestItem::babe_seal(seal));
		header
	};
	EquivocationProof {
		offender: offender.clone(),
		slot,
		first_header: header(Hash::zero()),
		second_header: header(Hash::repeat_byte(1)),
	}
}

#[test]
fn n01_equivocation_should_cost_stake_and_disable_when_it_is_reported() {
	unstarted("local_testnet", json!({})).execute_with(|| {
		blocks(70);
		let offender = offender();
		let bonded = 100_000 * ASY;
		let proof = equivocation();
		let membership = Validators::prove((KEY_TYPE, proof.offender.clone())).expect("it serves");
		let report = || {
			let reporter = RuntimeOrigin::signed(charlie());
			Babe::report_equivocation(reporter, Box::new(proof.clone()), membership.clone())
		};
		block(|| {
			assert_ok!(report());
			assert!(Session::disabled_validators().contains(&OFFENDER));
			assert_noop!(
				report().map_err(|failed| failed.error),
				pallet_babe::Error::<Runtime>::DuplicateOffenceReport
			);
		});
		blocks(1);

		// One of four: the square of three quarters of what it allocated to consensus.
		let amount = bonded / 16 * 9;
		let convictions: Vec<_> = pallet_operators::Convictions::<Runtime>::iter().collect();
		let [(id, conviction)] = &convictions[..] else {
			panic!("{} convictions", convictions.len())
		};
		assert_eq!(conviction.operator, offender);
		assert_eq!(conviction.service, Service::Consensus);
		let record = pallet_operators::Operators::<Runtime>::get(&offender).expect("it is one");
		assert_eq!(record.bonded, bonded - amount);

		// It is out of the set from the session after next on, and the others go on.
		blocks(130);
		assert!(!Session::validators().contains(&offender));
		let escrow: BlockNumber = timing::EscrowDelay::<Runtime>::get();
		blocks(escrow - 130);
		let before = Balances::balance(&charlie());
		let issued = Balances::total_issuance();
		block(|| {
			assert!(Operators::execute_conviction(RuntimeOrigin::signed(charlie()), *id).is_ok())
		});
		let bounty = Balances::balance(&charlie()) - before;
		assert_eq!(bounty, amount / 10 * 4, "the prover's, all of it the operator's own stake");
		let burnt = issued - Balances::total_issuance();
		// The block that burns issues its own reward.
		assert!((amount - bounty - ASY..=amount - bounty).contains(&burnt), "{burnt} burnt");
	});
}

/// Two votes of the offender in one round of finality.
fn double_vote(round: u64) -> sp_consensus_grandpa::EquivocationProof<Hash, BlockNumber> {
	let set = Grandpa::current_set_id();
	let (identity, _) =
		Grandpa::grandpa_authorities().get(OFFENDER as usize).expect("four").clone();
	let key = Ed25519Keyring::iter()
		.find(|key| key.public() == identity.clone().into_inner())
		.expect("the preset's keys are well known");
	// A vote is signed as (message, round, set); a prevote is the first kind of message.
	let vote = |block: Hash| {
		let signature = key.sign(&(0u8, block, 7u32, round, set).encode());
		((block, 7u32), signature)
	};
	let votes = (vote(Hash::zero()), vote(Hash::repeat_byte(1)));
	let encoded = (set, 0u8, round, identity, votes.0, votes.1).encode();
	Decode::decode(&mut &encoded[..]).expect("the parts are those of a proof")
}

/// All convictions in escrow together.
fn convicted() -> u128 {
	pallet_operators::Convictions::<Runtime>::iter_values()
		.map(|conviction| conviction.own + conviction.delegated)
		.sum()
}

#[test]
fn n01_double_vote_should_cost_the_maximum_and_not_the_sum_when_blocks_were_doubled_too() {
	unstarted("local_testnet", json!({})).execute_with(|| {
		blocks(70);
		let amount = 100_000 * ASY / 16 * 9;
		let report_vote = |round| {
			let proof = double_vote(round);
			let key = (sp_consensus_grandpa::KEY_TYPE, proof.offender().clone());
			let membership = Validators::prove(key).expect("it serves");
			let reporter = RuntimeOrigin::signed(charlie());
			Grandpa::report_equivocation(reporter, Box::new(proof), membership)
		};
		block(|| {
			assert_ok!(report_vote(3));
			assert!(Session::disabled_validators().contains(&OFFENDER));
			assert_noop!(
				report_vote(3).map_err(|failed| failed.error),
				pallet_grandpa::Error::<Runtime>::DuplicateOffenceReport
			);
		});
		blocks(1);
		assert_eq!(convicted(), amount);
		let record = pallet_operators::Operators::<Runtime>::get(offender()).expect("it is one");
		assert_eq!(record.bonded, 100_000 * ASY - amount);

		// Another round, and another kind of offence, of the same session and the same fraction.
		block(|| {
			assert_ok!(report_vote(4));
			let (proof, membership) = babe_evidence();
			let reporter = RuntimeOrigin::signed(charlie());
			assert_ok!(Babe::report_equivocation(reporter, Box::new(proof), membership));
		});
		blocks(1);
		assert_eq!(convicted(), amount);
	});
}

/// An equivocation of the current slot with the proof that the offender serves.
fn babe_evidence() -> (EquivocationProof<Header>, sp_session::MembershipProof) {
	let proof = equivocation();
	let membership = Validators::prove((KEY_TYPE, proof.offender.clone())).expect("it serves");
	(proof, membership)
}

/// What a transaction of //Charlie cost it in the end, and whether it succeeded.
fn price(call: RuntimeCall) -> (u128, bool) {
	let before = Balances::balance(&charlie());
	let info = call.get_dispatch_info();
	let fee = pallet_transaction_payment::ChargeTransactionPayment::<Runtime>::from(0);
	let origin = RuntimeOrigin::signed(charlie());
	let outcome = fee.dispatch_transaction(origin, call, &info, 100, 0).expect("valid");
	(before - Balances::balance(&charlie()), outcome.is_ok())
}

#[test]
fn m14_signed_report_should_be_free_only_when_it_is_the_first_and_true() {
	unstarted("local_testnet", json!({})).execute_with(|| {
		blocks(70);
		let (proof, membership) = babe_evidence();
		let report = |proof: &EquivocationProof<Header>| {
			RuntimeCall::Babe(pallet_babe::Call::report_equivocation {
				equivocation_proof: Box::new(proof.clone()),
				key_owner_proof: membership.clone(),
			})
		};
		block(|| {
			let mut wrong = proof.clone();
			wrong.second_header = wrong.first_header.clone();
			let (paid, done) = price(report(&wrong));
			assert!(paid > 0 && !done, "nothing was proven for {paid}");
			assert_eq!(price(report(&proof)), (0, true));
			let (paid, done) = price(report(&proof));
			assert!(paid > 0 && !done, "a repetition cost {paid}");
		});
	});
}

#[test]
fn m14_unsigned_report_should_enter_no_pool_from_outside_and_no_block_twice() {
	unstarted("local_testnet", json!({})).execute_with(|| {
		blocks(70);
		let (proof, membership) = babe_evidence();
		let report = |membership: &sp_session::MembershipProof| {
			let call = pallet_babe::Call::report_equivocation_unsigned {
				equivocation_proof: Box::new(proof.clone()),
				key_owner_proof: membership.clone(),
			};
			UncheckedExtrinsic::new_bare(RuntimeCall::Babe(call))
		};
		let validate =
			|source, report| Executive::validate_transaction(source, report, Hash::zero());
		let invalid = |why: InvalidTransaction| TransactionValidityError::Invalid(why);
		let mut forged = membership.clone();
		forged.session += 1;
		// Nobody can send it to others' nodes, and it is not passed on.
		assert_eq!(
			validate(TransactionSource::External, report(&membership)),
			Err(invalid(InvalidTransaction::Call))
		);
		assert_eq!(
			validate(TransactionSource::Local, report(&forged)),
			Err(invalid(InvalidTransaction::BadProof))
		);
		let valid = validate(TransactionSource::Local, report(&membership)).expect("it is true");
		assert!(!valid.propagate);
		assert_eq!(valid.provides.len(), 1, "one report for an offender and a slot");
		block(|| {
			assert_eq!(
				Executive::apply_extrinsic(report(&forged)),
				Err(invalid(InvalidTransaction::BadProof))
			);
			assert_ok!(Executive::apply_extrinsic(report(&membership)).expect("it is valid"));
			// A repetition is no transaction at all: it takes no room in the block.
			let weight = frame_system::Pallet::<Runtime>::block_weight().total();
			assert_eq!(
				Executive::apply_extrinsic(report(&membership)),
				Err(invalid(InvalidTransaction::Stale))
			);
			assert_eq!(frame_system::Pallet::<Runtime>::block_weight().total(), weight);
		});
		assert_eq!(
			validate(TransactionSource::Local, report(&membership)),
			Err(invalid(InvalidTransaction::Stale))
		);
	});
}

#[test]
fn m14_execution_of_a_conviction_should_be_free_only_when_it_does_something() {
	unstarted("local_testnet", json!({})).execute_with(|| {
		blocks(70);
		let (proof, membership) = babe_evidence();
		block(|| {
			let reporter = RuntimeOrigin::signed(charlie());
			assert_ok!(Babe::report_equivocation(reporter, Box::new(proof), membership));
		});
		blocks(1);
		let (id, conviction) =
			pallet_operators::Convictions::<Runtime>::iter().next().expect("it is convicted");
		let execute =
			|id| RuntimeCall::Operators(pallet_operators::Call::execute_conviction { id });
		block(|| {
			for id in [id, id + 1] {
				let (paid, done) = price(execute(id));
				assert!(paid > 0 && !done, "too early or unknown, for {paid}");
			}
		});
		let escrow: BlockNumber = timing::EscrowDelay::<Runtime>::get();
		blocks(escrow);
		block(|| {
			// Whoever executes it has proven it, too: the bounty is paid and the fee is not kept.
			let before = Balances::balance(&charlie());
			let info = execute(id).get_dispatch_info();
			let fee = pallet_transaction_payment::ChargeTransactionPayment::<Runtime>::from(0);
			let origin = RuntimeOrigin::signed(charlie());
			let outcome = fee.dispatch_transaction(origin, execute(id), &info, 100, 0);
			assert_ok!(outcome.expect("valid"));
			assert_eq!(Balances::balance(&charlie()), before + conviction.bounty);
			let (paid, done) = price(execute(id));
			assert!(paid > 0 && !done, "a repetition cost {paid}");
		});
	});
}

#[test]
fn n01_slash_evasion_should_fail_when_the_offender_replaces_its_session_keys() {
	unstarted("local_testnet", json!({})).execute_with(|| {
		blocks(70);
		let (offender, blocks_proof, votes_proof) = (offender(), equivocation(), double_vote(3));
		let keys = crate::SessionKeys {
			babe: Sr25519Keyring::Eve.public().into(),
			grandpa: Ed25519Keyring::Eve.public().into(),
		};
		let owner = offender.encode();
		let proof = (
			Sr25519Keyring::Eve.pair().generate_proof_of_possession(&owner),
			Ed25519Keyring::Eve.pair().generate_proof_of_possession(&owner),
		);
		let origin = RuntimeOrigin::signed(offender.clone());
		block(|| {
			assert_ok!(Session::set_keys(origin, keys, proof.encode()));
		});
		let reporter = || RuntimeOrigin::signed(charlie());
		block(|| {
			let key = (KEY_TYPE, blocks_proof.offender.clone());
			let membership = Validators::prove(key).expect("it serves with it");
			let report = Box::new(blocks_proof.clone());
			assert_ok!(Babe::report_equivocation(reporter(), report, membership));
			let key = (sp_consensus_grandpa::KEY_TYPE, votes_proof.offender().clone());
			let membership = Validators::prove(key).expect("it serves with it");
			let report = Box::new(votes_proof.clone());
			assert_ok!(Grandpa::report_equivocation(reporter(), report, membership));
		});
		blocks(1);
		let record = pallet_operators::Operators::<Runtime>::get(&offender).expect("it is one");
		assert_eq!(record.bonded, 100_000 * ASY / 16 * 7);
	});
}

#[test]
fn session_keys_should_be_refused_when_the_proof_of_ownership_is_wrong() {
	unstarted("local_testnet", json!({})).execute_with(|| {
		let keys = crate::SessionKeys {
			babe: Sr25519Keyring::Eve.public().into(),
			grandpa: Ed25519Keyring::Eve.public().into(),
		};
		let set = |proof: Vec<u8>| {
			Session::set_keys(RuntimeOrigin::signed(charlie()), keys.clone(), proof)
		};
		// Nothing at all, and signatures of somebody else's keys.
		let others = (
			Sr25519Keyring::Dave.sign(&charlie().encode()),
			Ed25519Keyring::Dave.sign(&charlie().encode()),
		);
		for proof in [vec![], others.encode()] {
			assert_noop!(set(proof), pallet_session::Error::<Runtime>::InvalidProof);
		}
	});
}
