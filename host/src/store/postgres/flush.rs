//! What a policy wrote beside the decision itself.

use serde_json::Value;
use sqlx::Row as _;

use super::connection::Transaction;
use super::{Query, accounts};
use crate::clock::Timestamp;
use crate::store::{
    Carried, Conflict, MAX_ATTRIBUTES_BYTES, NewEvent, StorageWrite, StoreError, Writes,
};

/// Events as columns: a statement takes any number of them in one round trip.
pub(super) struct EventColumns {
    message_ids: Vec<String>,
    event_types: Vec<String>,
    ordering_keys: Vec<String>,
    payloads: Vec<String>,
    traceparents: Vec<Option<String>>,
}

impl EventColumns {
    pub(super) fn new(events: &[NewEvent], user_id: i64) -> Self {
        Self {
            message_ids: events.iter().map(|_| uuid::Uuid::now_v7().to_string()).collect(),
            event_types: events.iter().map(|event| event.event_type.clone()).collect(),
            ordering_keys: events.iter().map(|event| text(&event.key(user_id))).collect(),
            payloads: events.iter().map(|event| event.payload(user_id)).collect(),
            traceparents: events.iter().map(|event| event.traceparent.clone()).collect(),
        }
    }

    /// Parameters 1 to 7.
    pub(super) fn bind<'q>(
        self,
        statement: Query<'q>,
        now: Timestamp,
        throttle_clears: &'q [Vec<u8>],
    ) -> Query<'q> {
        statement
            .bind(self.message_ids)
            .bind(self.event_types)
            .bind(self.ordering_keys)
            .bind(self.payloads)
            .bind(self.traceparents)
            .bind(now)
            .bind(throttle_clears)
    }
}

/// PostgreSQL's text has no U+0000.
fn text(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// Writes everything but events and throttles.
pub(super) async fn flush(
    transaction: &mut Transaction<'_>,
    user_id: Option<i64>,
    writes: &Writes,
    now: Timestamp,
) -> Carried<()> {
    if !writes.storage.is_empty() {
        // Also a row that is not there yet is written by one after the other; in one order for all,
        // so that nobody waits in a circle.
        let lock = sqlx::query(
            "SELECT pg_advisory_xact_lock(lock)
               FROM (SELECT DISTINCT hashtextextended($1 || encode(key, 'hex'), 7971) AS lock FROM unnest($2::bytea[]) AS key ORDER BY lock) AS locks",
        );
        let keys: Vec<&[u8]> = writes.storage.iter().map(|write| write.key.as_bytes()).collect();
        transaction.run(lock.bind(writes.slot).bind(&keys)).await?;
    }
    for write in &writes.storage {
        if let Err(conflict) = store(transaction, writes.slot, write, now).await? {
            return Ok(Err(conflict));
        }
    }
    if !writes.throttle_clears.is_empty() {
        transaction
            .run(
                sqlx::query("DELETE FROM auth.throttles WHERE key = ANY ($1)")
                    .bind(&writes.throttle_clears),
            )
            .await?;
    }
    let Some(user_id) = user_id else { return Ok(Ok(())) };
    for (session_id, reason) in &writes.revocations {
        revoke(transaction, user_id, Some(session_id), reason, now).await?;
    }
    if (!writes.attributes.is_empty() || !writes.removed_attributes.is_empty())
        && let Err(conflict) = write_attributes(transaction, user_id, writes).await?
    {
        return Ok(Err(conflict));
    }
    if let Some(reason) = &writes.disable {
        transaction
            .run(
                sqlx::query("UPDATE auth.accounts SET disabled_at = $1, disabled_reason = $2 WHERE user_id = $3 AND disabled_at IS NULL")
                    .bind(now)
                    .bind(text(reason))
                    .bind(user_id),
            )
            .await?;
        revoke(transaction, user_id, None, "account disabled", now).await?;
    }
    Ok(Ok(()))
}

async fn store(
    transaction: &mut Transaction<'_>,
    slot: &str,
    write: &StorageWrite,
    now: Timestamp,
) -> Carried<()> {
    if let Some(expected) = &write.expected {
        let held = sqlx::query(
            "SELECT value FROM auth.policy_storage WHERE slot = $1 AND key = $2 AND expires_at > $3",
        );
        let rows = transaction.run(held.bind(slot).bind(write.key.as_bytes()).bind(now)).await?;
        let held: Option<Vec<u8>> = rows.first().map(|row| row.try_get(0)).transpose()?;
        if held != *expected {
            return Ok(Err(Conflict::StorageChanged));
        }
    }
    let statement = match &write.value {
        Some((value, expires_at)) => sqlx::query(
            "INSERT INTO auth.policy_storage (slot, key, value, expires_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (slot, key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at",
        )
        .bind(slot)
        .bind(write.key.as_bytes())
        .bind(value)
        .bind(expires_at),
        None => sqlx::query("DELETE FROM auth.policy_storage WHERE slot = $1 AND key = $2").bind(slot).bind(write.key.as_bytes()),
    };
    transaction.run(statement).await?;
    Ok(Ok(()))
}

async fn write_attributes(
    transaction: &mut Transaction<'_>,
    user_id: i64,
    writes: &Writes,
) -> Carried<()> {
    let read = sqlx::query(
        "SELECT attributes::text FROM auth.accounts WHERE user_id = $1 FOR NO KEY UPDATE",
    )
    .bind(user_id);
    let rows = transaction.run(read).await?;
    let Some(row) = rows.first() else { return Ok(Err(Conflict::AccountChanged)) };
    let mut all = accounts::attributes(row.try_get(0)?)?;
    all.retain(|name, _| !writes.removed_attributes.contains(name));
    all.extend(writes.attributes.clone());
    let attributes = Value::Object(all).to_string();
    if attributes.len() > MAX_ATTRIBUTES_BYTES {
        return Ok(Err(Conflict::AttributesTooLarge));
    }
    let write = sqlx::query("UPDATE auth.accounts SET attributes = $1::json WHERE user_id = $2");
    transaction.run(write.bind(attributes).bind(user_id)).await?;
    Ok(Ok(()))
}

/// Revokes one session of an account, or all; a revoked session answers no repeat.
async fn revoke(
    transaction: &mut Transaction<'_>,
    user_id: i64,
    session_id: Option<&str>,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let statement = sqlx::query(
        "WITH revoked AS (
             UPDATE auth.sessions SET revoked_at = $1, revoked_reason = $2
              WHERE user_id = $3 AND revoked_at IS NULL AND ($4::text IS NULL OR session_id = $4::uuid)
             RETURNING session_id)
         UPDATE auth.refresh_tokens SET answer = NULL
          WHERE session_id = ANY (ARRAY (SELECT session_id FROM revoked)) AND answer IS NOT NULL",
    );
    transaction
        .run(statement.bind(now).bind(text(reason)).bind(user_id).bind(session_id))
        .await
        .map(drop)
}
