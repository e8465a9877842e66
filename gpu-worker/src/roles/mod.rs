//! What a worker does for its pay. Each role follows the best chain for what is timed and final
//! blocks for what is irrevocable, and can be restarted at any point.

pub mod prover;
pub mod provider;
pub mod submitter;
