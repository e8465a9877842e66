//! How a prover behaves: honestly, or, in tests of the chain's defences, not.

use crate::gpu::TileLeaves;
use assay_flops::Hash;

/// What a dishonest prover may want to change. Every method's default is honest.
pub trait Strategy: Send + Sync {
	/// How many tiles to claim when `computed` were computed.
	fn tiles(&self, computed: u32) -> u32 {
		computed
	}

	/// May change the roots of tiles `first..` before they are stored. It is also asked, with roots
	/// of zeros, for tiles that are claimed and were not computed.
	fn roots(&self, seed: &Hash, first: u32, roots: &mut [Hash]) {
		let _ = (seed, first, roots);
	}

	/// May change a tile before a leaf of it is opened.
	fn leaves(&self, seed: &Hash, tile: u32, leaves: &mut TileLeaves) {
		let _ = (seed, tile, leaves);
	}

	/// Whether to reveal what was drawn.
	fn reveals(&self) -> bool {
		true
	}

	/// Whether openings that fail the worker's own check are held back.
	fn checks(&self) -> bool {
		true
	}
}

/// Does what the protocol asks for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Honest;

impl Strategy for Honest {}
