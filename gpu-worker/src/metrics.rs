//! Prometheus metrics, with units in their names.

use crate::Error;
use std::{net::SocketAddr, time::Duration};
use substrate_prometheus_endpoint::{
	init_prometheus, register, Counter, CounterVec, Gauge, GaugeVec, Opts, PrometheusError,
	Registry, F64, U64,
};

/// All metrics of a worker.
#[derive(Clone)]
pub struct Metrics {
	registry: Registry,
	/// Number of the best block.
	pub best_block: Gauge<U64>,
	/// Number of the latest final block.
	pub finalized_block: Gauge<U64>,
	/// Index of the current round.
	pub round: Gauge<U64>,
	/// 1 while connected to a node.
	pub connected: Gauge<U64>,
	/// Connections that were lost.
	pub reconnections: Counter<U64>,
	/// Transactions given to the node, by call.
	pub submissions: CounterVec<U64>,
	/// Transactions that failed on chain or were not taken, by call.
	pub refusals: CounterVec<U64>,
	/// Spendable balance of the worker's key.
	pub float_asy: Gauge<F64>,
	/// Leases of the GPU market that run.
	pub leases: Gauge<U64>,
	tiles: CounterVec<U64>,
	compute_seconds: CounterVec<F64>,
	losses: CounterVec<U64>,
	recreations: CounterVec<U64>,
	rounds: CounterVec<U64>,
	capacity: GaugeVec<U64>,
	multiplier: GaugeVec<F64>,
	buffer: GaugeVec<F64>,
}

impl std::fmt::Debug for Metrics {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		f.write_str("Metrics")
	}
}

impl Metrics {
	/// Registers all metrics.
	pub fn new() -> Result<Self, PrometheusError> {
		let registry = Registry::new_custom(Some("assay_worker".into()), None)?;
		let r = &registry;
		let gauge = |name: &str, help: &str| -> Result<Gauge<U64>, PrometheusError> {
			register(Gauge::new(name, help)?, r)
		};
		let counters = |name: &str, help: &str, label: &str| {
			register(CounterVec::<U64>::new(Opts::new(name, help), &[label])?, r)
		};
		Ok(Self {
			best_block: gauge("best_block_number", "Number of the best block")?,
			finalized_block: gauge("finalized_block_number", "Number of the latest final block")?,
			round: gauge("round_index", "Index of the current round")?,
			connected: gauge("node_connected", "1 while connected to a node")?,
			reconnections: register(
				Counter::new("node_connections_lost_total", "Connections that were lost")?,
				r,
			)?,
			submissions: counters(
				"transactions_submitted_total",
				"Transactions given to the node",
				"call",
			)?,
			refusals: counters(
				"transactions_refused_total",
				"Transactions that failed on chain or were not taken",
				"call",
			)?,
			float_asy: register(
				Gauge::new("float_asy", "Spendable balance of the worker's key in ASY")?,
				r,
			)?,
			leases: gauge("leases_running", "Leases of the GPU market that run")?,
			tiles: counters("tiles_computed_total", "Tiles computed", "device")?,
			compute_seconds: register(
				CounterVec::<F64>::new(
					Opts::new("compute_seconds_total", "Seconds spent computing tiles"),
					&["device"],
				)?,
				r,
			)?,
			losses: counters("device_losses_total", "Times that the device failed", "device")?,
			recreations: counters(
				"device_recreations_total",
				"Times that the device was made anew after a failure",
				"device",
			)?,
			rounds: register(
				CounterVec::<U64>::new(
					Opts::new("rounds_total", "Rounds by what became of them"),
					&["device", "result"],
				)?,
				r,
			)?,
			capacity: register(
				GaugeVec::<U64>::new(
					Opts::new("capacity_flop_per_second", "Proven capacity"),
					&["device"],
				)?,
				r,
			)?,
			multiplier: register(
				GaugeVec::<F64>::new(
					Opts::new("liveness_multiplier_ratio", "Liveness multiplier"),
					&["device"],
				)?,
				r,
			)?,
			buffer: register(
				GaugeVec::<F64>::new(Opts::new("buffer_credits", "Withheld credits"), &["device"])?,
				r,
			)?,
			registry,
		})
	}

	/// The metrics of one device.
	pub fn device(&self, index: u16) -> DeviceMetrics {
		DeviceMetrics { all: self.clone(), label: index.to_string() }
	}

	/// Serves the metrics at `address` until the returned task is aborted.
	pub async fn serve(&self, address: SocketAddr) -> Result<tokio::task::JoinHandle<()>, Error> {
		// Binding once first tells a busy port at start instead of in a log line later.
		drop(
			tokio::net::TcpListener::bind(address)
				.await
				.map_err(|cause| Error::Metrics { address, cause: cause.to_string() })?,
		);
		let registry = self.registry.clone();
		Ok(tokio::spawn(async move {
			if let Err(error) = init_prometheus(address, registry).await {
				tracing::error!(%address, %error, "metrics are not served any more");
			}
		}))
	}
}

/// The metrics of one device.
#[derive(Clone, Debug)]
pub struct DeviceMetrics {
	all: Metrics,
	label: String,
}

impl DeviceMetrics {
	/// Tiles were computed.
	pub fn computed(&self, tiles: usize, took: Duration) {
		let tiles = u64::try_from(tiles).unwrap_or(u64::MAX);
		self.all.tiles.with_label_values(&[&self.label]).inc_by(tiles);
		self.all.compute_seconds.with_label_values(&[&self.label]).inc_by(took.as_secs_f64());
	}

	/// The device failed.
	pub fn lost(&self) {
		self.all.losses.with_label_values(&[&self.label]).inc();
	}

	/// The device was made anew.
	pub fn recreated(&self) {
		self.all.recreations.with_label_values(&[&self.label]).inc();
	}

	/// A round was committed, revealed, settled or missed.
	pub fn round(&self, result: &str) {
		self.all.rounds.with_label_values(&[self.label.as_str(), result]).inc();
	}

	/// What the chain says about the device.
	pub fn standing(&self, capacity: u64, multiplier_ppm: u32, buffer: u128) {
		self.all.capacity.with_label_values(&[&self.label]).set(capacity);
		let multiplier = f64::from(multiplier_ppm) / 1e6;
		self.all.multiplier.with_label_values(&[&self.label]).set(multiplier);
		self.all.buffer.with_label_values(&[&self.label]).set(crate::cli::units(buffer));
	}
}
