//! What other pallets see of the beacon, and what it asks of the consensus.

use sp_core::H256;

/// The VRF output of the parent block's author.
pub trait AuthorVrf {
	/// The output, or `None` if the parent carried none.
	///
	/// A source that keeps its last value over a block without a VRF may return that value again:
	/// the beacon takes a value equal to the last one it folded for none.
	fn parent_vrf() -> Option<[u8; 32]>;
}

impl AuthorVrf for () {
	fn parent_vrf() -> Option<[u8; 32]> {
		None
	}
}

/// The chain's running randomness.
pub trait Beacon<BlockNumber> {
	/// The value of this block: it has folded the VRF outputs of all blocks up to the parent.
	fn current() -> H256;

	/// How many blocks lie between a commitment and the value that samples it.
	fn delay() -> BlockNumber;

	/// The value as it stood in `block`. `None` if that lies in the future or the ring has
	/// forgotten it.
	fn value_at(block: BlockNumber) -> Option<H256>;

	/// The block whose value samples what was committed in `committed_at`.
	fn due_at(committed_at: BlockNumber) -> BlockNumber;

	/// The seed that samples `subject`, committed in `committed_at`. `None` before it is due and
	/// after the ring has moved on: store it when it is due.
	///
	/// `subject` has to begin with a domain of the consumer's own.
	fn seed_for(subject: &[u8], committed_at: BlockNumber) -> Option<H256>;
}
