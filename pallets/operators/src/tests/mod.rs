//! Tests of `pallet-operators`.

mod allocations;
mod attacks;
mod convictions;
mod cost;
mod devices;
mod genesis;
mod model;
mod occupancy;
mod properties;
mod refusals;
mod registration;
mod retirement;
mod rewards;
mod security;
mod stake;
mod state;
mod support;
mod workers;
