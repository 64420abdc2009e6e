//! Policies that the host's tests need, one for each behaviour: `examples/<behaviour>.rs`, its
//! manifest beside it.
//!
//! This library holds what several of them do on the way.

use auth_policy_sdk::accounts::Account;
use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::throttle::{self, Limit};
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

/// What the default login policy does with its usual settings, down to the keys of its limits.
pub fn usual_login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    usual_account(attempt).map(|account| Acceptance::new(&account))
}

/// The account that the default login policy would let in.
pub fn usual_account(attempt: &Attempt) -> Result<Account, Rejection> {
    let account = accounts::find_by_email(&attempt.email())?;
    let email = account.as_ref().map_or_else(|| attempt.email(), Account::email);
    let limits = usual_limits(&email, attempt.caller().network());
    let own_key = limits[0].key.clone();
    let verified = verify(&attempt.password(), account.as_ref(), limits)?;
    let account = account.filter(|account| verified && !account.disabled());
    let account = account.ok_or_else(invalid_credentials)?;
    throttle::clear(&[own_key])?;
    Ok(account)
}

/// The caller's own limit is the first.
fn usual_limits(email: &str, network: Option<String>) -> Vec<Limit> {
    let limit = |key, most| Limit::new(key, most, 300);
    match network {
        None => vec![limit(format!("account:{email}"), 10)],
        Some(network) => vec![
            limit(format!("account-from:{network} {email}"), 10),
            limit(format!("address:{network}"), 100),
            limit(format!("account-anywhere:{email}"), 100),
        ],
    }
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
