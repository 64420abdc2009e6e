//! What time does to rows, and the secret that the database keeps.

use sqlx::Row as _;

use super::{Sqlite, commit};
use crate::clock::milliseconds;
use crate::store::StoreError;

/// Rows deleted in one statement: the write lock is not held long.
const BATCH: i64 = 1000;

impl Sqlite {
    pub(in crate::store) async fn clean(
        &self,
        outbox_retention: std::time::Duration,
    ) -> Result<u64, StoreError> {
        let now = self.clock.now();
        let statements = [
            ("DELETE FROM refresh_tokens WHERE token_id IN (SELECT token_id FROM refresh_tokens WHERE expires_at <= ? LIMIT ?)", now),
            (
                // A token of the old service is remembered until it expires by itself, also where
                // its session ended before.
                "DELETE FROM sessions WHERE session_id IN (
                     SELECT session_id FROM sessions
                      WHERE expires_at <= ?1
                        AND NOT EXISTS (SELECT 1 FROM refresh_tokens WHERE refresh_tokens.session_id = sessions.session_id AND refresh_tokens.expires_at > ?1)
                      LIMIT ?2)",
                now,
            ),
            (
                "UPDATE refresh_tokens SET answer = NULL WHERE token_id IN (SELECT token_id FROM refresh_tokens WHERE answer IS NOT NULL AND grace_until <= ? LIMIT ?)",
                now,
            ),
            ("DELETE FROM throttles WHERE key IN (SELECT key FROM throttles WHERE window_ends_at <= ? LIMIT ?)", now),
            ("DELETE FROM policy_storage WHERE (slot, key) IN (SELECT slot, key FROM policy_storage WHERE expires_at <= ? LIMIT ?)", now),
            (
                "DELETE FROM outbox WHERE sequence IN (SELECT sequence FROM outbox WHERE published_at <= ? LIMIT ?)",
                now - milliseconds(outbox_retention),
            ),
        ];
        let mut changed = 0;
        for (statement, before) in statements {
            changed += sqlx::query(statement)
                .bind(before)
                .bind(BATCH)
                .execute(&self.writer)
                .await?
                .rows_affected();
        }
        Ok(changed)
    }

    pub(in crate::store) async fn secret(
        &self,
        name: &str,
        value_if_absent: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        let mut transaction = self.begin().await?;
        sqlx::query(
            "INSERT INTO secrets (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING",
        )
        .bind(name)
        .bind(value_if_absent)
        .execute(&mut *transaction)
        .await?;
        let row = sqlx::query("SELECT value FROM secrets WHERE name = ?")
            .bind(name)
            .fetch_one(&mut *transaction)
            .await?;
        commit(transaction).await?;
        Ok(row.try_get("value")?)
    }
}
