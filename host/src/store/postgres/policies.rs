//! What policies keep: rows of their own, and throttle counters.

use sqlx::Row as _;

use super::{Postgres, only};
use crate::store::{StoreError, ThrottleHit};

impl Postgres {
    pub(in crate::store) async fn storage_get(
        &self,
        slot: &str,
        key: &str,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let now = self.clock.now();
        let rows = self
            .read(|| {
                sqlx::query("SELECT value FROM auth.policy_storage WHERE slot = $1 AND key = $2 AND expires_at > $3")
                    .bind(slot)
                    .bind(key.as_bytes())
                    .bind(now)
            })
            .await?;
        Ok(rows.first().map(|row| row.try_get(0)).transpose()?)
    }

    pub(in crate::store) async fn storage_size(
        &self,
        slot: &str,
    ) -> Result<(i64, i64), StoreError> {
        let rows = self
            .background(|| {
                sqlx::query(
                    "SELECT count(*), coalesce(sum(octet_length(key) + octet_length(value)), 0)::bigint
                       FROM auth.policy_storage WHERE slot = $1",
                )
                .bind(slot)
            })
            .await?;
        let row = only(rows)?;
        Ok((row.try_get(0)?, row.try_get(1)?))
    }

    pub(in crate::store) async fn throttle_hit(
        &self,
        hits: &[ThrottleHit],
    ) -> Result<Option<i64>, StoreError> {
        let now = self.clock.now();
        let keys: Vec<&[u8]> = hits.iter().map(|hit| hit.key.as_slice()).collect();
        let ends: Vec<i64> =
            hits.iter().map(|hit| now + i64::from(hit.window_seconds) * 1000).collect();
        // A window begins with its first hit. Keys in one order for everybody: two calls never wait
        // for one another.
        let rows = self
            .read(|| {
                sqlx::query(
                    "INSERT INTO auth.throttles AS t (key, hits, window_ends_at)
                     SELECT key, 1, ends_at FROM unnest($1::bytea[], $2::bigint[]) AS hit (key, ends_at) ORDER BY key
                     ON CONFLICT (key) DO UPDATE
                        SET hits = CASE WHEN t.window_ends_at <= $3 THEN 1 ELSE t.hits + 1 END,
                            window_ends_at = CASE WHEN t.window_ends_at <= $3 THEN excluded.window_ends_at ELSE t.window_ends_at END
                     RETURNING key, hits, window_ends_at",
                )
                .bind(&keys)
                .bind(&ends)
                .bind(now)
            })
            .await?;
        let mut wait = None;
        for row in rows {
            let (key, count, window_ends_at): (Vec<u8>, i64, i64) =
                (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            if hits.iter().any(|hit| hit.key == key && count > i64::from(hit.most)) {
                wait = wait.max(Some(window_ends_at - now));
            }
        }
        Ok(wait)
    }
}
