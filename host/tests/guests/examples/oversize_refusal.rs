//! Refuses with a message of 8 MiB.

use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::{Rejection, refused};

auth_policy_sdk::login!(login);

fn login(_attempt: &Attempt) -> Result<Acceptance, Rejection> {
    Err(refused("invalid_credentials", &"no".repeat(4 << 20)))
}
