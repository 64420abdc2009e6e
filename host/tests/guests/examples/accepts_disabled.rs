//! Accepts whoever knows the password, also of a disabled account.

use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::{Rejection, accounts};
use test_guests::{invalid_credentials, verifies};

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let account = accounts::find_by_email(&attempt.email())?.ok_or_else(invalid_credentials)?;
    if verifies(attempt, Some(&account))? {
        Ok(Acceptance::new(&account))
    } else {
        Err(invalid_credentials())
    }
}
