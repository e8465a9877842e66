#![doc = include_str!("README.md")]

use super::device::{Copy, Device, Dispatch, Kernel};
use super::GpuError;
use assay_flops::Hash;
use wgpu::BufferUsages;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed step fails the test")]
mod tests;

/// Hashes of a tile in each level, from the leaves to the root.
const LEVELS: [u64; 6] = [1024, 256, 64, 16, 4, 1];
/// Bytes of a hash.
pub(super) const HASH_BYTES: u64 = 32;

/// Round constants: first 32 bits of the fractional parts of the cube roots of the first 64 primes.
#[rustfmt::skip]
const CONSTANTS: [u32; 64] = [
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
];

/// Leaf and node hashing of a batch of tiles.
pub(super) struct Leaves {
	leaves: Kernel,
	nodes: Kernel,
	leaf_group: wgpu::BindGroup,
	node_groups: Vec<wgpu::BindGroup>,
	hashes: wgpu::Buffer,
	/// Place of the roots in `hashes`, in bytes.
	roots: u64,
}

impl Leaves {
	/// Reads jobs and entries of up to `tiles` tiles, from buffers that the product uses, too.
	pub(super) fn new(
		device: &Device,
		tiles: u32,
		jobs: &wgpu::Buffer,
		entries: &wgpu::Buffer,
	) -> Result<Self, GpuError> {
		let tiles = u64::from(tiles);
		let source = include_str!("kernel.wgsl");
		let leaves = device.kernel("leaves_kernel", source.into())?;
		let nodes = device.kernel("nodes_kernel", source.into())?;
		let total: u64 = LEVELS.iter().sum();
		let hashes = device.storage("hashes", HASH_BYTES * tiles * total)?;
		let constants = device.buffer("constants", 256, BufferUsages::UNIFORM)?;
		device.write(&constants, &CONSTANTS);
		let leaf_group =
			device.bind_at(&leaves, &[(0, jobs), (1, entries), (2, &hashes), (3, &constants)]);
		let mut node_groups = Vec::new();
		let mut below = 0;
		for pair in LEVELS.windows(2) {
			let (count, above) = (tiles * pair[1], below + tiles * pair[0]);
			let level = device.buffer("level", 16, BufferUsages::UNIFORM)?;
			device.write(&level, &[below as u32, above as u32, count as u32, 0]);
			node_groups.push(device.bind_at(&nodes, &[(2, &hashes), (3, &constants), (4, &level)]));
			below = above;
		}
		let roots = HASH_BYTES * below;
		Ok(Self { leaves, nodes, leaf_group, node_groups, hashes, roots })
	}

	/// The dispatches that hash the first `tiles` tiles, in order.
	pub(super) fn dispatches(&self, tiles: u32) -> impl Iterator<Item = Dispatch<'_>> {
		let leaves = Dispatch {
			kernel: &self.leaves,
			group: &self.leaf_group,
			workgroups: [LEVELS[0] as u32 / 64, tiles, 1],
		};
		let nodes = self.node_groups.iter().zip(&LEVELS[1..]).map(move |(group, nodes)| {
			let hashes = tiles * *nodes as u32;
			Dispatch { kernel: &self.nodes, group, workgroups: [hashes.div_ceil(64), 1, 1] }
		});
		std::iter::once(leaves).chain(nodes)
	}

	/// Where the roots of the first `tiles` tiles are.
	pub(super) fn roots(&self, tiles: u32) -> Copy<'_> {
		let size = HASH_BYTES * u64::from(tiles);
		Copy { source: &self.hashes, offset: self.roots, size }
	}

	/// Where the leaf hashes of the first tile are.
	pub(super) fn first_leaves(&self) -> Copy<'_> {
		Copy { source: &self.hashes, offset: 0, size: HASH_BYTES * LEVELS[0] }
	}
}

/// Hashes as the rest of the world writes them.
pub(super) fn read_hashes(words: &[u32]) -> Vec<Hash> {
	let hash = |words: &[u32]| {
		let mut hash = [0; 32];
		for (bytes, word) in hash.chunks_exact_mut(4).zip(words) {
			bytes.copy_from_slice(&word.to_be_bytes());
		}
		hash
	};
	words.chunks_exact(8).map(hash).collect()
}
