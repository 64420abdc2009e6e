//! The relay: takes committed events out of the outbox and publishes them, in order, at least once, never before they are committed.
//!
//! The embedded sink is a file of JSON lines, for a person or a script to follow. An event is marked as published only after the file is on disk.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{json, value::RawValue};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::store::OutboxEvent;

const BATCH: u32 = 100;
/// Waking is the hint, looking is the truth.
const POLL: Duration = Duration::from_secs(1);

/// The file that events are written to.
#[derive(Clone)]
pub struct FileSink {
    path: PathBuf,
}

impl FileSink {
    /// `events.jsonl` in the data folder.
    pub fn in_folder(data_dir: &Path) -> Self {
        Self { path: data_dir.join("events.jsonl") }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends a batch and waits until it is on disk.
    fn publish(&self, events: &[OutboxEvent]) -> anyhow::Result<()> {
        let mut lines = Vec::new();
        for event in events {
            let body: &RawValue = serde_json::from_str(&event.payload)?;
            let line = json!({
                "message_id": event.message_id,
                "type": event.event_type,
                "content_type": "application/json",
                "timestamp": event.created_at / 1000,
                "ordering_key": event.ordering_key,
            });
            // The body goes in as it is stored, so that a consumer sees the members in the contract's order.
            let line = line.to_string();
            writeln!(lines, "{},\"body\":{body}}}", &line[..line.len() - 1])?;
        }
        let mut file = File::options().create(true).read(true).append(true).open(&self.path)?;
        if ends_within_a_line(&file)? {
            // A crash or a full disk cut the last write off; its events are not marked as published and come again.
            file.write_all(b"\n")?;
        }
        file.write_all(&lines)?;
        file.sync_data()?;
        Ok(())
    }
}

fn ends_within_a_line(file: &File) -> std::io::Result<bool> {
    let length = file.metadata()?.len();
    let mut last = [b'\n'];
    if length > 0 {
        file.read_exact_at(&mut last, length - 1)?;
    }
    Ok(last != *b"\n")
}

/// Publishes until it is told to stop; the batch in hand is finished first.
pub async fn relay(app: Arc<App>, sink: FileSink, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let published = match publish_batch(&app, &sink).await {
            Ok(published) => published,
            Err(error) => {
                app.services.metrics.outbox_publish.with_label_values(&["error"]).inc();
                tracing::error!(%error, "events could not be published; they wait in the outbox");
                0
            }
        };
        measure(&app).await;
        // A full batch means that there is more.
        if published < BATCH as usize {
            tokio::select! {
                () = stop.cancelled() => {}
                _ = timeout(POLL, app.outbox_wake.notified()) => {}
            }
        }
    }
}

async fn publish_batch(app: &App, sink: &FileSink) -> anyhow::Result<usize> {
    let store = &app.services.store;
    let metrics = &app.services.metrics;
    let events = Arc::new(store.outbox_pending(BATCH).await?);
    if let (Some(first), Some(last)) = (events.first(), events.last()) {
        let (sink, batch) = (sink.clone(), Arc::clone(&events));
        tokio::task::spawn_blocking(move || sink.publish(&batch)).await??;
        store.outbox_published(first.sequence, last.sequence).await?;
        let now = app.services.clock.now();
        for event in events.iter() {
            metrics.outbox_publish.with_label_values(&["ack"]).inc();
            #[expect(clippy::cast_precision_loss, reason = "a metric in seconds")]
            metrics.outbox_commit_to_publish.observe((now - event.created_at).max(0) as f64 / 1000.0);
            tracing::info!(message_id = event.message_id, event = event.event_type, "event published");
        }
    }
    Ok(events.len())
}

/// Says how much waits, whether or not anything could be published.
async fn measure(app: &App) {
    let metrics = &app.services.metrics;
    match app.services.store.outbox_backlog().await {
        Ok(backlog) => {
            metrics.outbox_pending.set(backlog.pending);
            #[expect(clippy::cast_precision_loss, reason = "a metric in seconds")]
            let age = backlog.oldest_created_at.map_or(0.0, |oldest| (app.services.clock.now() - oldest).max(0) as f64 / 1000.0);
            metrics.outbox_oldest_age.set(age);
        }
        Err(error) => tracing::error!(%error, "the outbox could not be measured"),
    }
}
