//! The outbox: what relays lease and mark, and what operators see of it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use sqlx::Row as _;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::Postgres;
use super::events::{Backlog, EventFilter, EventRow, EventState, OutboxEvent, Undelivered};
use crate::clock::{Timestamp, milliseconds};
use crate::store::StoreError;

/// Batches' worth of the oldest events that a lease looks at, at first: those that a relay may
/// hold, and one more.
const LOOKED_AT: u32 = 5;
/// Where it finds none that is free, it looks at so many times as many.
const WIDER: u32 = 4;
/// Beyond that many it is no longer quick.
const MOST_LOOKED_AT: u32 = 4_000_000;
/// Where more wait, or are dead, nobody needs to know how many more.
const COUNTED: i64 = 100_000;
/// Rows that an operator's command changes in one statement.
const BATCH: i64 = 10_000;

impl Postgres {
    /// Only the first waiting event of a key can be leased, whoever holds it: the next one follows
    /// when it is marked. Relays that look at the same time skip one another's rows.
    pub(in crate::store) async fn outbox_lease(
        &self,
        owner: Uuid,
        most: u32,
        lease: Duration,
    ) -> Result<Vec<OutboxEvent>, StoreError> {
        // The oldest rows tell the first of each key among them. Others may hold all of these, or
        // they may have to wait: then it looks at more, and so does the next lease, until it finds
        // none.
        let mut looked_at =
            most.saturating_mul(LOOKED_AT).max(self.looked_at.load(Ordering::Relaxed));
        loop {
            let events = self.lease_among(looked_at, owner, most, lease).await?;
            let found = !events.is_empty();
            if found
                || looked_at >= MOST_LOOKED_AT
                || !self.outbox_is_longer_than(looked_at).await?
            {
                self.looked_at.store(if found { looked_at } else { 0 }, Ordering::Relaxed);
                return Ok(events);
            }
            looked_at = looked_at.saturating_mul(WIDER);
        }
    }

    async fn outbox_is_longer_than(&self, events: u32) -> Result<bool, StoreError> {
        let next = "SELECT sequence FROM auth.outbox WHERE published_at IS NULL AND dead_at IS NULL ORDER BY sequence OFFSET $1 LIMIT 1";
        Ok(!self.background(|| sqlx::query(next).bind(i64::from(events))).await?.is_empty())
    }

    /// Written so that the planner needs no statistics: in an outbox that is empty most of the time
    /// they are wrong when it matters. (Together with `enable_seqscan=off` no plan of its parts is
    /// a bad one.) More rows are tried than wanted, because relays that look at the same time skip
    /// one another's.
    async fn lease_among(
        &self,
        looked_at: u32,
        owner: Uuid,
        most: u32,
        lease: Duration,
    ) -> Result<Vec<OutboxEvent>, StoreError> {
        let now = self.clock.now();
        let rows = self
            .background(|| {
                sqlx::query(
                    "WITH waiting AS MATERIALIZED (
                         SELECT sequence, ordering_key,
                                not_before <= $1 AND (coalesce(leased_until, 0) <= $1 OR lease_owner = $3::uuid) AS free
                           FROM auth.outbox WHERE published_at IS NULL AND dead_at IS NULL ORDER BY sequence LIMIT $5),
                     first AS MATERIALIZED (
                         SELECT DISTINCT ON (ordering_key) sequence, free FROM waiting ORDER BY ordering_key, sequence),
                     tried AS MATERIALIZED (
                         SELECT sequence FROM first WHERE free ORDER BY sequence LIMIT $5 / 2),
                     taken AS (
                         SELECT sequence FROM auth.outbox
                          WHERE sequence = ANY (ARRAY (SELECT sequence FROM tried)) AND coalesce(published_at, dead_at) IS NULL
                            AND not_before <= $1 AND (coalesce(leased_until, 0) <= $1 OR lease_owner = $3::uuid)
                          ORDER BY sequence
                          LIMIT $2
                            FOR UPDATE SKIP LOCKED)
                     UPDATE auth.outbox AS event SET lease_owner = $3::uuid, leased_until = $4
                      WHERE sequence = ANY (ARRAY (SELECT sequence FROM taken))
                     RETURNING sequence, message_id::text, event_type, ordering_key, payload, traceparent, created_at, attempts, suspect",
                )
                .bind(now)
                .bind(i64::from(most))
                .bind(owner.to_string())
                .bind(now + milliseconds(lease))
                .bind(i64::from(looked_at))
            })
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
        let rows = self
            .background(|| {
                sqlx::query(
                    // Also where the lease has ended, as long as nobody else has taken it. The
                    // owner stays: where the answer is lost and we ask again, what we marked before
                    // counts.
                    "UPDATE auth.outbox SET published_at = coalesce(published_at, $1), leased_until = NULL
                      WHERE sequence = ANY ($2) AND lease_owner = $3::uuid AND (leased_until IS NOT NULL OR published_at IS NOT NULL)
                     RETURNING sequence",
                )
                .bind(now)
                .bind(sequences)
                .bind(owner.to_string())
            })
            .await?;
        Ok(rows.len() as u64)
    }

    pub(in crate::store) async fn outbox_undelivered(
        &self,
        owner: Uuid,
        events: &[Undelivered],
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let sequences: Vec<i64> = events.iter().map(|event| event.sequence).collect();
        let errors: Vec<String> =
            events.iter().map(|event| event.error.replace('\0', "\u{fffd}")).collect();
        let attempts: Vec<i32> =
            events.iter().map(|event| i32::try_from(event.attempts).unwrap_or(i32::MAX)).collect();
        let suspects: Vec<bool> = events.iter().map(|event| event.suspect).collect();
        let not_before: Vec<i64> = events.iter().map(|event| event.not_before).collect();
        let dead_at: Vec<Option<i64>> =
            events.iter().map(|event| event.dead.then_some(now)).collect();
        self.background(|| {
            sqlx::query(
                "UPDATE auth.outbox AS event
                    SET last_error = back.error, attempts = back.attempts, suspect = back.suspect, not_before = back.not_before,
                        dead_at = back.dead_at, lease_owner = NULL, leased_until = NULL
                   FROM unnest($1::bigint[], $2::text[], $3::integer[], $4::boolean[], $5::bigint[], $6::bigint[])
                        AS back (sequence, error, attempts, suspect, not_before, dead_at)
                  WHERE event.sequence = back.sequence AND event.lease_owner = $7::uuid AND event.published_at IS NULL",
            )
            .bind(&sequences)
            .bind(&errors)
            .bind(&attempts)
            .bind(&suspects)
            .bind(&not_before)
            .bind(&dead_at)
            .bind(owner.to_string())
        })
        .await
        .map(drop)
    }

    pub(in crate::store) async fn outbox_backlog(&self) -> Result<Backlog, StoreError> {
        let rows = self
            .background(|| {
                sqlx::query(
                    "SELECT (SELECT count(*) FROM (SELECT FROM auth.outbox WHERE published_at IS NULL AND dead_at IS NULL LIMIT $1) AS pending),
                            (SELECT created_at FROM auth.outbox WHERE published_at IS NULL AND dead_at IS NULL ORDER BY sequence LIMIT 1),
                            (SELECT count(*) FROM (SELECT FROM auth.outbox WHERE dead_at IS NOT NULL LIMIT $1) AS dead)",
                )
                .bind(COUNTED)
            })
            .await?;
        let row = super::only(rows)?;
        Ok(Backlog {
            pending: row.try_get(0)?,
            oldest_created_at: row.try_get(1)?,
            dead: row.try_get(2)?,
        })
    }

    /// Each filter has its index: the few that wait or are dead are found at once among millions
    /// that are published.
    pub(in crate::store) async fn outbox_list(
        &self,
        filter: &EventFilter,
    ) -> Result<Vec<EventRow>, StoreError> {
        macro_rules! listed {
            ($condition:literal) => {
                concat!(
                    "SELECT sequence, message_id::text, event_type, ordering_key, payload, traceparent, created_at, published_at, dead_at, attempts,
                            last_error
                       FROM auth.outbox WHERE ",
                    $condition,
                    " ORDER BY sequence DESC LIMIT $1"
                )
            };
        }
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
        let rows = self
            .background(|| {
                sqlx::query(statement).bind(i64::from(filter.most)).bind(message_id.as_deref())
            })
            .await?;
        let events = rows.iter().map(event_row).collect::<Result<Vec<_>, _>>()?;
        Ok(events
            .into_iter()
            .filter(|event| filter.state.is_none_or(|state| event.state == state))
            .collect())
    }

    pub(in crate::store) async fn outbox_retry(
        &self,
        message_ids: &[Uuid],
    ) -> Result<u64, StoreError> {
        if message_ids.is_empty() {
            let dead = "UPDATE auth.outbox SET dead_at = NULL, published_at = NULL, attempts = 0, not_before = 0, suspect = TRUE
                         WHERE sequence = ANY (ARRAY (SELECT sequence FROM auth.outbox WHERE dead_at <= $2 LIMIT $1)) AND dead_at IS NOT NULL
                        RETURNING sequence";
            return self.in_batches(dead, Timestamp::MAX).await;
        }
        self.with_ids(
            "UPDATE auth.outbox SET dead_at = NULL, published_at = NULL, attempts = 0, not_before = 0, suspect = TRUE
              WHERE message_id = ANY ($1::text[]::uuid[])
             RETURNING sequence",
            message_ids,
        )
        .await
    }

    pub(in crate::store) async fn outbox_purge(
        &self,
        message_ids: &[Uuid],
        before: Timestamp,
    ) -> Result<u64, StoreError> {
        if message_ids.is_empty() {
            let published = "DELETE FROM auth.outbox
                              WHERE sequence = ANY (ARRAY (SELECT sequence FROM auth.outbox WHERE published_at < $2 LIMIT $1)) AND published_at < $2
                             RETURNING sequence";
            return self.in_batches(published, before).await;
        }
        self.with_ids("DELETE FROM auth.outbox WHERE message_id = ANY ($1::text[]::uuid[]) RETURNING sequence", message_ids).await
    }

    /// As often as it finds rows: each time within the time limit of a statement.
    async fn in_batches(
        &self,
        statement: &'static str,
        before: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut changed = 0;
        loop {
            let rows = self.background(|| sqlx::query(statement).bind(BATCH).bind(before)).await?;
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
        Ok(self.background(|| sqlx::query(statement).bind(&ids)).await?.len() as u64)
    }
}

fn event(row: &PgRow) -> Result<OutboxEvent, StoreError> {
    Ok(OutboxEvent {
        sequence: row.try_get("sequence")?,
        message_id: row.try_get("message_id")?,
        event_type: row.try_get("event_type")?,
        ordering_key: row.try_get("ordering_key")?,
        payload: row.try_get("payload")?,
        traceparent: row.try_get("traceparent")?,
        created_at: row.try_get("created_at")?,
        attempts: u32::try_from(row.try_get::<i32, _>("attempts")?).unwrap_or_default(),
        suspect: row.try_get("suspect")?,
    })
}

fn event_row(row: &PgRow) -> Result<EventRow, StoreError> {
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
        attempts: u32::try_from(row.try_get::<i32, _>("attempts")?).unwrap_or_default(),
        last_error: row.try_get("last_error")?,
        traceparent: row.try_get("traceparent")?,
        payload: row.try_get("payload")?,
    })
}
