//! Policies that the host's tests need, one for each behaviour: `examples/<behaviour>.rs`, its
//! manifest beside it.
//!
//! This library holds what several of them do on the way.

use auth_policy_sdk::accounts::Account;
use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::{Failure, Rejection, accounts, refused, storage, verify};

/// What a well-behaved login policy does, without limits.
pub fn well_behaved_login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    verified_account(attempt).map(|account| Acceptance::new(&account))
}

/// The account, once the password has proved who asks.
pub fn verified_account(attempt: &Attempt) -> Result<Account, Rejection> {
    let account = accounts::find_by_email(&attempt.email())?;
    let verified = verifies(attempt, account.as_ref())?;
    account.filter(|account| verified && !account.disabled()).ok_or_else(invalid_credentials)
}

/// Whether the password is the account's: the one place that asks.
pub fn verifies(attempt: &Attempt, account: Option<&Account>) -> Result<bool, Rejection> {
    verify(&attempt.password(), account, [])
}

/// The refusal that tells nothing.
pub fn invalid_credentials() -> Rejection {
    refused("invalid_credentials", "invalid email or password")
}

/// Adds one to a number in the policy's own storage, kept as decimal digits.
pub fn count_up(key: &str) -> Result<(), Failure> {
    let before = storage::get(key)?.and_then(|digits| String::from_utf8(digits).ok());
    let count: u32 = before.and_then(|digits| digits.parse().ok()).unwrap_or(0);
    storage::put(key, (count + 1).to_string().as_bytes(), None)
}
