#![doc = include_str!("../README.md")]
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

mod seed;
mod stream;

pub use seed::{seed, Hash};
pub use stream::Draw;
