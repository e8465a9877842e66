//! Validators elected by stake.
#![cfg_attr(not(feature = "std"), no_std)]
