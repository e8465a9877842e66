//! The two hash functions of the tree.

use sha2::{Digest, Sha256};

/// A SHA-256 digest: a leaf hash, an inner node or a root.
pub type Hash = [u8; 32];

/// Separates leaves from inner nodes, so that neither can be passed off as the other.
const LEAF: [u8; 1] = [0x00];
/// See [`LEAF`].
const NODE: [u8; 1] = [0x01];

/// Hash of the leaf with number `index` (from 0) that holds `data`:
/// `SHA-256(0x00 ‖ index as u64 LE ‖ data)`.
///
/// The index is part of the leaf, so equal data at two places has two hashes, and a leaf cannot be
/// shown for another one.
pub fn leaf_hash(index: u64, data: &[u8]) -> Hash {
	let mut hasher = Sha256::new();
	hasher.update(LEAF);
	hasher.update(index.to_le_bytes());
	hasher.update(data);
	hasher.finalize().into()
}

/// Hash of an inner node: `SHA-256(0x01 ‖ left ‖ right)`.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
	let mut hasher = Sha256::new();
	hasher.update(NODE);
	hasher.update(left);
	hasher.update(right);
	hasher.finalize().into()
}
