//! Never comes back for an e-mail address that begins with `loop`, and accepts all others.

use auth_policy_sdk::Rejection;
use auth_policy_sdk::register::{Acceptance, Attempt};

auth_policy_sdk::register!(register);

#[expect(clippy::unnecessary_wraps, reason = "the contract has room for a refusal")]
fn register(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    if attempt.email().starts_with("loop") {
        loop {
            core::hint::spin_loop();
        }
    }
    Ok(Acceptance::new())
}
