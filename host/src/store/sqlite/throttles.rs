//! Counters of the policies' limits.

use sqlx::QueryBuilder;
use sqlx::sqlite::SqliteConnection;

use super::database::Sqlite;
use crate::store::throttles::{Counted, longest_wait, with_one_more};
use crate::store::{StoreError, ThrottleHit};

impl Sqlite {
    pub(in crate::store) async fn throttle_wait(
        &self,
        hits: &[ThrottleHit],
    ) -> Result<Option<i64>, StoreError> {
        let now = self.clock.now();
        let mut query = QueryBuilder::new("SELECT key, hits, window_ends_at FROM throttles WHERE ");
        query.push("window_ends_at > ").push_bind(now).push(" AND key IN (");
        let mut keys = query.separated(", ");
        for hit in hits {
            keys.push_bind(&hit.key);
        }
        query.push(")");
        let counted = query.build_query_as().fetch_all(self.readers()?).await;
        let counted: Vec<Counted> = self.told(counted)?;
        Ok(longest_wait(hits, with_one_more(counted), now))
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
            row.push_bind(&hit.key).push_bind(1).push_bind(hit.window_end(now));
        });
        query
            .push(" ON CONFLICT (key) DO UPDATE SET hits = CASE WHEN t.window_ends_at <= ")
            .push_bind(now)
            .push(" THEN 1 ELSE t.hits + 1 END, window_ends_at = CASE WHEN t.window_ends_at <= ")
            .push_bind(now)
            .push(" THEN excluded.window_ends_at ELSE t.window_ends_at END")
            .push(" RETURNING key, hits, window_ends_at");
        let mut writer = self.writer.borrow().await?;
        let counted = query.build_query_as().fetch_all(&mut *writer).await;
        let counted: Vec<Counted> = writer.end(counted)?;
        Ok(longest_wait(hits, counted, now))
    }
}

/// Forgets what was counted with these keys.
pub(super) async fn clear(
    connection: &mut SqliteConnection,
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
