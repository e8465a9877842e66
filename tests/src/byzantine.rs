//! A worker that does not play by the rules, so that tests can see the chain convict it.
//!
//! It is the worker as it is shipped, with another [`Strategy`]. `ASSAY_BEHAVIOUR` names it:
//! `wrong-values` commits to tiles of zeros and opens them consistently, `double-claim` claims twice
//! the tiles that it has computed, `silent` never reveals.

use std::{process::ExitCode, sync::Arc};

use assay_flops::{tile, Hash};
use assay_worker::{gpu::TileLeaves, run_cli_with, Strategy};

/// Entries of a tile.
const ENTRIES: usize = 256 * 256;

/// Tiles of zeros under right leaf hashes: the paths are right, the entries are not.
struct WrongValues;

impl WrongValues {
	fn leaves(tile: u32) -> Vec<Hash> {
		tile::tile_leaf_hashes(tile, &[0; ENTRIES]).expect("a whole tile")
	}
}

impl Strategy for WrongValues {
	fn roots(&self, _: &Hash, first: u32, roots: &mut [Hash]) {
		for (tile, root) in (first..).zip(roots) {
			*root = assay_merkle::root(&Self::leaves(tile)).expect("a tile has leaves");
		}
	}

	fn leaves(&self, _: &Hash, tile: u32, leaves: &mut TileLeaves) {
		leaves.entries.fill(0);
		leaves.leaves = Self::leaves(tile);
	}

	fn checks(&self) -> bool {
		false
	}
}

/// As many invented roots as honest ones.
struct DoubleClaim;

impl Strategy for DoubleClaim {
	fn tiles(&self, computed: u32) -> u32 {
		computed.saturating_mul(2)
	}

	fn checks(&self) -> bool {
		false
	}
}

/// Works and commits like anybody, and then says nothing.
struct Silent;

impl Strategy for Silent {
	fn reveals(&self) -> bool {
		false
	}
}

fn main() -> ExitCode {
	let behaviour = std::env::var("ASSAY_BEHAVIOUR").unwrap_or_default();
	let strategy: Arc<dyn Strategy> = match behaviour.as_str() {
		"wrong-values" => Arc::new(WrongValues),
		"double-claim" => Arc::new(DoubleClaim),
		"silent" => Arc::new(Silent),
		_ => {
			eprintln!("ASSAY_BEHAVIOUR must be wrong-values, double-claim or silent");
			return ExitCode::FAILURE;
		}
	};
	run_cli_with(|| strategy)
}
