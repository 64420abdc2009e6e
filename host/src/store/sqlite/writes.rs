//! What a policy wrote beside the decision itself.

use sqlx::sqlite::SqliteConnection;

use super::{accounts, events, sessions, storage, throttles};
use crate::clock::Timestamp;
use crate::store::{CarryError, Writes};

/// Writes all of it; without an account only what belongs to none.
pub(super) async fn flush(
    connection: &mut SqliteConnection,
    user_id: Option<i64>,
    writes: &Writes,
    now: Timestamp,
) -> Result<(), CarryError> {
    storage::write(connection, writes, now).await?;
    throttles::clear(connection, &writes.throttle_clears).await?;
    let Some(user_id) = user_id else { return Ok(()) };
    for (session_id, reason) in &writes.revocations {
        sessions::revoke(connection, user_id, session_id, reason, now).await?;
    }
    for event in &writes.events {
        events::append(connection, user_id, event, now).await?;
    }
    accounts::write(connection, user_id, writes, now).await
}
