//! The Assay node: validator, full node and RPC server of the Assay chain.
//!
//! Modules: [`cli`] (flags) and [`command`] (what they do), [`chain_spec`] (the three presets),
//! [`live_guard`] (what a live chain must not contain), [`service`] (wiring), [`equivocations`] (reports
//! of authors), [`seal`] (blocks on a timer for tests), [`rpc`], [`ports`] and [`disk`] (checks before and while the node runs).

#![allow(clippy::result_large_err, reason = "the error types are those of sc-cli and sc-service")]

mod chain_spec;
mod cli;
mod command;
mod disk;
mod equivocations;
mod live_guard;
mod ports;
mod problem;
mod rpc;
mod seal;
mod service;

use std::process::ExitCode;

fn main() -> ExitCode {
	match command::run() {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			eprintln!("Error: {}", problem::explain(&error));
			ExitCode::FAILURE
		}
	}
}
