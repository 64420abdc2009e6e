//! `log`: the lines of a call, and how many were dropped.

use prometheus::IntCounterVec;

use crate::contract::{LogLimits, Slot};
use crate::metrics::{Meter, MeterError};

/// How many lines a call has written.
#[derive(Debug, Default)]
pub struct Lines(u32);

impl Lines {
    /// Counts one; false for one beyond the bound.
    pub(crate) fn count(&mut self, limits: &LogLimits) -> bool {
        self.0 = self.0.saturating_add(1);
        self.0 <= limits.lines
    }
}

/// Lines beyond the bound, by slot: nobody reads them, but an operator sees that there are some.
pub struct DroppedLines(IntCounterVec);

impl DroppedLines {
    /// Registers the metric that counts them.
    pub fn new(meter: &Meter) -> Result<Self, MeterError> {
        let counters = meter.counters(
            "auth_policy_log_dropped_total",
            "Log lines of policies beyond the bound of a call.",
            &["slot"],
        )?;
        Ok(Self(counters))
    }

    pub(crate) fn count(&self, slot: Slot) {
        self.0.with_label_values(&[slot.as_str()]).inc();
    }
}
