//! The worker's side of all leases: their folders, their jobs, and whose turn it is.

mod record;
mod room;

pub use record::{now_ms, FailureView, JobId, JobResult, Line, Output, Record, State, View};
pub use room::{Job, Room};

use crate::{
	auth::Nonces,
	blobs::BlobError,
	disk::Disk,
	lease::{Lease, Leases},
	manifest::Manifest,
	peers::Failures,
	sandbox::{Caps, Failure, Launcher, Sandbox},
	AdapterId,
};
use std::{
	collections::HashMap,
	fs, io,
	path::PathBuf,
	sync::{Arc, Mutex, MutexGuard, PoisonError},
	time::Duration,
};
use tokio::sync::Semaphore;

/// How often it is looked whether leases may still be used.
const LOOK: Duration = Duration::from_secs(1);
/// How many of these looks are between two deletions of what ended leases have left.
const SWEEP: u32 = 6;
/// Bodies of all leases that are received at once, each of at most 4 MiB.
const MAX_BODIES: usize = 64;

/// A device that leases may hold.
#[derive(Clone, Debug)]
pub struct DeviceConfig {
	/// Its index on chain.
	pub index: u16,
	/// What to open.
	pub adapter: AdapterId,
	/// What its children may use.
	pub caps: Caps,
}

/// How a host is set up.
#[derive(Clone, Debug)]
pub struct Config {
	/// Where everything is kept. Nobody else writes there.
	pub folder: PathBuf,
	/// Genesis hash of the chain.
	pub genesis: [u8; 32],
	/// How to start children.
	pub launcher: Launcher,
	/// The devices.
	pub devices: Vec<DeviceConfig>,
	/// Bytes of the disk that leases leave free, as [`FLOOR`](crate::disk::FLOOR).
	pub disk_floor: u64,
}

/// Why a job is not taken.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
	/// Too many open jobs.
	#[error("{0} jobs are open already")]
	Full(usize),
	/// The lease has no device that is here.
	#[error("no device of the lease is on this worker")]
	NoDevice,
	/// There is no room for its outputs.
	#[error(transparent)]
	Room(#[from] BlobError),
	/// The record cannot be written.
	#[error("the storage failed: {0}")]
	Storage(#[from] io::Error),
}

/// Everything that leases have on this worker.
pub struct Host {
	config: Config,
	leases: Arc<dyn Leases>,
	/// Nonces of all leases.
	pub(crate) nonces: Nonces,
	/// Permits to send a body.
	pub(crate) bodies: Arc<Semaphore>,
	/// Wrong signatures that came.
	pub(crate) failures: Failures,
	disk: Arc<Disk>,
	rooms: Mutex<HashMap<u64, Arc<Room>>>,
	sandboxes: HashMap<u16, Arc<Sandbox>>,
}

impl Host {
	/// Opens everything; jobs that were open go on. Call it inside of a Tokio runtime.
	pub fn open(config: Config, leases: Arc<dyn Leases>) -> io::Result<Arc<Self>> {
		let leases_folder = config.folder.join("leases");
		fs::create_dir_all(&leases_folder)?;
		#[cfg(unix)]
		fs::set_permissions(&leases_folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
		let disk = Arc::new(Disk::new(&config.folder, config.disk_floor));
		let mut sandboxes = HashMap::new();
		for device in &config.devices {
			let folder = config.folder.join("work").join(device.index.to_string());
			let (launcher, adapter) = (config.launcher.clone(), device.adapter.clone());
			let sandbox = Sandbox::new(launcher, adapter, device.caps, folder)?;
			sandboxes.insert(device.index, Arc::new(sandbox));
		}
		let nonces = Nonces::open(&config.folder.join("nonces"), now_ms())?;
		let rooms = Mutex::default();
		let bodies = Arc::new(Semaphore::new(MAX_BODIES));
		let failures = Failures::default();
		let host = Self { config, leases, nonces, bodies, failures, disk, rooms, sandboxes };
		let host = Arc::new(host);
		host.recover()?;
		let weak = Arc::downgrade(&host);
		tokio::spawn(async move {
			for look in 1u32.. {
				tokio::time::sleep(LOOK).await;
				let Some(host) = weak.upgrade() else { return };
				host.suspend();
				if !look.is_multiple_of(SWEEP) {
					continue;
				}
				// Deleting a folder may take long.
				if tokio::task::spawn_blocking(move || host.sweep()).await.is_err() {
					tracing::error!("looking for ended leases failed");
				}
			}
		});
		Ok(host)
	}

	/// Genesis hash of the chain.
	pub fn genesis(&self) -> &[u8; 32] {
		&self.config.genesis
	}

	/// What is known of a lease.
	pub fn lease(&self, id: u64) -> Lease {
		self.leases.lease(id)
	}

	/// The device with this index.
	pub fn device(&self, index: u16) -> Option<&DeviceConfig> {
		self.config.devices.iter().find(|device| device.index == index)
	}

	/// Finds the leases that have folders, and queues what had not ended.
	fn recover(self: &Arc<Self>) -> io::Result<()> {
		for entry in fs::read_dir(self.config.folder.join("leases"))? {
			let entry = entry?;
			let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
				continue;
			};
			// Where the chain is out of reach, its jobs wait until their lease is certain.
			if self.leases.lease(id) != Lease::Ended {
				self.room(id, None)?;
			}
		}
		Ok(())
	}

	/// The folder of a lease, opened on first use.
	pub(crate) fn room(self: &Arc<Self>, id: u64, quota: Option<u64>) -> io::Result<Arc<Room>> {
		let mut rooms = self.rooms();
		let quota = quota.or_else(|| match self.leases.lease(id) {
			Lease::Active(info) => Some(info.storage_bytes),
			_ => None,
		});
		if let Some(room) = rooms.get(&id) {
			if let Some(quota) = quota {
				room.blobs.set_quota(quota);
			}
			return Ok(room.clone());
		}
		let folder = self.config.folder.join("leases").join(id.to_string());
		let (room, open) = Room::open(id, folder, quota.unwrap_or(0), self.disk.clone())?;
		let room = Arc::new(room);
		rooms.insert(id, room.clone());
		drop(rooms);
		for job in open {
			tokio::spawn(self.clone().see_through(room.clone(), job));
		}
		Ok(room)
	}

	fn rooms(&self) -> MutexGuard<'_, HashMap<u64, Arc<Room>>> {
		self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// Queues a job, or returns the one that the same request has queued before.
	pub fn submit(
		self: &Arc<Self>,
		room: &Arc<Room>,
		id: JobId,
		manifest: Manifest,
		devices: &[u16],
		most: usize,
	) -> Result<Arc<Job>, SubmitError> {
		let here = devices.iter().copied().filter(|device| self.sandboxes.contains_key(device));
		let device = room.least_busy(here).ok_or(SubmitError::NoDevice)?;
		let (job, new) = room.add(Record::new(id, device, &manifest), &manifest, most)?;
		if new {
			tokio::spawn(self.clone().see_through(room.clone(), job.clone()));
		}
		Ok(job)
	}

	/// Waits for the job's turn, runs it, keeps what it brings.
	async fn see_through(self: Arc<Self>, room: Arc<Room>, job: Arc<Job>) {
		let index = job.view().device;
		let turn = room.turn(index);
		// The semaphore is never closed.
		let Ok(_turn) = turn.acquire_owned().await else { return };
		while !job.control.is_cancelled() && !self.may_run(&room) {
			tokio::time::sleep(LOOK).await;
		}
		let outcome = match self.sandboxes.get(&index) {
			_ if job.control.is_cancelled() => Err(Failure::Cancelled),
			None => Err(Failure::Worker { message: format!("device {index} is gone") }),
			Some(_) if !job.begin(&room) => return,
			Some(sandbox) => {
				let (room, job, sandbox) = (room.clone(), job.clone(), sandbox.clone());
				let run = tokio::task::spawn_blocking(move || job.run(&room, &sandbox));
				run.await
					.unwrap_or_else(|error| Err(Failure::Worker { message: error.to_string() }))
			}
		};
		job.end(&room, outcome);
	}

	/// Stops jobs of a device at their next dispatch boundary, or lets them go on. A job that does not
	/// stop in time is killed.
	pub fn pause(&self, index: u16, pause: bool) {
		if let Some(sandbox) = self.sandboxes.get(&index) {
			sandbox.pause(pause);
		}
	}

	/// Whether jobs of a lease may use its devices now: as soon as the best block says that it is
	/// over, they may not, and the next tenant has the device alone.
	fn may_run(&self, room: &Room) -> bool {
		match self.leases.lease(room.id) {
			Lease::Active(info) => {
				room.blobs.set_quota(info.storage_bytes);
				true
			}
			Lease::Ended | Lease::Unknown => false,
		}
	}

	/// Stops the jobs of leases that may not run, and lets those of the others go on.
	fn suspend(&self) {
		let rooms: Vec<_> = self.rooms().values().cloned().collect();
		for room in rooms {
			room.suspend(!self.may_run(&room));
		}
	}

	/// Deletes what ended leases have left.
	fn sweep(&self) {
		let entries = fs::read_dir(self.config.folder.join("leases"));
		let names = entries.into_iter().flatten().flatten().map(|entry| entry.file_name());
		for id in names.filter_map(|name| name.to_str()?.parse::<u64>().ok()) {
			if self.leases.lease(id) == Lease::Ended {
				self.forget(id);
			}
		}
	}

	/// Ends a lease: its jobs are cancelled and its folder is deleted.
	pub fn forget(&self, id: u64) {
		let room = self.rooms().remove(&id);
		if let Some(room) = room {
			room.close();
		}
		let folder = self.config.folder.join("leases").join(id.to_string());
		match fs::remove_dir_all(&folder) {
			Err(error) if error.kind() != io::ErrorKind::NotFound => {
				tracing::warn!(lease = id, %error, "the folder of an ended lease remains");
			}
			_ => tracing::info!(lease = id, "the lease has ended and its folder is deleted"),
		}
	}
}
