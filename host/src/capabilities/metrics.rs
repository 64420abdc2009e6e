//! `metrics`: series of a policy's own. They count at once, whatever becomes of the call.

use super::state::{CallState, Sample, check_metric};
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
        self.add(&name, labels, Sample::Increment(by))
    }

    fn observe(
        &mut self,
        name: String,
        labels: Vec<(String, String)>,
        value: f64,
    ) -> Result<(), TrappableFailure> {
        self.take(&[&name, &labels])?;
        self.budget.charge(&self.limits)?;
        self.add(&name, labels, Sample::Observe(value))
    }
}

impl CallState {
    fn add(
        &mut self,
        name: &str,
        labels: Vec<(String, String)>,
        sample: Sample,
    ) -> Result<(), TrappableFailure> {
        let (series, slot) = (&self.services.series, self.identity.slot);
        let limits = &self.limits.metrics;
        let hidden = self.hidden();
        let in_label =
            |(name, value): &(String, String)| hidden.stand_in(name) || hidden.stand_in(value);
        if hidden.stand_in(name) || labels.iter().any(in_label) {
            return Err(TrappableFailure::other("a secret of this policy stands in a metric"));
        }
        if self.journal.is_shadow() {
            return check_metric(name, &labels, sample, limits);
        }
        series.record(slot, name, labels, sample, limits)
    }
}
