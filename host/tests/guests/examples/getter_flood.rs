//! Asks for the time without end.

use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::{Rejection, clock};

auth_policy_sdk::login!(login);

fn login(_attempt: &Attempt) -> Result<Acceptance, Rejection> {
    loop {
        core::hint::black_box(clock::now());
    }
}
