//! What serves in a place, and its history.

use serde::{Deserialize, Serialize};

use super::candidate::Candidate;
use crate::clock::Timestamp;
use crate::events::NewEvent;

/// A place as it stands. One that never had a release has no row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceState {
    /// Such as `login`.
    pub place: String,
    /// The number of the release that serves.
    pub active: i64,
    /// Counts the changes of `active`.
    pub revision: i64,
    pub activated_at: Timestamp,
    pub activated_by: String,
    /// Those that served before and are kept ready, the latest first; at most
    /// [`PlaceState::MOST_PREVIOUS`].
    pub previous: Vec<i64>,
    /// Until when the active release falls back by itself if it fails.
    pub probation_until: Option<Timestamp>,
    pub freeze: Option<Freeze>,
    /// What is tried beside the active release.
    pub candidate: Option<Candidate>,
    /// What was granted to it; none: nobody ever has.
    #[serde(default)]
    pub grants: Option<Vec<String>>,
}

impl PlaceState {
    /// So many releases that served before are kept ready.
    pub const MOST_PREVIOUS: usize = 5;
}

/// No deploys until then; rollbacks go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeze {
    pub until: Timestamp,
    pub by: String,
    pub why: String,
}

/// Who changes a place, and why: for the history.
#[derive(Debug, Clone)]
pub struct Change {
    pub who: String,
    pub why: String,
    /// More for the history, a JSON object: figures, reports.
    pub details: String,
}

/// What must still be so, or a rollback is not made: the place may have changed since somebody
/// looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Whatever serves.
    Anything,
    /// This release serves: it is the one that somebody wants to be rid of.
    Release(i64),
    /// The place is at this revision, and on probation: it falls back.
    Probation(i64),
}

/// The event that tells of a move, for the transaction of the move itself.
pub type EventOfMove<'e> = Option<&'e (dyn Fn(&Moved) -> NewEvent + Sync)>;

/// A pointer that was moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    pub place: String,
    /// None: nothing served.
    pub from: Option<i64>,
    pub to: i64,
    pub revision: i64,
}

/// A line of history: it is never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryLine {
    pub sequence: i64,
    pub place: String,
    pub at: Timestamp,
    pub who: String,
    /// `pushed`, `imported`, `deploy_began`, `activated`, `deploy_refused`, `deploy_expired`,
    /// `deploy_cancelled`, `rolled_back`, `fell_back`, `frozen`, `unfrozen`, `pruned`,
    /// `shadow_began`, `share_began`, `paused`, `resumed`, `promoted`, `aborted`, `taken_out`,
    /// `advanced`, `overtaken`, `granted`, `signed`,
    /// `token_added`, `token_revoked` (the last two have no place: an empty text).
    pub action: String,
    pub from: Option<i64>,
    pub to: Option<i64>,
    pub why: String,
    /// A JSON object.
    pub details: String,
}
