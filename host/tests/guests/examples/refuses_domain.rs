//! Refuses one domain, and else behaves well.

use auth_policy_sdk::Rejection;
use auth_policy_sdk::login::{Acceptance, Attempt};
use test_guests::{invalid_credentials, well_behaved_login};

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    if attempt.email().ends_with("@refused.example") {
        return Err(invalid_credentials());
    }
    well_behaved_login(attempt)
}
