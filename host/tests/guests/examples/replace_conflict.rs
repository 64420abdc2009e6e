//! Accepts on the condition that a row holds what it certainly does not hold.

use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::{Rejection, storage};
use test_guests::well_behaved_login;

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let acceptance = well_behaved_login(attempt)?;
    let mut expected = storage::get("lock")?.unwrap_or_default();
    expected.extend(b" and more");
    storage::replace("lock", Some(&expected), Some(b"mine"))?;
    Ok(acceptance)
}
