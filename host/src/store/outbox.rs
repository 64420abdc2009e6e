//! Events as the outbox keeps them, for the relay that publishes them and for operators who look at
//! them.

use super::row::{count, from_row};
use crate::clock::Timestamp;

/// An event that a relay has leased.
#[derive(Debug, Clone)]
pub struct OutboxEvent {
    /// Its place in the outbox.
    pub sequence: i64,
    /// A UUID: consumers drop repeats by it.
    pub message_id: String,
    /// For instance `user.created`: the routing key.
    pub event_type: String,
    /// Events of one key are published one after the other.
    pub ordering_key: String,
    /// A JSON object.
    pub payload: String,
    /// Of the request that caused it (W3C Trace Context).
    pub traceparent: Option<String>,
    /// The time of the decision that it was committed with.
    pub created_at: Timestamp,
    /// Failures that were its own.
    pub attempts: u32,
    /// Whether it was in a batch that failed: then it is sent alone.
    pub suspect: bool,
}

from_row!(OutboxEvent |row| {
    sequence,
    message_id,
    event_type,
    ordering_key,
    payload,
    traceparent,
    created_at,
    attempts: count(row.try_get("attempts")?),
    suspect,
});

/// An event that was leased and not published.
#[derive(Debug, Clone)]
pub struct Undelivered {
    /// Its place in the outbox.
    pub sequence: i64,
    pub error: String,
    /// Failures that were its own, this one included if it was.
    pub attempts: u32,
    /// Whether it may be the cause of a failure: then it is sent alone.
    pub suspect: bool,
    /// When it may be tried again.
    pub not_before: Timestamp,
    /// Whether it is given up.
    pub dead: bool,
}

/// What waits in the outbox, and what was given up.
#[derive(Debug, Clone, Copy, Default)]
pub struct Backlog {
    /// Events that are neither published nor dead.
    pub pending: i64,
    /// When the oldest of them was committed.
    pub oldest_created_at: Option<Timestamp>,
    /// Events that were given up.
    pub dead: i64,
}

from_row!(Backlog |row| { pending, oldest_created_at, dead });

/// Where an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EventState {
    /// It waits for publication.
    Pending,
    /// It was given up after too many failures of its own.
    Dead,
    /// The broker has confirmed it.
    Published,
}

impl EventState {
    /// As an operator names it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Dead => "dead",
            Self::Published => "published",
        }
    }

    const fn of(published_at: Option<Timestamp>, dead_at: Option<Timestamp>) -> Self {
        match (published_at, dead_at) {
            (_, Some(_)) => Self::Dead,
            (None, None) => Self::Pending,
            (Some(_), None) => Self::Published,
        }
    }
}

/// Which events an operator asks for.
#[derive(Debug, Clone)]
pub struct EventFilter {
    /// In this state; none: in any.
    pub state: Option<EventState>,
    /// The one with this id; none: whichever.
    pub message_id: Option<uuid::Uuid>,
    /// At most so many.
    pub most: u32,
}

/// An event as an operator sees it. `payload` holds personal data.
#[derive(Debug, Clone, serde::Serialize)]
pub struct EventRow {
    /// Follows from `published_at` and `dead_at`.
    pub state: EventState,
    /// Its place in the outbox.
    pub sequence: i64,
    /// A UUID.
    pub message_id: String,
    pub event_type: String,
    /// Events of one key are published one after the other.
    pub ordering_key: String,
    /// When it was committed, in milliseconds since the Unix epoch.
    pub created_at: Timestamp,
    /// When the broker had confirmed it.
    pub published_at: Option<Timestamp>,
    /// When it was given up.
    pub dead_at: Option<Timestamp>,
    /// Failures that were its own.
    pub attempts: u32,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// Of the request that caused it.
    pub traceparent: Option<String>,
    /// The body of the message.
    pub payload: String,
}

from_row!(EventRow |row| {
    state: EventState::of(row.try_get("published_at")?, row.try_get("dead_at")?),
    sequence,
    message_id,
    event_type,
    ordering_key,
    created_at,
    published_at,
    dead_at,
    attempts: count(row.try_get("attempts")?),
    last_error,
    traceparent,
    payload,
});
