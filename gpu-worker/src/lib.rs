#![doc = include_str!("../README.md")]

pub mod chain;
pub mod cli;
pub mod config;
pub mod doctor;
mod error;
pub mod gpu;
pub mod keys;
pub mod metrics;
pub mod roles;
pub mod stop;
pub mod store;
mod worker;

pub use cli::{run_cli, run_cli_with};
pub use error::{Error, Exit};
pub use roles::prover::strategy::{Honest, Strategy};
pub use worker::{Worker, LOW_FLOAT};
