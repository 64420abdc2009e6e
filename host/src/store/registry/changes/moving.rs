//! What a change of a place takes along: what was being prepared, and what was being tried.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::super::candidate::Candidate;
use super::super::deployment::DeploymentState;
use super::super::place::Moved;
use super::super::place_row::PlaceRow;
use super::super::transaction::{NewLine, Registry};
use crate::clock::{Timestamp, milliseconds};
use crate::store::StoreError;

/// Until when a release that is activated now is on probation.
pub(super) fn probation_until(now: Timestamp, probation: Duration) -> Option<Timestamp> {
    (!probation.is_zero()).then(|| now.saturating_add(milliseconds(probation)))
}

/// Writes what was moved. What was tried is over by that: it serves all, or was tried beside what
/// does not serve any more.
pub(super) async fn arrive<R: Registry>(
    registry: &mut R,
    row: &mut PlaceRow,
    moved: &Moved,
    who: &str,
) -> Result<(), StoreError> {
    match row.candidate.take() {
        Some(candidate) if candidate.release == moved.to => {
            registry.end_rollout(candidate.rollout, "promoted").await?;
        }
        candidate => {
            row.candidate = candidate;
            overtaken(registry, row, who).await?;
        }
    }
    registry.mark_active(&row.place, moved.to).await?;
    registry.save(row).await
}

/// Takes out what is tried, if the place has changed since. The row is to be saved.
pub(super) async fn overtaken<R: Registry>(
    registry: &mut R,
    row: &mut PlaceRow,
    who: &str,
) -> Result<bool, StoreError> {
    if row.tried().is_some() {
        return Ok(false);
    }
    let Some(candidate) = row.candidate.take() else { return Ok(false) };
    registry.end_rollout(candidate.rollout, "overtaken").await?;
    let line = NewLine {
        place: &row.place,
        who,
        action: "overtaken",
        from: Some(candidate.release),
        to: row.active,
        why: "what it was tried beside was changed meanwhile",
        details: &details(&candidate, "{}"),
    };
    registry.write(line).await?;
    Ok(true)
}

/// What history is told, with which trial it was, and how far.
pub(super) fn details(candidate: &Candidate, details: &str) -> String {
    let mut told: Map<String, Value> = serde_json::from_str(details).unwrap_or_default();
    told.insert("rollout".to_owned(), json!(candidate.rollout));
    told.insert("turn".to_owned(), json!(candidate.turn));
    told.insert("share".to_owned(), json!(candidate.share));
    Value::Object(told).to_string()
}

/// Ends what is being prepared for a place that is changed otherwise.
pub(super) async fn cancel_open<R: Registry>(
    registry: &mut R,
    place: &str,
    who: &str,
    why: &str,
) -> Result<(), StoreError> {
    let Some(open) = registry.open_deployment(place).await? else { return Ok(()) };
    registry.end_deployment(open.id, DeploymentState::Cancelled).await?;
    let line = NewLine {
        place,
        who,
        action: "deploy_cancelled",
        from: None,
        to: Some(open.release),
        why,
        details: &format!(r#"{{"deployment":"{}"}}"#, open.id),
    };
    registry.write(line).await
}
