//! Tests by topic.

mod attacks;
mod audits;
mod buffers;
mod golden;
mod hooks;
mod lifecycle;
mod reorganisation;
mod retirement;
mod state;
mod verdicts;
mod views;
mod windows;
