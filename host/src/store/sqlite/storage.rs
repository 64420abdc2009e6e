//! Rows of the policies' own.

use sqlx::sqlite::SqliteConnection;

use super::database::Sqlite;
use crate::clock::Timestamp;
use crate::store::{CarryError, Conflict, StorageWrite, StoreError, Writes};

/// A row that has not expired.
const READ: &str = "
    SELECT value FROM policy_storage WHERE slot = ? AND key = ? AND expires_at > ?";

impl Sqlite {
    pub(in crate::store) async fn storage_get(
        &self,
        slot: &str,
        key: &str,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let value = sqlx::query_scalar(READ).bind(slot).bind(key).bind(self.clock.now());
        self.told(value.fetch_optional(self.readers()?).await)
    }

    pub(in crate::store) async fn storage_size(
        &self,
        slot: &str,
    ) -> Result<(i64, i64), StoreError> {
        let size = sqlx::query_as(
            "SELECT count(*), coalesce(sum(length(key) + length(value)), 0)
               FROM policy_storage
              WHERE slot = ?",
        );
        self.told(size.bind(slot).fetch_one(self.readers()?).await)
    }
}

/// Writes rows in the order in which the policy did.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    writes: &Writes,
    now: Timestamp,
) -> Result<(), CarryError> {
    for write in &writes.storage {
        if let Some(expected) = &write.expected {
            let held = sqlx::query_scalar(READ).bind(writes.slot).bind(&write.key).bind(now);
            let held: Option<Vec<u8>> = held.fetch_optional(&mut *connection).await?;
            if held != *expected {
                return Err(Conflict::StorageChanged.into());
            }
        }
        write_row(connection, writes.slot, write).await?;
    }
    Ok(())
}

async fn write_row(
    connection: &mut SqliteConnection,
    slot: &str,
    write: &StorageWrite,
) -> Result<(), StoreError> {
    let statement = match &write.value {
        Some((value, expires_at)) => sqlx::query(
            "INSERT INTO policy_storage (slot, key, value, expires_at) VALUES (?, ?, ?, ?)
             ON CONFLICT (slot, key) DO UPDATE
                SET value = excluded.value, expires_at = excluded.expires_at",
        )
        .bind(slot)
        .bind(&write.key)
        .bind(value)
        .bind(expires_at),
        None => sqlx::query("DELETE FROM policy_storage WHERE slot = ? AND key = ?")
            .bind(slot)
            .bind(&write.key),
    };
    statement.execute(connection).await?;
    Ok(())
}
