//! What policies keep: rows of their own, and throttle counters.

use sqlx::Row as _;

use super::{Connection, Sqlite, commit};
use crate::clock::Timestamp;
use crate::store::{Carried, Conflict, StoreError, ThrottleHit, Writes};

impl Sqlite {
    /// A row of a slot's storage that has not expired.
    pub async fn storage_get(&self, slot: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let value = sqlx::query_scalar("SELECT value FROM policy_storage WHERE slot = ? AND key = ? AND expires_at > ?")
            .bind(slot)
            .bind(key)
            .bind(self.clock.now())
            .fetch_optional(&self.readers)
            .await?;
        Ok(value)
    }

    /// How many rows a slot keeps, and their bytes.
    pub async fn storage_size(&self, slot: &str) -> Result<(i64, i64), StoreError> {
        let row = sqlx::query(
            "SELECT count(*) AS entries, coalesce(sum(length(key) + length(value)), 0) AS bytes FROM policy_storage WHERE slot = ?",
        )
        .bind(slot)
        .fetch_one(&self.readers)
        .await?;
        Ok((row.try_get("entries")?, row.try_get("bytes")?))
    }

    /// Counts one against every limit, at once; the longest wait in milliseconds where one is exceeded.
    pub async fn throttle_hit(&self, hits: &[ThrottleHit]) -> Result<Option<i64>, StoreError> {
        let now = self.clock.now();
        let mut wait = None;
        let mut transaction = self.begin().await?;
        for hit in hits {
            // A window begins with its first hit; a count stops one above its limit, so that a flood does not lengthen anything.
            let row = sqlx::query(
                "INSERT INTO throttles AS t (key, hits, window_ends_at) VALUES (?, 1, ?)
                 ON CONFLICT (key) DO UPDATE
                    SET hits = CASE WHEN t.window_ends_at <= ? THEN 1 ELSE min(t.hits, ?) + 1 END,
                        window_ends_at = CASE WHEN t.window_ends_at <= ? THEN excluded.window_ends_at ELSE t.window_ends_at END
                 RETURNING hits, window_ends_at",
            )
            .bind(&hit.key)
            .bind(now + i64::from(hit.window_seconds) * 1000)
            .bind(now)
            .bind(hit.most)
            .bind(now)
            .fetch_one(&mut *transaction)
            .await?;
            if row.try_get::<i64, _>("hits")? > i64::from(hit.most) {
                wait = wait.max(Some(row.try_get::<i64, _>("window_ends_at")? - now));
            }
        }
        commit(transaction).await?;
        Ok(wait)
    }
}

pub(super) async fn write_storage(connection: &mut Connection, writes: &Writes, now: Timestamp) -> Carried<()> {
    for write in &writes.storage {
        if let Some(expected) = &write.expected {
            let held: Option<Vec<u8>> =
                sqlx::query_scalar("SELECT value FROM policy_storage WHERE slot = ? AND key = ? AND expires_at > ?")
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

pub(super) async fn clear_throttles(connection: &mut Connection, keys: &[Vec<u8>]) -> Result<(), StoreError> {
    for key in keys {
        sqlx::query("DELETE FROM throttles WHERE key = ?").bind(key).execute(&mut *connection).await?;
    }
    Ok(())
}
