//! The outbox: what the relay leases and marks, and what operators see of it.

use std::time::Duration;

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _};
use uuid::Uuid;

use super::{Connection, Sqlite, commit};
use crate::clock::{Timestamp, milliseconds};
use crate::store::{
    Backlog, EventFilter, EventRow, EventState, NewEvent, OutboxEvent, StoreError, Undelivered,
};

impl Sqlite {
    /// Only the first waiting event of a key can be leased: the next one follows when it is marked.
    pub(in crate::store) async fn outbox_lease(
        &self,
        owner: Uuid,
        most: u32,
        lease: Duration,
    ) -> Result<Vec<OutboxEvent>, StoreError> {
        let now = self.clock.now();
        let rows = sqlx::query(
            "UPDATE outbox SET lease_owner = ?1, leased_until = ?2
              WHERE sequence IN (
                    SELECT sequence FROM outbox AS event
                     WHERE published_at IS NULL AND dead_at IS NULL AND not_before <= ?3
                       AND (coalesce(leased_until, 0) <= ?3 OR lease_owner = ?1)
                       AND NOT EXISTS (SELECT 1 FROM outbox AS first
                                        WHERE first.ordering_key = event.ordering_key AND first.published_at IS NULL AND first.dead_at IS NULL
                                          AND first.sequence < event.sequence)
                     ORDER BY sequence
                     LIMIT ?4)
             RETURNING sequence, message_id, event_type, ordering_key, payload, traceparent, created_at, attempts, suspect",
        )
        .bind(owner.to_string())
        .bind(now + milliseconds(lease))
        .bind(now)
        .bind(most)
        .fetch_all(&self.writer)
        .await?;
        let mut events = rows.iter().map(event).collect::<Result<Vec<_>, _>>()?;
        events.sort_by_key(|event| event.sequence);
        Ok(events)
    }

    pub(in crate::store) async fn outbox_published(
        &self,
        owner: Uuid,
        sequences: &[i64],
    ) -> Result<u64, StoreError> {
        let now = self.clock.now();
        let mut query = QueryBuilder::new(
            "UPDATE outbox SET leased_until = NULL, published_at = coalesce(published_at, ",
        );
        query.push_bind(now).push(") WHERE lease_owner = ").push_bind(owner.to_string());
        among(
            query.push(" AND (leased_until IS NOT NULL OR published_at IS NOT NULL) AND sequence"),
            sequences,
        );
        Ok(query.build().execute(&self.writer).await?.rows_affected())
    }

    pub(in crate::store) async fn outbox_undelivered(
        &self,
        owner: Uuid,
        events: &[Undelivered],
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut transaction = self.begin().await?;
        for event in events {
            sqlx::query(
                "UPDATE outbox SET last_error = ?, attempts = ?, suspect = ?, not_before = ?, dead_at = ?, lease_owner = NULL, leased_until = NULL
                  WHERE sequence = ? AND lease_owner = ? AND published_at IS NULL",
            )
            .bind(&event.error)
            .bind(event.attempts)
            .bind(event.suspect)
            .bind(event.not_before)
            .bind(event.dead.then_some(now))
            .bind(event.sequence)
            .bind(owner.to_string())
            .execute(&mut *transaction)
            .await?;
        }
        commit(transaction).await
    }

    pub(in crate::store) async fn outbox_backlog(&self) -> Result<Backlog, StoreError> {
        let row = sqlx::query(
            "SELECT (SELECT count(*) FROM outbox WHERE published_at IS NULL AND dead_at IS NULL) AS pending,
                    (SELECT created_at FROM outbox WHERE published_at IS NULL AND dead_at IS NULL ORDER BY sequence LIMIT 1) AS oldest,
                    (SELECT count(*) FROM outbox WHERE dead_at IS NOT NULL) AS dead",
        )
        .fetch_one(&self.readers)
        .await?;
        Ok(Backlog {
            pending: row.try_get("pending")?,
            oldest_created_at: row.try_get("oldest")?,
            dead: row.try_get("dead")?,
        })
    }

    pub(in crate::store) async fn outbox_list(
        &self,
        filter: &EventFilter,
    ) -> Result<Vec<EventRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT sequence, message_id, event_type, ordering_key, payload, traceparent, created_at, published_at, dead_at, attempts, last_error
               FROM outbox
              WHERE (?1 IS NULL OR ?1 = CASE WHEN dead_at IS NOT NULL THEN 'dead' WHEN published_at IS NULL THEN 'pending' ELSE 'published' END)
                AND (?2 IS NULL OR message_id = ?2)
              ORDER BY sequence DESC
              LIMIT ?3",
        )
        .bind(filter.state.map(EventState::as_str))
        .bind(filter.message_id.map(|id| id.to_string()))
        .bind(filter.most)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(event_row).collect()
    }

    pub(in crate::store) async fn outbox_retry(
        &self,
        message_ids: &[Uuid],
    ) -> Result<u64, StoreError> {
        let mut query = QueryBuilder::new(
            "UPDATE outbox SET dead_at = NULL, published_at = NULL, attempts = 0, not_before = 0, suspect = TRUE WHERE ",
        );
        if message_ids.is_empty() {
            query.push("dead_at IS NOT NULL");
        } else {
            among(query.push("message_id"), message_ids.iter().map(Uuid::to_string));
        }
        Ok(query.build().execute(&self.writer).await?.rows_affected())
    }

    pub(in crate::store) async fn outbox_purge(
        &self,
        message_ids: &[Uuid],
        before: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut query = QueryBuilder::new("DELETE FROM outbox WHERE ");
        if message_ids.is_empty() {
            query.push("published_at < ").push_bind(before);
        } else {
            among(query.push("message_id"), message_ids.iter().map(Uuid::to_string));
        }
        Ok(query.build().execute(&self.writer).await?.rows_affected())
    }
}

fn among<'q, T>(query: &mut QueryBuilder<sqlx::Sqlite>, values: impl IntoIterator<Item = T>)
where
    T: 'q + sqlx::Encode<'q, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    query.push(" IN (");
    let mut list = query.separated(", ");
    for value in values {
        list.push_bind(value);
    }
    query.push(")");
}

fn event(row: &SqliteRow) -> Result<OutboxEvent, StoreError> {
    Ok(OutboxEvent {
        sequence: row.try_get("sequence")?,
        message_id: row.try_get("message_id")?,
        event_type: row.try_get("event_type")?,
        ordering_key: row.try_get("ordering_key")?,
        payload: row.try_get("payload")?,
        traceparent: row.try_get("traceparent")?,
        created_at: row.try_get("created_at")?,
        attempts: row.try_get("attempts")?,
        suspect: row.try_get("suspect")?,
    })
}

fn event_row(row: &SqliteRow) -> Result<EventRow, StoreError> {
    let (published_at, dead_at): (Option<i64>, Option<i64>) =
        (row.try_get("published_at")?, row.try_get("dead_at")?);
    Ok(EventRow {
        state: EventState::of(published_at, dead_at),
        sequence: row.try_get("sequence")?,
        message_id: row.try_get("message_id")?,
        event_type: row.try_get("event_type")?,
        ordering_key: row.try_get("ordering_key")?,
        created_at: row.try_get("created_at")?,
        published_at,
        dead_at,
        attempts: row.try_get("attempts")?,
        last_error: row.try_get("last_error")?,
        traceparent: row.try_get("traceparent")?,
        payload: row.try_get("payload")?,
    })
}

pub(super) async fn append(
    connection: &mut Connection,
    user_id: i64,
    event: &NewEvent,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO outbox (message_id, event_type, ordering_key, payload, traceparent, created_at) VALUES (?, ?, ?, ?, ?, ?)")
        .bind(uuid::Uuid::now_v7().to_string())
        .bind(&event.event_type)
        .bind(event.key(user_id))
        .bind(event.payload(user_id))
        .bind(&event.traceparent)
        .bind(now)
        .execute(&mut *connection)
        .await?;
    Ok(())
}
