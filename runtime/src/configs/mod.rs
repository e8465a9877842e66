//! How each pallet is configured, a file for each group.

mod accounts;
mod assay;
mod consensus;
mod governance;
mod money;
mod system;

pub use accounts::ProxyType;
pub use assay::{ParentVrf, DEVICE_STAKE, MINIMUM_BOND};
pub use consensus::{FixedValidators, KEPT_SESSIONS};
pub use money::{credits_issuer, FlopsCredits, FLOPS_ASSET};
pub use system::{CallFilter, SS58_PREFIX};
