//! Tests of `pallet-operators`.

mod convictions;
mod devices;
mod genesis;
mod occupancy;
mod properties;
mod registration;
mod retirement;
mod security;
mod stake;
mod state;
mod workers;
