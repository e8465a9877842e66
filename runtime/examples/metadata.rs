//! Writes the runtime's metadata to standard output; `scripts/metadata` keeps the worker's copy.

use std::io::Write;

fn main() -> std::io::Result<()> {
	std::io::stdout().write_all(&assay_runtime::metadata_bytes())
}
