//! `log`: a policy's lines in the host's log, bounded and without control characters. The request's
//! span adds who and which.

use serde_json::{Map, Value};

use super::CallState;
use super::values::cut;
use crate::policy::bindings::log::{self, Level};
use crate::policy::limits::MAX_LOG_LINES;

impl log::Host for CallState {
    fn write(
        &mut self,
        level: Level,
        message: String,
        fields: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        self.log_lines = self.log_lines.saturating_add(1);
        let slot = self.identity.slot.as_str();
        if self.log_lines > MAX_LOG_LINES {
            self.services.metrics.policy_log_dropped.with_label_values(&[slot]).inc();
            return Ok(());
        }
        let message = printable(&message, 1024);
        let fields: Map<String, Value> = fields
            .iter()
            .take(16)
            .map(|(name, value)| (printable(name, 32), Value::String(printable(value, 256))))
            .collect();
        let fields = Value::Object(fields).to_string();
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(target: "auth_host::policy_log", fields, "{message}")
            };
        }
        match level {
            Level::Error => line!(error),
            Level::Warn => line!(warn),
            Level::Info => line!(info),
            Level::Debug => line!(debug),
        }
        Ok(())
    }
}

/// A text that cannot forge a line of the log.
fn printable(text: &str, characters: usize) -> String {
    cut(text, characters).chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
