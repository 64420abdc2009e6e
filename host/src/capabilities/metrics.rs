//! `metrics`: series of a policy's own. They count at once, whatever becomes of the call.

use super::state::{CallState, Sample};
use crate::contract::TrappableFailure;
use crate::contract::bindings::metrics;

impl metrics::Host for CallState {
    fn increment(
        &mut self,
        name: String,
        labels: Vec<(String, String)>,
        by: u64,
    ) -> Result<(), TrappableFailure> {
        self.take(&[&name, &labels])?;
        self.budget.charge(&self.limits)?;
        let (series, slot) = (&self.services.series, self.identity.slot);
        series.record(slot, &name, labels, Sample::Increment(by), &self.limits.metrics)
    }

    fn observe(
        &mut self,
        name: String,
        labels: Vec<(String, String)>,
        value: f64,
    ) -> Result<(), TrappableFailure> {
        self.take(&[&name, &labels])?;
        self.budget.charge(&self.limits)?;
        let (series, slot) = (&self.services.series, self.identity.slot);
        series.record(slot, &name, labels, Sample::Observe(value), &self.limits.metrics)
    }
}
