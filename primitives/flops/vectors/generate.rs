//! Makes the golden vectors from what the crate computes.

use assay_draw::seed as derive;
use assay_flops::{
	coverage::audit_ratios,
	morton,
	opening::{check, Opening},
	sampling::{drawn, samples},
	seeds::device_seed,
	stream::{entry, line},
	tile::{commitment_root, reference_tile, tile_root},
	Hash, Ratio, Sample, Side,
};
use codec::Encode;
use serde_json::{json, Value};
use sha2::{Digest, Sha256};

/// Tiles whose roots are given.
const TILES: [u32; 3] = [0, 1, 5];

fn sample_json(sample: &Sample) -> Value {
	json!({ "leaf": sample.leaf, "column": sample.column })
}

fn lines(seed: &Hash) -> Value {
	[
		(Side::Left, 0, 0),
		(Side::Left, 0, 255),
		(Side::Left, 3, 17),
		(Side::Right, 0, 0),
		(Side::Right, 2, 100),
		(Side::Right, 32_767, 255),
	]
	.map(|(side, panel, number)| {
		let bytes = line(seed, side, panel, number);
		let name = match side {
			Side::Left => "left",
			Side::Right => "right",
		};
		json!({
			"side": name, "panel": panel, "line": number,
			"prefix": hex::encode(&bytes[..64]),
			"sha256": hex::encode(Sha256::digest(bytes)),
		})
	})
	.to_vec()
	.into()
}

fn entries(seed: &Hash) -> Value {
	[(0, 0, 0), (0, 255, 255), (1, 3, 200), (2, 200, 3), (5, 17, 64), (1_073_741_823, 128, 129)]
		.map(|(tile, row, column)| {
			json!({
				"tile": tile, "row": row, "column": column,
				"value": entry(seed, tile, row, column),
			})
		})
		.to_vec()
		.into()
}

fn sampled(seed: &Hash) -> Value {
	[(0, 0, 1, 4), (0, 1, 3, 16), (7, 0, 10_000, 16), (u64::MAX, u16::MAX, 10_000_000, 16)]
		.map(|(worker, device, tiles, k)| {
			let samples: Vec<_> =
				samples(seed, worker, device, tiles, k).iter().map(sample_json).collect();
			// As a string: a u64 is not exact in every reader of JSON.
			json!({
				"worker": worker.to_string(), "device": device, "tiles": tiles, "k": k,
				"samples": samples,
			})
		})
		.to_vec()
		.into()
}

fn decisions(seed: &Hash) -> Value {
	let decisions = |q: Ratio| -> String {
		(0..64).map(|worker| if drawn(seed, worker, 0, q) { '1' } else { '0' }).collect()
	};
	let (covered, uncovered) = audit_ratios(512, 10_000, 300);
	[Ratio::ZERO, Ratio::ONE, Ratio { num: 1, den: 2 }, covered, uncovered]
		.map(|q| json!({ "num": q.num, "den": q.den, "device": 0, "workers0To63": decisions(q) }))
		.to_vec()
		.into()
}

/// All golden vectors.
pub(crate) fn generate() -> Value {
	let acc = derive(b"golden", &[b"beacon"]);
	let seed = device_seed(&acc, 1, 2, 3);
	let sample_seed = derive(b"golden", &[b"samples"]);

	let tiles = TILES.map(|tile| (tile, reference_tile(&seed, tile)));
	let roots = tiles.each_ref().map(|(tile, entries)| tile_root(*tile, entries).expect("whole"));
	let tile_roots: Vec<_> = tiles
		.iter()
		.zip(&roots)
		.map(|((tile, entries), root)| {
			let (i, j) = morton::panels(*tile);
			json!({
				"tile": tile, "left": i, "right": j, "root": hex::encode(root),
				"firstRow": &entries[..16],
				"sum": entries.iter().map(|x| i64::from(*x)).sum::<i64>(),
			})
		})
		.collect();

	// Of three tiles the last has another root, so that the path has a carried level.
	let claims: Vec<_> = [1, 3]
		.map(|n| {
			let roots = &roots[..n];
			let root = commitment_root(roots).expect("not empty");
			json!({
				"tileRoots": roots.iter().map(hex::encode).collect::<Vec<_>>(),
				"root": hex::encode(root),
			})
		})
		.to_vec();

	let claim = &roots[..2];
	let root = commitment_root(claim).expect("not empty");
	let sample = Sample { leaf: 1_024 + 77 * 4 + 2, column: 41 };
	let opening = Opening::new(&sample, claim, &tiles[1].1).expect("in the claim");
	assert_eq!(check(&seed, &root, 2, &sample, &opening), Ok(()));

	json!({
		"deviceSeeds": [
			{
				"acc": hex::encode(acc), "round": 1, "worker": 2, "device": 3,
				"seed": hex::encode(seed),
			},
			{
				"acc": hex::encode(acc), "round": 1, "worker": 2, "device": 4,
				"seed": hex::encode(device_seed(&acc, 1, 2, 4)),
			},
		],
		"seed": hex::encode(seed),
		"lines": lines(&seed),
		"entries": entries(&seed),
		"tiles": tile_roots,
		"commitments": claims,
		"sampleSeed": hex::encode(sample_seed),
		"samples": sampled(&sample_seed),
		"drawn": decisions(&sample_seed),
		"opening": {
			"tiles": 2, "root": hex::encode(root), "sample": sample_json(&sample),
			"entries": &opening.entries[..],
			"path": opening.path.iter().map(hex::encode).collect::<Vec<_>>(),
			"encoded": hex::encode(opening.encode()),
		},
	})
}
