//! Replicas: who serves, what, and how that goes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::counted::{Counted, TrialFigures};
use crate::clock::Timestamp;

/// What a replica says of itself, about once a second.
#[derive(Debug, Clone)]
pub struct Beat {
    /// Made anew at each start.
    pub replica: Uuid,
    /// For people: the machine's name, or what the settings say.
    pub name: String,
    /// Of the program.
    pub version: String,
    /// The versions of the WIT that it speaks, the newest first.
    pub wit_versions: Vec<String>,
    pub started_at: Timestamp,
    pub serving: Vec<Serving>,
}

/// A replica as the others see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Replica {
    pub replica: Uuid,
    pub name: String,
    pub version: String,
    pub wit_versions: Vec<String>,
    pub started_at: Timestamp,
    pub last_seen: Timestamp,
    /// Whether it was seen lately: deployments wait for such ones only.
    pub live: bool,
    pub serving: Vec<Serving>,
}

/// What a replica serves in a place, with what it counted since it does.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Serving {
    pub place: String,
    /// None: nothing serves.
    pub release: Option<i64>,
    /// The revision of the place that it follows; 0 before the first.
    pub revision: i64,
    /// Since when, in milliseconds since the Unix epoch.
    pub since: Timestamp,
    /// It serves this release whatever the registry says.
    pub pinned: bool,
    /// Why it does not serve what is active, if it does not.
    pub behind: Option<String>,
    /// Since it serves: decisions, faults of the policy, refusals among the decisions.
    pub calls: u64,
    pub faults: u64,
    pub refusals: u64,
    /// Calls that began in the last whole minute.
    pub calls_a_minute: u64,
    /// Keyed hashes of some accounts or addresses whose calls failed, at most 16: how many people
    /// a fault meets. Replicas of the version before judge by it.
    pub failing: Vec<u32>,
    /// Faults by cause.
    pub causes: BTreeMap<String, u64>,
    /// Refusals by those codes that the manifest declares.
    pub refusals_by_code: BTreeMap<String, u64>,
    /// Calls that came to nothing because the host could not do its part; no `calls`.
    pub failed: u64,
    /// Processor time of all calls, the failed ones among them: their own and the host's for them.
    pub processor_microseconds: u64,
    /// Time in which they waited for the host.
    pub host_microseconds: u64,
    /// How often they called the host.
    pub host_calls: u64,
    /// The most memory that a call of this release ever had in this process.
    pub peak_memory_bytes: u64,
    /// This replica knows of candidates.
    pub rollouts: bool,
    /// What it has of the place's trial.
    pub trial: Option<TrialFigures>,
    /// What is judged of the release on probation, since it serves.
    pub judged: Counted,
    /// The same of the release that served before, until the change.
    pub before: Option<Counted>,
}
