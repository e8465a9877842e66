//! The rules of the beacon as pure functions.

use assay_draw::seed;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::H256;

/// Separates the first value from everything else that is hashed.
pub const GENESIS_DOMAIN: &[u8] = b"assay/beacon/genesis";
/// Separates the folding of a VRF output from everything else that is hashed.
pub const FOLD_DOMAIN: &[u8] = b"assay/beacon/fold";
/// Separates a consumer's seed from everything else that is hashed.
pub const SEED_DOMAIN: &[u8] = b"assay/beacon/seed";

/// A past value and the block in which it stood.
#[derive(
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	MaxEncodedLen,
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
)]
pub struct PastValue<BlockNumber> {
	/// The block; tells this value from one that an older block left in the same place.
	pub block: BlockNumber,
	/// The value after that block's folding.
	pub value: H256,
}

/// The value of the first block, from the hash of the genesis block.
pub fn genesis_value(genesis_hash: &[u8]) -> H256 {
	H256(seed(GENESIS_DOMAIN, &[genesis_hash]))
}

/// The value after `vrf` was mixed into `value`.
pub fn fold(value: &H256, vrf: &[u8; 32]) -> H256 {
	H256(seed(FOLD_DOMAIN, &[value.as_bytes(), vrf]))
}

/// The seed of `subject` under the beacon value that samples it.
pub fn subject_seed(value: &H256, subject: &[u8]) -> H256 {
	H256(seed(SEED_DOMAIN, &[value.as_bytes(), subject]))
}
