//! A deployment: all live replicas are asked whether they can serve a release; the place changes
//! when all are ready, and not at all if one refuses.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::candidate::RolloutPlan;
use crate::clock::Timestamp;

/// How far a deployment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeploymentState {
    /// Replicas admit and compile. A place has at most one of these. With a plan the database says
    /// `rehearsing`: an older version does not know that word, and would activate the release.
    #[serde(alias = "rehearsing")]
    Preparing,
    /// All were ready: it serves.
    Activated,
    /// One refused: nothing was activated.
    Refused,
    /// Not all reported in time: nothing was activated.
    Expired,
    /// Somebody ended it, or rolled the place back meanwhile.
    Cancelled,
}

/// A deployment with what replicas reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    pub id: Uuid,
    pub place: String,
    pub release: i64,
    pub state: DeploymentState,
    pub who: String,
    pub why: String,
    pub asked_at: Timestamp,
    /// Until then all must have reported.
    pub deadline: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub reports: Vec<Report>,
    /// How the release is to be tried; none: it is to serve all.
    pub plan: Option<RolloutPlan>,
    /// The names of the live replicas that have not reported; empty once it has ended.
    pub waiting_for: Vec<String>,
}

/// What a replica says of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReportState {
    /// It is admitted, compiled and linked: it can serve at once.
    Ready,
    /// It cannot serve it.
    Refused,
    /// It serves what it was pinned to, and does not take part.
    Pinned,
}

/// What a replica reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub replica: Uuid,
    /// The replica's name, for people.
    pub name: String,
    pub state: ReportState,
    /// Each fault in a sentence, with what to do about it.
    pub reasons: Vec<String>,
    /// How long it took, in milliseconds.
    pub milliseconds: i64,
    pub at: Timestamp,
}
