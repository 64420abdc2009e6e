//! Hands over more than a call may, a little at a time.

use auth_policy_sdk::Rejection;
use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::settings;
use test_guests::well_behaved_login;

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let name = "n".repeat(100_000);
    for _ in 0..50 {
        core::hint::black_box(settings::get(&name));
    }
    well_behaved_login(attempt)
}
