//! The default login policy: `POST /auth/login`.
//!
//! Whoever knows the password of an account that is not disabled gets in. Everybody else gets one and the same answer, at the same cost.

use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::throttle::{self, Limit};
use auth_policy_sdk::{Failure, Rejection, accounts, enforce, passwords, refused, setting};

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    enforce(limits(attempt)?)?;

    let account = accounts::find_by_email(&attempt.email())?;
    // Asked also where there is no account, so that the time of the answer does not tell who has one.
    let verified = passwords::verify(&attempt.password(), account.as_ref())?;

    match account {
        Some(account) if verified && !account.disabled() => {
            throttle::clear(&[own_key(attempt)])?;
            Ok(Acceptance::new(&account))
        }
        _ => Err(refused("invalid_credentials", "invalid email or password")),
    }
}

/// How often one may try. Where the host knows addresses, a stranger who guesses at an account uses up their own attempts, not the
/// owner's; two wider limits then bound a guesser with many addresses, and an address that guesses at many accounts.
fn limits(attempt: &Attempt) -> Result<Vec<Limit>, Failure> {
    let mut limits = vec![limit(own_key(attempt), "attempts-per-account", 10)?];
    if let Some(network) = attempt.caller().network() {
        let account = format!("account:{}", attempt.email());
        limits.push(limit(account, "attempts-per-account-anywhere", 100)?);
        limits.push(limit(format!("address:{network}"), "attempts-per-address", 100)?);
    }
    Ok(limits)
}

fn limit(key: String, setting_name: &str, default: u32) -> Result<Limit, Failure> {
    Ok(Limit::new(key, setting(setting_name, default)?, setting("window-seconds", 300)?))
}

/// The key of this caller's attempts at this account: the only one that a success clears.
fn own_key(attempt: &Attempt) -> String {
    let email = attempt.email();
    match attempt.caller().network() {
        Some(network) => format!("account-from:{network} {email}"),
        None => format!("account:{email}"),
    }
}
