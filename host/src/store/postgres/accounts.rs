//! Accounts: reading them, their ids, and what a policy writes to one.

use super::database::Postgres;
use super::rows::{first, only, without_nul};
use super::sessions;
use super::transaction::Transaction;
use crate::clock::Timestamp;
use crate::store::accounts::changed_attributes;
use crate::store::{Account, CarryError, Conflict, StoreError, Writes};

impl Postgres {
    /// Asked twice, it leaves a gap.
    pub(in crate::store) async fn next_user_id(&self, email: &str) -> Result<i64, CarryError> {
        let rows = self
            .pools
            .read(|| {
                sqlx::query(
                    "SELECT nextval('auth.accounts_user_id_seq')
                      WHERE NOT EXISTS (SELECT 1 FROM auth.accounts WHERE email = $1 UNION ALL
                                        SELECT 1 FROM auth.reserved_emails WHERE email = $1)",
                )
                .bind(email)
            })
            .await?;
        let (user_id,) = first(&rows)?.ok_or(Conflict::EmailTaken)?;
        Ok(user_id)
    }

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
            .pools
            .read(|| {
                sqlx::query(
                    "SELECT user_id, email, password_hash, password_version,
                            attributes::text AS attributes, created_at,
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
        first(&rows)
    }

    pub(in crate::store) async fn bcrypt_cost(&self) -> Result<Option<u32>, StoreError> {
        let question = || {
            sqlx::query(
                "SELECT max(substr(password_hash, 5, 2))
                   FROM auth.accounts
                  WHERE password_hash LIKE '$2%'",
            )
        };
        let (cost,): (Option<String>,) = only(&self.pools.background(question).await?)?;
        Ok(cost.and_then(|cost| cost.parse().ok()))
    }
}

/// Whatever is written about an account locks it first, and then its sessions and the key of its
/// events: so that nobody waits in a circle.
pub(super) async fn lock(
    transaction: &mut Transaction<'_>,
    user_id: i64,
) -> Result<(), StoreError> {
    let lock =
        sqlx::query("SELECT FROM auth.accounts WHERE user_id = $1 FOR NO KEY UPDATE").bind(user_id);
    transaction.run(lock).await.map(drop)
}

/// Writes what the policy wrote to the account: attributes, and whether it is disabled.
pub(super) async fn write(
    transaction: &mut Transaction<'_>,
    user_id: i64,
    writes: &Writes,
    now: Timestamp,
) -> Result<(), CarryError> {
    if writes.change_attributes() {
        write_attributes(transaction, user_id, writes).await?;
    }
    if let Some(reason) = &writes.disable {
        disable(transaction, user_id, reason, now).await?;
    }
    Ok(())
}

async fn write_attributes(
    transaction: &mut Transaction<'_>,
    user_id: i64,
    writes: &Writes,
) -> Result<(), CarryError> {
    let read = sqlx::query(
        "SELECT attributes::text FROM auth.accounts WHERE user_id = $1 FOR NO KEY UPDATE",
    );
    let rows = transaction.run(read.bind(user_id)).await?;
    let (stored,): (String,) = first(&rows)?.ok_or(Conflict::AccountChanged)?;
    let attributes = changed_attributes(&stored, writes)?;
    let write = sqlx::query("UPDATE auth.accounts SET attributes = $1::json WHERE user_id = $2");
    transaction.run(write.bind(attributes).bind(user_id)).await?;
    Ok(())
}

async fn disable(
    transaction: &mut Transaction<'_>,
    user_id: i64,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let disable = sqlx::query(
        "UPDATE auth.accounts SET disabled_at = $1, disabled_reason = $2
          WHERE user_id = $3 AND disabled_at IS NULL",
    );
    transaction.run(disable.bind(now).bind(without_nul(reason)).bind(user_id)).await?;
    sessions::revoke_all(transaction, user_id, "account disabled", now).await
}
