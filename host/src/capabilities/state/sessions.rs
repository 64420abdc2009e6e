//! `sessions`: those that a call revokes with its decision.

use crate::contract::{SessionLimits, TrappableFailure};

/// Revocations that wait for the decision: session and reason.
#[derive(Debug, Default)]
pub struct Revocations(pub(super) Vec<(String, String)>);

impl Revocations {
    /// Fails if there is no room for another one.
    pub(crate) fn has_room(&self, limits: &SessionLimits) -> Result<(), TrappableFailure> {
        if self.0.len() >= limits.revocations {
            return Err(TrappableFailure::limit(format!(
                "at most {} sessions revoked in a call",
                limits.revocations
            )));
        }
        Ok(())
    }

    pub(crate) fn add(&mut self, session_id: String, reason: String) {
        self.0.push((session_id, reason));
    }

    pub(crate) fn contain(&self, session_id: &str) -> bool {
        self.0.iter().any(|(id, _)| id == session_id)
    }
}
