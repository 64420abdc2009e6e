//! Disables the account of whoever knows its password.

use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::{Rejection, refused};
use test_guests::verified_account;

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    verified_account(attempt)?.disable("a test")?;
    Err(refused("disabled_now", "this account is disabled now"))
}
