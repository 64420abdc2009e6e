//! The outbox as relays use it: what they lease, mark and give back.

use std::sync::atomic::Ordering;
use std::time::Duration;

use uuid::Uuid;

use super::database::Postgres;
use super::rows::{all, only, without_nul};
use crate::clock::milliseconds;
use crate::store::{Backlog, OutboxEvent, StoreError, Undelivered};

/// Batches' worth of the oldest events that a lease looks at, at first: those that a relay may
/// hold, and one more.
const LOOKED_AT: u32 = 5;
/// If it finds none that is free, it looks at so many times as many.
const WIDER: u32 = 4;
/// Beyond that many it is no longer quick.
const MOST_LOOKED_AT: u32 = 4_000_000;
/// If more wait, or are dead, nobody needs to know how many more.
const COUNTED: i64 = 100_000;

/// Written so that the planner needs no statistics: in an outbox that is empty most of the time
/// they are wrong when it matters. (Together with `enable_seqscan=off` no plan of its parts is a
/// bad one.)
const LEASE: &str = "
    WITH waiting AS MATERIALIZED (
        SELECT sequence, ordering_key,
               not_before <= $1
                 AND (coalesce(leased_until, 0) <= $1 OR lease_owner = $3::uuid) AS free
          FROM auth.outbox
         WHERE published_at IS NULL AND dead_at IS NULL
         ORDER BY sequence
         LIMIT $5),
    first AS MATERIALIZED (
        -- The oldest of each key, free or not.
        SELECT DISTINCT ON (ordering_key) sequence, free
          FROM waiting
         ORDER BY ordering_key, sequence),
    tried AS MATERIALIZED (
        -- More than wanted, because relays that look at the same time skip one another's.
        SELECT sequence FROM first WHERE free ORDER BY sequence LIMIT $5 / 2),
    taken AS (
        SELECT sequence FROM auth.outbox
         WHERE sequence = ANY (ARRAY (SELECT sequence FROM tried))
           -- As it stands once the row is locked.
           AND coalesce(published_at, dead_at) IS NULL AND not_before <= $1
           AND (coalesce(leased_until, 0) <= $1 OR lease_owner = $3::uuid)
         ORDER BY sequence
         LIMIT $2
           FOR UPDATE SKIP LOCKED)
    UPDATE auth.outbox AS event SET lease_owner = $3::uuid, leased_until = $4
     WHERE sequence = ANY (ARRAY (SELECT sequence FROM taken))
    RETURNING sequence, message_id::text, event_type, ordering_key, payload, traceparent,
              created_at, attempts, suspect";

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
        let next = "SELECT sequence FROM auth.outbox
                     WHERE published_at IS NULL AND dead_at IS NULL
                     ORDER BY sequence OFFSET $1 LIMIT 1";
        let question = || sqlx::query(next).bind(i64::from(events));
        Ok(!self.pools.background(question).await?.is_empty())
    }

    async fn lease_among(
        &self,
        looked_at: u32,
        owner: Uuid,
        most: u32,
        lease: Duration,
    ) -> Result<Vec<OutboxEvent>, StoreError> {
        let now = self.clock.now();
        let question = || {
            sqlx::query(LEASE)
                .bind(now)
                .bind(i64::from(most))
                .bind(owner.to_string())
                .bind(now + milliseconds(lease))
                .bind(i64::from(looked_at))
        };
        let mut events: Vec<OutboxEvent> = all(&self.pools.background(question).await?)?;
        events.sort_by_key(|event| event.sequence);
        Ok(events)
    }

    pub(in crate::store) async fn outbox_published(
        &self,
        owner: Uuid,
        sequences: &[i64],
    ) -> Result<u64, StoreError> {
        let now = self.clock.now();
        let question = || {
            sqlx::query(
                "UPDATE auth.outbox
                    SET published_at = coalesce(published_at, $1), leased_until = NULL
                  WHERE sequence = ANY ($2)
                    -- Also if the lease has ended, as long as nobody else has taken it. The owner
                    -- stays: if the answer is lost and we ask again, what we marked before counts.
                    AND lease_owner = $3::uuid
                    AND (leased_until IS NOT NULL OR published_at IS NOT NULL)
                 RETURNING sequence",
            )
            .bind(now)
            .bind(sequences)
            .bind(owner.to_string())
        };
        Ok(self.pools.background(question).await?.len() as u64)
    }

    pub(in crate::store) async fn outbox_undelivered(
        &self,
        owner: Uuid,
        events: &[Undelivered],
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let sequences: Vec<i64> = events.iter().map(|event| event.sequence).collect();
        let errors: Vec<String> = events.iter().map(|event| without_nul(&event.error)).collect();
        let attempts: Vec<i32> =
            events.iter().map(|event| i32::try_from(event.attempts).unwrap_or(i32::MAX)).collect();
        let suspects: Vec<bool> = events.iter().map(|event| event.suspect).collect();
        let not_before: Vec<i64> = events.iter().map(|event| event.not_before).collect();
        let dead_at: Vec<Option<i64>> =
            events.iter().map(|event| event.dead.then_some(now)).collect();
        let question = || {
            sqlx::query(
                "UPDATE auth.outbox AS event
                    SET last_error = back.error, attempts = back.attempts,
                        suspect = back.suspect, not_before = back.not_before,
                        dead_at = back.dead_at, lease_owner = NULL, leased_until = NULL
                   FROM unnest($1::bigint[], $2::text[], $3::integer[], $4::boolean[],
                               $5::bigint[], $6::bigint[])
                        AS back (sequence, error, attempts, suspect, not_before, dead_at)
                  WHERE event.sequence = back.sequence AND event.lease_owner = $7::uuid
                    AND event.published_at IS NULL",
            )
            .bind(&sequences)
            .bind(&errors)
            .bind(&attempts)
            .bind(&suspects)
            .bind(&not_before)
            .bind(&dead_at)
            .bind(owner.to_string())
        };
        self.pools.background(question).await.map(drop)
    }

    pub(in crate::store) async fn outbox_backlog(&self) -> Result<Backlog, StoreError> {
        let question = || {
            sqlx::query(
                "SELECT (SELECT count(*)
                           FROM (SELECT FROM auth.outbox
                                  WHERE published_at IS NULL AND dead_at IS NULL
                                  LIMIT $1) AS waiting) AS pending,
                        (SELECT created_at FROM auth.outbox
                          WHERE published_at IS NULL AND dead_at IS NULL
                          ORDER BY sequence LIMIT 1) AS oldest_created_at,
                        (SELECT count(*)
                           FROM (SELECT FROM auth.outbox
                                  WHERE dead_at IS NOT NULL LIMIT $1) AS given_up) AS dead",
            )
            .bind(COUNTED)
        };
        only(&self.pools.background(question).await?)
    }
}
