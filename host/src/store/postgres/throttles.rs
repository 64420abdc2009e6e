//! Counters of the policies' limits.

use super::database::Postgres;
use super::rows::all;
use super::transaction::Transaction;
use crate::store::throttles::{Counted, longest_wait, with_one_more};
use crate::store::{StoreError, ThrottleHit};

impl Postgres {
    pub(in crate::store) async fn throttle_wait(
        &self,
        hits: &[ThrottleHit],
    ) -> Result<Option<i64>, StoreError> {
        let now = self.clock.now();
        let keys: Vec<&[u8]> = hits.iter().map(|hit| hit.key.as_slice()).collect();
        let question = || {
            sqlx::query(
                "SELECT key, hits, window_ends_at
                   FROM auth.throttles
                  WHERE key = ANY ($1) AND window_ends_at > $2",
            )
            .bind(keys.clone())
            .bind(now)
        };
        let counted: Vec<Counted> = all(&self.pools.read(question).await?)?;
        Ok(longest_wait(hits, with_one_more(counted), now))
    }

    /// Asked once: if its answer is lost, it may have counted, and another try would count twice.
    pub(in crate::store) async fn throttle_hit(
        &self,
        hits: &[ThrottleHit],
    ) -> Result<Option<i64>, StoreError> {
        let now = self.clock.now();
        let keys: Vec<&[u8]> = hits.iter().map(|hit| hit.key.as_slice()).collect();
        let ends: Vec<i64> = hits.iter().map(|hit| hit.window_end(now)).collect();
        let hit = sqlx::query(
            "INSERT INTO auth.throttles AS t (key, hits, window_ends_at)
             SELECT key, 1, ends_at
               FROM unnest($1::bytea[], $2::bigint[]) AS hit (key, ends_at)
              -- In one order for everybody: two calls never wait for one another.
              ORDER BY key
             ON CONFLICT (key) DO UPDATE
                -- A window begins with its first hit.
                SET hits = CASE WHEN t.window_ends_at <= $3 THEN 1 ELSE t.hits + 1 END,
                    window_ends_at = CASE WHEN t.window_ends_at <= $3
                                          THEN excluded.window_ends_at
                                          ELSE t.window_ends_at END
             RETURNING key, hits, window_ends_at",
        );
        let rows = self.pools.commit(hit.bind(&keys).bind(&ends).bind(now)).await?;
        let counted: Vec<Counted> = all(&rows)?;
        Ok(longest_wait(hits, counted, now))
    }
}

/// Forgets what was counted with these keys.
pub(super) async fn clear(
    transaction: &mut Transaction<'_>,
    keys: &[Vec<u8>],
) -> Result<(), StoreError> {
    if keys.is_empty() {
        return Ok(());
    }
    let clear = sqlx::query("DELETE FROM auth.throttles WHERE key = ANY ($1)").bind(keys);
    transaction.run(clear).await.map(drop)
}
