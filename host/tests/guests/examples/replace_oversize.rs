//! Expects a row to hold more than a row can hold, and passes the failure on.

use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::{Rejection, storage};
use test_guests::well_behaved_login;

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let acceptance = well_behaved_login(attempt)?;
    storage::replace("lock", Some(&vec![0; (16 << 10) + 1]), Some(b"mine"))?;
    Ok(acceptance)
}
