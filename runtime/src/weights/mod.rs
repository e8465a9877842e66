//! What the calls and hooks of our pallets weigh, as `scripts/benchmark` measured it.

pub mod pallet_beacon;
pub mod pallet_gpu_market;
pub mod pallet_operators;
pub mod pallet_proof_of_flops;
pub mod pallet_validators;
