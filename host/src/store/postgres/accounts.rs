//! Accounts: reading them.

use serde_json::{Map, Value};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::{Postgres, only};
use crate::store::{Account, StoreError};

impl Postgres {
    pub(in crate::store) async fn account_by_email(
        &self,
        email: &str,
        spelling: &str,
    ) -> Result<Option<Account>, StoreError> {
        // PostgreSQL's text has no U+0000; no address that we store has one either.
        if email.contains('\0') || spelling.contains('\0') {
            return Ok(None);
        }
        let rows = self
            .read(|| {
                sqlx::query(
                    "SELECT user_id, email, password_hash, password_version, attributes::text AS attributes, created_at,
                            disabled_at IS NOT NULL AS disabled
                       FROM auth.accounts
                      WHERE email IN ($1, $2)
                      ORDER BY email = $2 DESC
                      LIMIT 1",
                )
                .bind(email)
                .bind(spelling)
            })
            .await?;
        rows.first().map(account).transpose()
    }

    pub(in crate::store) async fn bcrypt_cost(&self) -> Result<Option<u32>, StoreError> {
        let question = || {
            sqlx::query(
                "SELECT max(substr(password_hash, 5, 2)) FROM auth.accounts WHERE password_hash LIKE '$2%'",
            )
        };
        let cost: Option<String> = only(self.background(question).await?)?.try_get(0)?;
        Ok(cost.and_then(|cost| cost.parse().ok()))
    }
}

/// An account out of a row that has its columns.
pub(super) fn account(row: &PgRow) -> Result<Account, StoreError> {
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

pub(super) fn attributes(text: &str) -> Result<Map<String, Value>, StoreError> {
    serde_json::from_str(text)
        .map_err(|fault| StoreError::Damaged(format!("accounts.attributes: {fault}")))
}
