//! Reads the database more often than a call may, and passes the failure on.

use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::{Rejection, storage};
use test_guests::well_behaved_login;

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    for number in 0..20 {
        storage::get(&format!("row {number}"))?;
    }
    well_behaved_login(attempt)
}
