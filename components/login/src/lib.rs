//! The default login policy: `POST /auth/login`.
//!
//! Whoever knows the password of an account that is not disabled gets in. Everybody else gets one
//! and the same answer, at the same cost.

use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::throttle::{self, Limit};
use auth_policy_sdk::{Failure, Rejection, accounts, refused, setting, verify};

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let account = accounts::find_by_email(&attempt.email())?;
    // Of two imported accounts whose addresses differ in letter case only, each has its own
    // attempts.
    let email = account.as_ref().map_or_else(|| attempt.email(), accounts::Account::email);
    let network = attempt.caller().network();
    let own_key = own_key(&email, network.as_deref());
    let limits = limits(&own_key, &email, network.as_deref())?;

    // Asked also if there is no account, so that the time of the answer does not tell who has
    // one.
    let verified = verify(&attempt.password(), account.as_ref(), limits)?;

    match account {
        Some(account) if verified && !account.disabled() => {
            throttle::clear(&[own_key])?;
            Ok(Acceptance::new(&account))
        }
        _ => Err(refused("invalid_credentials", "invalid email or password")),
    }
}

/// How often one may guess wrong. If the host knows addresses, a stranger who guesses at an account
/// uses up their own guesses, not the owner's; wider limits bound an address that guesses at many
/// accounts, and a guesser with many addresses. A guess that one limit stops counts against none.
fn limits(own_key: &str, email: &str, network: Option<&str>) -> Result<Vec<Limit>, Failure> {
    let mut limits = vec![limit(own_key.to_owned(), "attempts-per-account", 10)?];
    if let Some(network) = network {
        limits.push(limit(format!("address:{network}"), "attempts-per-address", 100)?);
        let anywhere = format!("account-anywhere:{email}");
        limits.push(limit(anywhere, "attempts-per-account-anywhere", 100)?);
    }
    Ok(limits)
}

fn limit(key: String, setting_name: &str, default: u32) -> Result<Limit, Failure> {
    Ok(Limit::new(key, setting(setting_name, default)?, setting("window-seconds", 300)?))
}

/// The key of this caller's guesses at this account: the only one that a success clears.
fn own_key(email: &str, network: Option<&str>) -> String {
    match network {
        Some(network) => format!("account-from:{network} {email}"),
        None => format!("account:{email}"),
    }
}
