//! What other pallets see of proof of FLOPS.

pub use assay_flops::capacity::Proven;
use pallet_operators::{DeviceIndex, WorkerId};

/// Proven capacity: the only figure that the market and the job scheduler may use.
pub trait Capacity {
	/// Proven throughput of a device in FLOP per second; zero when it is unknown, convicted, or
	/// was silent for as many rounds as capacity looks back on.
	fn capacity(worker: WorkerId, device: DeviceIndex) -> u64;

	/// What a device has proven so far, to be remembered for [`Capacity::capacity_since`].
	fn proven(worker: WorkerId, device: DeviceIndex) -> Proven;

	/// Mean throughput of a device in FLOP per second in the rounds since `then`; if capacity looks
	/// back on more rounds than these, the capacity.
	fn capacity_since(worker: WorkerId, device: DeviceIndex, then: Proven) -> u64;
}

impl Capacity for () {
	fn capacity(_: WorkerId, _: DeviceIndex) -> u64 {
		0
	}

	fn proven(_: WorkerId, _: DeviceIndex) -> Proven {
		Proven::default()
	}

	fn capacity_since(_: WorkerId, _: DeviceIndex, _: Proven) -> u64 {
		0
	}
}
