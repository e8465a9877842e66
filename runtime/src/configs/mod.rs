//! How each pallet is configured, a file for each group.

mod accounts;
mod assay;
mod consensus;
mod governance;
mod money;
mod pause;
mod system;
mod tracks;

pub use accounts::ProxyType;
pub use assay::{ParentVrf, DEVICE_STAKE, MINIMUM_BOND, MINIMUM_DELEGATION};
pub use governance::SchedulerWeight;
pub use money::{credits_issuer, FlopsCredits, FLOPS_ASSET};
#[cfg(test)]
pub(crate) use pause::NEVER_PAUSED;
pub use pause::{NeverPaused, RootOrFastTrack};
pub use system::{CallFilter, SS58_PREFIX};
pub use tracks::{Tracks, FAST_TRACK, ROOT_TRACK};
