//! The ids of new accounts. One process owns the database, so it counts them itself: an id is known
//! before its account is written, without a question to SQLite.
//!
//! As with a sequence, an account that is not created leaves a gap. No id is given twice, also if
//! its account was deleted: SQLite remembers the highest one (`AUTOINCREMENT`).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use sqlx::sqlite::SqlitePool;

/// Counts on from the highest id; a clone is the same counter.
#[derive(Clone)]
pub(super) struct UserIds(Arc<AtomicI64>);

impl UserIds {
    pub(super) async fn read(database: &SqlitePool) -> sqlx::Result<Self> {
        let highest: i64 = sqlx::query_scalar(
            "SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'accounts'), 0),
                        coalesce((SELECT max(user_id) FROM accounts), 0))",
        )
        .fetch_one(database)
        .await?;
        Ok(Self(Arc::new(AtomicI64::new(highest))))
    }

    pub(super) fn next(&self) -> i64 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }
}

#[cfg(test)]
mod tests {
    use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};

    use super::UserIds;

    async fn database() -> SqlitePool {
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(SqliteConnectOptions::new().in_memory(true))
            .await
            .unwrap();
        super::super::migrate::run(&pool).await.unwrap();
        pool
    }

    async fn insert(pool: &SqlitePool, user_id: i64) {
        let insert = "INSERT INTO accounts (user_id, email, password_hash, created_at)
                      VALUES (?1, ?1, '', 0)";
        sqlx::query(insert).bind(user_id).execute(pool).await.unwrap();
    }

    #[tokio::test]
    async fn the_first_account_is_1_and_each_id_is_given_once() {
        let ids = UserIds::read(&database().await).await.unwrap();
        assert_eq!([ids.next(), ids.clone().next(), ids.next()], [1, 2, 3]);
    }

    #[tokio::test]
    async fn an_id_is_not_given_again_after_a_restart_even_if_its_account_was_deleted() {
        let pool = database().await;
        // Their transactions begin in any order, not in that of their ids.
        insert(&pool, 7).await;
        insert(&pool, 6).await;
        assert_eq!(UserIds::read(&pool).await.unwrap().next(), 8);
        sqlx::query("DELETE FROM accounts").execute(&pool).await.unwrap();
        assert_eq!(UserIds::read(&pool).await.unwrap().next(), 8);
    }
}
