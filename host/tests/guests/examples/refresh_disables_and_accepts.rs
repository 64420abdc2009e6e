//! Disables the account and renews its session.

use auth_policy_sdk::Rejection;
use auth_policy_sdk::refresh::{Acceptance, Attempt};

auth_policy_sdk::refresh!(refresh);

fn refresh(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    attempt.account().disable("a contradiction")?;
    Ok(Acceptance::new())
}
