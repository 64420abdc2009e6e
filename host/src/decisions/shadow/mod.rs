//! Shadows: after a decision was carried out, the candidate decides about the same attempt, and
//! what it decides is compared and discarded. What does not fit is skipped and counted; no request
//! ever waits for a shadow.

mod following;
mod job;
mod kind;
mod life;
mod metrics;
mod queue;
mod sample;
mod shadows;
mod tally;
mod upshot;
mod worker;

pub use metrics::ShadowMetrics;
pub use shadows::{ShadowParts, Shadows};

pub(super) use following::Following;
pub(super) use upshot::Upshot;
