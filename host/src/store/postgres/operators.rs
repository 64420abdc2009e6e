//! The outbox as operators see it: what they look at, retry and delete.

use uuid::Uuid;

use super::database::Postgres;
use super::rows::all;
use crate::clock::Timestamp;
use crate::store::{EventFilter, EventRow, EventState, StoreError};

/// Rows that a command changes in one statement.
const BATCH: i64 = 10_000;

/// Each filter has its index: the few that wait or are dead are found at once among millions that
/// are published.
macro_rules! listed {
    ($condition:literal) => {
        concat!(
            "SELECT sequence, message_id::text, event_type, ordering_key, payload, traceparent,
                    created_at, published_at, dead_at, attempts, last_error
               FROM auth.outbox
              WHERE ",
            $condition,
            " ORDER BY sequence DESC
              LIMIT $1"
        )
    };
}

/// As if they had never been tried, but each is sent alone.
macro_rules! retried {
    ($condition:literal) => {
        concat!(
            "UPDATE auth.outbox
                SET dead_at = NULL, published_at = NULL, attempts = 0, not_before = 0,
                    suspect = TRUE
              WHERE ",
            $condition,
            " RETURNING sequence"
        )
    };
}

impl Postgres {
    pub(in crate::store) async fn outbox_list(
        &self,
        filter: &EventFilter,
    ) -> Result<Vec<EventRow>, StoreError> {
        let statement = match (filter.message_id, filter.state) {
            (Some(_), _) => listed!("message_id = $2::uuid"),
            (None, Some(EventState::Pending)) => {
                listed!("published_at IS NULL AND dead_at IS NULL AND $2 IS NULL")
            }
            (None, Some(EventState::Dead)) => listed!("dead_at IS NOT NULL AND $2 IS NULL"),
            (None, Some(EventState::Published)) => {
                listed!("published_at IS NOT NULL AND dead_at IS NULL AND $2 IS NULL")
            }
            (None, None) => listed!("$2 IS NULL"),
        };
        let message_id = filter.message_id.map(|id| id.to_string());
        let question =
            || sqlx::query(statement).bind(i64::from(filter.most)).bind(message_id.as_deref());
        let mut events: Vec<EventRow> = all(&self.pools.background(question).await?)?;
        events.retain(|event| filter.state.is_none_or(|state| event.state == state));
        Ok(events)
    }

    pub(in crate::store) async fn outbox_retry(
        &self,
        message_ids: &[Uuid],
    ) -> Result<u64, StoreError> {
        if !message_ids.is_empty() {
            let named = retried!("message_id = ANY ($1::text[]::uuid[])");
            return self.with_ids(named, message_ids).await;
        }
        let dead = retried!(
            "sequence = ANY (ARRAY (SELECT sequence FROM auth.outbox WHERE dead_at <= $2 LIMIT $1))
                AND dead_at IS NOT NULL"
        );
        self.in_batches(dead, Timestamp::MAX).await
    }

    pub(in crate::store) async fn outbox_purge(
        &self,
        message_ids: &[Uuid],
        before: Timestamp,
    ) -> Result<u64, StoreError> {
        if !message_ids.is_empty() {
            let named = "DELETE FROM auth.outbox
                          WHERE message_id = ANY ($1::text[]::uuid[])
                         RETURNING sequence";
            return self.with_ids(named, message_ids).await;
        }
        let published = "DELETE FROM auth.outbox
                          WHERE sequence = ANY (ARRAY (SELECT sequence FROM auth.outbox
                                                        WHERE published_at < $2 LIMIT $1))
                            AND published_at < $2
                         RETURNING sequence";
        self.in_batches(published, before).await
    }

    /// As often as it finds rows: each time within the time limit of a statement.
    async fn in_batches(
        &self,
        statement: &'static str,
        before: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut changed = 0;
        loop {
            let question = || sqlx::query(statement).bind(BATCH).bind(before);
            let rows = self.pools.background(question).await?;
            if rows.is_empty() {
                return Ok(changed);
            }
            changed += rows.len() as u64;
        }
    }

    async fn with_ids(
        &self,
        statement: &'static str,
        message_ids: &[Uuid],
    ) -> Result<u64, StoreError> {
        let ids: Vec<String> = message_ids.iter().map(Uuid::to_string).collect();
        let question = || sqlx::query(statement).bind(&ids);
        Ok(self.pools.background(question).await?.len() as u64)
    }
}
