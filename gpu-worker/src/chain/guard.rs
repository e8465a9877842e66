//! Which chains this worker works for.

use super::Error;
use assay_flops::Hash;
use std::ops::RangeInclusive;

/// Name of the runtimes that this worker works with.
pub const SPEC_NAME: &str = "assay";
/// Versions of the runtime that this worker works with.
pub const SPEC_VERSIONS: RangeInclusive<u32> = 1..=1;

/// Refuses a runtime that this worker was not made for, before anything is sent to it.
pub fn check_runtime(name: &str, version: u32) -> Result<(), Error> {
	if name == SPEC_NAME && SPEC_VERSIONS.contains(&version) {
		Ok(())
	} else {
		Err(Error::UnsupportedRuntime { name: name.into(), version, supported: SPEC_VERSIONS })
	}
}

/// Refuses a chain with another genesis block than the one that was configured.
pub fn check_genesis(expected: Option<&Hash>, found: &Hash) -> Result<(), Error> {
	match expected {
		Some(expected) if expected != found => {
			Err(Error::WrongGenesis { expected: *expected, found: *found })
		}
		_ => Ok(()),
	}
}

/// How the node's finality relates to what this worker has seen final before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finality {
	/// It has come at least as far: the caller compares the hash at this number.
	Reached {
		/// Number of the block that was seen final.
		number: u32,
		/// Its hash.
		hash: Hash,
	},
	/// The node has not come as far yet: it is still synchronising, or was restored from a backup.
	Behind {
		/// How many blocks are missing.
		missing: u32,
	},
	/// Nothing was seen final before.
	Unknown,
}

/// Compares the node's latest final block with what was seen before.
pub fn compare_finality(seen: Option<(u32, Hash)>, node: u32) -> Finality {
	match seen {
		None => Finality::Unknown,
		Some((number, hash)) if node >= number => Finality::Reached { number, hash },
		Some((number, _)) => Finality::Behind { missing: number.saturating_sub(node) },
	}
}

/// Refuses a node whose final block differs from what was seen final.
pub fn check_finality(number: u32, seen: &Hash, now: Option<Hash>) -> Result<(), Error> {
	match now {
		Some(now) if now != *seen => Err(Error::FinalityWentBack { number, seen: *seen, now }),
		_ => Ok(()),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn n06_worker_should_stop_when_the_runtime_is_unknown() {
		for version in SPEC_VERSIONS {
			assert!(check_runtime(SPEC_NAME, version).is_ok());
		}
		for (name, version) in [
			(SPEC_NAME, 0),
			(SPEC_NAME, *SPEC_VERSIONS.end() + 1),
			(SPEC_NAME, u32::MAX),
			("polkadot", 1),
		] {
			let error = check_runtime(name, version).expect_err("unsupported");
			assert_eq!(
				error.to_string(),
				format!(
					"runtime spec {name}-{version} is not supported by this worker: upgrade the \
					 worker"
				)
			);
			assert_eq!(error.exit(), crate::error::Exit::WrongChain);
			assert!(!error.is_temporary(), "the worker stops instead of trying again");
		}
	}

	#[test]
	fn m15_worker_should_stop_when_the_genesis_differs() {
		assert!(check_genesis(None, &[1; 32]).is_ok());
		assert!(check_genesis(Some(&[1; 32]), &[1; 32]).is_ok());
		let error = check_genesis(Some(&[1; 32]), &[2; 32]).expect_err("another chain");
		assert!(!error.is_temporary());
	}

	#[test]
	fn n05_worker_should_stop_when_finality_goes_back() {
		let seen = Some((10, [1; 32]));
		assert_eq!(compare_finality(None, 3), Finality::Unknown);
		assert_eq!(compare_finality(seen, 9), Finality::Behind { missing: 1 });
		assert_eq!(compare_finality(seen, 10), Finality::Reached { number: 10, hash: [1; 32] });
		assert!(check_finality(10, &[1; 32], Some([1; 32])).is_ok());
		assert!(check_finality(10, &[1; 32], None).is_ok(), "a pruned block proves nothing");
		let error = check_finality(10, &[1; 32], Some([2; 32])).expect_err("reverted");
		assert!(matches!(error, Error::FinalityWentBack { number: 10, .. }));
		assert!(!error.is_temporary());
	}
}
