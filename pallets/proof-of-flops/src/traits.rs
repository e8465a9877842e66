//! What other pallets see of proof of FLOPS.

use pallet_operators::{DeviceIndex, WorkerId};

/// Proven capacity: the only figure that the market and the job scheduler may use.
pub trait Capacity {
	/// Proven throughput of a device in FLOP per second; zero when it is unknown, convicted, or
	/// was silent for as many rounds as capacity looks back on.
	fn capacity(worker: WorkerId, device: DeviceIndex) -> u64;
}

impl Capacity for () {
	fn capacity(_: WorkerId, _: DeviceIndex) -> u64 {
		0
	}
}
