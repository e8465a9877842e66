//! A full disk stops the node cleanly (N5), before a write of the database can fail half-way.

use std::{
	io,
	path::{Path, PathBuf},
	time::Duration,
};

use sc_service::SpawnEssentialTaskHandle;

use crate::problem::Problem;

const MIB: u64 = 1024 * 1024;
const INTERVAL: Duration = Duration::from_secs(5);

/// Refuses to start with less than `minimum_mib` free at `path`, and spawns the task that ends
/// the node when it falls below that later. Zero means no minimum.
pub(crate) fn watch(
	path: PathBuf,
	minimum_mib: u64,
	spawner: &SpawnEssentialTaskHandle,
) -> Result<(), Problem> {
	if minimum_mib == 0 {
		return Ok(());
	}
	ensure_free(&path, minimum_mib, free_space)?;
	// An essential task that ends takes the node down in order.
	spawner.spawn("disk-watch", None, async move {
		loop {
			tokio::time::sleep(INTERVAL).await;
			if let Err(problem) = ensure_free(&path, minimum_mib, free_space) {
				tracing::error!("{problem} The node stops now.");
				break;
			}
		}
	});
	Ok(())
}

fn free_space(path: &Path) -> io::Result<u64> {
	fs2::available_space(path)
}

fn ensure_free(
	path: &Path,
	minimum: u64,
	available: impl Fn(&Path) -> io::Result<u64>,
) -> Result<(), Problem> {
	// A volume that cannot be measured (some network file systems) must not stop a node.
	let Ok(bytes) = available(path) else { return Ok(()) };
	let available = bytes / MIB;
	if available < minimum {
		return Err(Problem::DiskFull { available, minimum, path: path.into() });
	}
	Ok(())
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn n05_disk_should_be_called_full_when_below_the_minimum() {
		let path = Path::new("/data");
		assert!(ensure_free(path, 512, |_| Ok(512 * MIB)).is_ok());
		let refusal = ensure_free(path, 512, |_| Ok(512 * MIB - 1)).expect_err("one byte short");
		assert!(refusal.to_string().contains("Only 511 MiB are free at /data"));
	}

	#[test]
	fn disk_should_be_left_alone_when_it_cannot_be_measured() {
		let failing = |_: &Path| Err(io::Error::other("not measurable"));
		assert!(ensure_free(Path::new("/data"), 512, failing).is_ok());
	}
}
