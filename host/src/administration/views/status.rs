//! What serves, and on whom.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::deployment::DeploymentView;
use super::rollout::CandidateView;
use crate::store::registry::Role;

/// `GET /v1/host`: whom one talks to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HostView {
    /// Of the program.
    pub version: String,
    /// The versions of the WIT that it takes, the newest first.
    pub wit_versions: Vec<String>,
    /// The name of the replica that answers.
    pub replica: String,
    /// Its clock: that of the database, if replicas share one.
    pub time: String,
    /// The places that releases can be for.
    pub places: Vec<String>,
    /// The most bytes of a component.
    pub most_component_bytes: u64,
    /// The name of the token that asked.
    pub token: String,
    /// What it may do: `look`, `deploy` or `operate`.
    #[schema(value_type = String, example = "deploy")]
    pub role: Role,
}

/// `GET /v1/status`: what serves, and on whom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StatusView {
    pub time: String,
    pub places: Vec<PlaceView>,
    /// All that were seen in the last hour.
    pub replicas: Vec<ReplicaView>,
    /// Deployments that are being prepared.
    pub deployments: Vec<DeploymentView>,
}

/// What serves in a place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlaceView {
    #[schema(example = "login")]
    pub place: String,
    /// The release that serves.
    #[schema(example = "login/42")]
    pub active: String,
    /// Counts the changes of `active`.
    pub revision: i64,
    pub activated_at: String,
    pub activated_by: String,
    /// Those that served before and are kept ready, the latest first.
    pub previous: Vec<String>,
    /// Until when the active release falls back by itself if it fails.
    pub probation_until: Option<String>,
    pub freeze: Option<FreezeView>,
    /// What is tried beside the active release.
    #[serde(default)]
    pub candidate: Option<CandidateView>,
    /// Why what serves would not be deployed anew: signatures and grants.
    #[serde(default)]
    pub untrusted: Vec<String>,
}

/// No deploys until then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FreezeView {
    pub until: String,
    pub by: String,
    pub message: String,
}

/// A replica.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReplicaView {
    /// Made anew at each start.
    #[schema(value_type = String)]
    pub id: Uuid,
    pub name: String,
    pub version: String,
    pub wit_versions: Vec<String>,
    pub started_at: String,
    pub last_seen: String,
    /// Whether it was seen lately: deployments wait for such ones only.
    pub live: bool,
    pub serving: Vec<ServingView>,
}

/// What a replica serves in a place, with what it counted since it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ServingView {
    pub place: String,
    /// None: nothing serves.
    pub release: Option<String>,
    /// The revision of the place that it follows.
    pub revision: i64,
    /// Since when it serves that release.
    pub since: String,
    pub state: ServingState,
    /// Why it does not serve what is active, if it does not.
    pub behind: Option<String>,
    pub calls: u64,
    pub faults: u64,
    pub refusals: u64,
    pub calls_a_minute: u64,
    /// Faults by cause.
    pub causes: BTreeMap<String, u64>,
    /// Refusals by code.
    #[serde(default)]
    pub refusals_by_code: BTreeMap<String, u64>,
    /// Calls that came to nothing because the host could not do its part; they are no `calls`.
    #[serde(default)]
    pub failed: u64,
    /// Processor time of all calls, the failed ones among them: their own and the host's for them.
    #[serde(default)]
    pub processor_microseconds: u64,
    /// Time in which they waited for the host.
    #[serde(default)]
    pub host_microseconds: u64,
    /// How often they called the host.
    #[serde(default)]
    pub host_calls: u64,
    /// The most memory that a call of this release ever had in this process.
    #[serde(default)]
    pub peak_memory_bytes: u64,
}

/// How a replica stands to what is active.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ServingState {
    /// It serves what is active.
    Current,
    /// It serves another, or nothing; `behind` says why, unless it is just changing over.
    Behind,
    /// It serves what it was pinned to.
    Pinned,
}
