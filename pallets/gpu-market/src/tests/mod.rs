//! Tests by topic; those of a row of the threat table carry its id.

mod attacks;
mod attendance;
mod clusters;
mod cost;
pub(crate) mod ledger;
mod lifecycle;
mod model;
mod money;
mod offers;
mod renting;
mod state;
mod views;
