//! Does what the default login policy does, and first counts for tens of milliseconds.

use auth_policy_sdk::Rejection;
use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::setting;
use test_guests::usual_login;

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let steps: u32 = setting("steps", 30_000_000)?;
    for step in 0..steps {
        core::hint::black_box(step);
    }
    usual_login(attempt)
}
