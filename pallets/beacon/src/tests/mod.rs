//! Tests of `pallet-beacon`.

mod folding;
mod seeds;
mod state;
mod withholding;
