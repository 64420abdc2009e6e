//! Disables the account and lets it in.

use auth_policy_sdk::Rejection;
use auth_policy_sdk::login::{Acceptance, Attempt};
use test_guests::verified_account;

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let account = verified_account(attempt)?;
    account.disable("a contradiction")?;
    Ok(Acceptance::new(&account))
}
