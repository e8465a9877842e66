//! The SDK's `benchmark pallet` command over a runtime's Wasm.
//!
//! `frame-omni-bencher` is the same command; it also builds RocksDB, which needs clang.

use clap::Parser;
use frame_benchmarking_cli::PalletCmd;
use sp_runtime::traits::BlakeTwo256;

fn main() -> sc_cli::Result<()> {
	tracing_subscriber::fmt()
		.with_env_filter(tracing_subscriber::EnvFilter::new("info"))
		.with_writer(std::io::stderr)
		.init();
	PalletCmd::parse().run_with_spec::<BlakeTwo256, ()>(None)
}
