//! An equivocation from its report to the burnt stake, in the runtime as it is put together.

use codec::Encode;
use frame_support::{
	assert_noop, assert_ok,
	traits::{fungible::Inspect, Get, KeyOwnerProofSystem},
};
use pallet_operators::Service;
use serde_json::json;
use sp_consensus_babe::{
	digests::{CompatibleDigestItem, PreDigest, SecondaryPlainPreDigest},
	EquivocationProof, BABE_ENGINE_ID, KEY_TYPE,
};
use sp_keyring::Sr25519Keyring;
use sp_runtime::{
	generic::{Digest, DigestItem},
	traits::Header as _,
};

use super::{
	blocks::{block, blocks},
	charlie, unstarted,
};
use crate::{
	timing, AccountId, Babe, Balances, BlockNumber, Hash, Header, Historical, Operators, Runtime,
	RuntimeOrigin, Session, ASY,
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
fn n1_equivocation_should_cost_stake_and_disable_when_it_is_reported() {
	unstarted("local_testnet", json!({})).execute_with(|| {
		blocks(70);
		let offender = offender();
		let bonded = 100_000 * ASY;
		let proof = equivocation();
		let membership = Historical::prove((KEY_TYPE, proof.offender.clone())).expect("it serves");
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
