//! The rules of stake and money.
#![cfg_attr(not(feature = "std"), no_std)]
