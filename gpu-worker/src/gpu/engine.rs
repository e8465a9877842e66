//! From a seed to tile roots.

use super::{
	cache::Cache,
	device::{Copy, Device},
	leaves::{read_hashes, Leaves, HASH_BYTES},
	panels::{Job, Panels},
	product::{Product, Shape, TILE_BYTES},
	AdapterInfo, GpuError, Selection,
};
use assay_flops::{morton, tile, Hash, Side, MAX_TILES};
use std::{
	sync::atomic::{AtomicBool, Ordering},
	time::{Duration, Instant},
};
use wgpu::BufferUsages;

/// How long one submission should take: no API stops one, drivers reset a GPU after about 2 s, and
/// whoever waits for `stop` waits for its end.
const SUBMISSION: Duration = Duration::from_millis(100);
/// How long [`Engine::measure`] runs.
const MEASURE: Duration = Duration::from_millis(500);
/// A tile that multiplies two different panels, neither of them the first.
const TEST_TILE: u32 = 6;

/// What is held in the device's memory at a time.
pub(super) struct Capacity {
	/// Panels of 2 MiB.
	pub(super) panels: u32,
	/// Tiles of a submission, 299 KiB each, at most 512: the roots must fit into `staging`.
	pub(super) tiles: u32,
}

/// One binding holds at most 128 MiB everywhere: 64 panels, which are the factors of 1,024 tiles.
const GPU: Capacity = Capacity { panels: 64, tiles: 256 };
/// A tile takes long enough for a submission of its own.
const CPU: Capacity = Capacity { panels: 32, tiles: 1 };

/// A device that computes tiles. One thread uses it at a time; it can be handed to another one.
///
/// After an error that [is a loss](GpuError::is_lost) every call fails: drop the engine and make
/// a new one. After any other error it can be used again.
pub struct Engine {
	device: Device,
	panels: Panels,
	product: Product,
	leaves: Leaves,
	jobs: wgpu::Buffer,
	entries: wgpu::Buffer,
	staging: wgpu::Buffer,
	cache: Cache,
	/// Whose panels the cache holds.
	seed: Option<Hash>,
	capacity: u32,
	/// Tiles of the next submission.
	batch: u32,
}

/// What openings of a tile are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TileLeaves {
	/// The 65,536 entries, row by row.
	pub entries: Vec<i32>,
	/// The 1,024 leaf hashes.
	pub leaves: Vec<Hash>,
}

/// How long the parts of a batch take by themselves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stages {
	/// Tiles of the batch.
	pub(super) tiles: u32,
	/// Generation of all panels of the batch.
	pub(super) panels: Duration,
	/// Number of those panels.
	pub(super) panel_count: u32,
	/// The products.
	pub(super) product: Duration,
	/// Hashing of leaves and nodes.
	pub(super) leaves: Duration,
}

impl Engine {
	/// Opens the device that `selection` names, compiles the kernels, and on a GPU chooses the
	/// fastest shape of the product. Takes up to a few seconds.
	///
	/// # Errors
	/// No such device, more than one, a processor without `allow_cpu`, or a driver that cannot do
	/// what is needed.
	pub fn new(selection: &Selection, allow_cpu: bool) -> Result<Self, GpuError> {
		let device = Device::open(selection, allow_cpu)?;
		match device.info().is_cpu() {
			true => Self::build(device, CPU, &[Shape::CPU]),
			false => Self::build(device, GPU, &Shape::GPU),
		}
	}

	/// An engine of this size, with the fastest of `shapes`.
	pub(super) fn build(
		device: Device,
		capacity: Capacity,
		shapes: &[Shape],
	) -> Result<Self, GpuError> {
		let Capacity { panels, tiles } = capacity;
		let cache = Cache::new(panels as usize);
		let panels = Panels::new(&device, panels)?;
		let jobs = device.storage("tile jobs", 16 * u64::from(tiles))?;
		let entries = device.storage("entries", TILE_BYTES * u64::from(tiles))?;
		let product = |shape| Product::new(&device, shape, &jobs, &panels.buffer, &entries);
		let mut products = shapes.iter().map(|shape| product(*shape));
		let first = products.next().ok_or_else(|| GpuError::Driver("no shape".into()))??;
		let others = products.collect::<Result<Vec<_>, _>>()?;
		let leaves = Leaves::new(&device, tiles, &jobs, &entries)?;
		let opening = TILE_BYTES + 1024 * HASH_BYTES;
		let usage = BufferUsages::MAP_READ | BufferUsages::COPY_DST;
		let staging = device.buffer("staging", opening, usage)?;
		let mut engine = Self {
			device,
			panels,
			product: first,
			leaves,
			jobs,
			entries,
			staging,
			cache,
			seed: None,
			capacity: tiles,
			batch: 1,
		};
		engine.tune(others)?;
		let (device, shape) = (engine.info().to_string(), engine.product.shape());
		tracing::info!(%device, ?shape, "device opened");
		Ok(engine)
	}

	/// What the driver says about the device.
	pub fn info(&self) -> &AdapterInfo {
		self.device.info()
	}

	/// Compares a whole tile with the reference on the processor: entries, leaf hashes and root.
	///
	/// # Errors
	/// [`GpuError::SelfTest`] when the device computes something else.
	pub fn self_test(&mut self) -> Result<(), GpuError> {
		let seed: Hash = *b"assay self-test of a device 0001";
		let wrong = |what: &str| Err(GpuError::SelfTest(what.into()));
		let TileLeaves { entries, leaves } = self.tile_leaves(&seed, TEST_TILE)?;
		let expected = tile::reference_tile(&seed, TEST_TILE);
		let differing = entries.iter().zip(&expected).filter(|(ours, right)| ours != right).count();
		if differing > 0 || entries.len() != expected.len() {
			return wrong(&format!("{differing} entries of tile {TEST_TILE} differ"));
		}
		if Some(&leaves) != tile::tile_leaf_hashes(TEST_TILE, &expected).as_ref() {
			return wrong("leaf hashes differ");
		}
		// In the middle of a batch, where another place of every buffer is used.
		let root = tile::tile_root(TEST_TILE, &expected);
		self.batch = self.capacity.min(4);
		let roots = self.tile_roots(&seed, TEST_TILE - 1, 3, &AtomicBool::new(false))?;
		if roots.get(1) != root.as_ref() {
			return wrong("the root of a tile differs");
		}
		Ok(())
	}

	/// Roots of the tiles `first_tile` to `first_tile + count − 1` of the device's seed, in order.
	///
	/// Looks at `stop` before every submission (≈ 100 ms) and then returns the roots so far.
	///
	/// # Errors
	/// The device is lost or fails; what was computed by this call is given up then.
	pub fn tile_roots(
		&mut self,
		seed: &Hash,
		first_tile: u32,
		count: u32,
		stop: &AtomicBool,
	) -> Result<Vec<Hash>, GpuError> {
		let end = u64::from(first_tile) + u64::from(count);
		if end > u64::from(MAX_TILES) {
			return Err(GpuError::TileOutOfRange(end - 1));
		}
		let mut roots: Vec<Hash> = Vec::new();
		while (roots.len() as u64) < u64::from(count) && !stop.load(Ordering::Acquire) {
			let done = roots.len() as u32;
			let wanted = (count - done).min(self.batch);
			let begun = Instant::now();
			let (tiles, words) = self.submit(seed, first_tile + done, wanted, Output::Roots)?;
			self.adapt(tiles, begun.elapsed());
			roots.extend(read_hashes(&words));
		}
		Ok(roots)
	}

	/// Entries and leaf hashes of one tile, to open leaves of it. This is the only way by which
	/// entries leave the device.
	///
	/// # Errors
	/// The device is lost or fails.
	pub fn tile_leaves(&mut self, seed: &Hash, tile: u32) -> Result<TileLeaves, GpuError> {
		if tile >= MAX_TILES {
			return Err(GpuError::TileOutOfRange(tile.into()));
		}
		let (_, mut words) = self.submit(seed, tile, 1, Output::Opening)?;
		let leaves = read_hashes(&words.split_off(tile::TILE_ENTRIES));
		Ok(TileLeaves { entries: bytemuck::cast_vec(words), leaves })
	}

	/// Measured rate in tiles a second, all parts included; one tile is 2.147 GFLOP.
	///
	/// # Errors
	/// The device is lost or fails.
	pub fn measure(&mut self) -> Result<f64, GpuError> {
		let seed: Hash = *b"assay measurement of a rate 0001";
		let never = AtomicBool::new(false);
		// The first submissions find the batch size, and wake the device up.
		let mut done = 0u32;
		let warm = Instant::now();
		while done == 0 || (self.batch < self.capacity && warm.elapsed() < MEASURE) {
			done += self.tile_roots(&seed, done, self.batch, &never)?.len() as u32;
		}
		let (first, begun) = (done, Instant::now());
		while done - first < 2 || begun.elapsed() < MEASURE {
			done += self.tile_roots(&seed, done, self.batch, &never)?.len() as u32;
		}
		Ok(f64::from(done - first) / begun.elapsed().as_secs_f64())
	}

	/// Computes up to `wanted` tiles from `first` on, fewer when their panels do not fit, and
	/// returns how many, and what was asked for.
	fn submit(
		&mut self,
		seed: &Hash,
		first: u32,
		wanted: u32,
		output: Output,
	) -> Result<(u32, Vec<u32>), GpuError> {
		let (panel_jobs, tile_jobs) = self.plan(seed, first, wanted);
		let tiles = tile_jobs.len() as u32;
		self.device.write(&self.jobs, &tile_jobs);
		let mut dispatches = Vec::new();
		if !panel_jobs.is_empty() {
			dispatches.push(self.panels.dispatch(&self.device, seed, &panel_jobs));
		}
		dispatches.push(self.product.dispatch(tiles));
		dispatches.extend(self.leaves.dispatches(tiles));
		let copies = match output {
			Output::Roots => vec![self.leaves.roots(tiles)],
			Output::Opening => {
				let entries = Copy { source: &self.entries, offset: 0, size: TILE_BYTES };
				vec![entries, self.leaves.first_leaves()]
			}
		};
		let result = self.device.run(&dispatches, &copies, &self.staging);
		if result.is_err() {
			// Nobody knows which panels were generated.
			self.seed = None;
		}
		Ok((tiles, result?))
	}

	/// Panels to generate, and the jobs of up to `wanted` tiles from `first` on; at least one tile.
	fn plan(&mut self, seed: &Hash, first: u32, wanted: u32) -> (Vec<Job>, Vec<[u32; 4]>) {
		if self.seed.as_ref() != Some(seed) {
			self.cache.clear();
			self.seed = Some(*seed);
		}
		self.cache.begin();
		let (mut panel_jobs, mut tile_jobs) = (Vec::new(), Vec::new());
		for tile in first..first + wanted.min(self.capacity) {
			let (i, j) = morton::panels(tile);
			let mut slots = [0; 2];
			let mut new = Vec::new();
			for (place, (side, panel)) in slots.iter_mut().zip([(Side::Left, i), (Side::Right, j)])
			{
				let Some((slot, generate)) = self.cache.slot((side, panel)) else {
					for job in new {
						let Job { side, panel, .. } = job;
						self.cache.forget((side, panel));
					}
					return (panel_jobs, tile_jobs);
				};
				*place = slot;
				if generate {
					new.push(Job { slot, side, panel });
				}
			}
			panel_jobs.extend(new);
			tile_jobs.push([slots[0], slots[1], tile, 0]);
		}
		(panel_jobs, tile_jobs)
	}

	/// Chooses the size of the next submission by the time of the last one.
	fn adapt(&mut self, tiles: u32, took: Duration) {
		let ratio = SUBMISSION.as_secs_f64() / took.as_secs_f64().max(1e-6);
		// A batch that was cut short says nothing about larger ones, but being slow always counts.
		if tiles == self.batch || ratio < 1.0 {
			let next = f64::from(tiles) * ratio.clamp(0.1, 2.0);
			self.batch = (next as u32).clamp(1, self.capacity);
		}
	}

	/// Keeps the fastest product.
	fn tune(&mut self, others: Vec<Product>) -> Result<(), GpuError> {
		if others.is_empty() {
			return Ok(());
		}
		let mut best = self.product_time()?;
		for mut other in others {
			std::mem::swap(&mut self.product, &mut other);
			let time = self.product_time()?;
			tracing::debug!(shape = ?self.product.shape(), ?time, "shape timed");
			if time < best {
				best = time;
			} else {
				std::mem::swap(&mut self.product, &mut other);
			}
		}
		Ok(())
	}

	/// Time of one tile in a batch, best of three, growing the batch until it takes long enough to
	/// be measured.
	fn product_time(&mut self) -> Result<Duration, GpuError> {
		let mut tiles = 1;
		loop {
			let stages = self.stages(tiles)?;
			if stages.product > SUBMISSION / 4 || tiles == self.capacity {
				let again = [self.stages(tiles)?, self.stages(tiles)?];
				let times = again.map(|stages| stages.product);
				return Ok(times.into_iter().fold(stages.product, Duration::min) / stages.tiles);
			}
			tiles = (tiles * 2).min(self.capacity);
		}
	}

	/// Times the parts of a batch of up to `tiles` tiles one by one.
	pub(super) fn stages(&mut self, tiles: u32) -> Result<Stages, GpuError> {
		let seed: Hash = *b"assay timing of a device's parts";
		self.seed = None;
		let (panel_jobs, tile_jobs) = self.plan(&seed, 0, tiles);
		let tiles = tile_jobs.len() as u32;
		self.device.write(&self.jobs, &tile_jobs);
		let time = |dispatches: &[_]| {
			// The upload of jobs must not count.
			self.device.run(&[], &[], &self.staging)?;
			let begun = Instant::now();
			self.device.run(dispatches, &[], &self.staging)?;
			Ok(begun.elapsed())
		};
		let panels = time(&[self.panels.dispatch(&self.device, &seed, &panel_jobs)])?;
		let product = time(&[self.product.dispatch(tiles)])?;
		let leaves = time(&self.leaves.dispatches(tiles).collect::<Vec<_>>())?;
		let panel_count = panel_jobs.len() as u32;
		Ok(Stages { tiles, panels, panel_count, product, leaves })
	}

	/// Tiles of one submission, as found so far.
	pub(super) fn batch(&self) -> u32 {
		self.batch
	}

	/// Tries this many tiles in the next submission.
	#[cfg(test)]
	pub(super) fn set_batch(&mut self, tiles: u32) {
		self.batch = tiles.min(self.capacity);
	}

	/// Takes the device away, as a driver's reset would.
	#[cfg(test)]
	pub(super) fn destroy(&self) {
		self.device.destroy();
	}
}

/// What a submission returns.
enum Output {
	/// The roots of all its tiles.
	Roots,
	/// Entries and leaf hashes of its only tile.
	Opening,
}
