//! Tests of `pallet-operators`.

mod allocations;
mod convictions;
mod devices;
mod genesis;
mod occupancy;
mod properties;
mod refusals;
mod registration;
mod retirement;
mod rewards;
mod security;
mod stake;
mod state;
mod workers;
