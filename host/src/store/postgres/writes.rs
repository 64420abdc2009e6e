//! What a policy wrote beside the decision itself.

use super::transaction::Transaction;
use super::{accounts, sessions, storage, throttles};
use crate::clock::Timestamp;
use crate::store::{CarryError, Writes};

/// Writes everything but events; without an account only what belongs to none.
pub(super) async fn flush(
    transaction: &mut Transaction<'_>,
    user_id: Option<i64>,
    writes: &Writes,
    now: Timestamp,
) -> Result<(), CarryError> {
    storage::write(transaction, writes, now).await?;
    throttles::clear(transaction, &writes.throttle_clears).await?;
    let Some(user_id) = user_id else { return Ok(()) };
    for (session_id, reason) in &writes.revocations {
        sessions::revoke(transaction, user_id, session_id, reason, now).await?;
    }
    accounts::write(transaction, user_id, writes, now).await
}
