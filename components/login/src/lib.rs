//! The default login policy: `POST /auth/login`.
//!
//! Whoever knows the password of an account that is not disabled gets in. Everybody else gets one
//! and the same answer, at the same cost.

use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::throttle::{self, Limit};
use auth_policy_sdk::{Failure, Rejection, accounts, enforce, passwords, refused, setting};

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let account = accounts::find_by_email(&attempt.email())?;
    // Of two imported accounts whose addresses differ in letter case only, each has its own
    // attempts.
    let email = account.as_ref().map_or_else(|| attempt.email(), accounts::Account::email);
    let network = attempt.caller().network();
    let own_key = own_key(&email, network.as_deref());
    // One after the other: who has used up their own attempts does not use up the owner's as well.
    enforce(of_this_caller(&own_key, network.as_deref())?)?;
    enforce(of_all_callers(&email, network.as_deref())?)?;

    // Asked also if there is no account, so that the time of the answer does not tell who has
    // one.
    let verified = passwords::verify(&attempt.password(), account.as_ref())?;

    match account {
        Some(account) if verified && !account.disabled() => {
            throttle::clear(&[own_key])?;
            Ok(Acceptance::new(&account))
        }
        _ => Err(refused("invalid_credentials", "invalid email or password")),
    }
}

/// How often one may try. If the host knows addresses, a stranger who guesses at an account uses
/// up their own attempts, not the owner's; a wider limit bounds an address that guesses at many
/// accounts.
fn of_this_caller(own_key: &str, network: Option<&str>) -> Result<Vec<Limit>, Failure> {
    let mut limits = vec![limit(own_key.to_owned(), "attempts-per-account", 10)?];
    if let Some(network) = network {
        limits.push(limit(format!("address:{network}"), "attempts-per-address", 100)?);
    }
    Ok(limits)
}

/// Bounds a guesser with many addresses.
fn of_all_callers(email: &str, network: Option<&str>) -> Result<Option<Limit>, Failure> {
    network
        .map(|_| limit(format!("account-anywhere:{email}"), "attempts-per-account-anywhere", 100))
        .transpose()
}

fn limit(key: String, setting_name: &str, default: u32) -> Result<Limit, Failure> {
    Ok(Limit::new(key, setting(setting_name, default)?, setting("window-seconds", 300)?))
}

/// The key of this caller's attempts at this account: the only one that a success clears.
fn own_key(email: &str, network: Option<&str>) -> String {
    match network {
        Some(network) => format!("account-from:{network} {email}"),
        None => format!("account:{email}"),
    }
}
