//! The golden vectors of `assay-flops`, as this pallet uses them.

use crate::sparse;
use assay_flops::{opening, sampling, seeds, tile, Hash, Opening, Sample};
use codec::Decode;
use serde_json::Value;

fn golden() -> Value {
	serde_json::from_str(include_str!("../../../../primitives/flops/vectors/golden.json")).unwrap()
}

fn hash(value: &Value) -> Hash {
	hex::decode(value.as_str().unwrap()).unwrap().try_into().unwrap()
}

/// A number; those of 64 bits are strings, since many readers of JSON have none.
fn number<N: TryFrom<i128>>(value: &Value) -> N
where
	N::Error: core::fmt::Debug,
{
	let number = match value.as_str() {
		Some(text) => text.parse().unwrap(),
		None => i128::from(value.as_i64().unwrap()),
	};
	number.try_into().unwrap()
}

fn sample(value: &Value) -> Sample {
	Sample { leaf: number(&value["leaf"]), column: number(&value["column"]) }
}

#[test]
fn golden_seeds_should_be_those_of_the_pallet() {
	for case in golden()["deviceSeeds"].as_array().unwrap() {
		let seed = seeds::device_seed(
			&hash(&case["acc"]),
			number(&case["round"]),
			number(&case["worker"]),
			number(&case["device"]),
		);
		assert_eq!(seed, hash(&case["seed"]));
	}
}

#[test]
fn golden_samples_should_be_those_of_the_pallet() {
	let golden = golden();
	let seed = hash(&golden["sampleSeed"]);
	for case in golden["samples"].as_array().unwrap() {
		let samples = sampling::samples(
			&seed,
			number(&case["worker"]),
			number(&case["device"]),
			number(&case["tiles"]),
			number(&case["k"]),
		);
		let expected: Vec<Sample> =
			case["samples"].as_array().unwrap().iter().map(sample).collect();
		assert_eq!(samples, expected);
	}
}

#[test]
fn golden_opening_should_be_accepted_and_decoded_as_an_argument_of_reveal() {
	let golden = golden();
	let (seed, case) = (hash(&golden["seed"]), &golden["opening"]);
	let entries: Vec<i32> = case["entries"].as_array().unwrap().iter().map(number).collect();
	let right = Opening {
		entries: entries.try_into().unwrap(),
		path: case["path"].as_array().unwrap().iter().map(hash).collect(),
	};
	let encoded = hex::decode(case["encoded"].as_str().unwrap()).unwrap();
	assert_eq!(Opening::decode(&mut &encoded[..]).unwrap(), right);
	let (root, tiles) = (hash(&case["root"]), number(&case["tiles"]));
	let sample = sample(&case["sample"]);
	assert_eq!(opening::check(&seed, &root, tiles, &sample, &right), Ok(()));
	// The sparse trees of the other tests hold the same entries.
	let (_, openings) = sparse::openings(&seed, tiles, &[sample]);
	assert_eq!(openings[0].entries, right.entries);
	assert_eq!(openings[0].path.len(), right.path.len());
}

#[test]
fn golden_roots_should_be_those_of_the_trees_that_the_pallet_opens() {
	let golden = golden();
	let case = &golden["commitments"][0];
	let roots: Vec<Hash> = case["tileRoots"].as_array().unwrap().iter().map(hash).collect();
	assert_eq!(tile::commitment_root(&roots).unwrap(), hash(&case["root"]));
	// A whole tile, computed here, in the tree of the other tests.
	let seed = hash(&golden["seed"]);
	let entries = tile::reference_tile(&seed, 0);
	let leaves = (0..).zip(tile::tile_leaf_hashes(0, &entries).unwrap()).collect();
	let (root, paths) = sparse::tree(1, &leaves);
	assert_eq!(root, roots[0]);
	let sample = Sample { leaf: 777, column: 5 };
	let opening = Opening {
		entries: entries[777 * 64..778 * 64].try_into().unwrap(),
		path: paths[&777].clone(),
	};
	assert_eq!(opening::check(&seed, &root, 1, &sample, &opening), Ok(()));
}
