//! Writes in everything that a policy can write in without asking more than the default login
//! policy does, and lets in as that one does.

use auth_policy_sdk::log::{self, Level};
use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::{Rejection, json, metrics, outbox, storage, throttle};
use test_guests::usual_account;

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let email = attempt.email();
    log::write(Level::Warn, "somebody knocks", &[]);
    metrics::increment("knocks_total", &[], 1)?;
    metrics::observe("knock_bytes", &[], 1.0)?;
    storage::put("knocked", email.as_bytes(), None)?;
    storage::delete("opened")?;
    let account = usual_account(attempt)?;
    account.set_attribute("last_seen", Some("1"))?;
    account.set_attribute("name", Some(&json::quote("somebody else")))?;
    storage::put(&format!("seen {email}"), b"1", None)?;
    outbox::append("seen", r#"{"kind":"login"}"#, None)?;
    throttle::clear(&["anything".to_owned()])?;
    let acceptance = Acceptance::new(&account);
    acceptance.add_claim("tier", &json::quote("gold"))?;
    acceptance.set_session_seconds(60);
    Ok(acceptance)
}
