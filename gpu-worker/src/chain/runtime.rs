//! Generated from `metadata.scale`, the committed metadata of the runtime.

#[allow(missing_docs, unreachable_pub, clippy::all, clippy::unwrap_used, reason = "generated code")]
#[subxt::subxt(runtime_metadata_path = "metadata.scale")]
mod generated {}

pub(super) use generated::*;
