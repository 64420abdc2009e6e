//! Accepts every registration, also one with an e-mail address that the host could not make
//! canonical.

use auth_policy_sdk::Rejection;
use auth_policy_sdk::register::{Acceptance, Attempt};

auth_policy_sdk::register!(register);

#[expect(clippy::unnecessary_wraps, reason = "the contract has room for a refusal")]
fn register(_attempt: &Attempt) -> Result<Acceptance, Rejection> {
    Ok(Acceptance::new())
}
