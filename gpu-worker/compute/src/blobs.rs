//! The blobs of one lease: files named by the SHA-256 of what is in them.
//!
//! An upload grows a file in `partial/` chunk by chunk, each chunk checked before it is written, so
//! that after any crash the file holds a correct beginning; when it is complete it is hashed as a
//! whole and moved to `blobs/`. Names are made of [`struct@Hash`]es only.

use crate::{disk::Disk, Hash};
use serde::Serialize;
use std::{
	collections::{BTreeMap, BTreeSet},
	fs::{self, File, OpenOptions},
	io::{self, Write},
	path::{Path, PathBuf},
	sync::{
		atomic::{AtomicU64, Ordering},
		Arc, Mutex, MutexGuard, PoisonError,
	},
};

/// Longest chunk of an upload in bytes.
pub const MAX_CHUNK: usize = 4 << 20;
/// Most blobs of a lease.
pub const MAX_BLOBS: usize = 10_000;
/// Most unfinished uploads of a lease.
pub const MAX_PARTIAL: usize = 64;

/// Why a blob cannot be stored.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
	/// No room.
	#[error("{needed} more bytes are needed and {free} of {quota} are free")]
	Full {
		/// Bytes that do not fit.
		needed: u64,
		/// Bytes that are free.
		free: u64,
		/// Bytes of the lease.
		quota: u64,
	},
	/// The disk is almost full, whatever the lease may use.
	#[error("{needed} more bytes are needed, and the worker's disk has {free} to give")]
	DiskFull {
		/// Bytes that do not fit.
		needed: u64,
		/// What the disk has above what is kept free.
		free: u64,
	},
	/// Too many files.
	#[error("there are {0} blobs or unfinished uploads already")]
	TooMany(usize),
	/// A chunk does not start where the last one ended.
	#[error("the upload continues at byte {expected}")]
	Offset {
		/// Where it continues.
		expected: u64,
	},
	/// A chunk is longer than what is missing.
	#[error("the chunk goes beyond the {total} bytes of the blob")]
	Beyond {
		/// Length of the blob.
		total: u64,
	},
	/// The upload was begun with another length.
	#[error("this upload was begun with a length of {total} bytes")]
	Length {
		/// That length.
		total: u64,
	},
	/// The whole is not what its name says.
	#[error("the bytes have the hash {found}; the upload was discarded")]
	WrongHash {
		/// The hash that they have.
		found: Hash,
	},
	/// Another request writes the same blob.
	#[error("another request is writing this blob")]
	Busy,
	/// The file system failed.
	#[error("the storage failed: {0}")]
	Storage(#[from] io::Error),
}

impl BlobError {
	/// What to do about it.
	pub fn fix(&self) -> &'static str {
		match self {
			Self::Full { .. } => "delete blobs that you no longer need: DELETE /blobs/{hash}",
			Self::DiskFull { .. } => "try again later, and tell the provider",
			Self::TooMany(_) => "delete blobs that you no longer need, or put more into one",
			Self::Offset { .. } => "continue where HEAD /blobs/{hash} says",
			Self::Beyond { .. } => "send at most what is missing",
			Self::Length { .. } => "send that length, or delete the upload: DELETE /blobs/{hash}",
			Self::WrongHash { .. } => "upload it again under its own hash",
			Self::Busy => "wait a second and ask HEAD /blobs/{hash} where to continue",
			Self::Storage(_) => "try again; tell the provider if it happens again",
		}
	}
}

/// What is known of a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
	/// Bytes that are there.
	pub received: u64,
	/// Bytes that it has when it is complete.
	pub size: u64,
	/// Whether it can be used.
	pub complete: bool,
}

/// The store of one lease.
#[derive(Debug)]
pub struct Blobs {
	folder: PathBuf,
	quota: AtomicU64,
	disk: Arc<Disk>,
	state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
	complete: BTreeMap<Hash, u64>,
	partial: BTreeMap<Hash, Status>,
	busy: BTreeSet<Hash>,
	/// Bytes that are kept for jobs.
	reserved: u64,
}

impl State {
	fn used(&self) -> u64 {
		let whole: u64 = self.complete.values().sum();
		let partial: u64 = self.partial.values().map(|status| status.size).sum();
		whole.saturating_add(partial).saturating_add(self.reserved)
	}
}

/// Marks a blob as being written by one request.
struct Writing<'a>(&'a Blobs, Hash);

impl Drop for Writing<'_> {
	fn drop(&mut self) {
		self.0.lock().busy.remove(&self.1);
	}
}

impl Blobs {
	/// Opens the store in `folder`, which holds at most `quota` bytes and leaves `disk` its floor.
	pub fn open(folder: &Path, quota: u64, disk: Arc<Disk>) -> io::Result<Self> {
		let mut state = State::default();
		for part in ["blobs", "partial"] {
			fs::create_dir_all(folder.join(part))?;
		}
		for entry in fs::read_dir(folder.join("blobs"))? {
			let entry = entry?;
			if let Some(hash) = entry.file_name().to_str().and_then(|name| name.parse().ok()) {
				state.complete.insert(hash, entry.metadata()?.len());
			}
		}
		for entry in fs::read_dir(folder.join("partial"))? {
			let entry = entry?;
			let name = entry.file_name();
			let parts = name.to_str().and_then(|name| name.split_once('.'));
			let parsed =
				parts.and_then(|(hash, size)| Some((hash.parse().ok()?, size.parse().ok()?)));
			let received = entry.metadata()?.len();
			match parsed {
				Some((hash, size)) if received <= size => {
					state.partial.insert(hash, Status { received, size, complete: false });
				}
				_ => fs::remove_file(entry.path())?,
			}
		}
		let quota = AtomicU64::new(quota);
		Ok(Self { folder: folder.into(), quota, disk, state: Mutex::new(state) })
	}

	/// Changes how many bytes it holds at most; what is there stays.
	pub fn set_quota(&self, quota: u64) {
		self.quota.store(quota, Ordering::Relaxed);
	}

	fn quota(&self) -> u64 {
		self.quota.load(Ordering::Relaxed)
	}

	fn lock(&self) -> MutexGuard<'_, State> {
		self.state.lock().unwrap_or_else(PoisonError::into_inner)
	}

	fn whole(&self, hash: &Hash) -> PathBuf {
		self.folder.join("blobs").join(hash.to_string())
	}

	fn part(&self, hash: &Hash, size: u64) -> PathBuf {
		self.folder.join("partial").join(format!("{hash}.{size}"))
	}

	/// The file of a complete blob.
	pub fn path(&self, hash: &Hash) -> Option<PathBuf> {
		self.lock().complete.contains_key(hash).then(|| self.whole(hash))
	}

	/// What is there of a blob.
	pub fn status(&self, hash: &Hash) -> Option<Status> {
		let state = self.lock();
		let whole = |size: &u64| Status { received: *size, size: *size, complete: true };
		state.complete.get(hash).map(whole).or_else(|| state.partial.get(hash).copied())
	}

	/// Everything that is there, by hash.
	pub fn list(&self) -> Vec<(Hash, Status)> {
		let state = self.lock();
		let whole = |(hash, size): (&Hash, &u64)| {
			(*hash, Status { received: *size, size: *size, complete: true })
		};
		let partial = state.partial.iter().map(|(hash, status)| (*hash, *status));
		state.complete.iter().map(whole).chain(partial).collect()
	}

	/// Bytes that are taken and bytes that there are.
	pub fn usage(&self) -> (u64, u64) {
		(self.lock().used(), self.quota())
	}

	/// Adds the chunk at `offset` to the blob `hash` of `size` bytes. The caller has checked the
	/// chunk against the hash that was signed for it.
	pub fn upload(
		&self,
		hash: Hash,
		size: u64,
		offset: u64,
		chunk: &[u8],
	) -> Result<Status, BlobError> {
		let (mut status, _writing) = match self.begin(hash, size)? {
			Begun::Writing(status, writing) => (status, writing),
			Begun::Complete(status) => return Ok(status),
		};
		let path = self.part(&hash, size);
		let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
		// The file knows best: a write that failed half-way has still grown it.
		status.received = file.metadata()?.len();
		let end = offset.saturating_add(chunk.len() as u64);
		if offset != status.received {
			self.lock().partial.insert(hash, status);
			return Err(BlobError::Offset { expected: status.received });
		}
		if end > size {
			return Err(BlobError::Beyond { total: size });
		}
		self.disk_has(chunk.len() as u64)?;
		file.write_all(chunk)?;
		status.received = end;
		self.lock().partial.insert(hash, status);
		if end < size {
			return Ok(status);
		}
		file.sync_all()?;
		let (found, _) = Hash::of_reader(&mut File::open(&path)?)?;
		if found != hash {
			fs::remove_file(&path)?;
			self.lock().partial.remove(&hash);
			return Err(BlobError::WrongHash { found });
		}
		fs::rename(&path, self.whole(&hash))?;
		let mut state = self.lock();
		state.partial.remove(&hash);
		state.complete.insert(hash, size);
		Ok(Status { complete: true, ..status })
	}

	/// Takes the place of the one request that may write `hash`.
	fn begin(&self, hash: Hash, size: u64) -> Result<Begun<'_>, BlobError> {
		let mut state = self.lock();
		if let Some(size) = state.complete.get(&hash) {
			let (received, size) = (*size, *size);
			return Ok(Begun::Complete(Status { received, size, complete: true }));
		}
		if state.busy.contains(&hash) {
			return Err(BlobError::Busy);
		}
		let status = match state.partial.get(&hash) {
			Some(status) if status.size != size => {
				return Err(BlobError::Length { total: status.size })
			}
			Some(status) => *status,
			None => {
				if state.partial.len() >= MAX_PARTIAL || state.complete.len() >= MAX_BLOBS {
					return Err(BlobError::TooMany(state.partial.len() + state.complete.len()));
				}
				self.fits(&state, size)?;
				self.disk_has(size)?;
				let status = Status { received: 0, size, complete: false };
				state.partial.insert(hash, status);
				status
			}
		};
		state.busy.insert(hash);
		Ok(Begun::Writing(status, Writing(self, hash)))
	}

	fn fits(&self, state: &State, needed: u64) -> Result<(), BlobError> {
		let quota = self.quota();
		let free = quota.saturating_sub(state.used());
		match needed <= free {
			true => Ok(()),
			false => Err(BlobError::Full { needed, free, quota }),
		}
	}

	fn disk_has(&self, needed: u64) -> Result<(), BlobError> {
		let free = self.disk.free()?;
		match needed <= free {
			true => Ok(()),
			false => Err(BlobError::DiskFull { needed, free }),
		}
	}

	/// Keeps room for a job: `outputs` bytes that it may bring, and `record` bytes about it.
	pub fn reserve(self: &Arc<Self>, outputs: u64, record: u64) -> Result<Reserved, BlobError> {
		let mut state = self.lock();
		let needed = outputs.saturating_add(record);
		self.fits(&state, needed)?;
		self.disk_has(needed)?;
		Ok(self.kept(&mut state, outputs, record))
	}

	/// The same for what is there already and can be refused no more.
	pub fn keep(self: &Arc<Self>, outputs: u64, record: u64) -> Reserved {
		self.kept(&mut self.lock(), outputs, record)
	}

	fn kept(self: &Arc<Self>, state: &mut State, outputs: u64, record: u64) -> Reserved {
		state.reserved = state.reserved.saturating_add(outputs).saturating_add(record);
		self.disk.promise(outputs);
		Reserved { blobs: self.clone(), outputs, record }
	}

	/// Takes a file that nobody else writes into the store, by moving it, at the cost of what was
	/// reserved for it.
	pub fn adopt(&self, path: &Path, reserved: &mut Reserved) -> Result<(Hash, u64), BlobError> {
		let mut file = File::open(path)?;
		let (hash, size) = Hash::of_reader(&mut file)?;
		file.sync_all()?;
		let mut state = self.lock();
		if state.complete.contains_key(&hash) {
			return Ok((hash, size));
		}
		if state.complete.len() >= MAX_BLOBS {
			return Err(BlobError::TooMany(state.complete.len()));
		}
		let own = size.min(reserved.outputs);
		self.fits(&state, size - own)?;
		fs::rename(path, self.whole(&hash))?;
		state.complete.insert(hash, size);
		reserved.give_back(&mut state, own);
		Ok((hash, size))
	}

	/// Deletes a blob or an unfinished upload; whether there was one.
	pub fn delete(&self, hash: &Hash) -> Result<bool, BlobError> {
		let mut state = self.lock();
		if state.busy.contains(hash) {
			return Err(BlobError::Busy);
		}
		if state.complete.contains_key(hash) {
			fs::remove_file(self.whole(hash))?;
			state.complete.remove(hash);
			return Ok(true);
		}
		let Some(status) = state.partial.get(hash) else { return Ok(false) };
		match fs::remove_file(self.part(hash, status.size)) {
			// The first chunk may have failed before there was a file.
			Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
			_ => {}
		}
		state.partial.remove(hash);
		Ok(true)
	}
}

/// Room that is kept for a job; given back when it is dropped.
#[derive(Debug)]
pub struct Reserved {
	blobs: Arc<Blobs>,
	outputs: u64,
	record: u64,
}

impl Reserved {
	/// No outputs will come any more, and the record has so many bytes for good.
	pub fn settle(&mut self, record: u64) {
		let blobs = self.blobs.clone();
		let mut state = blobs.lock();
		self.give_back(&mut state, self.outputs);
		state.reserved = (state.reserved - self.record).saturating_add(record);
		self.record = record;
	}

	fn give_back(&mut self, state: &mut State, outputs: u64) {
		self.outputs -= outputs;
		state.reserved -= outputs;
		self.blobs.disk.release(outputs);
	}
}

impl Drop for Reserved {
	fn drop(&mut self) {
		self.settle(0);
	}
}

enum Begun<'a> {
	Writing(Status, Writing<'a>),
	Complete(Status),
}

#[cfg(test)]
mod tests {
	use super::*;

	fn store(quota: u64) -> (tempfile::TempDir, Arc<Blobs>) {
		let folder = tempfile::tempdir().expect("there is a temporary folder");
		let blobs = open(folder.path(), quota);
		(folder, blobs)
	}

	fn open(folder: &Path, quota: u64) -> Arc<Blobs> {
		let disk = Arc::new(Disk::new(folder, 0));
		Arc::new(Blobs::open(folder, quota, disk).expect("the store opens"))
	}

	#[test]
	fn upload_should_continue_when_the_store_was_closed_in_between() {
		let (folder, blobs) = store(100);
		let data = b"0123456789";
		let hash = Hash::of(data);
		let first = blobs.upload(hash, 10, 0, &data[..4]).expect("it fits");
		assert_eq!(first, Status { received: 4, size: 10, complete: false });
		assert!(blobs.path(&hash).is_none());
		drop(blobs);
		let blobs = open(folder.path(), 100);
		assert_eq!(blobs.status(&hash), Some(first));
		let wrong = blobs.upload(hash, 10, 5, &data[5..]);
		assert!(matches!(wrong, Err(BlobError::Offset { expected: 4 })));
		assert!(matches!(blobs.upload(hash, 9, 4, b"4"), Err(BlobError::Length { total: 10 })));
		assert!(matches!(blobs.upload(hash, 10, 4, b"45678901"), Err(BlobError::Beyond { .. })));
		assert!(blobs.upload(hash, 10, 4, &data[4..]).expect("it fits").complete);
		let path = blobs.path(&hash).expect("it is complete");
		assert_eq!(fs::read(path).expect("it is there"), data);
		assert_eq!(blobs.usage(), (10, 100));
		let blobs = open(folder.path(), 100);
		assert_eq!(blobs.list().len(), 1);
		assert!(blobs.delete(&hash).expect("it can be deleted"));
		assert!(!blobs.delete(&hash).expect("it is gone"));
		assert_eq!(blobs.usage(), (0, 100));
	}

	#[test]
	fn upload_should_be_discarded_when_its_bytes_are_others() {
		let (_folder, blobs) = store(100);
		let hash = Hash::of(b"right");
		let wrong = blobs.upload(hash, 5, 0, b"wrong");
		assert!(
			matches!(wrong, Err(BlobError::WrongHash { found }) if found == Hash::of(b"wrong"))
		);
		assert_eq!(blobs.status(&hash), None);
		assert!(blobs.upload(hash, 5, 0, b"right").expect("it is right").complete);
	}

	#[test]
	fn quota_should_count_what_is_promised_when_uploads_are_open() {
		let (folder, blobs) = store(10);
		blobs.upload(Hash::of(b"a"), 8, 0, b"x").expect("it fits");
		let second = blobs.upload(Hash::of(b"b"), 3, 0, b"y");
		assert!(matches!(second, Err(BlobError::Full { needed: 3, free: 2, .. })));
		let file = folder.path().join("output");
		fs::write(&file, "123").expect("the folder is writable");
		let mut nothing = blobs.keep(0, 0);
		let adopted = blobs.adopt(&file, &mut nothing);
		assert!(matches!(adopted, Err(BlobError::Full { .. })));
		blobs.delete(&Hash::of(b"a")).expect("it can be deleted");
		blobs.set_quota(2);
		let adopted = blobs.adopt(&file, &mut nothing);
		assert!(matches!(adopted, Err(BlobError::Full { quota: 2, .. })));
		blobs.set_quota(3);
		assert_eq!(blobs.adopt(&file, &mut nothing).expect("it fits"), (Hash::of(b"123"), 3));
	}

	#[test]
	fn quota_should_count_outputs_and_records_when_a_job_is_open() {
		let (folder, blobs) = store(10);
		let mut reserved = blobs.reserve(6, 1).expect("it fits");
		assert_eq!((blobs.usage(), blobs.disk.promised()), ((7, 10), 6));
		let second = blobs.reserve(4, 0);
		assert!(matches!(second, Err(BlobError::Full { needed: 4, free: 3, .. })));
		assert!(matches!(blobs.upload(Hash::of(b"a"), 4, 0, b"x"), Err(BlobError::Full { .. })));
		let file = folder.path().join("output");
		fs::write(&file, "1234").expect("the folder is writable");
		assert_eq!(blobs.adopt(&file, &mut reserved).expect("it is kept for it").1, 4);
		assert_eq!((blobs.usage(), blobs.disk.promised()), ((7, 10), 2));
		reserved.settle(2);
		assert_eq!((blobs.usage(), blobs.disk.promised()), ((6, 10), 0));
		drop(reserved);
		assert_eq!(blobs.usage(), (4, 10));
	}

	#[test]
	fn writing_should_be_refused_when_the_disk_is_almost_full() {
		let folder = tempfile::tempdir().expect("there is a temporary folder");
		let disk = Arc::new(Disk::new(folder.path(), u64::MAX));
		let blobs = Arc::new(Blobs::open(folder.path(), 100, disk).expect("the store opens"));
		let uploaded = blobs.upload(Hash::of(b"a"), 1, 0, b"a");
		assert!(matches!(uploaded, Err(BlobError::DiskFull { needed: 1, free: 0 })));
		assert!(matches!(blobs.reserve(1, 1), Err(BlobError::DiskFull { needed: 2, .. })));
	}

	#[test]
	fn empty_blob_should_be_complete_when_its_only_chunk_is_empty() {
		let (_folder, blobs) = store(1);
		assert!(blobs.upload(Hash::of(b""), 0, 0, b"").expect("it fits").complete);
	}
}
