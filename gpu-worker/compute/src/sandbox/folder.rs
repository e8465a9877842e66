//! A child's private folder.

use std::{
	fs::{self, DirBuilder, File, OpenOptions},
	io,
	path::{Path, PathBuf},
};

/// A folder with `in` and `out` that is deleted when this is dropped.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
	/// Makes an empty one inside `parent`.
	pub(super) fn create(parent: &Path) -> io::Result<Self> {
		let mut random = [0; 16];
		getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
		let folder = Self(parent.join(hex::encode(random)));
		for path in [folder.0.clone(), folder.input(), folder.output()] {
			private().create(path)?;
		}
		Ok(folder)
	}

	/// Empties `parent`, in which an earlier run may have left folders.
	pub(super) fn clear(parent: &Path) -> io::Result<()> {
		match fs::remove_dir_all(parent) {
			Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
			_ => {}
		}
		private().recursive(true).create(parent)
	}

	/// Where it is.
	pub fn path(&self) -> &Path {
		&self.0
	}

	/// What the child can read.
	pub(super) fn input(&self) -> PathBuf {
		self.0.join("in")
	}

	/// What the child can write.
	pub(super) fn output(&self) -> PathBuf {
		self.0.join("out")
	}

	/// Puts a blob into `in`: as a second name of the same file where the file system can.
	pub(super) fn provide(&self, name: &str, blob: &Path) -> io::Result<()> {
		let target = self.input().join(name);
		match fs::hard_link(blob, &target) {
			Ok(()) => Ok(()),
			Err(error) if error.kind() == io::ErrorKind::NotFound => Err(error),
			Err(_) => fs::copy(blob, target).map(drop),
		}
	}

	/// Bytes of what the child has left in `out` so far, each name counted as a block at least.
	pub(super) fn written(&self) -> io::Result<u64> {
		const BLOCK: u64 = 4 << 10;
		let mut sum = 0u64;
		for entry in fs::read_dir(self.output())? {
			// What was there a moment ago may be gone.
			let size = entry?.metadata().map_or(0, |data| data.len());
			sum = sum.saturating_add(size.max(BLOCK));
		}
		Ok(sum)
	}

	/// The output `index`, if the child has left a plain file of `size` bytes there.
	pub(super) fn output_file(&self, index: usize, size: u64) -> io::Result<PathBuf> {
		let path = self.output().join(index.to_string());
		let mut options = OpenOptions::new();
		options.read(true);
		#[cfg(unix)]
		{
			// A child that was taken over may leave a link to a secret, or a pipe that never ends.
			use std::os::unix::fs::OpenOptionsExt;
			options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
		}
		let file: File = options.open(&path)?;
		let data = file.metadata()?;
		#[cfg(unix)]
		let alone = std::os::unix::fs::MetadataExt::nlink(&data) == 1;
		#[cfg(not(unix))]
		let alone = true;
		match data.is_file() && alone && data.len() == size {
			true => Ok(path),
			false => Err(io::Error::other("an output is not what was asked for")),
		}
	}
}

impl Drop for Folder {
	fn drop(&mut self) {
		if let Err(error) = fs::remove_dir_all(&self.0) {
			tracing::warn!(path = %self.0.display(), %error, "a job's folder could not be deleted");
		}
	}
}

/// Readable by this user alone.
fn private() -> DirBuilder {
	#[cfg_attr(not(unix), allow(unused_mut))]
	let mut builder = DirBuilder::new();
	#[cfg(unix)]
	std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
	builder
}
