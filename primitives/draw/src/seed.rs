//! Domain-separated seeds.

use sha2::{Digest, Sha256};

/// A SHA-256 digest.
pub type Hash = [u8; 32];

/// Derives a seed for one purpose: SHA-256 over `domain` and then each of `parts`, every one of
/// them preceded by its length in bytes as u32 LE.
///
/// The lengths make the input unambiguous: two calls give the same seed only if domain and parts
/// are the same, one by one (for inputs below 4 GiB, which is all that fits on a chain).
pub fn seed(domain: &[u8], parts: &[&[u8]]) -> Hash {
	let mut hasher = Sha256::new();
	for part in core::iter::once(&domain).chain(parts) {
		hasher.update(u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes());
		hasher.update(part);
	}
	hasher.finalize().into()
}
