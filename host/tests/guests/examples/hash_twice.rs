//! Asks twice about the password, and passes the failure on.

use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::{Rejection, passwords};
use test_guests::verified_account;

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let account = verified_account(attempt)?;
    passwords::verify(&attempt.password(), Some(&account), &[])?;
    Ok(Acceptance::new(&account))
}
