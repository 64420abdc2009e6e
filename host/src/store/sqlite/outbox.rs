//! The outbox: events are appended in the transaction of what they tell of, and published afterwards.

use serde_json::{Map, Value};
use sqlx::Row as _;

use super::{Connection, Sqlite};
use crate::clock::Timestamp;
use crate::store::{NewEvent, OutboxBacklog, OutboxEvent, StoreError};

impl Sqlite {
    /// The oldest events that are not published. One process owns the database (a lock on its folder), so no lease is needed.
    pub async fn outbox_pending(&self, most: u32) -> Result<Vec<OutboxEvent>, StoreError> {
        let rows = sqlx::query(
            "SELECT sequence, message_id, event_type, ordering_key, payload, created_at
               FROM outbox
              WHERE published_at IS NULL
              ORDER BY sequence
              LIMIT ?",
        )
        .bind(most)
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(OutboxEvent {
                    sequence: row.try_get("sequence")?,
                    message_id: row.try_get("message_id")?,
                    event_type: row.try_get("event_type")?,
                    ordering_key: row.try_get("ordering_key")?,
                    payload: row.try_get("payload")?,
                    created_at: row.try_get("created_at")?,
                })
            })
            .collect()
    }

    /// Marks a batch as published, up to and including `last`: all of it was pending and is now with the sink.
    pub async fn outbox_published(&self, first: i64, last: i64) -> Result<(), StoreError> {
        sqlx::query("UPDATE outbox SET published_at = ?, attempts = attempts + 1 WHERE sequence BETWEEN ? AND ? AND published_at IS NULL")
            .bind(self.clock.now())
            .bind(first)
            .bind(last)
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// What waits.
    pub async fn outbox_backlog(&self) -> Result<OutboxBacklog, StoreError> {
        let row = sqlx::query("SELECT count(*) AS pending, min(created_at) AS oldest FROM outbox WHERE published_at IS NULL")
            .fetch_one(&self.readers)
            .await?;
        Ok(OutboxBacklog { pending: row.try_get("pending")?, oldest_created_at: row.try_get("oldest")? })
    }
}

pub(super) async fn append(connection: &mut Connection, user_id: i64, event: &NewEvent, now: Timestamp) -> Result<(), StoreError> {
    let mut data = Map::with_capacity(event.data.len() + 1);
    data.insert("user_id".into(), Value::from(user_id));
    data.extend(event.data.iter().filter(|(name, _)| *name != "user_id").map(|(name, value)| (name.clone(), value.clone())));
    sqlx::query("INSERT INTO outbox (message_id, event_type, ordering_key, payload, created_at) VALUES (?, ?, ?, ?, ?)")
        .bind(uuid::Uuid::now_v7().to_string())
        .bind(&event.event_type)
        .bind(event.ordering_key.clone().unwrap_or_else(|| user_id.to_string()))
        .bind(Value::Object(data).to_string())
        .bind(now)
        .execute(&mut *connection)
        .await?;
    Ok(())
}
