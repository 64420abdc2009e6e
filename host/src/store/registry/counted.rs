//! What replicas count of a trial, and of a release on probation: figures that can be added up.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a group of calls came to: those that the candidate decided, or those that the active
/// release did, in the same time. One person counts for a few calls a minute only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counted {
    /// Calls that the policy decided or spoiled.
    pub calls: u64,
    /// Those that it spoiled, time outs among them.
    pub faults: u64,
    /// Those that took longer than they may.
    pub timeouts: u64,
    /// Calls that came to nothing because the host could not do its part; no `calls`. One person
    /// counts for as many as of the others.
    pub failed: u64,
    /// By the codes that the manifest declares.
    pub refusals: BTreeMap<String, u64>,
    /// Faults by cause.
    pub causes: BTreeMap<String, u64>,
    /// How long calls took: the number of those that fall into each bucket of
    /// `policy::judgement::TIMES`; a replica's first calls are left out.
    pub times: Vec<u64>,
    /// Keyed hashes of some people whose calls it spoiled, at most 16.
    pub failing: Vec<u32>,
    /// The same of the networks that those calls came from.
    pub failing_networks: Vec<u32>,
    /// Keyed hashes of some people whose calls failed, by the code of a refusal,
    /// or `(failed)`.
    pub met: BTreeMap<String, Vec<u32>>,
    /// The same of those whose calls fell into each bucket of `times`.
    pub timed: Vec<Vec<u32>>,
    /// From so many networks calls came at least; more than 16 are not told apart.
    pub networks: u32,
}

/// What a replica has of a trial.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrialFigures {
    pub rollout: Uuid,
    pub turn: i64,
    /// It takes part: calls go to the candidate, or are followed by it.
    pub runs: bool,
    /// Why it does not, if it does not.
    pub why: Option<String>,
    pub active: Counted,
    pub candidate: Counted,
}
