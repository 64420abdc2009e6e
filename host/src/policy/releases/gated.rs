//! What the gate said of a place, and what is known of what it was asked about.

use tokio::time::Instant;

use crate::policy::trust::Kept;
use crate::store::registry::Release;

/// What the gate said of a place.
#[derive(Default)]
pub(super) struct Gated {
    pub(super) looked: Option<Instant>,
    /// Of what serves here.
    pub(super) serving: Option<Known>,
    /// Of what is tried.
    pub(super) tried: Option<Known>,
    /// The release that is tried, and what stands against it by now.
    pub(super) tried_against: Option<(i64, Vec<String>)>,
    /// Why what serves would not be deployed anew.
    pub(super) untrusted: Vec<String>,
}

/// What the registry keeps of a release, as it was last read.
pub(super) struct Known {
    pub(super) release: Release,
    pub(super) kept: Kept,
    pub(super) read: Instant,
}

impl Gated {
    /// What stands against a release that is tried: one that was not looked at is not tried.
    pub(super) fn against(&self, number: i64) -> Option<String> {
        match &self.tried_against {
            Some((looked_at, reasons)) if *looked_at == number => {
                (!reasons.is_empty()).then(|| reasons.join(" "))
            }
            _ => Some("who signed it is being looked at".to_owned()),
        }
    }
}
