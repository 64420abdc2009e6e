//! Does what the default login policy does, and then asks something that it does not ask.

use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::throttle::{self, Limit};
use auth_policy_sdk::{Rejection, random, refused, sessions, setting, storage};
use test_guests::{usual_account, verifies};

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let what: String = setting("what", "storage".to_owned())?;
    if what == "verify" {
        // Under no limit: other arguments than those of the default policy.
        verifies(attempt, None)?;
        return Err(refused("invalid_credentials", "invalid email or password"));
    }
    let account = usual_account(attempt)?;
    match what.as_str() {
        "storage" => drop(storage::get(&setting("key", "knocked".to_owned())?)?),
        "sessions" => drop(sessions::open_sessions(&account)?),
        "strength" => drop(attempt.password().strength(&[])?),
        "breached" => drop(attempt.password().is_breached()?),
        "throttle" => drop(throttle::hit(&[Limit::new("other", 1_000, 60)])?),
        "random" => drop(random::bytes(16)?),
        _ => {}
    }
    Ok(Acceptance::new(&account))
}
