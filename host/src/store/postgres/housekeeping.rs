//! What time does to rows. Replicas that clean at the same time leave one another's rows alone.

use std::time::Duration;

use super::database::Postgres;
use crate::clock::milliseconds;
use crate::store::StoreError;

/// Rows deleted in one statement.
const BATCH: i64 = 1000;

/// By kind of row; each takes a time and the size of a batch.
const EXPIRED: [&str; 5] = [
    "WITH gone AS (SELECT ctid FROM auth.refresh_tokens
                    WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
     DELETE FROM auth.refresh_tokens
      WHERE ctid = ANY (ARRAY (SELECT ctid FROM gone)) RETURNING 1",
    "WITH gone AS (SELECT ctid FROM auth.sessions
                    WHERE expires_at <= $1
                      -- A token of the old service is remembered until it expires by itself, also
                      -- if its session ended before.
                      AND NOT EXISTS (SELECT 1 FROM auth.refresh_tokens AS token
                                       WHERE token.session_id = sessions.session_id
                                         AND token.expires_at > $1)
                    LIMIT $2 FOR UPDATE SKIP LOCKED)
     DELETE FROM auth.sessions
      WHERE ctid = ANY (ARRAY (SELECT ctid FROM gone)) RETURNING 1",
    "WITH gone AS (SELECT token_id FROM auth.refresh_tokens
                    WHERE answer IS NOT NULL AND grace_until <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
     UPDATE auth.refresh_tokens SET answer = NULL
      WHERE token_id = ANY (ARRAY (SELECT token_id FROM gone)) RETURNING 1",
    "WITH gone AS (SELECT ctid FROM auth.throttles
                    WHERE window_ends_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
     DELETE FROM auth.throttles
      WHERE ctid = ANY (ARRAY (SELECT ctid FROM gone)) RETURNING 1",
    "WITH gone AS (SELECT ctid FROM auth.policy_storage
                    WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
     DELETE FROM auth.policy_storage
      WHERE ctid = ANY (ARRAY (SELECT ctid FROM gone)) RETURNING 1",
];

const PUBLISHED: &str = "WITH gone AS (SELECT ctid FROM auth.outbox
                    WHERE published_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
     DELETE FROM auth.outbox
      WHERE ctid = ANY (ARRAY (SELECT ctid FROM gone)) RETURNING 1";

impl Postgres {
    pub(in crate::store) async fn clean(
        &self,
        outbox_retention: Duration,
    ) -> Result<u64, StoreError> {
        let now = self.clock.now();
        let published = (PUBLISHED, now - milliseconds(outbox_retention));
        let statements = EXPIRED.map(|statement| (statement, now)).into_iter().chain([published]);
        let (mut changed, mut failed) = (0, None);
        for (statement, before) in statements {
            // One kind of rows that takes too long does not keep the others: it is an error when
            // nothing is left but that.
            match self.pools.background(|| sqlx::query(statement).bind(before).bind(BATCH)).await {
                Ok(rows) => changed += rows.len(),
                Err(error) => failed = Some(error),
            }
        }
        match failed {
            Some(error) if changed == 0 => Err(error),
            _ => Ok(changed as u64),
        }
    }
}
