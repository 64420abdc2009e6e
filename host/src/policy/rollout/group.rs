//! What a group of calls came to is counted as what a release's calls came to.

pub use crate::policy::health::{CallOutcome, GroupCounts, Observed};
