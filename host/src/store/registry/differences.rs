//! What came of comparing two decisions on the same attempt: counted by kind, with a few samples.
//! No sample names a person.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::candidate::RolloutMode;
use crate::clock::Timestamp;

/// What a replica adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDifferences {
    pub rollout: Uuid,
    /// How many more of each kind.
    pub counts: Vec<(String, u64)>,
    pub samples: Vec<DifferenceSample>,
}

/// A call of a kind, so that somebody can look it up in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DifferenceSample {
    /// `same`, `differs:accepted → captcha_required`, `not_comparable:reads_a_write`,
    /// `fault:panic`, `skipped:queue_full`: the part before the colon is one of these five.
    pub kind: String,
    pub request_id: String,
    pub at: Timestamp,
    /// The name of the replica.
    pub replica: String,
}

/// What was counted of a trial.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Differences {
    /// The most frequent first.
    pub counts: Vec<(String, u64)>,
    /// The latest first.
    pub samples: Vec<DifferenceSample>,
}

/// A trial, also one that is over; forgotten after a week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollout {
    pub rollout: Uuid,
    pub place: String,
    pub release: i64,
    /// What it was compared with.
    pub base: i64,
    pub mode: RolloutMode,
    pub began_at: Timestamp,
    pub began_by: String,
    pub why: String,
    pub ended_at: Option<Timestamp>,
    /// `promoted`, `aborted`, `taken_out`, `replaced`, `overtaken`.
    pub ending: Option<String>,
}
