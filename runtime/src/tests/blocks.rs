//! Whole blocks by the chain's own rules: digests, every hook, the timestamp.

use codec::Encode;
use frame_support::assert_ok;
use sp_consensus_babe::{
	digests::{PreDigest, SecondaryPlainPreDigest},
	BABE_ENGINE_ID,
};
use sp_runtime::{
	generic::{Digest, DigestItem},
	traits::Header as _,
};

use crate::{
	timing, BlockNumber, Executive, Header, Runtime, RuntimeCall, System, UncheckedExtrinsic,
};

/// The slot of block 0; any that is not zero.
const FIRST_SLOT: u64 = 1_000_000;

/// Executes one block, written by the first validator of the session, and `transactions` in it.
pub(super) fn block(transactions: impl FnOnce()) {
	let number = System::block_number() + 1;
	let slot = FIRST_SLOT + u64::from(number);
	// Nothing in these blocks checks whether the parent's hash is that of a header.
	let parent = sp_io::hashing::blake2_256(&number.encode()).into();
	let author = PreDigest::SecondaryPlain(SecondaryPlainPreDigest {
		authority_index: 0,
		slot: slot.into(),
	});
	let digest = Digest { logs: vec![DigestItem::PreRuntime(BABE_ENGINE_ID, author.encode())] };
	let header = Header::new(number, Default::default(), Default::default(), parent, digest);
	Executive::initialize_block(&header);
	let now = slot * timing::SlotDuration::<Runtime>::get();
	assert_ok!(Executive::apply_extrinsic(UncheckedExtrinsic::new_bare(RuntimeCall::Timestamp(
		pallet_timestamp::Call::set { now }
	)))
	.expect("the inherent is valid"));
	transactions();
	Executive::finalize_block();
}

/// Executes `number` empty blocks.
pub(super) fn blocks(number: BlockNumber) {
	for _ in 0..number {
		block(|| ());
	}
}

/// Executes empty blocks until `done`, and says how many it took.
pub(super) fn blocks_until(limit: BlockNumber, done: impl Fn() -> bool) -> BlockNumber {
	for passed in 0..limit {
		if done() {
			return passed;
		}
		block(|| ());
	}
	panic!("nothing came of it in {limit} blocks");
}
