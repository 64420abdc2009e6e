//! Events that are committed with what they tell of.

use sqlx::sqlite::SqliteConnection;

use crate::clock::Timestamp;
use crate::events::NewEvent;
use crate::store::StoreError;

/// Appends an event to the outbox.
pub(super) async fn append(
    connection: &mut SqliteConnection,
    user_id: i64,
    event: &NewEvent,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO outbox (message_id, event_type, ordering_key, payload, traceparent, created_at)
         VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(uuid::Uuid::now_v7().to_string())
    .bind(&event.event_type)
    .bind(event.key(user_id))
    .bind(event.payload(user_id))
    .bind(&event.traceparent)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}
