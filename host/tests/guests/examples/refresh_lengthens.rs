//! Wants a session of a hundred years, at each refresh.

use auth_policy_sdk::Rejection;
use auth_policy_sdk::refresh::{Acceptance, Attempt};

auth_policy_sdk::refresh!(refresh);

#[expect(clippy::unnecessary_wraps, reason = "the contract has room for a refusal")]
fn refresh(_attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let acceptance = Acceptance::new();
    acceptance.set_session_seconds(u32::MAX);
    Ok(acceptance)
}
