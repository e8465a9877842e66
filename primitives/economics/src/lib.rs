//! The rules of stake and money of an Assay chain, as pure functions and plain types: what deters
//! ([`deterrence`]), what an operator promises to services ([`allocation`]), what others entrust to
//! it ([`pool`]), what a conviction takes ([`slash`]), how a reward is shared ([`commission`]) and
//! where it comes from ([`issuance`]).
//!
//! Amounts are `u128` in 10⁻¹² ASY; parts are in a [`MILLION`]. Nothing panics; products are taken
//! in 256 bits; every rounding is named, and goes against whoever could gain from repeating it.
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

pub mod allocation;
pub mod commission;
pub mod deterrence;
pub mod issuance;
pub mod pool;
pub mod slash;

/// Parts in a million.
pub const MILLION: u32 = 1_000_000;
