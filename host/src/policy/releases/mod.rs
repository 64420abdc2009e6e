//! Releases: each replica serves what the registry says is active, keeps ready what somebody may
//! go back to, and takes part in deployments.

mod deploying;
pub mod export;
mod export_fault;
mod exported;
mod follower;
mod gated;
mod gating;
mod judging;
mod life;
mod metrics;
mod pin;
mod place;
mod preparing;
mod probation;
mod replica;
mod settings;
mod standing;
mod trial_metrics;
mod trying;

pub use export_fault::ExportFault;
pub use follower::{Follower, FollowerParts};
pub use metrics::FollowMetrics;
pub use pin::{Pin, PinFault};
pub use preparing::Preparer;
pub use replica::{ThisReplica, component_for_this_host};
pub use settings::ReleaseSettings;
pub use standing::{Pinned, Standing};
pub use trial_metrics::TrialMetrics;
