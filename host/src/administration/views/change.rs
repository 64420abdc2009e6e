//! Other changes, and the history of all.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// `POST /v1/places/{place}/rollback`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RollbackView {
    /// The number of the release to go back to; without, the one that served before, or while one
    /// is tried on a share of people, the one beside it.
    #[serde(default)]
    pub to: Option<i64>,
    /// The number of the release to be rid of: if another one serves by now, nothing is changed
    /// (`changed_meanwhile`). Whoever may not be the only one who asks, or asks again after a lost
    /// answer, should give it.
    #[serde(default)]
    pub from: Option<i64>,
    #[serde(default)]
    pub message: String,
}

/// A place whose release has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MovedView {
    pub place: String,
    #[schema(example = "login/42")]
    pub from: Option<String>,
    #[schema(example = "login/41")]
    pub to: String,
    pub revision: i64,
    /// Why what serves now would not be deployed anew, as far as signatures go.
    #[serde(default)]
    pub untrusted: Vec<String>,
}

/// `PUT /v1/places/{place}/freeze`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFreezeView {
    /// RFC 3339.
    #[schema(example = "2027-01-02T08:00:00Z")]
    pub until: String,
    pub message: String,
}

/// `DELETE` of a deployment or a freeze: the body may be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndView {
    #[serde(default)]
    pub message: String,
}

/// `POST /v1/prune`: which releases to delete. What serves, is kept ready or is being deployed
/// stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PruneView {
    /// So many of each place stay, the newest; without, as many as `POLICY_RELEASES_KEPT` says.
    #[serde(default)]
    pub keep: Option<u32>,
    /// Only what is older than so many seconds.
    #[serde(default)]
    pub older_than: Option<u64>,
    #[serde(default)]
    pub message: String,
}

/// What was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PrunedView {
    pub releases: u64,
    pub components: u64,
    /// Of the components.
    pub bytes: u64,
}

/// `GET /v1/history`: a page of lines, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HistoryView {
    pub lines: Vec<HistoryLineView>,
    /// What to give as `before` for the next page; none: there is no more.
    pub next: Option<i64>,
}

/// Who did what, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HistoryLineView {
    pub sequence: i64,
    /// Empty where it is about no place.
    pub place: String,
    pub at: String,
    pub who: String,
    /// `pushed`, `imported`, `deploy_began`, `activated`, `deploy_refused`, `deploy_expired`,
    /// `deploy_cancelled`, `rolled_back`, `fell_back`, `frozen`, `unfrozen`, `pruned`,
    /// `shadow_began`, `share_began`, `paused`, `resumed`, `advanced`, `promoted`, `aborted`,
    /// `taken_out`, `overtaken`, `granted`, `signed`, `token_added`, `token_revoked`.
    pub action: String,
    pub from: Option<String>,
    pub to: Option<String>,
    pub message: String,
    /// Figures, reports.
    pub details: Map<String, Value>,
}
