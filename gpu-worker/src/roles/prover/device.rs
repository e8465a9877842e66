//! One thread for each device: it computes tiles until it is told to stop, and recomputes those
//! that have to be opened in between.

use super::{openings, strategy::Strategy};
use crate::{
	gpu::{Engine, GpuError, TileLeaves},
	metrics::DeviceMetrics,
	store::{self, Store},
	Error,
};
use assay_flops::{tile::commitment_root, Hash, Opening, Sample};
use std::{
	collections::BTreeMap,
	sync::{
		atomic::{AtomicBool, Ordering},
		mpsc::{channel, Receiver, RecvTimeoutError, Sender},
		Arc,
	},
	thread::JoinHandle,
	time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// How long a batch of tiles should take; stopping cuts it short at the next submission.
const BATCH_TIME: Duration = Duration::from_millis(400);
/// Most tiles of a batch.
const MAX_BATCH: u32 = 4_096;
/// How long the thread has to finish its batch and store it.
const STOP_DEADLINE: Duration = Duration::from_secs(30);
/// Longest pause between attempts to get a lost device back.
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// What computes: the GPU engine, or a stand-in in tests.
pub trait Compute: Send {
	/// Roots of tiles `first..first + count`; fewer when `stop` is set meanwhile.
	fn tile_roots(
		&mut self,
		seed: &Hash,
		first: u32,
		count: u32,
		stop: &AtomicBool,
	) -> Result<Vec<Hash>, GpuError>;
	/// Entries and leaf hashes of one tile.
	fn tile_leaves(&mut self, seed: &Hash, tile: u32) -> Result<TileLeaves, GpuError>;
}

impl Compute for Engine {
	fn tile_roots(
		&mut self,
		seed: &Hash,
		first: u32,
		count: u32,
		stop: &AtomicBool,
	) -> Result<Vec<Hash>, GpuError> {
		Engine::tile_roots(self, seed, first, count, stop)
	}

	fn tile_leaves(&mut self, seed: &Hash, tile: u32) -> Result<TileLeaves, GpuError> {
		Engine::tile_leaves(self, seed, tile)
	}
}

/// Makes the engine of a device, at start and again whenever the device was lost.
pub type Factory = Box<dyn FnMut() -> Result<Box<dyn Compute>, GpuError> + Send>;

/// Openings to be made.
#[derive(Clone, Debug)]
pub struct OpenOrder {
	/// Seed of the device in the claim's round.
	pub seed: Hash,
	/// Committed root.
	pub root: Hash,
	/// Committed tiles.
	pub tiles: u32,
	/// What to open.
	pub samples: Vec<Sample>,
}

enum Order {
	Work { seed: Hash },
	Rest { done: oneshot::Sender<()> },
	Open { order: OpenOrder, reply: oneshot::Sender<Result<Vec<Opening>, OpenError>> },
	Quit,
}

/// Why openings could not be made.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
	/// The device failed.
	#[error(transparent)]
	Gpu(#[from] GpuError),
	/// The store failed.
	#[error(transparent)]
	Store(#[from] store::Error),
	/// The openings cannot be built, or would convict.
	#[error(transparent)]
	Openings(#[from] openings::Error),
	/// The worker is stopping.
	#[error("the worker is stopping")]
	Stopping,
}

/// A handle to a device's thread.
pub struct Device {
	index: u16,
	orders: Sender<Order>,
	interrupt: Arc<AtomicBool>,
	/// Whether it was told to work, and not to rest since.
	working: AtomicBool,
	thread: Option<JoinHandle<()>>,
}

impl Device {
	/// Starts the thread. The engine is made in it; an error of the first attempt comes back here.
	pub async fn start(
		index: u16,
		factory: Factory,
		store: Arc<Store>,
		strategy: Arc<dyn Strategy>,
		metrics: DeviceMetrics,
		stop: Arc<AtomicBool>,
	) -> Result<Self, Error> {
		let (orders, inbox) = channel();
		let interrupt = Arc::new(AtomicBool::new(false));
		let (ready, started) = oneshot::channel();
		let mut body = Body {
			index,
			factory,
			engine: None,
			store,
			strategy,
			metrics,
			inbox,
			interrupt: interrupt.clone(),
			stop,
			batch: 1,
			pause: Duration::from_millis(500),
		};
		let thread = std::thread::Builder::new()
			.name(format!("device-{index}"))
			.spawn(move || {
				let first = body.make_engine();
				let made = first.is_ok();
				let _ = ready.send(first);
				if made {
					body.run();
				}
			})
			.map_err(|cause| Error::System { doing: "starting a device thread", cause })?;
		let seconds = 300;
		match tokio::time::timeout(Duration::from_secs(seconds), started).await {
			Ok(Ok(Ok(()))) => {
				let working = AtomicBool::new(false);
				Ok(Self { index, orders, interrupt, working, thread: Some(thread) })
			}
			Ok(Ok(Err(error))) => Err(error.into()),
			Ok(Err(_)) | Err(_) => Err(Error::DeviceStuck { device: index, seconds }),
		}
	}

	/// Index of the device on chain.
	pub fn index(&self) -> u16 {
		self.index
	}

	/// Whether it works for a seed.
	pub fn is_working(&self) -> bool {
		self.working.load(Ordering::Relaxed)
	}

	/// Works for this seed from now on, from the first tile that is not stored.
	pub fn work(&self, seed: Hash) {
		self.working.store(true, Ordering::Relaxed);
		self.send(Order::Work { seed });
	}

	/// Stops working and waits until what was computed is stored.
	pub async fn rest(&self) -> Result<(), Error> {
		self.working.store(false, Ordering::Relaxed);
		let (done, stopped) = oneshot::channel();
		self.send(Order::Rest { done });
		match tokio::time::timeout(STOP_DEADLINE, stopped).await {
			Ok(Ok(())) => Ok(()),
			_ => Err(Error::DeviceStuck { device: self.index, seconds: STOP_DEADLINE.as_secs() }),
		}
	}

	/// Makes openings, between two batches if the device is working.
	pub fn open(&self, order: OpenOrder) -> oneshot::Receiver<Result<Vec<Opening>, OpenError>> {
		let (reply, receiver) = oneshot::channel();
		self.send(Order::Open { order, reply });
		receiver
	}

	fn send(&self, order: Order) {
		if self.orders.send(order).is_ok() {
			self.interrupt.store(true, Ordering::Release);
		}
	}
}

impl Drop for Device {
	fn drop(&mut self) {
		self.send(Order::Quit);
		// A driver that hangs must not keep the process from ending.
		let deadline = Instant::now() + Duration::from_secs(5);
		if let Some(thread) = self.thread.take() {
			while !thread.is_finished() && Instant::now() < deadline {
				std::thread::sleep(Duration::from_millis(5));
			}
			if thread.is_finished() {
				let _ = thread.join();
			}
		}
	}
}

struct Body {
	index: u16,
	factory: Factory,
	engine: Option<Box<dyn Compute>>,
	store: Arc<Store>,
	strategy: Arc<dyn Strategy>,
	metrics: DeviceMetrics,
	inbox: Receiver<Order>,
	/// Set when an order waits: the batch that is computed is cut short.
	interrupt: Arc<AtomicBool>,
	/// Set when the whole worker stops.
	stop: Arc<AtomicBool>,
	batch: u32,
	pause: Duration,
}

impl Body {
	fn run(&mut self) {
		let mut working: Option<Hash> = None;
		while !self.stop.load(Ordering::Acquire) {
			self.interrupt.store(false, Ordering::Release);
			let order = if working.is_some() {
				match self.inbox.try_recv() {
					Ok(order) => Some(order),
					Err(std::sync::mpsc::TryRecvError::Empty) => None,
					Err(std::sync::mpsc::TryRecvError::Disconnected) => return,
				}
			} else {
				match self.inbox.recv_timeout(Duration::from_millis(500)) {
					Ok(order) => Some(order),
					Err(RecvTimeoutError::Timeout) => continue,
					Err(RecvTimeoutError::Disconnected) => return,
				}
			};
			match order {
				Some(Order::Quit) => return,
				Some(Order::Work { seed }) => working = Some(seed),
				Some(Order::Rest { done }) => {
					working = None;
					let _ = done.send(());
				}
				Some(Order::Open { order, reply }) => {
					let _ = reply.send(self.open(&order));
				}
				None => {
					if let Some(seed) = working {
						if let Err(error) = self.work_once(&seed) {
							tracing::error!(device = self.index, %error, "tiles cannot be stored");
							self.rest_a_moment();
						}
					}
				}
			}
		}
	}

	/// Computes and stores one batch. A failing device is not an error here: it is made anew.
	fn work_once(&mut self, seed: &Hash) -> Result<(), store::Error> {
		let first = self.store.tiles(seed)?;
		let batch = self.batch.min(assay_flops::MAX_TILES.saturating_sub(first));
		if batch == 0 {
			self.rest_a_moment();
			return Ok(());
		}
		let (interrupt, begun) = (self.interrupt.clone(), Instant::now());
		let mut roots =
			match self.attempt(|engine| engine.tile_roots(seed, first, batch, &interrupt)) {
				Ok(roots) => roots,
				Err(_) => return Ok(()),
			};
		let took = begun.elapsed();
		if roots.len() == usize::try_from(batch).unwrap_or(usize::MAX) {
			if took < BATCH_TIME / 2 {
				self.batch = batch.saturating_mul(2).min(MAX_BATCH);
			} else if took > BATCH_TIME * 2 {
				self.batch = (batch / 2).max(1);
			}
		}
		self.metrics.computed(roots.len(), took);
		self.strategy.roots(seed, first, &mut roots);
		self.store.append(seed, first, &roots)
	}

	fn open(&mut self, order: &OpenOrder) -> Result<Vec<Opening>, OpenError> {
		let mut roots = self.store.roots(&order.seed, order.tiles)?;
		let complete = roots.len() == usize::try_from(order.tiles).unwrap_or(usize::MAX);
		if !complete || commitment_root(&roots) != Some(order.root) {
			roots = self.rebuild(order)?;
		}
		let mut tiles = BTreeMap::new();
		for tile in openings::tiles_of(&order.samples) {
			let mut leaves = self.attempt(|engine| engine.tile_leaves(&order.seed, tile))?;
			self.strategy.leaves(&order.seed, tile, &mut leaves);
			tiles.insert(tile, leaves);
		}
		let made = openings::build(&order.root, &roots, &order.samples, &tiles)?;
		let verdict = openings::check(&order.seed, &order.root, order.tiles, &order.samples, &made);
		if self.strategy.checks() {
			verdict?;
		}
		Ok(made)
	}

	/// Computes all roots of a claim again: the store lost them, but the seed gives them back.
	fn rebuild(&mut self, order: &OpenOrder) -> Result<Vec<Hash>, OpenError> {
		tracing::warn!(
			device = self.index,
			tiles = order.tiles,
			"the store does not hold the roots of a drawn claim: computing them again"
		);
		let mut roots: Vec<Hash> = Vec::new();
		let stop = self.stop.clone();
		while let Some(missing) =
			order.tiles.checked_sub(u32::try_from(roots.len()).unwrap_or(u32::MAX))
		{
			if missing == 0 {
				break;
			}
			if stop.load(Ordering::Acquire) {
				return Err(OpenError::Stopping);
			}
			let first = order.tiles.saturating_sub(missing);
			let count = missing.min(self.batch.max(1));
			let mut more =
				self.attempt(|engine| engine.tile_roots(&order.seed, first, count, &stop))?;
			self.strategy.roots(&order.seed, first, &mut more);
			roots.extend(more);
		}
		Ok(roots)
	}

	/// Lets the engine do something; after a failure the engine is dropped and made anew.
	fn attempt<R>(
		&mut self,
		act: impl FnOnce(&mut dyn Compute) -> Result<R, GpuError>,
	) -> Result<R, GpuError> {
		if self.engine.is_none() {
			if let Err(error) = self.make_engine() {
				tracing::error!(device = self.index, %error, "the device is not back yet");
				self.rest_a_moment();
				self.pause = (self.pause * 2).min(MAX_PAUSE);
				return Err(error);
			}
			tracing::warn!(device = self.index, "the device is back");
			self.metrics.recreated();
		}
		let Some(engine) = self.engine.as_mut() else { unreachable!("an engine was made above") };
		match act(engine.as_mut()) {
			Ok(result) => {
				self.pause = Duration::from_millis(500);
				Ok(result)
			}
			Err(error) => {
				tracing::error!(
					device = self.index,
					%error,
					"the device failed: making it anew and going on"
				);
				self.metrics.lost();
				self.engine = None;
				self.batch = 1;
				Err(error)
			}
		}
	}

	fn make_engine(&mut self) -> Result<(), GpuError> {
		self.engine = Some((self.factory)()?);
		Ok(())
	}

	/// Waits for the pause, unless an order comes or the worker stops.
	fn rest_a_moment(&self) {
		let end = Instant::now() + self.pause;
		while Instant::now() < end
			&& !self.stop.load(Ordering::Acquire)
			&& !self.interrupt.load(Ordering::Acquire)
		{
			std::thread::sleep(Duration::from_millis(20));
		}
	}
}
