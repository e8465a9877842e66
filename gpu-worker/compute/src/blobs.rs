//! The blobs of one lease: files named by the SHA-256 of what is in them.
//!
//! An upload grows a file in `partial/` chunk by chunk, each chunk checked before it is written, so
//! that after any crash the file holds a correct beginning; when it is complete it is hashed as a
//! whole and moved to `blobs/`. Names are made of [`struct@Hash`]es only.

use crate::Hash;
use serde::Serialize;
use std::{
	collections::{BTreeMap, BTreeSet},
	fs::{self, File, OpenOptions},
	io::{self, Write},
	path::{Path, PathBuf},
	sync::{
		atomic::{AtomicU64, Ordering},
		Mutex, MutexGuard, PoisonError,
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
	state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
	complete: BTreeMap<Hash, u64>,
	partial: BTreeMap<Hash, Status>,
	busy: BTreeSet<Hash>,
}

impl State {
	fn used(&self) -> u64 {
		let whole: u64 = self.complete.values().sum();
		whole + self.partial.values().map(|status| status.size).sum::<u64>()
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
	/// Opens the store in `folder`, which holds at most `quota` bytes.
	pub fn open(folder: &Path, quota: u64) -> io::Result<Self> {
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
		Ok(Self { folder: folder.into(), quota, state: Mutex::new(state) })
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

	/// Takes a file that nobody else writes into the store, by moving it.
	pub fn adopt(&self, path: &Path) -> Result<(Hash, u64), BlobError> {
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
		self.fits(&state, size)?;
		fs::rename(path, self.whole(&hash))?;
		state.complete.insert(hash, size);
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

enum Begun<'a> {
	Writing(Status, Writing<'a>),
	Complete(Status),
}

#[cfg(test)]
mod tests {
	use super::*;

	fn store(quota: u64) -> (tempfile::TempDir, Blobs) {
		let folder = tempfile::tempdir().expect("there is a temporary folder");
		let blobs = Blobs::open(folder.path(), quota).expect("the store opens");
		(folder, blobs)
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
		let blobs = Blobs::open(folder.path(), 100).expect("the store opens");
		assert_eq!(blobs.status(&hash), Some(first));
		let wrong = blobs.upload(hash, 10, 5, &data[5..]);
		assert!(matches!(wrong, Err(BlobError::Offset { expected: 4 })));
		assert!(matches!(blobs.upload(hash, 9, 4, b"4"), Err(BlobError::Length { total: 10 })));
		assert!(matches!(blobs.upload(hash, 10, 4, b"45678901"), Err(BlobError::Beyond { .. })));
		assert!(blobs.upload(hash, 10, 4, &data[4..]).expect("it fits").complete);
		let path = blobs.path(&hash).expect("it is complete");
		assert_eq!(fs::read(path).expect("it is there"), data);
		assert_eq!(blobs.usage(), (10, 100));
		let blobs = Blobs::open(folder.path(), 100).expect("the store opens");
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
		assert!(matches!(blobs.adopt(&file), Err(BlobError::Full { .. })));
		blobs.delete(&Hash::of(b"a")).expect("it can be deleted");
		blobs.set_quota(2);
		assert!(matches!(blobs.adopt(&file), Err(BlobError::Full { quota: 2, .. })));
		blobs.set_quota(3);
		assert_eq!(blobs.adopt(&file).expect("it fits"), (Hash::of(b"123"), 3));
	}

	#[test]
	fn empty_blob_should_be_complete_when_its_only_chunk_is_empty() {
		let (_folder, blobs) = store(1);
		assert!(blobs.upload(Hash::of(b""), 0, 0, b"").expect("it fits").complete);
	}
}
