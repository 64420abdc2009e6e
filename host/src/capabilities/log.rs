//! `log`: a policy's lines in the host's log, bounded, without control characters and without the
//! secrets of its place. The request's span adds who and which.

use serde_json::{Map, Value};

use super::forms::cut;
use super::state::CallState;
use crate::contract::bindings::log::{self, Level};

impl log::Host for CallState {
    fn write(
        &mut self,
        level: Level,
        message: String,
        fields: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        self.take(&[&message, &fields])?;
        let limits = &self.limits.log;
        let is_kept = self.log.count(limits);
        // What a shadow writes is nobody's request.
        if self.journal.is_shadow() {
            return Ok(());
        }
        if !is_kept {
            self.services.dropped_lines.count(self.identity.slot);
            return Ok(());
        }
        // Before a text is cut off: else the beginning of a secret could be left.
        let hidden = self.hidden();
        let text = |text: &str, characters| printable(&hidden.hide(text), characters);
        let message = text(&message, limits.message_characters);
        let field = |(name, value): &(String, String)| {
            let value = text(value, limits.value_characters);
            (text(name, limits.name_characters), Value::String(value))
        };
        let fields: Map<String, Value> = fields.iter().take(limits.fields).map(field).collect();
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
