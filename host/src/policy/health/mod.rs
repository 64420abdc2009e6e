//! How each release does in this process: what its calls came to, and what they took; and the
//! judgement of a fresh one, over all replicas.
//!
//! A generation holds the counts of its release, so a call needs no look-up. What the host could
//! not do is never counted against a policy.

mod cause;
mod counts;
mod fall_back;
mod few;
mod group;
mod judge;
mod minute;
mod network;
mod people;
mod releases;
mod remedy;
mod series;
mod subject;

pub use cause::Cause;
pub use counts::{ReleaseCounts, Use};
pub use group::{CallOutcome, GroupCounts, Observed};
pub use judge::{Figures, judge_fresh, of_revision};
pub use network::Network;
pub use releases::ReleaseHealth;
pub use subject::Subject;
