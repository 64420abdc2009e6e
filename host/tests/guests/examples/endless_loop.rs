//! Never comes back.

use auth_policy_sdk::Rejection;
use auth_policy_sdk::login::{Acceptance, Attempt};

auth_policy_sdk::login!(login);

fn login(_attempt: &Attempt) -> Result<Acceptance, Rejection> {
    loop {
        core::hint::spin_loop();
    }
}
