//! What time does to rows.

use std::time::Duration;

use super::database::Sqlite;
use crate::clock::milliseconds;
use crate::store::StoreError;

/// Rows deleted in one statement: the write lock is not held long.
const BATCH: i64 = 1000;

/// By kind of row; each takes a time and the size of a batch.
const EXPIRED: [&str; 5] = [
    "DELETE FROM refresh_tokens
      WHERE token_id IN (SELECT token_id FROM refresh_tokens WHERE expires_at <= ? LIMIT ?)",
    "DELETE FROM sessions
      WHERE session_id IN (
            SELECT session_id FROM sessions
             WHERE expires_at <= ?1
               -- A token of the old service is remembered until it expires by itself, also if its
               -- session ended before.
               AND NOT EXISTS (SELECT 1 FROM refresh_tokens
                                WHERE refresh_tokens.session_id = sessions.session_id
                                  AND refresh_tokens.expires_at > ?1)
             LIMIT ?2)",
    "UPDATE refresh_tokens SET answer = NULL
      WHERE token_id IN (SELECT token_id FROM refresh_tokens
                          WHERE answer IS NOT NULL AND grace_until <= ? LIMIT ?)",
    "DELETE FROM throttles
      WHERE key IN (SELECT key FROM throttles WHERE window_ends_at <= ? LIMIT ?)",
    "DELETE FROM policy_storage
      WHERE (slot, key) IN (SELECT slot, key FROM policy_storage WHERE expires_at <= ? LIMIT ?)",
];

const PUBLISHED: &str = "
    DELETE FROM outbox
     WHERE sequence IN (SELECT sequence FROM outbox WHERE published_at <= ? LIMIT ?)";

impl Sqlite {
    pub(in crate::store) async fn clean(
        &self,
        outbox_retention: Duration,
    ) -> Result<u64, StoreError> {
        let now = self.clock.now();
        let published = (PUBLISHED, now - milliseconds(outbox_retention));
        let statements = EXPIRED.map(|statement| (statement, now)).into_iter().chain([published]);
        let mut changed = 0;
        for (statement, before) in statements {
            changed += self.execute(sqlx::query(statement).bind(before).bind(BATCH)).await?;
        }
        Ok(changed)
    }
}
