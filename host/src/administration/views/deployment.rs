//! Deployments.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::rollout::NewRolloutView;
use crate::store::registry::{DeploymentState, ReportState};

/// `POST /v1/deployments`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDeploymentView {
    #[schema(example = "login/42")]
    pub release: String,
    #[serde(default)]
    pub message: String,
    /// How it is to be tried; none: it is to serve all at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<NewRolloutView>,
}

/// A deployment: all live replicas are asked whether they can serve a release, or try it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DeploymentView {
    #[schema(value_type = String)]
    pub id: Uuid,
    pub place: String,
    #[schema(example = "login/42")]
    pub release: String,
    /// `preparing`, `activated` (with `rollout`: it is tried), `refused`, `expired` or `cancelled`.
    #[schema(value_type = String, example = "preparing")]
    pub state: DeploymentState,
    pub who: String,
    pub message: String,
    pub asked_at: String,
    /// Until then all must have reported.
    pub deadline: String,
    pub ended_at: Option<String>,
    pub reports: Vec<ReportView>,
    /// The names of the live replicas that have not reported.
    pub waiting_for: Vec<String>,
    /// How the release is to be tried; none: it is to serve all.
    #[serde(default)]
    pub rollout: Option<NewRolloutView>,
}

/// What a replica reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportView {
    #[schema(value_type = String)]
    pub replica: Uuid,
    pub name: String,
    /// `ready`, `refused` or `pinned`.
    #[schema(value_type = String, example = "ready")]
    pub state: ReportState,
    /// Each fault in a sentence, with what to do about it.
    pub reasons: Vec<String>,
    /// How long it took.
    pub milliseconds: i64,
    pub at: String,
}
