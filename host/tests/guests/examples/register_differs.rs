//! Accepts every registration, and differs in one thing from a policy that does no more.

use auth_policy_sdk::register::{Acceptance, Attempt};
use auth_policy_sdk::{Refusal, Rejection, outbox, refused, setting, storage};

auth_policy_sdk::register!(register);

fn register(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let what: String = setting("in", String::new())?;
    if !attempt.email_valid() {
        return Err(refused("not_now", "not now"));
    }
    let acceptance = Acceptance::new();
    match what.as_str() {
        "claims" => acceptance.add_claim("tried", "true")?,
        "attributes" => acceptance.set_attribute("tried", "true")?,
        "writes" => storage::put("tried", b"1", None)?,
        "events" => outbox::append("tried", "{}", None)?,
        "refusal" => return Err(refused("not_now", "not now")),
        "fields" => {
            let refusal = Refusal::new("not_now", "not now");
            return Err(refusal.field("password", "too_short", "it is too short").into());
        }
        "trap" => panic!("as its operator asks"),
        _ => {}
    }
    Ok(acceptance)
}
