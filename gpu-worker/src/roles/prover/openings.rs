//! Openings from recomputed tiles and stored tile roots.

use crate::gpu::TileLeaves;
use assay_flops::{opening, Fault, Hash, Opening, Sample, LEAF_ENTRIES};
use assay_merkle::node_hash;
use std::collections::{BTreeMap, BTreeSet};

/// Why openings cannot be built, or would convict.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
	/// The stored roots do not lead to the committed root.
	#[error("the stored tile roots do not lead to the committed root")]
	OtherRoot,
	/// A sample lies outside of the claim.
	#[error("sample {0} lies outside of the claim")]
	OutOfRange(usize),
	/// A tile that is needed was not recomputed, or not as a whole.
	#[error("tile {0} is missing")]
	MissingTile(u32),
	/// The worker's own check failed: the opening would convict.
	#[error("opening {number} fails the chain's own check: {fault}")]
	Fault {
		/// Which opening.
		number: usize,
		/// Why it fails.
		fault: Fault,
	},
}

/// The tiles that have to be recomputed for some samples.
pub fn tiles_of(samples: &[Sample]) -> BTreeSet<u32> {
	samples.iter().filter_map(|sample| sample.position()).map(|place| place.tile).collect()
}

/// Siblings of each of `wanted` in the tree over `leaves`, and the tree's root, in one pass.
///
/// The tree has millions of leaves on a fast device, so it is built once for all paths and only one
/// level of it is kept.
fn paths(leaves: &[Hash], wanted: &BTreeSet<u32>) -> Option<(Hash, BTreeMap<u32, Vec<Hash>>)> {
	let mut paths: BTreeMap<u32, Vec<Hash>> = wanted.iter().map(|leaf| (*leaf, vec![])).collect();
	let mut level = leaves.to_vec();
	let mut height = 0u32;
	while level.len() > 1 {
		for (leaf, path) in &mut paths {
			let position = usize::try_from(*leaf).ok()? >> height;
			if let Some(sibling) = level.get(position ^ 1) {
				path.push(*sibling);
			}
		}
		level = level
			.chunks(2)
			.filter_map(|pair| match pair {
				[left, right] => Some(node_hash(left, right)),
				[carried] => Some(*carried),
				_ => None,
			})
			.collect();
		height += 1;
	}
	Some((*level.first()?, paths))
}

/// Builds the openings of `samples`, in their order.
///
/// `roots` are those of all tiles of the claim; `tiles` holds the recomputed ones.
pub fn build(
	root: &Hash,
	roots: &[Hash],
	samples: &[Sample],
	tiles: &BTreeMap<u32, TileLeaves>,
) -> Result<Vec<Opening>, Error> {
	let (found, upper) = paths(roots, &tiles_of(samples)).ok_or(Error::OtherRoot)?;
	if found != *root {
		return Err(Error::OtherRoot);
	}
	let leaf_entries = usize::try_from(LEAF_ENTRIES).unwrap_or(64);
	samples
		.iter()
		.enumerate()
		.map(|(number, sample)| {
			let place = sample.position().ok_or(Error::OutOfRange(number))?;
			if usize::try_from(place.tile).map_or(true, |tile| tile >= roots.len()) {
				return Err(Error::OutOfRange(number));
			}
			let missing = || Error::MissingTile(place.tile);
			let tile = tiles.get(&place.tile).ok_or_else(missing)?;
			let within = sample.leaf & 1_023;
			let index = usize::try_from(within).map_err(|_| missing())?;
			let entries = tile
				.entries
				.chunks_exact(leaf_entries)
				.nth(index)
				.and_then(|entries| entries.first_chunk())
				.ok_or_else(missing)?;
			let mut path = assay_merkle::path(&tile.leaves, within).ok_or_else(missing)?;
			path.extend(upper.get(&place.tile).into_iter().flatten());
			Ok(Opening { entries: *entries, path })
		})
		.collect()
}

/// Judges openings as the chain will.
pub fn check(
	seed: &Hash,
	root: &Hash,
	tiles: u32,
	samples: &[Sample],
	openings: &[Opening],
) -> Result<(), Error> {
	for (number, (sample, opening)) in samples.iter().zip(openings).enumerate() {
		opening::check(seed, root, tiles, sample, opening)
			.map_err(|fault| Error::Fault { number, fault })?;
	}
	Ok(())
}

#[cfg(test)]
mod tests {
	use super::*;
	use assay_flops::{sampling, tile};

	const SEED: Hash = [3; 32];

	fn tile_of(number: u32) -> TileLeaves {
		let entries = tile::reference_tile(&SEED, number);
		let leaves = tile::tile_leaf_hashes(number, &entries).expect("a whole tile");
		TileLeaves { entries, leaves }
	}

	fn root_of(tile: &TileLeaves) -> Hash {
		assay_merkle::root(&tile.leaves).expect("1,024 leaves")
	}

	#[test]
	fn openings_should_satisfy_the_chain_when_built_from_stored_roots() {
		// Five tiles: the fifth is carried up two levels.
		let tiles: BTreeMap<u32, _> = (0..5).map(|number| (number, tile_of(number))).collect();
		let roots: Vec<Hash> = tiles.values().map(root_of).collect();
		let root = tile::commitment_root(&roots).expect("five tiles");

		let folder = tempfile::tempdir().expect("a temporary folder");
		let store = crate::store::Store::open(&folder.path().join("s.redb")).expect("a new store");
		store.append(&SEED, 0, &roots).expect("writable");
		let stored = store.roots(&SEED, 5).expect("readable");

		let mut samples = sampling::samples(&[9; 32], 1, 0, 5, 16);
		samples.push(Sample { leaf: 0, column: 0 });
		samples.push(Sample { leaf: 5 * 1_024 - 1, column: 63 });
		let openings = build(&root, &stored, &samples, &tiles).expect("all tiles are there");
		assert_eq!(openings.len(), samples.len());
		assert_eq!(check(&SEED, &root, 5, &samples, &openings), Ok(()));

		let mut wrong = openings.clone();
		wrong[3].entries[usize::from(samples[3].column)] += 1;
		assert!(matches!(
			check(&SEED, &root, 5, &samples, &wrong),
			Err(Error::Fault { number: 3, .. })
		));
		assert!(check(&[4; 32], &root, 5, &samples, &openings).is_err(), "another fork's seed");
	}

	#[test]
	fn openings_should_not_be_built_when_something_is_missing() {
		let tiles: BTreeMap<u32, _> = [(0, tile_of(0))].into();
		let roots = vec![root_of(&tiles[&0]), [1; 32]];
		let root = tile::commitment_root(&roots).expect("two tiles");
		let sample = |leaf| [Sample { leaf, column: 0 }];
		assert!(build(&root, &roots, &sample(0), &tiles).is_ok());
		assert_eq!(build(&[0; 32], &roots, &sample(0), &tiles), Err(Error::OtherRoot));
		assert_eq!(build(&root, &roots[..1], &sample(0), &tiles), Err(Error::OtherRoot));
		assert_eq!(build(&root, &[], &sample(0), &tiles), Err(Error::OtherRoot));
		assert_eq!(build(&root, &roots, &sample(1_024), &tiles), Err(Error::MissingTile(1)));
		assert_eq!(build(&root, &roots, &sample(2_048), &tiles), Err(Error::OutOfRange(0)));
	}

	#[test]
	fn paths_should_equal_those_of_the_merkle_library() {
		for count in 1..=33u8 {
			let leaves: Vec<Hash> = (0..count).map(|byte| [byte; 32]).collect();
			let wanted: BTreeSet<u32> = (0..u32::from(count)).collect();
			let (root, paths) = paths(&leaves, &wanted).expect("not empty");
			assert_eq!(Some(root), assay_merkle::root(&leaves));
			for (leaf, path) in paths {
				assert_eq!(Some(path), assay_merkle::path(&leaves, leaf.into()));
			}
		}
	}
}
