//! What one opening set costs the chain: its bytes, and its time in the node's own executor on the
//! Wasm that the node runs. Neither may depend on how much work was claimed.

use std::time::{Duration, Instant};

use assay_flops::{sampling, seeds, stream, tile, Hash, Opening, Parameters, Sample};
use assay_runtime::{
	genesis, AccountId, Address, Operators, Runtime, RuntimeCall, RuntimeGenesisConfig,
	RuntimeOrigin, Signature, SignedPayload, System, TxExtension, UncheckedExtrinsic, WASM_BINARY,
};
use codec::{Decode, Encode};
use pallet_proof_of_flops::{Claim, CurrentRound, Round, Rounds, Standing, Standings, Turnout};
use sc_executor::WasmExecutor;
use serde_json::{json, Value};
use sp_core::{
	sr25519,
	traits::{CallContext, CodeExecutor, RuntimeCode, WrappedRuntimeCode},
	Pair, H256,
};
use sp_externalities::Externalities;
use sp_io::{SubstrateHostFunctions, TestExternalities};
use sp_runtime::{ApplyExtrinsicResult, BuildStorage};

/// Largest opening set.
const BYTES_LIMIT: usize = 32 * 1024;
/// Longest execution, the best of many.
const TIME_LIMIT: Duration = Duration::from_millis(5);
const REPETITIONS: u32 = 60;

const ROUND: u32 = 1;
const WORKER: u64 = 0;
const DEVICE: u16 = 0;
const OPENED_AT: u32 = 60;

/// Merges `patch` into `target` (RFC 7396).
fn merge(target: &mut Value, patch: Value) {
	match (target, patch) {
		(Value::Object(target), Value::Object(patch)) => {
			for (key, value) in patch {
				merge(target.entry(key).or_insert(Value::Null), value);
			}
		}
		(target, patch) => *target = patch,
	}
}

/// A development chain with the rules of a live one.
fn chain() -> TestExternalities {
	let mut value = serde_json::to_value(RuntimeGenesisConfig::default()).expect("serialises");
	let preset = genesis::get_preset(&genesis::DEVELOPMENT.into()).expect("the preset exists");
	merge(&mut value, serde_json::from_slice(&preset).expect("the preset is JSON"));
	merge(
		&mut value,
		json!({
			"beacon": { "delay": Parameters::LIVE.delay },
			"proofOfFlops": { "parameters": Parameters::LIVE },
		}),
	);
	let genesis: RuntimeGenesisConfig =
		serde_json::from_value(value).expect("the genesis is valid");
	TestExternalities::new(genesis.build_storage().expect("the genesis builds"))
}

/// A claim of which only the sampled leaves are real. All other tiles share one root, so that even
/// ten million of them need no memory.
struct SparseClaim {
	tiles: u32,
	seed: Hash,
	samples: Vec<Sample>,
}

impl SparseClaim {
	const OTHER_TILE: Hash = [0xee; 32];
	const OTHER_LEAF: Hash = [0xdd; 32];

	/// Only the sampled entries are right; that is all that anybody looks at.
	fn entries(&self, leaf: u64) -> [i32; 64] {
		let mut entries = [0; 64];
		for sample in self.samples.iter().filter(|sample| sample.leaf == leaf) {
			let place = sample.position().expect("a drawn sample has a place");
			entries[usize::from(sample.column)] =
				stream::entry(&self.seed, place.tile, place.row, place.column);
		}
		entries
	}

	/// Leaf hashes of a tile.
	fn leaves(&self, tile: u32) -> Vec<Hash> {
		let mut leaves = vec![Self::OTHER_LEAF; 1_024];
		for sample in self.samples.iter().filter(|sample| sample.leaf >> 10 == u64::from(tile)) {
			let within = usize::try_from(sample.leaf & 1_023).expect("below 1,024");
			let data = tile::leaf_data(&self.entries(sample.leaf));
			leaves[within] = assay_merkle::leaf_hash(sample.leaf, &data);
		}
		leaves
	}

	/// The node at a level above the tiles; `None` beyond the last tile.
	fn node(&self, level: u32, index: u64) -> Option<Hash> {
		let (first, end) = (index << level, (index + 1) << level);
		if first >= u64::from(self.tiles) {
			return None;
		}
		let sampled = |sample: &Sample| (first..end).contains(&(sample.leaf >> 10));
		if end <= u64::from(self.tiles) && !self.samples.iter().any(sampled) {
			let mut hash = Self::OTHER_TILE;
			for _ in 0..level {
				hash = assay_merkle::node_hash(&hash, &hash);
			}
			return Some(hash);
		}
		if level == 0 {
			let tile = u32::try_from(index).expect("tiles have 32 bits");
			return assay_merkle::root(&self.leaves(tile));
		}
		let left = self.node(level - 1, 2 * index)?;
		Some(match self.node(level - 1, 2 * index + 1) {
			Some(right) => assay_merkle::node_hash(&left, &right),
			None => left,
		})
	}

	fn height(&self) -> u32 {
		u64::from(self.tiles).next_power_of_two().trailing_zeros()
	}

	fn root(&self) -> H256 {
		H256(self.node(self.height(), 0).expect("a claim has a tile"))
	}

	fn opening(&self, sample: &Sample) -> Opening {
		let tile = u32::try_from(sample.leaf >> 10).expect("tiles have 32 bits");
		let mut path = assay_merkle::path(&self.leaves(tile), sample.leaf & 1_023)
			.expect("the leaf is in the tile");
		let mut index = u64::from(tile);
		for level in 0..self.height() {
			path.extend(self.node(level, index ^ 1));
			index >>= 1;
		}
		Opening { entries: self.entries(sample.leaf), path }
	}
}

fn account(pair: &sr25519::Pair) -> AccountId {
	AccountId::from(pair.public().0)
}

fn pair(uri: &str) -> sr25519::Pair {
	sr25519::Pair::from_string(uri, None).expect("a development key")
}

fn signed(call: RuntimeCall, signer: &sr25519::Pair) -> Vec<u8> {
	// Immortal, nonce 0, no tip, no metadata hash: everything else in it is empty.
	let extension = TxExtension::decode(&mut &[0u8; 4][..]).expect("an extension of four zeros");
	let payload = SignedPayload::new(call, extension).expect("nothing is missing");
	let signature = payload.using_encoded(|bytes| signer.sign(bytes));
	let (call, extension, _) = payload.deconstruct();
	UncheckedExtrinsic::new_signed(
		call,
		Address::Id(account(signer)),
		Signature::Sr25519(signature),
		extension,
	)
	.encode()
}

/// A chain on which a claim of so many tiles was drawn; the openings' bytes; the call that brings
/// them; and one of the same length that does nothing.
fn drawn_claim(tiles: u32) -> (TestExternalities, usize, Vec<u8>, Vec<u8>) {
	let (operator, key) = (pair("//Alice"), pair("//Bob"));
	let mut externalities = chain();
	let (bytes, reveal, nothing) = externalities.execute_with(|| {
		System::set_block_number(OPENED_AT + 40);
		let origin = || RuntimeOrigin::signed(account(&operator));
		// All of the stake for the service with index 1, which is proof of FLOPS.
		let flops = [(1u8, 1_000_000u32)].to_vec().encode();
		let allocations = Decode::decode(&mut flops.as_slice()).expect("a service and its share");
		Operators::register(origin(), account(&operator), allocations)
			.expect("the operator registers");
		Operators::add_worker(origin(), account(&key)).expect("the worker is added");
		Operators::add_device(origin(), WORKER, Default::default()).expect("the device is added");

		let (beacon, sample) = (H256([1; 32]), H256([2; 32]));
		let claim = SparseClaim {
			tiles,
			seed: seeds::device_seed(&beacon.0, ROUND, WORKER, DEVICE),
			samples: sampling::samples(&sample.0, WORKER, DEVICE, tiles, Parameters::LIVE.samples),
		};
		CurrentRound::<Runtime>::put(ROUND);
		Rounds::<Runtime>::insert(
			ROUND,
			Round {
				opened_at: OPENED_AT,
				opened_slot: 0,
				beacon,
				turnout: Turnout { covered: 0, uncovered: 1 },
				pending: 1,
				sample: Some(sample),
			},
		);
		let pending = Claim {
			round: ROUND,
			tiles,
			size: tiles,
			multiplier: assay_flops::Multiplier::NEWCOMER,
			root: claim.root(),
			committed_at: OPENED_AT + Parameters::LIVE.window,
			covered: false,
			opened: false,
		};
		Standings::<Runtime>::insert(
			WORKER,
			DEVICE,
			Standing {
				last_round: ROUND,
				pending: vec![pending].try_into().expect("one claim fits"),
				..Standing::new(account(&operator), ROUND, 0)
			},
		);
		let openings: Vec<_> = claim.samples.iter().map(|sample| claim.opening(sample)).collect();
		let bytes = openings.encoded_size();
		let reveal = signed(
			RuntimeCall::ProofOfFlops(pallet_proof_of_flops::Call::reveal {
				round: ROUND,
				device: DEVICE,
				openings: openings.try_into().expect("as many as are allowed"),
			}),
			&key,
		);
		let remark = RuntimeCall::System(frame_system::Call::remark { remark: vec![0; bytes] });
		(bytes, reveal, signed(remark, &key))
	});
	externalities.commit_all().expect("no transaction is open");
	(externalities, bytes, reveal, nothing)
}

/// Applies the extrinsic in the executor again and again, each time to the same state, and returns
/// the shortest time.
fn best_time(externalities: &mut TestExternalities, extrinsic: &[u8]) -> Duration {
	let wasm = WASM_BINARY.expect("the Wasm was built: SKIP_WASM_BUILD must not be set");
	let fetcher = WrappedRuntimeCode(wasm.into());
	let code = RuntimeCode { code_fetcher: &fetcher, hash: vec![1], heap_pages: None };
	let executor = WasmExecutor::<SubstrateHostFunctions>::builder().build();
	let mut best = Duration::MAX;
	for _ in 0..REPETITIONS {
		let mut state = externalities.ext();
		state.storage_start_transaction();
		let begin = Instant::now();
		let (result, _) = executor.call(
			&mut state,
			&code,
			"BlockBuilder_apply_extrinsic",
			extrinsic,
			CallContext::Onchain { import: false },
		);
		best = best.min(begin.elapsed());
		state.storage_rollback_transaction().expect("a transaction was started");
		let bytes = result.expect("the runtime does not panic");
		let outcome = ApplyExtrinsicResult::decode(&mut &bytes[..]).expect("an outcome");
		assert_eq!(outcome, Ok(Ok(())), "the extrinsic is applied");
	}
	best
}

#[test]
fn opening_set_should_cost_the_same_when_claims_are_small_or_large() {
	let mut times = Vec::new();
	for tiles in [10, 10_000, 10_000_000] {
		let (mut externalities, bytes, reveal, nothing) = drawn_claim(tiles);
		assert!(bytes <= BYTES_LIMIT, "{tiles} tiles: an opening set of {bytes} bytes");
		let empty = best_time(&mut externalities, &nothing);
		let time = best_time(&mut externalities, &reveal);
		println!(
			"{tiles} tiles: {bytes} bytes, {time:?} in Wasm, of which a transaction that does \
			 nothing takes {empty:?}"
		);
		assert!(time <= TIME_LIMIT, "{tiles} tiles: {time:?}");
		times.push(time);
	}
	let (shortest, longest) = (times.iter().min(), times.iter().max());
	let ratio = longest.map(Duration::as_secs_f64).unwrap_or_default()
		/ shortest.map(Duration::as_secs_f64).unwrap_or(1.0);
	assert!(ratio < 3.0, "the largest claim takes {ratio:.1} times the smallest's time");
}
