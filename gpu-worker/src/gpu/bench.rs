//! How fast a device is, next to the processor in the same run.

use super::{Engine, GpuError};
use assay_flops::{tile, TILE_FLOP};
use std::{
	fmt, iter,
	time::{Duration, Instant},
};

/// Rates and parts, each the best of several runs: on a shared machine a median says more about the
/// neighbours than about the device.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Benchmark {
	/// Device that was measured.
	pub device: String,
	/// Tiles a second, all parts included.
	pub tiles_per_second: f64,
	/// Exact GFLOP/s, all parts included.
	pub gflops: f64,
	/// Exact GFLOP/s of the product alone.
	pub product_gflops: f64,
	/// Milliseconds to generate one panel; a tile needs two, and neighbours share them.
	pub panel_milliseconds: f64,
	/// Milliseconds to hash one tile.
	pub hashing_milliseconds: f64,
	/// GFLOP/s of the reference on one processor thread.
	pub reference_gflops: f64,
	/// Rate of the device, all parts included, over the rate of the reference.
	pub ratio: f64,
}

/// Measures `engine` and the reference on the processor in turn, `runs` times (at least once).
///
/// On Mesa's CPU driver set `LP_NUM_THREADS=1` to compare thread with thread.
///
/// # Errors
/// The device is lost or fails.
pub fn bench(engine: &mut Engine, runs: u32) -> Result<Benchmark, GpuError> {
	let mut rate = 0f64;
	let mut best: Option<[f64; 3]> = None;
	let mut reference = Duration::MAX;
	for tile in 0..runs.max(1) {
		rate = rate.max(engine.measure()?);
		let stages = engine.stages(engine.batch())?;
		let each = |time: Duration, count: u32| time.as_secs_f64() / f64::from(count.max(1));
		let times = [
			each(stages.panels, stages.panel_count),
			each(stages.product, stages.tiles),
			each(stages.leaves, stages.tiles),
		];
		let least = best.get_or_insert(times);
		iter::zip(least, times).for_each(|(least, time)| *least = least.min(time));
		let begun = Instant::now();
		std::hint::black_box(tile::reference_tile(&[7; 32], tile));
		reference = reference.min(begun.elapsed());
	}
	let [panel, product, hashing] = best.unwrap_or([f64::NAN; 3]);
	let gflop = TILE_FLOP as f64 / 1e9;
	let reference = gflop / reference.as_secs_f64();
	Ok(Benchmark {
		device: engine.info().to_string(),
		tiles_per_second: rate,
		gflops: rate * gflop,
		product_gflops: gflop / product,
		panel_milliseconds: panel * 1e3,
		hashing_milliseconds: hashing * 1e3,
		reference_gflops: reference,
		ratio: rate * gflop / reference,
	})
}

impl fmt::Display for Benchmark {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		writeln!(f, "{}", self.device)?;
		writeln!(
			f,
			"  all parts   {:10.1} GFLOP/s, {:.2} tiles/s",
			self.gflops, self.tiles_per_second
		)?;
		writeln!(f, "  product     {:10.1} GFLOP/s", self.product_gflops)?;
		writeln!(f, "  panel       {:10.3} ms", self.panel_milliseconds)?;
		writeln!(f, "  hashing     {:10.3} ms a tile", self.hashing_milliseconds)?;
		writeln!(
			f,
			"  reference   {:10.1} GFLOP/s on one processor thread",
			self.reference_gflops
		)?;
		write!(f, "  ratio       {:10.2} x the reference", self.ratio)
	}
}
