//! Renews every session, and differs in one thing from a policy that does no more.

use auth_policy_sdk::refresh::{Acceptance, Attempt};
use auth_policy_sdk::{Rejection, outbox, refused, setting, storage};

auth_policy_sdk::refresh!(refresh);

fn refresh(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let what: String = setting("in", String::new())?;
    let acceptance = Acceptance::new();
    match what.as_str() {
        "claims" => acceptance.add_claim("tried", "true")?,
        "session" => acceptance.set_session_seconds(3_600),
        "attributes" => attempt.account().set_attribute("tried", Some("true"))?,
        "writes" => storage::put("tried", b"1", None)?,
        "events" => outbox::append("tried", "{}", None)?,
        "refusal" => return Err(refused("not_now", "not now")),
        "revocation" => {
            attempt.session().revoke("as its operator asks")?;
            return Err(refused("not_now", "not now"));
        }
        "trap" => panic!("as its operator asks"),
        _ => {}
    }
    Ok(acceptance)
}
