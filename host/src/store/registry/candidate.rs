//! A candidate: a release that is tried beside the one that serves, before anybody depends on it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::Timestamp;

/// Parts of all people, or of all calls, are told in hundredths of a percent: so many are all.
pub const WHOLE: u32 = 10_000;

/// How a release is to be tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolloutPlan {
    pub mode: RolloutMode,
    /// In hundredths of a percent, from 1: of the calls that a shadow follows, or of the people
    /// that a share takes. With steps it is the first one's.
    pub share: u32,
    /// How a share grows by itself; without any it stays as it is.
    pub steps: Vec<RolloutStep>,
    /// What takes the candidate out beside the usual, as it was written: `faults > 0.1%`.
    pub budgets: Vec<String>,
    /// So many of its calls are judged at least before it counts as good, if not the usual number.
    pub least_calls: Option<u64>,
}

/// Whom a candidate decides about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RolloutMode {
    /// About nobody: it runs after the answer, and what it decides is compared and discarded.
    Shadow,
    /// About a part of all people, always the same ones.
    Share,
}

/// A step of a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolloutStep {
    /// In hundredths of a percent; [`WHOLE`], of the last step only, activates the release.
    pub share: u32,
    /// It lasts at least so long, and until the judgement is good.
    pub hold_milliseconds: i64,
}

/// A candidate of a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Names this trial; that of the deployment that began it.
    pub rollout: Uuid,
    pub release: i64,
    /// What was active when it began, and the place's revision then: with another one the trial is
    /// over.
    pub base: i64,
    pub base_revision: i64,
    pub plan: RolloutPlan,
    /// Which of the plan's steps it is at.
    pub step: usize,
    /// As it is now, in hundredths of a percent.
    pub share: u32,
    /// Counts the changes of `share` and mode: what is counted begins anew with each.
    pub turn: i64,
    pub turn_since: Timestamp,
    pub began_at: Timestamp,
    pub began_by: String,
    pub why: String,
    pub paused: Option<Pause>,
}

/// No step goes on by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    pub at: Timestamp,
    pub by: String,
    pub why: String,
}

/// What becomes of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RolloutChange {
    /// Steps do not go on.
    Pause,
    /// They go on; the current one begins anew.
    Resume,
    /// It serves all from now on.
    Promote,
    /// It is taken out.
    Abort,
    /// It is taken out because it was judged bad.
    TakeOut,
    /// Its next step begins; the last one activates it.
    Advance,
}
