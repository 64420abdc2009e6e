//! Revokes the session and renews it.

use auth_policy_sdk::Rejection;
use auth_policy_sdk::refresh::{Acceptance, Attempt};

auth_policy_sdk::refresh!(refresh);

fn refresh(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    attempt.session().revoke("a contradiction")?;
    Ok(Acceptance::new())
}
