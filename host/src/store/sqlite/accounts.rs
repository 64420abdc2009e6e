//! Accounts: reading them, and the writes of a decision to them.

use serde_json::{Map, Value};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{Connection, Sqlite};
use crate::clock::Timestamp;
use crate::store::{Account, Conflict, MAX_ATTRIBUTES_BYTES, StoreError, Writes};

impl Sqlite {
    pub(in crate::store) async fn account_by_email(
        &self,
        email: &str,
        spelling: &str,
    ) -> Result<Option<Account>, StoreError> {
        let row = sqlx::query(
            "SELECT user_id, email, password_hash, password_version, attributes, created_at, disabled_at IS NOT NULL AS disabled
               FROM accounts
              WHERE email IN (?1, ?2)
              ORDER BY email = ?2 DESC
              LIMIT 1",
        )
        .bind(email)
        .bind(spelling)
        .fetch_optional(&self.readers)
        .await?;
        row.as_ref().map(account).transpose()
    }

    pub(in crate::store) async fn bcrypt_cost(&self) -> Result<Option<u32>, StoreError> {
        let cost: Option<String> =
            sqlx::query_scalar("SELECT max(substr(password_hash, 5, 2)) FROM accounts WHERE substr(password_hash, 1, 2) = '$2'")
                .fetch_one(&self.readers)
                .await?;
        Ok(cost.and_then(|cost| cost.parse().ok()))
    }
}

/// An account out of a row that has its columns.
pub(super) fn account(row: &SqliteRow) -> Result<Account, StoreError> {
    Ok(Account {
        user_id: row.try_get("user_id")?,
        email: row.try_get("email")?,
        password_hash: row.try_get("password_hash")?,
        password_version: row.try_get("password_version")?,
        attributes: attributes(row.try_get("attributes")?)?,
        created_at: row.try_get("created_at")?,
        disabled: row.try_get("disabled")?,
    })
}

fn attributes(text: &str) -> Result<Map<String, Value>, StoreError> {
    serde_json::from_str(text)
        .map_err(|fault| StoreError::Damaged(format!("accounts.attributes: {fault}")))
}

/// Writes what the policy wrote to the account: attributes, and whether it is disabled.
pub(super) async fn write(
    connection: &mut Connection,
    user_id: i64,
    writes: &Writes,
    now: Timestamp,
) -> Result<Result<(), Conflict>, StoreError> {
    if !writes.attributes.is_empty() || !writes.removed_attributes.is_empty() {
        // The write lock is held: nobody changes the attributes between these two statements.
        let text: String = sqlx::query_scalar("SELECT attributes FROM accounts WHERE user_id = ?")
            .bind(user_id)
            .fetch_one(&mut *connection)
            .await?;
        let mut all = attributes(&text)?;
        all.retain(|name, _| !writes.removed_attributes.contains(name));
        all.extend(writes.attributes.clone());
        let text = Value::Object(all).to_string();
        if text.len() > MAX_ATTRIBUTES_BYTES {
            return Ok(Err(Conflict::AttributesTooLarge));
        }
        sqlx::query("UPDATE accounts SET attributes = ? WHERE user_id = ?")
            .bind(text)
            .bind(user_id)
            .execute(&mut *connection)
            .await?;
    }
    if let Some(reason) = &writes.disable {
        sqlx::query("UPDATE accounts SET disabled_at = ?, disabled_reason = ? WHERE user_id = ? AND disabled_at IS NULL")
            .bind(now)
            .bind(reason)
            .bind(user_id)
            .execute(&mut *connection)
            .await?;
        super::sessions::revoke_all(connection, user_id, "account disabled", now).await?;
    }
    Ok(Ok(()))
}
