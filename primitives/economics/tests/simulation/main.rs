//! Plays strategies of cheating on jobs against the rules themselves, many times, with fixed seeds.
//!
//! Each strategy is compared with an honest twin that takes exactly the same jobs. The difference is
//! the **gain**: what cheating earned beyond work. An estimate is significant when it lies four
//! standard errors from zero (99.997 %, one-sided). What else a conviction costs is left out: the
//! voided rewards of other jobs and the income of the time after. Stake and reward alone must deter.
//!
//! The boundary of the condition is where the best strategy turns from loss to gain, over a grid of
//! all parameters. Every rule that the condition takes for granted is also taken away once, and then
//! some strategy must win: a simulation that cannot fail shows nothing.

mod model;
mod play;
mod strategies;
