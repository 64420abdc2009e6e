//! The embedded sink: a file of JSON lines, for a person or a script to follow. An event counts as
//! published once the file is on disk; a batch that was not written whole comes again.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use serde_json::{json, value::RawValue};

use super::outcome::{Outcome, PublishResult, Unpublished};
use crate::store::OutboxEvent;

/// The file that events are written to.
#[derive(Clone)]
pub struct FileSink {
    path: PathBuf,
}

impl FileSink {
    /// `events.jsonl` in the data folder.
    pub(super) fn in_folder(data_dir: &Path) -> Self {
        Self { path: data_dir.join("events.jsonl") }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends a batch, all or nothing.
    pub(super) async fn publish(&self, events: &[OutboxEvent]) -> Vec<Outcome> {
        let (sink, batch) = (self.clone(), events.to_vec());
        let appended = tokio::task::spawn_blocking(move || sink.append(&batch)).await;
        let error = match appended {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(format!("{}: {error:#}", self.path.display())),
            Err(panic) => Some(panic.to_string()),
        };
        let outcome = |_| match &error {
            None => Outcome::Confirmed,
            Some(error) => {
                let error = error.as_str();
                Outcome::Unpublished(Unpublished::by_sink(PublishResult::Error, error))
            }
        };
        events.iter().map(outcome).collect()
    }

    /// Appends a batch and waits until it is on disk.
    fn append(&self, events: &[OutboxEvent]) -> anyhow::Result<()> {
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
            // The body goes in as it is stored, so that a consumer sees the members in the
            // contract's order.
            let line = line.to_string();
            writeln!(lines, "{},\"body\":{body}}}", &line[..line.len() - 1])?;
        }
        let mut file = File::options().create(true).read(true).append(true).open(&self.path)?;
        if ends_within_a_line(&file)? {
            // A crash or a full disk cut the last write off; its events are not marked as published
            // and come again.
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
