//! Asks all that a login policy can ask and be told something else the next time, and puts it into
//! the token and into its storage.

use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::throttle::{self, Limit};
use auth_policy_sdk::{Refusal, Rejection, clock, json, random, sessions, setting};
use test_guests::{count_up, usual_account};

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let visits = Limit::new("visits", setting("visits", 1_000)?, 3600);
    if let Some(seconds) = throttle::hit(&[visits])? {
        return Err(Refusal::new("too_many", "too many visits").retry_after(seconds).into());
    }
    let account = usual_account(attempt)?;
    count_up("visits")?;
    let password = attempt.password();
    let strength = password.strength(&[account.email()])?;
    let breached = password.is_breached()?;
    let drawn = random::bytes(16)?;
    let open = sessions::open_sessions(&account)?.len();
    let acceptance = Acceptance::new(&account);
    let told = format!("{} {strength} {breached} {drawn:?} {open}", clock::now());
    acceptance.add_claim("told", &json::quote(&told))?;
    Ok(acceptance)
}
