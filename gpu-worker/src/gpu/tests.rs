use super::{
	adapter, bench, device::Device, engine::Capacity, product::Shape, Engine, GpuError, Selection,
	TileLeaves,
};
use assay_flops::{morton, stream, tile, Hash, MAX_TILES};
use serde_json::Value;
use std::{
	sync::{
		atomic::{AtomicBool, Ordering},
		Arc, OnceLock,
	},
	time::{Duration, Instant},
};

static RUNNING: AtomicBool = AtomicBool::new(false);

/// The adapter that tests run on: `ASSAY_TEST_DEVICE`, or else the only one.
fn selection() -> Selection {
	std::env::var("ASSAY_TEST_DEVICE").map_or(Selection::Only, |text| {
		text.parse().unwrap_or_else(|error| panic!("ASSAY_TEST_DEVICE: {error}"))
	})
}

fn some<T>(opened: Result<T, GpuError>) -> T {
	opened.unwrap_or_else(|error| {
		panic!("the tests of kernels need a device: {error}; {}", error.fix())
	})
}

/// A device for the test of one kernel.
pub(super) fn cpu_or_gpu() -> Device {
	some(Device::open(&selection(), true))
}

fn engine() -> Engine {
	some(Engine::new(&selection(), true))
}

/// Roots of the first tiles by the reference on the processor.
fn reference(seed: &Hash, tiles: u32) -> Vec<Hash> {
	(0..tiles)
		.map(|number| tile::tile_root(number, &tile::reference_tile(seed, number)).unwrap())
		.collect()
}

fn golden() -> &'static Value {
	static GOLDEN: OnceLock<Value> = OnceLock::new();
	GOLDEN.get_or_init(|| {
		let text = include_str!("../../../primitives/flops/vectors/golden.json");
		serde_json::from_str(text).expect("golden.json is JSON")
	})
}

fn hash(value: &Value) -> Hash {
	let text = value.as_str().expect("a hash in hexadecimal digits");
	hex::decode(text).expect("hexadecimal digits").try_into().expect("32 bytes")
}

fn number(value: &Value) -> i64 {
	value.as_i64().expect("a number")
}

#[test]
fn adapters_should_be_listed_when_the_driver_is_installed() {
	let adapters = adapter::list();
	assert!(!adapters.is_empty(), "{}", GpuError::NoAdapter.fix());
	for (index, info) in adapters.iter().enumerate() {
		assert_eq!(info.index, index);
		assert!(!info.name.is_empty() && !info.driver.is_empty());
		assert!(info.to_string().contains(&info.pci_id()));
	}
}

#[test]
fn engine_should_refuse_a_cpu_adapter_when_it_is_not_allowed() {
	for info in adapter::list().into_iter().filter(|info| info.is_cpu()) {
		let refused = Engine::new(&Selection::Index(info.index), false).err();
		assert_eq!(refused, Some(GpuError::CpuNotAllowed(info.name)));
	}
}

#[test]
fn engine_should_equal_the_golden_vectors_when_they_are_computed_on_the_device() {
	let (golden, mut engine) = (golden(), engine());
	let seed = hash(&golden["seed"]);
	let tiles = golden["tiles"].as_array().expect("tiles");
	assert!(!tiles.is_empty());
	for expected in tiles {
		let tile = number(&expected["tile"]) as u32;
		let root = hash(&expected["root"]);
		assert_eq!(engine.tile_roots(&seed, tile, 1, &RUNNING), Ok(vec![root]), "tile {tile}");
		let TileLeaves { entries, leaves } = engine.tile_leaves(&seed, tile).unwrap();
		assert_eq!(assay_merkle::root(&leaves), Some(root));
		assert_eq!(entries.iter().map(|e| i64::from(*e)).sum::<i64>(), number(&expected["sum"]));
		let first_row = expected["firstRow"].as_array().expect("entries");
		assert!(first_row.iter().zip(&entries).all(|(e, ours)| number(e) == i64::from(*ours)));
	}
	for expected in golden["entries"].as_array().expect("entries") {
		let at = |key: &str| number(&expected[key]) as usize;
		let TileLeaves { entries, .. } = engine.tile_leaves(&seed, at("tile") as u32).unwrap();
		let entry = entries[256 * at("row") + at("column")];
		assert_eq!(i64::from(entry), number(&expected["value"]), "{expected}");
	}
	let opening = &golden["opening"];
	let roots = engine.tile_roots(&seed, 0, number(&opening["tiles"]) as u32, &RUNNING).unwrap();
	assert_eq!(tile::commitment_root(&roots), Some(hash(&opening["root"])));
}

#[test]
fn engine_should_open_what_it_committed_when_the_chain_asks() {
	let seed: Hash = core::array::from_fn(|place| 251 - 7 * place as u8);
	let mut engine = engine();
	let roots = engine.tile_roots(&seed, 0, 3, &RUNNING).unwrap();
	let root = tile::commitment_root(&roots).unwrap();
	let samples = assay_flops::sampling::samples(&[5; 32], 1, 0, 3, 4);
	for sample in samples {
		let TileLeaves { entries, leaves } =
			engine.tile_leaves(&seed, (sample.leaf >> 10) as u32).unwrap();
		assert_eq!(tile::tile_leaf_hashes((sample.leaf >> 10) as u32, &entries), Some(leaves));
		let opening = assay_flops::Opening::new(&sample, &roots, &entries).unwrap();
		assert_eq!(assay_flops::opening::check(&seed, &root, 3, &sample, &opening), Ok(()));
	}
}

#[test]
fn engine_should_equal_the_reference_when_seeds_and_tiles_vary() {
	let mut engine = engine();
	// Any order of seeds and places: no panel of one seed may serve another.
	let last = MAX_TILES - 1;
	for (seed, tile) in [([1; 32], last), ([2; 32], 0), ([1; 32], 12_345), ([2; 32], 1)] {
		let TileLeaves { entries, leaves } = engine.tile_leaves(&seed, tile).unwrap();
		let roots = engine.tile_roots(&seed, tile, 1, &RUNNING).unwrap();
		assert_eq!(assay_merkle::root(&leaves), Some(roots[0]));
		for (row, column) in [(0, 0), (0, 255), (255, 0), (255, 255), (77, 130), (200, 3)] {
			let expected = stream::entry(&seed, tile, row, column);
			assert_eq!(entries[(256 * row + column) as usize], expected, "{tile} {row} {column}");
		}
	}
}

#[test]
fn roots_should_not_depend_on_the_batches_when_a_range_is_split() {
	let seed = [9; 32];
	let mut engine = engine();
	let whole = engine.tile_roots(&seed, 0, 6, &RUNNING).unwrap();
	let mut parts = engine.tile_roots(&seed, 0, 1, &RUNNING).unwrap();
	parts.extend(engine.tile_roots(&seed, 1, 4, &RUNNING).unwrap());
	parts.extend(engine.tile_roots(&seed, 5, 1, &RUNNING).unwrap());
	assert_eq!(whole, parts);
	assert_eq!(whole[..2], reference(&seed, 2));
	assert_eq!(engine.tile_roots(&seed, 3, 0, &RUNNING), Ok(vec![]));

	// As on a GPU, with memory for four tiles and five panels: tiles 2 to 5 need six.
	let capacity = Capacity { panels: 5, tiles: 4 };
	let mut large = some(Engine::build(cpu_or_gpu(), capacity, &Shape::GPU));
	for (first, count) in [(0, 6), (2, 4), (0, 3), (1, 1)] {
		large.set_batch(4);
		let expected = whole[first as usize..][..count as usize].to_vec();
		assert_eq!(large.tile_roots(&seed, first, count, &RUNNING), Ok(expected), "{first}");
	}
}

#[test]
fn plan_should_generate_a_panel_once_when_tiles_share_it() {
	// 64 tiles in Morton order are 8 × 8: 16 panels.
	let used: std::collections::BTreeSet<_> =
		(0..64).map(morton::panels).flat_map(|(i, j)| [(0, i), (1, j)]).collect();
	assert_eq!(used.len(), 16);
	let mut cache = super::cache::Cache::new(16);
	let mut generated = 0;
	for (i, j) in (0..64).map(morton::panels) {
		cache.begin();
		for panel in [(assay_flops::Side::Left, i), (assay_flops::Side::Right, j)] {
			generated += u32::from(cache.slot(panel).unwrap().1);
		}
	}
	assert_eq!(generated, 16);
}

#[test]
fn engine_should_return_what_it_has_when_it_is_stopped() {
	let mut engine = engine();
	let stop = Arc::new(AtomicBool::new(false));
	assert_eq!(engine.tile_roots(&[3; 32], 0, 5, &AtomicBool::new(true)), Ok(vec![]));
	let setter = stop.clone();
	let begun = Instant::now();
	let thread = std::thread::spawn(move || {
		std::thread::sleep(Duration::from_millis(300));
		setter.store(true, Ordering::Release);
	});
	let roots = engine.tile_roots(&[3; 32], 0, MAX_TILES, &stop).unwrap();
	assert!(begun.elapsed() < Duration::from_secs(10), "stopping took {:?}", begun.elapsed());
	thread.join().unwrap();
	assert!(!roots.is_empty());
	assert_eq!(engine.tile_roots(&[3; 32], 0, 1, &RUNNING).unwrap()[0], roots[0]);
}

#[test]
fn engine_should_refuse_tiles_when_they_are_beyond_the_largest_claim() {
	let mut engine = engine();
	let beyond = Err(GpuError::TileOutOfRange(u64::from(MAX_TILES)));
	assert_eq!(engine.tile_roots(&[0; 32], MAX_TILES - 1, 2, &RUNNING), beyond);
	let largest = engine.tile_roots(&[0; 32], u32::MAX, u32::MAX, &RUNNING);
	assert!(matches!(largest, Err(GpuError::TileOutOfRange(_))));
	assert!(matches!(engine.tile_leaves(&[0; 32], MAX_TILES), Err(GpuError::TileOutOfRange(_))));
}

#[test]
fn engine_should_say_that_the_device_is_lost_and_a_new_one_go_on_when_it_is_taken_away() {
	let mut first = engine();
	let roots = first.tile_roots(&[4; 32], 0, 1, &RUNNING).unwrap();
	first.destroy();
	for _ in 0..2 {
		let error = first.tile_roots(&[4; 32], 0, 1, &RUNNING).unwrap_err();
		assert!(error.is_lost(), "{error:?}");
		assert!(!error.fix().is_empty());
	}
	drop(first);
	assert_eq!(engine().tile_roots(&[4; 32], 0, 1, &RUNNING), Ok(roots));
}

#[test]
fn self_test_and_rates_should_pass_when_the_device_is_sound() {
	let mut engine = engine();
	assert_eq!(engine.self_test(), Ok(()));
	let measured = bench(&mut engine, 1).unwrap();
	assert!(measured.tiles_per_second > 0.0 && measured.ratio > 0.0);
	assert!(measured.product_gflops.is_finite() && measured.hashing_milliseconds > 0.0);
	println!("{measured}");
}

#[test]
fn engine_should_move_between_threads_when_it_is_handed_over() {
	fn send<T: Send>(value: T) -> T {
		value
	}
	let mut engine = send(engine());
	let thread = std::thread::spawn(move || engine.tile_roots(&[6; 32], 2, 1, &RUNNING));
	assert_eq!(thread.join().unwrap().map(|roots| roots.len()), Ok(1));
}
