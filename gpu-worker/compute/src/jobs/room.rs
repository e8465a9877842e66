//! One lease: its blobs and its jobs.

use super::{JobId, JobResult, Output, Record, State, SubmitError, View};
use crate::{
	blobs::{BlobError, Blobs, Reserved},
	disk::Disk,
	manifest::Manifest,
	sandbox::{Control, Failure, Finished, Progress, Sandbox},
	Hash,
};
use std::{
	collections::{BTreeMap, HashMap},
	fs, io,
	path::PathBuf,
	sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{watch, Semaphore};

/// Ended jobs that are kept; older ones are forgotten, their outputs are not.
const MAX_ENDED: usize = 1_000;
/// A job is begun again when the worker was interrupted, but not for ever.
const MAX_ATTEMPTS: u32 = 2;
/// Requests of one lease that are answered at once; others wait.
const MAX_REQUESTS: usize = 64;
/// Bodies of one lease that are received at once.
const MAX_BODIES: usize = 16;
/// Bytes that are kept for what will be known of an open job: its log, its result or its failure.
const RECORD_BYTES: u64 = 64 << 10;
/// A file takes a multiple of this.
const BLOCK: u64 = 4 << 10;

/// Everything of one lease.
pub struct Room {
	/// Its number.
	pub id: u64,
	/// Its blobs.
	pub blobs: Arc<Blobs>,
	/// Permits of its requests.
	pub(crate) requests: Arc<Semaphore>,
	/// Permits to send a body.
	pub(crate) bodies: Arc<Semaphore>,
	disk: Arc<Disk>,
	folder: PathBuf,
	jobs: Mutex<BTreeMap<JobId, Arc<Job>>>,
	turns: Mutex<HashMap<u16, Arc<Semaphore>>>,
}

/// One job.
pub struct Job {
	/// How to reach it while it runs.
	pub(super) control: Control,
	record: Mutex<Record>,
	reserved: Mutex<Reserved>,
	changed: watch::Sender<()>,
}

impl Room {
	/// Opens the folder; the jobs that have not ended, in their order, are to be run again.
	pub(super) fn open(
		id: u64,
		folder: PathBuf,
		quota: u64,
		disk: Arc<Disk>,
	) -> io::Result<(Self, Vec<Arc<Job>>)> {
		fs::create_dir_all(folder.join("jobs"))?;
		let room = Self {
			id,
			blobs: Arc::new(Blobs::open(&folder, quota, disk.clone())?),
			requests: Arc::new(Semaphore::new(MAX_REQUESTS)),
			bodies: Arc::new(Semaphore::new(MAX_BODIES)),
			disk,
			folder,
			jobs: Mutex::default(),
			turns: Mutex::default(),
		};
		let mut open = Vec::new();
		for mut record in Record::load(&room.jobs_folder())? {
			let (folder, id) = (room.jobs_folder(), record.view.id);
			if !record.view.state.is_final() {
				if record.view.state != State::Queued {
					record.note("interrupted: the worker stopped while the job was running");
				}
				if record.cancelled {
					record.end(Err(Failure::Cancelled));
				} else if record.view.attempts >= MAX_ATTEMPTS {
					record.end(Err(Failure::Interrupted));
				} else {
					record.view.state = State::Queued;
				}
				record.save(&folder)?;
			}
			let is_final = record.view.state.is_final();
			let reserved = match Record::manifest(&folder, &id) {
				Ok((manifest, bytes)) if !is_final => {
					room.blobs.keep(manifest.output_bytes(), bytes.saturating_add(RECORD_BYTES))
				}
				_ => room.blobs.keep(0, record.size().next_multiple_of(BLOCK)),
			};
			let job = Job::new(record, reserved);
			if is_final {
				Record::delete_manifest(&folder, &id)?;
			} else {
				open.push(job.clone());
			}
			room.jobs().insert(id, job);
		}
		Ok((room, open))
	}

	fn jobs_folder(&self) -> PathBuf {
		self.folder.join("jobs")
	}

	fn jobs(&self) -> MutexGuard<'_, BTreeMap<JobId, Arc<Job>>> {
		self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// Adds a job, or returns the one that is there already, and whether it is new.
	pub(super) fn add(
		&self,
		record: Record,
		manifest: &Manifest,
		most: usize,
	) -> Result<(Arc<Job>, bool), SubmitError> {
		let folder = self.jobs_folder();
		let mut jobs = self.jobs();
		if let Some(job) = jobs.get(&record.view.id) {
			return Ok((job.clone(), false));
		}
		let mut views: Vec<View> = jobs.values().map(|job| job.view()).collect();
		let open = views.iter().filter(|view| !view.state.is_final()).count();
		if open >= most {
			return Err(SubmitError::Full(open));
		}
		views.retain(|view| view.state.is_final());
		views.sort_by_key(|view| view.ended_ms);
		let excess = (views.len() + 1).saturating_sub(MAX_ENDED);
		for view in &views[..excess] {
			if let Some(old) = jobs.remove(&view.id) {
				old.record().delete(&folder)?;
				old.reserved().settle(0);
			}
		}
		let id = record.view.id;
		// What it would bring has a place from the beginning, or it is not begun.
		let bytes = serde_json::to_vec(manifest).map_err(io::Error::from)?.len() as u64;
		let bytes = bytes.saturating_add(RECORD_BYTES);
		let reserved = self.blobs.reserve(manifest.output_bytes(), bytes)?;
		Record::save_manifest(&folder, &id, manifest)?;
		record.save(&folder)?;
		let job = Job::new(record, reserved);
		jobs.insert(id, job.clone());
		Ok((job, true))
	}

	/// The job with this name.
	pub fn job(&self, id: &JobId) -> Option<Arc<Job>> {
		self.jobs().get(id).cloned()
	}

	/// All jobs, the newest first.
	pub fn list(&self) -> Vec<View> {
		let mut views: Vec<_> = self.jobs().values().map(|job| job.view()).collect();
		views.sort_by_key(|view| std::cmp::Reverse((view.submitted_ms, view.id)));
		views
	}

	/// Jobs of a device that have not ended.
	pub(super) fn open_jobs(&self, device: u16) -> Vec<Arc<Job>> {
		let open = |job: &&Arc<Job>| {
			let record = job.record();
			record.view.device == device && !record.view.state.is_final()
		};
		self.jobs().values().filter(open).cloned().collect()
	}

	/// The device with the fewest open jobs.
	pub(super) fn least_busy(&self, devices: impl Iterator<Item = u16>) -> Option<u16> {
		devices.min_by_key(|device| (self.open_jobs(*device).len(), *device))
	}

	/// Jobs of one lease on one device run one after another.
	pub(super) fn turn(&self, device: u16) -> Arc<Semaphore> {
		let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
		turns.entry(device).or_insert_with(|| Arc::new(Semaphore::new(1))).clone()
	}

	/// Stops all jobs at their next dispatch boundary, or lets them go on.
	pub(super) fn suspend(&self, suspend: bool) {
		for job in self.jobs().values() {
			job.control.suspend(suspend);
		}
	}

	/// Cancels everything.
	pub(super) fn close(&self) {
		for job in self.jobs().values() {
			job.control.cancel();
		}
	}

	/// Cancels a job; one that waits for its turn has ended when this returns.
	pub fn cancel(&self, job: &Job) {
		job.control.cancel();
		if job.view().state == State::Queued {
			return job.end(self, Err(Failure::Cancelled));
		}
		let mut record = job.record();
		if !record.view.state.is_final() && !record.cancelled {
			record.cancelled = true;
			self.keep(&record);
		}
	}

	/// Saves a record; the bytes that it takes.
	fn keep(&self, record: &Record) -> Option<u64> {
		let saved = record.save(&self.jobs_folder());
		if let Err(error) = &saved {
			// After a restart the job runs again, which is all that is lost.
			tracing::warn!(lease = self.id, job = %record.view.id, %error, "a job was not saved");
		}
		saved.ok()
	}
}

impl Job {
	fn new(record: Record, reserved: Reserved) -> Arc<Self> {
		let (changed, _) = watch::channel(());
		let (record, reserved) = (Mutex::new(record), Mutex::new(reserved));
		Arc::new(Self { control: Control::default(), record, reserved, changed })
	}

	fn reserved(&self) -> MutexGuard<'_, Reserved> {
		self.reserved.lock().unwrap_or_else(PoisonError::into_inner)
	}

	fn record(&self) -> MutexGuard<'_, Record> {
		self.record.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// What the renter sees.
	pub fn view(&self) -> View {
		self.record().view.clone()
	}

	/// Everything.
	pub fn snapshot(&self) -> Record {
		self.record().clone()
	}

	/// Tells of every change.
	pub fn watch(&self) -> watch::Receiver<()> {
		self.changed.subscribe()
	}

	fn change(&self, change: impl FnOnce(&mut Record)) {
		change(&mut self.record());
		self.changed.send_replace(());
	}

	/// Its turn has come; whether it has not ended before.
	pub(super) fn begin(&self, room: &Room) -> bool {
		let mut begun = false;
		self.change(|record| {
			if record.view.state.is_final() {
				return;
			}
			begun = true;
			record.view.state = State::Starting;
			record.view.attempts += 1;
			record.view.started_ms = Some(super::now_ms());
			record.view.dispatches = 0;
			record.note(format!("attempt {}", record.view.attempts));
			room.keep(record);
		});
		begun
	}

	/// It has ended.
	pub(super) fn end(&self, room: &Room, outcome: Result<JobResult, Failure>) {
		self.change(|record| {
			if !record.view.state.is_final() {
				record.end(outcome);
				let size = room.keep(record);
				if size.is_some() {
					let deleted = Record::delete_manifest(&room.jobs_folder(), &record.view.id);
					if let Err(error) = deleted {
						tracing::warn!(lease = room.id, %error, "a manifest remains");
					}
				}
				self.reserved().settle(size.unwrap_or(RECORD_BYTES).next_multiple_of(BLOCK));
			}
		});
	}

	/// Runs it and moves its outputs into the store. Blocks.
	pub(super) fn run(&self, room: &Room, sandbox: &Sandbox) -> Result<JobResult, Failure> {
		let id = self.view().id;
		let lost = |error: io::Error| Failure::Worker { message: error.to_string() };
		let (manifest, _) = Record::manifest(&room.jobs_folder(), &id).map_err(lost)?;
		let (needed, free) = (manifest.output_bytes(), room.disk.above_floor().map_err(lost)?);
		if needed > free {
			return Err(Failure::DiskFull { needed, free });
		}
		let mut running = State::Starting;
		let blob = |hash: &Hash| room.blobs.path(hash);
		let finished = sandbox.run(&manifest, blob, &self.control, |event| {
			self.change(|record| match event {
				Progress::Started => {
					running = State::Running;
					record.view.state = running;
					record.note("the first dispatch starts");
				}
				Progress::Dispatches(done) => {
					record.view.dispatches = done.min(record.view.dispatches_total);
				}
				Progress::Paused => {
					record.view.state = State::Paused;
					record.note(match self.control.is_suspended() {
						true => "paused: the chain does not confirm the lease",
						false => "paused for a round of proof of FLOPS",
					});
				}
				Progress::Resumed(paused_ms) => {
					record.view.state = running;
					record.view.paused_ms = paused_ms;
					record.note("goes on");
				}
			});
		})?;
		let Finished { start_ms, kernel_ms, paused_ms, reproducible, .. } = finished;
		let mut outputs = BTreeMap::new();
		let mut hashes = Vec::new();
		for (name, path) in manifest.outputs.iter().zip(&finished.outputs) {
			let adopted = room.blobs.adopt(path, &mut self.reserved());
			let (blob, size) = adopted.map_err(|error| match error {
				BlobError::Full { needed, free, .. } => Failure::StorageFull { needed, free },
				BlobError::DiskFull { needed, free } => Failure::DiskFull { needed, free },
				other => Failure::Worker { message: other.to_string() },
			})?;
			hashes.extend(blob.0);
			outputs.insert(name.clone(), Output { blob, size });
		}
		self.change(|record| record.view.dispatches = finished.dispatches);
		let outputs_hash = reproducible.then(|| Hash::of(&hashes));
		Ok(JobResult { outputs, reproducible, outputs_hash, start_ms, kernel_ms, paused_ms })
	}
}
