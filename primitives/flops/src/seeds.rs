//! Seeds of the work.

use crate::Hash;

/// Domain of [`device_seed`].
pub const DEVICE_DOMAIN: &[u8] = b"assay/flops/device";

/// Seed of the panels that `device` of `worker` multiplies in `round`. `acc` is the beacon's value
/// in the block that opened the round.
///
/// Two devices, workers, rounds or forks never share a seed, so no product is of use twice.
pub fn device_seed(acc: &Hash, round: u32, worker: u64, device: u16) -> Hash {
	assay_draw::seed(
		DEVICE_DOMAIN,
		&[acc, &round.to_le_bytes(), &worker.to_le_bytes(), &device.to_le_bytes()],
	)
}
