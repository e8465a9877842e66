//! Tiles on a GPU: adapters, kernels, and the engine that turns a seed into tile roots.
//!
//! ```text
//! seed ──▶ panels ──▶ product ──▶ leaves ──▶ 32-byte root of every tile
//!          ChaCha8    exact in    SHA-256
//!                     integers    Merkle tree
//! ```
//!
//! Each kernel is a folder with its reasons for being exact, its WGSL, its host code and its tests.
//! Everything between the seed and the roots stays in the device's memory; the entries of a tile
//! leave it only when that tile has to be opened ([`Engine::tile_leaves`]).

#![deny(unsafe_code)]

mod adapter;
mod bench;
mod cache;
mod device;
mod engine;
mod error;
mod leaves;
mod panels;
mod product;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed step fails the test")]
mod tests;

pub use adapter::{find, list, AdapterInfo, Kind, Selection};
pub use bench::{bench, Benchmark};
pub use engine::{Engine, TileLeaves};
pub use error::GpuError;
