//! Tests of `pallet-validators`.

mod candidates;
mod cost;
mod election;
mod genesis;
mod hooks;
mod offences;
mod presence;
mod properties;
mod rewards;
mod state;
mod views;
