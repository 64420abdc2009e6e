//! Makes resources without end and drops none.

use auth_policy_sdk::Rejection;
use auth_policy_sdk::login::{Acceptance, Attempt};

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let mut hoard = Vec::new();
    loop {
        hoard.push(core::hint::black_box(attempt.password()));
    }
}
