//! Panics, with a person's data in the message: the log must name the place, and not repeat the
//! message.

use auth_policy_sdk::Rejection;
use auth_policy_sdk::login::{Acceptance, Attempt};

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    panic!("cannot go on with {}", attempt.email());
}
