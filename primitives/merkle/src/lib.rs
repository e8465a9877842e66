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

extern crate alloc;

mod hash;
mod proof;
mod tree;

pub use hash::{leaf_hash, node_hash, Hash};
pub use proof::{path_len, verify, Invalid};
pub use tree::{path, root};
