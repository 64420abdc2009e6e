//! Accounts: reading them, and what a policy writes to one.

use sqlx::sqlite::SqliteConnection;

use super::database::Sqlite;
use super::sessions;
use crate::clock::Timestamp;
use crate::store::accounts::changed_attributes;
use crate::store::{Account, CarryError, StoreError, Writes};

impl Sqlite {
    pub(in crate::store) fn next_user_id(&self) -> i64 {
        self.user_ids.next()
    }

    pub(in crate::store) async fn account_by_email(
        &self,
        email: &str,
        spelling: &str,
    ) -> Result<Option<Account>, StoreError> {
        let account = sqlx::query_as(
            "SELECT user_id, email, password_hash, password_version, attributes, created_at,
                    disabled_at IS NOT NULL AS disabled
               FROM accounts
              WHERE email IN (?1, ?2)
              ORDER BY email = ?2 DESC
              LIMIT 1",
        );
        self.told(account.bind(email).bind(spelling).fetch_optional(self.readers()?).await)
    }

    pub(in crate::store) async fn bcrypt_cost(&self) -> Result<Option<u32>, StoreError> {
        let cost = sqlx::query_scalar(
            "SELECT max(substr(password_hash, 5, 2))
               FROM accounts
              WHERE substr(password_hash, 1, 2) = '$2'",
        )
        .fetch_one(self.readers()?)
        .await;
        let cost: Option<String> = self.told(cost)?;
        Ok(cost.and_then(|cost| cost.parse().ok()))
    }
}

/// Writes what the policy wrote to the account: attributes, and whether it is disabled.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    user_id: i64,
    writes: &Writes,
    now: Timestamp,
) -> Result<(), CarryError> {
    if writes.change_attributes() {
        write_attributes(connection, user_id, writes).await?;
    }
    if let Some(reason) = &writes.disable {
        disable(connection, user_id, reason, now).await?;
    }
    Ok(())
}

async fn write_attributes(
    connection: &mut SqliteConnection,
    user_id: i64,
    writes: &Writes,
) -> Result<(), CarryError> {
    // The write lock is held: nobody changes the attributes between these two statements.
    let stored: String = sqlx::query_scalar("SELECT attributes FROM accounts WHERE user_id = ?")
        .bind(user_id)
        .fetch_one(&mut *connection)
        .await?;
    sqlx::query("UPDATE accounts SET attributes = ? WHERE user_id = ?")
        .bind(changed_attributes(&stored, writes)?)
        .bind(user_id)
        .execute(connection)
        .await?;
    Ok(())
}

async fn disable(
    connection: &mut SqliteConnection,
    user_id: i64,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE accounts SET disabled_at = ?, disabled_reason = ?
          WHERE user_id = ? AND disabled_at IS NULL",
    )
    .bind(now)
    .bind(reason)
    .bind(user_id)
    .execute(&mut *connection)
    .await?;
    sessions::revoke_all(connection, user_id, "account disabled", now).await
}
