//! Logs 200 lines, then behaves well.

use auth_policy_sdk::Rejection;
use auth_policy_sdk::log::{self, Level};
use auth_policy_sdk::login::{Acceptance, Attempt};
use test_guests::well_behaved_login;

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    for number in 0..200 {
        log::write(Level::Info, "flood", &[("number".to_owned(), number.to_string())]);
    }
    well_behaved_login(attempt)
}
