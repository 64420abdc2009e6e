//! Writes whatever a policy can write, then accepts.

use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::{Rejection, clock, json, outbox};
use test_guests::{count_up, verified_account};

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let account = verified_account(attempt)?;
    account.set_attribute("last_seen", Some(&clock::now().to_string()))?;
    count_up("logins")?;
    outbox::append("seen", r#"{"kind":"login"}"#, None)?;
    let acceptance = Acceptance::new(&account);
    acceptance.add_claim("tier", &json::quote("gold"))?;
    Ok(acceptance)
}
