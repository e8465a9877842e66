//! The disk that all leases of a worker share with the worker itself.

use std::{
	io,
	path::{Path, PathBuf},
	sync::atomic::{AtomicU64, Ordering},
};

/// What is kept free unless it is configured otherwise: the prover's store writes to the same disk.
pub const FLOOR: u64 = 2 << 30;

/// How much of a disk may be written.
#[derive(Debug)]
pub struct Disk {
	folder: PathBuf,
	floor: u64,
	/// Bytes of outputs that jobs were promised and have not written yet.
	promised: AtomicU64,
}

impl Disk {
	/// The disk on which `folder` is, where `floor` bytes stay free.
	pub fn new(folder: &Path, floor: u64) -> Self {
		Self { folder: folder.into(), floor, promised: AtomicU64::new(0) }
	}

	/// Bytes that can be written beyond what is kept free and what is promised.
	pub fn free(&self) -> io::Result<u64> {
		let kept = self.floor.saturating_add(self.promised.load(Ordering::Relaxed));
		Ok(available(&self.folder)?.saturating_sub(kept))
	}

	/// Bytes that can be written beyond what is kept free, for one to whom they were promised.
	pub fn above_floor(&self) -> io::Result<u64> {
		Ok(available(&self.folder)?.saturating_sub(self.floor))
	}

	/// Bytes that are promised.
	#[cfg(test)]
	pub(crate) fn promised(&self) -> u64 {
		self.promised.load(Ordering::Relaxed)
	}

	/// Keeps so many bytes for a job's outputs.
	pub(crate) fn promise(&self, bytes: u64) {
		self.promised.fetch_add(bytes, Ordering::Relaxed);
	}

	/// They are written, or nobody needs them any more.
	pub(crate) fn release(&self, bytes: u64) {
		self.promised.fetch_sub(bytes, Ordering::Relaxed);
	}
}

/// Bytes that this user can still write to the disk of `folder`.
#[cfg(unix)]
fn available(folder: &Path) -> io::Result<u64> {
	use std::os::unix::ffi::OsStrExt;
	let path = std::ffi::CString::new(folder.as_os_str().as_bytes())?;
	let mut found = std::mem::MaybeUninit::<libc::statvfs>::uninit();
	#[allow(unsafe_code, reason = "see SAFETY")]
	// SAFETY: the path ends with a zero and the place is large enough; it is read only when the call
	// has filled it.
	let found = unsafe {
		if libc::statvfs(path.as_ptr(), found.as_mut_ptr()) != 0 {
			return Err(io::Error::last_os_error());
		}
		found.assume_init()
	};
	#[allow(clippy::unnecessary_cast, reason = "the types differ between systems")]
	Ok((found.f_bavail as u64).saturating_mul(found.f_frsize as u64))
}

#[cfg(not(unix))]
fn available(_: &Path) -> io::Result<u64> {
	Ok(u64::MAX)
}
