//! The embedded sink: a file of JSON lines, for a person or a script to follow. An event counts as
//! published once the file is on disk; a batch that was not written whole is taken back and comes
//! again.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::{json, value::RawValue};

use super::outcome::{Outcome, PublishResult, Unpublished};
use crate::store::OutboxEvent;
use crate::whole_file;

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
        let is_new = !self.path.exists();
        let mut file = File::options().create(true).read(true).append(true).open(&self.path)?;
        // A crash cut the last write off; its events are not marked as published and come again.
        let whole = end_of_lines(&file)?;
        cut(&file, whole)?;
        let written = file.write_all(&lines).and_then(|()| file.sync_data());
        if let Err(error) = written {
            // On a full disk the room that half a line takes is needed, too.
            cut(&file, whole).context("what was written in part cannot be taken back")?;
            return Err(error.into());
        }
        if is_new {
            whole_file::sync_folder_of(&self.path)?;
        }
        Ok(())
    }
}

/// Takes back what follows the last whole line. Somebody who rotates the file may have cut off
/// more.
fn cut(file: &File, whole: u64) -> std::io::Result<()> {
    if file.metadata()?.len() > whole { file.set_len(whole) } else { Ok(()) }
}

/// How many bytes whole lines take.
fn end_of_lines(file: &File) -> std::io::Result<u64> {
    let mut end = file.metadata()?.len();
    let mut chunk = [0; 4096];
    while end > 0 {
        let begin = (end - 1) / 4096 * 4096;
        let read = &mut chunk[..usize::try_from(end - begin).unwrap_or(4096)];
        file.read_exact_at(read, begin)?;
        if let Some(last) = read.iter().rposition(|byte| *byte == b'\n') {
            return Ok(begin + last as u64 + 1);
        }
        end = begin;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_line_is_taken_back_however_long_it_is() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("events.jsonl");
        for whole in [0, 1, 4095, 4096, 4097, 9000] {
            for half in [0, 1, 4095, 4096, 4097, 9000] {
                let mut text = vec![b'x'; whole];
                text.last_mut().into_iter().for_each(|last| *last = b'\n');
                text.resize(whole + half, b'y');
                std::fs::write(&path, &text).unwrap();
                let file = File::options().read(true).append(true).open(&path).unwrap();
                let end = end_of_lines(&file).unwrap();
                assert_eq!(end, whole as u64, "{whole} {half}");
                cut(&file, end).unwrap();
                assert_eq!(std::fs::read(&path).unwrap(), &text[..whole]);
            }
        }
    }
}
