#![doc = include_str!("README.md")]

mod child;
#[cfg(target_os = "linux")]
mod confine;
mod execute;
mod failure;
mod folder;
mod process;
mod protocol;
mod watchdog;

pub use child::{child_main, confine_self};
pub use failure::Failure;
pub use folder::Folder;
pub use process::{Control, Finished, Launcher, Progress, Sandbox};
pub use protocol::{Caps, Confinement};

/// Whether this system can hide files from jobs: `full`, `partial` (an older kernel) or `none`.
pub fn landlock() -> &'static str {
	#[cfg(target_os = "linux")]
	let version = confine::landlock_version();
	#[cfg(not(target_os = "linux"))]
	let version = 0;
	match version {
		0 => "none",
		1..6 => "partial",
		_ => "full",
	}
}

/// Hides the memory and the environment of this process from others of its user, where the system
/// can.
pub fn hide_self() -> std::io::Result<()> {
	#[cfg(target_os = "linux")]
	confine::hide_self()?;
	Ok(())
}
