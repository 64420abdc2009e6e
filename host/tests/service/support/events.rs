//! The events of a service, and the time that passes for it.

use std::time::Duration;

use serde_json::Value;

use super::{TestService, eventually};

impl TestService {
    /// The lines of the event file, once everything that was committed has been published.
    pub(crate) async fn event_lines(&self) -> Vec<String> {
        self.published().await;
        let text =
            std::fs::read_to_string(self.data_dir().join("events.jsonl")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// All events so far.
    pub(crate) async fn events(&self) -> Vec<Value> {
        self.event_lines().await.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Lets time pass: no event is under way then, so that no lease on one ends before its time.
    pub(crate) async fn later(&self, by: Duration) {
        self.published().await;
        self.clock.advance(by);
    }

    /// Waits until no event waits.
    pub(crate) async fn published(&self) {
        let store = self.app().services.store.clone();
        eventually("an empty outbox", async || {
            (store.outbox_backlog().await.unwrap().pending == 0).then_some(())
        })
        .await;
    }
}
