//! What the integration tests share: real node and worker processes, each test with ports and
//! folders of its own, and a reader of what happened on their chain.
//!
//! The binaries are taken from where the tests were built, so build the workspace first;
//! `scripts/test` does. Tests that start processes take the machine for themselves ([`Machine`]),
//! since they measure or wait.

pub mod books;
pub mod chain;
pub mod documentation;
pub mod node;
pub mod process;
pub mod validators;
pub mod worker;

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};

static MACHINE: Mutex<()> = Mutex::const_new(());

/// The machine for one test alone, with a folder that goes away afterwards.
#[derive(Debug)]
pub struct Machine {
	folder: TempDir,
	_alone: MutexGuard<'static, ()>,
}

impl Machine {
	/// Waits for its turn.
	pub async fn take() -> Self {
		let alone = MACHINE.lock().await;
		let folder =
			tempfile::Builder::new().prefix("assay-test-").tempdir().expect("a temporary folder");
		Self { folder, _alone: alone }
	}

	/// The test's folder.
	pub fn folder(&self) -> &Path {
		self.folder.path()
	}

	/// A path in the test's folder.
	pub fn path(&self, name: &str) -> PathBuf {
		self.folder.path().join(name)
	}
}

/// Whether the long runs were asked for (`scripts/test --full`).
pub fn full() -> bool {
	std::env::var_os("ASSAY_TEST_FULL").is_some()
}
