//! Rows of the policies' own.

use super::database::Postgres;
use super::rows::{first, only};
use super::transaction::Transaction;
use crate::clock::Timestamp;
use crate::store::{CarryError, Conflict, StorageWrite, StoreError, Writes};

/// A row that has not expired.
const READ: &str = "
    SELECT value FROM auth.policy_storage WHERE slot = $1 AND key = $2 AND expires_at > $3";

impl Postgres {
    pub(in crate::store) async fn storage_get(
        &self,
        slot: &str,
        key: &str,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let now = self.clock.now();
        let question = || sqlx::query(READ).bind(slot).bind(key.as_bytes()).bind(now);
        let row: Option<(Vec<u8>,)> = first(&self.pools.read(question).await?)?;
        Ok(row.map(|(value,)| value))
    }

    pub(in crate::store) async fn storage_size(
        &self,
        slot: &str,
    ) -> Result<(i64, i64), StoreError> {
        let question = || {
            sqlx::query(
                "SELECT count(*),
                        coalesce(sum(octet_length(key) + octet_length(value)), 0)::bigint
                   FROM auth.policy_storage
                  WHERE slot = $1",
            )
            .bind(slot)
        };
        only(&self.pools.background(question).await?)
    }
}

/// Writes rows in the order in which the policy did.
pub(super) async fn write(
    transaction: &mut Transaction<'_>,
    writes: &Writes,
    now: Timestamp,
) -> Result<(), CarryError> {
    if writes.storage.is_empty() {
        return Ok(());
    }
    lock(transaction, writes).await?;
    for write in &writes.storage {
        if let Some(expected) = &write.expected {
            let held = sqlx::query(READ).bind(writes.slot).bind(write.key.as_bytes()).bind(now);
            let held: Option<(Vec<u8>,)> = first(&transaction.run(held).await?)?;
            if held.map(|(value,)| value) != *expected {
                return Err(Conflict::StorageChanged.into());
            }
        }
        write_row(transaction, writes.slot, write).await?;
    }
    Ok(())
}

/// Also a row that is not there yet is written by one after the other.
async fn lock(transaction: &mut Transaction<'_>, writes: &Writes) -> Result<(), StoreError> {
    let lock = sqlx::query(
        "SELECT pg_advisory_xact_lock(lock)
           FROM (SELECT DISTINCT hashtextextended($1 || encode(key, 'hex'), 7971) AS lock
                   FROM unnest($2::bytea[]) AS key
                  -- In one order for all, so that nobody waits in a circle.
                  ORDER BY lock) AS locks",
    );
    let keys: Vec<&[u8]> = writes.storage.iter().map(|write| write.key.as_bytes()).collect();
    transaction.run(lock.bind(writes.slot).bind(&keys)).await.map(drop)
}

async fn write_row(
    transaction: &mut Transaction<'_>,
    slot: &str,
    write: &StorageWrite,
) -> Result<(), StoreError> {
    let statement = match &write.value {
        Some((value, expires_at)) => sqlx::query(
            "INSERT INTO auth.policy_storage (slot, key, value, expires_at)
             VALUES ($1, $2, $3, $4)
             ON CONFLICT (slot, key) DO UPDATE
                SET value = excluded.value, expires_at = excluded.expires_at",
        )
        .bind(slot)
        .bind(write.key.as_bytes())
        .bind(value)
        .bind(expires_at),
        None => sqlx::query("DELETE FROM auth.policy_storage WHERE slot = $1 AND key = $2")
            .bind(slot)
            .bind(write.key.as_bytes()),
    };
    transaction.run(statement).await.map(drop)
}
