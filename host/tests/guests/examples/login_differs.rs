//! Does what the default login policy does, but for one thing of its answer or its writes.

use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::{Refusal, Rejection, json, outbox, refused, setting, storage};
use test_guests::usual_account;

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let what: String = setting("in", String::new())?;
    let account = usual_account(attempt).map_err(|refusal| match what.as_str() {
        "code" => refused("go_away", "invalid email or password"),
        "message" => refused("invalid_credentials", "wrong"),
        "fields" => Refusal::new("invalid_credentials", "invalid email or password")
            .field("password", "wrong", "it is not the password")
            .into(),
        "retry_after" => {
            Refusal::new("invalid_credentials", "invalid email or password").retry_after(7).into()
        }
        _ => refusal,
    })?;
    let acceptance = Acceptance::new(&account);
    match what.as_str() {
        "claims" => acceptance.add_claim("tried", "true")?,
        "session" => acceptance.set_session_seconds(60),
        "attributes" => account.set_attribute("tried", Some(&json::quote("yes")))?,
        "writes" => storage::put("tried", b"1", None)?,
        "events" => outbox::append("tried", "{}", None)?,
        "refusal" => return Err(refused("go_away", "go away")),
        "trap" => panic!("as its operator asks"),
        _ => {}
    }
    Ok(acceptance)
}
