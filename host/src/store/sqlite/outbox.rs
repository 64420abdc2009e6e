//! The outbox as the relay uses it: what it leases, marks and gives back.

use std::time::Duration;

use sqlx::QueryBuilder;
use uuid::Uuid;

use super::database::Sqlite;
use crate::clock::milliseconds;
use crate::store::{Backlog, OutboxEvent, StoreError, Undelivered};

impl Sqlite {
    /// Only the first waiting event of a key can be leased: the next one follows when it is marked.
    pub(in crate::store) async fn outbox_lease(
        &self,
        owner: Uuid,
        most: u32,
        lease: Duration,
    ) -> Result<Vec<OutboxEvent>, StoreError> {
        let now = self.clock.now();
        let mut writer = self.writer.borrow().await?;
        let leased = sqlx::query_as(
            "UPDATE outbox SET lease_owner = ?1, leased_until = ?2
              WHERE sequence IN (
                    SELECT sequence FROM outbox AS event
                     WHERE published_at IS NULL AND dead_at IS NULL AND not_before <= ?3
                       AND (coalesce(leased_until, 0) <= ?3 OR lease_owner = ?1)
                       -- None of its key waits before it.
                       AND NOT EXISTS (
                           SELECT 1 FROM outbox AS first
                            WHERE first.ordering_key = event.ordering_key
                              AND first.published_at IS NULL AND first.dead_at IS NULL
                              AND first.sequence < event.sequence)
                     ORDER BY sequence
                     LIMIT ?4)
             RETURNING sequence, message_id, event_type, ordering_key, payload, traceparent,
                       created_at, attempts, suspect",
        )
        .bind(owner.to_string())
        .bind(now + milliseconds(lease))
        .bind(now)
        .bind(most)
        .fetch_all(&mut *writer)
        .await;
        let mut events: Vec<OutboxEvent> = writer.end(leased)?;
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
        query.push(" AND (leased_until IS NOT NULL OR published_at IS NOT NULL) AND sequence");
        query.push(" IN (");
        let mut list = query.separated(", ");
        for sequence in sequences {
            list.push_bind(sequence);
        }
        query.push(")");
        self.execute(query.build()).await
    }

    pub(in crate::store) async fn outbox_undelivered(
        &self,
        owner: Uuid,
        events: &[Undelivered],
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut transaction = self.begin().await?;
        let done = async {
            for event in events {
                sqlx::query(
                    "UPDATE outbox
                    SET last_error = ?, attempts = ?, suspect = ?, not_before = ?, dead_at = ?,
                        lease_owner = NULL, leased_until = NULL
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
            Ok(())
        }
        .await;
        transaction.end(done).await
    }

    pub(in crate::store) async fn outbox_backlog(&self) -> Result<Backlog, StoreError> {
        let backlog = sqlx::query_as(
            "SELECT (SELECT count(*) FROM outbox
                      WHERE published_at IS NULL AND dead_at IS NULL) AS pending,
                    (SELECT created_at FROM outbox
                      WHERE published_at IS NULL AND dead_at IS NULL
                      ORDER BY sequence LIMIT 1) AS oldest_created_at,
                    (SELECT count(*) FROM outbox WHERE dead_at IS NOT NULL) AS dead",
        );
        self.told(backlog.fetch_one(self.readers()?).await)
    }
}
