//! Asks about the password and accepts whatever the answer is.

use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::{Rejection, accounts, passwords};
use test_guests::invalid_credentials;

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let account = accounts::find_by_email(&attempt.email())?.ok_or_else(invalid_credentials)?;
    passwords::verify(&attempt.password(), Some(&account), &[])?;
    Ok(Acceptance::new(&account))
}
