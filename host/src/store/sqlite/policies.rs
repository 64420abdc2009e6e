//! What policies keep: rows of their own, and throttle counters.

use sqlx::{QueryBuilder, Row as _};

use super::{Connection, Sqlite};
use crate::clock::Timestamp;
use crate::store::{Carried, Conflict, StoreError, ThrottleHit, Writes};

impl Sqlite {
    pub(in crate::store) async fn storage_get(
        &self,
        slot: &str,
        key: &str,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let value = sqlx::query_scalar(
            "SELECT value FROM policy_storage WHERE slot = ? AND key = ? AND expires_at > ?",
        )
        .bind(slot)
        .bind(key)
        .bind(self.clock.now())
        .fetch_optional(&self.readers)
        .await?;
        Ok(value)
    }

    pub(in crate::store) async fn storage_size(
        &self,
        slot: &str,
    ) -> Result<(i64, i64), StoreError> {
        let row = sqlx::query(
            "SELECT count(*) AS entries, coalesce(sum(length(key) + length(value)), 0) AS bytes FROM policy_storage WHERE slot = ?",
        )
        .bind(slot)
        .fetch_one(&self.readers)
        .await?;
        Ok((row.try_get("entries")?, row.try_get("bytes")?))
    }

    pub(in crate::store) async fn throttle_hit(
        &self,
        hits: &[ThrottleHit],
    ) -> Result<Option<i64>, StoreError> {
        let now = self.clock.now();
        // A window begins with its first hit.
        let mut query =
            QueryBuilder::new("INSERT INTO throttles AS t (key, hits, window_ends_at) ");
        query.push_values(hits, |mut row, hit| {
            row.push_bind(&hit.key)
                .push_bind(1)
                .push_bind(now + i64::from(hit.window_seconds) * 1000);
        });
        query
            .push(" ON CONFLICT (key) DO UPDATE SET hits = CASE WHEN t.window_ends_at <= ")
            .push_bind(now);
        query
            .push(" THEN 1 ELSE t.hits + 1 END, window_ends_at = CASE WHEN t.window_ends_at <= ")
            .push_bind(now);
        query.push(" THEN excluded.window_ends_at ELSE t.window_ends_at END RETURNING key, hits, window_ends_at");
        let mut wait = None;
        for row in query.build().fetch_all(&self.writer).await? {
            let (key, count, window_ends_at): (Vec<u8>, i64, i64) =
                (row.try_get("key")?, row.try_get("hits")?, row.try_get("window_ends_at")?);
            if hits.iter().any(|hit| hit.key == key && count > i64::from(hit.most)) {
                wait = wait.max(Some(window_ends_at - now));
            }
        }
        Ok(wait)
    }
}

pub(super) async fn write_storage(
    connection: &mut Connection,
    writes: &Writes,
    now: Timestamp,
) -> Carried<()> {
    for write in &writes.storage {
        if let Some(expected) = &write.expected {
            let held: Option<Vec<u8>> = sqlx::query_scalar(
                "SELECT value FROM policy_storage WHERE slot = ? AND key = ? AND expires_at > ?",
            )
            .bind(writes.slot)
            .bind(&write.key)
            .bind(now)
            .fetch_optional(&mut *connection)
            .await?;
            if held != *expected {
                return Ok(Err(Conflict::StorageChanged));
            }
        }
        let query = match &write.value {
            Some((value, expires_at)) => sqlx::query(
                "INSERT INTO policy_storage (slot, key, value, expires_at) VALUES (?, ?, ?, ?)
                 ON CONFLICT (slot, key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at",
            )
            .bind(writes.slot)
            .bind(&write.key)
            .bind(value)
            .bind(expires_at),
            None => sqlx::query("DELETE FROM policy_storage WHERE slot = ? AND key = ?").bind(writes.slot).bind(&write.key),
        };
        query.execute(&mut *connection).await?;
    }
    Ok(Ok(()))
}

pub(super) async fn clear_throttles(
    connection: &mut Connection,
    keys: &[Vec<u8>],
) -> Result<(), StoreError> {
    for key in keys {
        sqlx::query("DELETE FROM throttles WHERE key = ?")
            .bind(key)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
