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
