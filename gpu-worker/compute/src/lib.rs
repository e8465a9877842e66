#![doc = include_str!("../README.md")]

pub mod api;
pub mod auth;
pub mod blobs;
pub mod client;
pub mod device;
pub mod disk;
mod hash;
pub mod jobs;
pub mod lease;
pub mod manifest;
mod peers;
pub mod sandbox;
pub mod shader;
pub mod tls;

pub use device::{adapters, AdapterId, Device};
pub use hash::{Hash, NotAHash};
