//! `auth-host outbox`: what operators do with events.

use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use uuid::Uuid;

use super::database;
use super::output::{self, moment, plain};
use crate::clock::milliseconds;
use crate::config::{self, Config};
use crate::store::{EventFilter, EventRow, EventState};

/// What to do with events.
#[derive(Subcommand)]
pub enum OutboxRun {
    /// List events, newest first, without their bodies.
    List {
        /// Only those in this state.
        #[arg(long)]
        state: Option<EventState>,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: u32,
        /// As JSON, one object a line.
        #[arg(long)]
        json: bool,
    },
    /// Show one event with its body, which holds personal data.
    Show {
        /// The message id.
        message_id: Uuid,
    },
    /// Publish dead events again, under the same message ids.
    Retry(Retry),
    /// Delete events for good.
    Purge(Purge),
}

/// Which events to publish again.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct Retry {
    /// All dead events.
    #[arg(long)]
    dead: bool,
    /// These events, whatever their state; a published one is published again.
    message_ids: Vec<Uuid>,
}

/// Which events to delete.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct Purge {
    /// Published events that are older than this (168h, 30m, 0).
    #[arg(long, value_parser = config::parse_duration)]
    published_before: Option<Duration>,
    /// These events, whatever their state; an unpublished one is then lost.
    message_ids: Vec<Uuid>,
}

impl OutboxRun {
    /// Does it.
    pub async fn run(self, config: &Config) -> anyhow::Result<()> {
        let store = database::open(config).await?;
        match self {
            Self::List { state, limit, json } => {
                let events = store
                    .outbox_list(&EventFilter { state, message_id: None, most: limit })
                    .await?;
                for event in &events {
                    output::line(if json {
                        readable(event, false).to_string()
                    } else {
                        line(event)
                    })?;
                }
                if events.is_empty() && !json {
                    output::line("no events")?;
                }
            }
            Self::Show { message_id } => {
                let events = store
                    .outbox_list(&EventFilter {
                        state: None,
                        message_id: Some(message_id),
                        most: 1,
                    })
                    .await?;
                let Some(event) = events.first() else {
                    anyhow::bail!(
                        "there is no event {message_id} (published ones are deleted after \
                         OUTBOX_RETENTION)"
                    )
                };
                output::line(serde_json::to_string_pretty(&readable(event, true))?)?;
            }
            Self::Retry(which) => {
                let count = store.outbox_retry(&which.message_ids).await?;
                output::line(format_args!("{count} events wait for publication again"))?;
            }
            Self::Purge(which) => {
                let before = store.clock().now() - which.published_before.map_or(0, milliseconds);
                let count = store.outbox_purge(&which.message_ids, before).await?;
                output::line(format_args!("{count} events deleted"))?;
            }
        }
        store.close().await;
        Ok(())
    }
}

fn line(event: &EventRow) -> String {
    let error = plain(event.last_error.as_deref().unwrap_or_default());
    let (state, created, kind, key) = (
        event.state.as_str(),
        moment(event.created_at),
        plain(&event.event_type),
        plain(&event.ordering_key),
    );
    format!(
        "{} {state:<9} {created} {kind} key={key} attempts={} {error}",
        event.message_id, event.attempts
    )
}

fn readable(event: &EventRow, with_body: bool) -> Value {
    let mut value = json!({
        "message_id": event.message_id,
        "state": event.state,
        "event_type": event.event_type,
        "ordering_key": event.ordering_key,
        "sequence": event.sequence,
        "created_at": moment(event.created_at),
        "published_at": event.published_at.map(moment),
        "dead_at": event.dead_at.map(moment),
        "attempts": event.attempts,
        "last_error": event.last_error,
        "traceparent": event.traceparent,
    });
    if with_body {
        value["body"] =
            serde_json::from_str(&event.payload).unwrap_or_else(|_| json!(event.payload));
    }
    value
}
