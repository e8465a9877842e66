//! The rules of the GPU market of an Assay chain, as pure functions and plain types: who was present
//! ([`attendance`]), what that costs ([`charge`]), when a lease is over or lost ([`term`]), what an
//! operator is known for ([`reputation`]), where a worker is found ([`endpoint`]), and the numbers behind all of it ([`parameters`]).
//!
//! Amounts are `u128` in the smallest unit of their [`Currency`], moments and durations are blocks,
//! parts are in a [`MILLION`]. Nothing panics; every rounding is named.
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
	not(test),
	deny(
		clippy::unwrap_used,
		clippy::expect_used,
		clippy::arithmetic_side_effects,
		clippy::indexing_slicing,
		clippy::as_conversions
	)
)]

pub mod attendance;
pub mod charge;
mod currency;
pub mod endpoint;
pub mod parameters;
pub mod reputation;
pub mod term;

pub use attendance::{Attendance, Checkpoint, Window};
pub use charge::Charge;
pub use currency::{Amounts, Currency};
pub use parameters::{MaintenanceRules, Parameters};
pub use reputation::Reputation;
pub use term::Term;

/// The number of a block, or a count of blocks.
pub type Blocks = u32;

/// Parts in a million.
pub const MILLION: u32 = 1_000_000;

/// Most devices of one offer or lease, and most members of one cluster.
pub const MAX_DEVICES: u32 = 16;

/// Highest price per GPU and block. No product of a price, a count of devices and a duration that
/// the rules allow exceeds the range of amounts.
pub const MAX_PRICE: u128 = 1_000_000_000_000_000_000_000_000;
