//! The outbox as operators see it: what they look at, retry and delete.

use sqlx::QueryBuilder;
use uuid::Uuid;

use super::database::Sqlite;
use crate::clock::Timestamp;
use crate::store::{EventFilter, EventRow, EventState, StoreError};

impl Sqlite {
    pub(in crate::store) async fn outbox_list(
        &self,
        filter: &EventFilter,
    ) -> Result<Vec<EventRow>, StoreError> {
        let events = sqlx::query_as(
            "SELECT sequence, message_id, event_type, ordering_key, payload, traceparent,
                    created_at, published_at, dead_at, attempts, last_error
               FROM outbox
              WHERE (?1 IS NULL
                     OR ?1 = CASE WHEN dead_at IS NOT NULL THEN 'dead'
                                  WHEN published_at IS NULL THEN 'pending'
                                  ELSE 'published' END)
                AND (?2 IS NULL OR message_id = ?2)
              ORDER BY sequence DESC
              LIMIT ?3",
        )
        .bind(filter.state.map(EventState::as_str))
        .bind(filter.message_id.map(|id| id.to_string()))
        .bind(filter.most)
        .fetch_all(self.readers()?)
        .await;
        self.told(events)
    }

    pub(in crate::store) async fn outbox_retry(
        &self,
        message_ids: &[Uuid],
    ) -> Result<u64, StoreError> {
        let mut query = QueryBuilder::new(
            "UPDATE outbox
                SET dead_at = NULL, published_at = NULL, attempts = 0, not_before = 0,
                    suspect = TRUE
              WHERE ",
        );
        if message_ids.is_empty() {
            query.push("dead_at IS NOT NULL");
        } else {
            is_among(&mut query, message_ids);
        }
        self.execute(query.build()).await
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
            is_among(&mut query, message_ids);
        }
        self.execute(query.build()).await
    }
}

fn is_among(query: &mut QueryBuilder<sqlx::Sqlite>, message_ids: &[Uuid]) {
    query.push("message_id IN (");
    let mut list = query.separated(", ");
    for id in message_ids {
        list.push_bind(id.to_string());
    }
    query.push(")");
}
