//! What this crate has to know of the chain.

use std::fmt::Debug;

/// What a lease allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseInfo {
	/// The key that may use it, sr25519 or ed25519.
	pub access: [u8; 32],
	/// Indices of its devices on this worker; at least one.
	pub devices: Vec<u16>,
	/// Block at which it ends unless it is extended.
	pub until_block: u64,
	/// Bytes of all its blobs and records, those of open jobs' outputs included.
	pub storage_bytes: u64,
	/// Bytes of the buffers of one job.
	pub memory_bytes: u64,
	/// Longest job in seconds.
	pub job_seconds: u32,
	/// Most jobs that have not ended.
	pub open_jobs: usize,
}

/// What is known of a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lease {
	/// It may be used.
	Active(LeaseInfo),
	/// It ended, or never was one of this worker: its folder is deleted.
	Ended,
	/// The chain cannot be asked, or the lease is over and that is not final: nothing is served, jobs
	/// wait, and nothing is deleted.
	Unknown,
}

/// The leases of this worker, as the chain has them.
pub trait Leases: Send + Sync {
	/// What is known of lease `id`. It is asked at every request, so it should be fast.
	fn lease(&self, id: u64) -> Lease;
}
