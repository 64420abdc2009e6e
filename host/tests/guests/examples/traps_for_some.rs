//! Traps for an e-mail address whose local part ends with `00`, and accepts all others: of numbered
//! addresses, every hundredth.

use auth_policy_sdk::Rejection;
use auth_policy_sdk::register::{Acceptance, Attempt};

auth_policy_sdk::register!(register);

#[expect(clippy::unnecessary_wraps, reason = "the contract has room for a refusal")]
fn register(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let email = attempt.email();
    let local = email.split('@').next().unwrap_or_default();
    assert!(!local.ends_with("00"), "every hundredth");
    Ok(Acceptance::new())
}
