//! Checks of what is brought, by admission's own process.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::codes;
use super::core::Administration;
use super::refusals::of_faults;
use crate::contract::Slot;
use crate::errors::ApiError;
use crate::policy::admission::AdmissionReport;

impl Administration {
    /// All that admission says of a component; a service that stops does not wait for it.
    pub(super) async fn examine(
        &self,
        what: &str,
        slot: Option<Slot>,
        bytes: Arc<[u8]>,
        settings: Option<Map<String, Value>>,
    ) -> Result<AdmissionReport, ApiError> {
        let checked = tokio::select! {
            checked = self.admission.check_offer(slot, bytes, settings) => checked,
            () = self.stopping.half_over() => return Err(codes::STOPPING.into()),
        };
        checked.map_err(|faults| {
            tracing::info!(what, reason = %faults, "what was brought does not pass");
            of_faults(what, &faults)
        })
    }
}
