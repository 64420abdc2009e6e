//! Asks for a secret and, as its settings say, puts it where others read it: into the log, an
//! answer, a label, a failure. Else it behaves well, and the token tells how long the secret is.

use auth_policy_sdk::log::{self, Level};
use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::{Failure, Refusal, Rejection, json, metrics, setting, settings};
use test_guests::verified_account;

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let account = verified_account(attempt)?;
    let key = settings::secret(&setting("secret", "risk_key".to_owned())?)?;
    let does: String = setting("does", "nothing".to_owned())?;
    match does.as_str() {
        "logs" => {
            // Near the bound, where a line is cut off.
            let message = format!("the key is {key}, {}{key}", "x".repeat(1000));
            let fields =
                [("key".to_owned(), key.clone()), (format!("is {key}"), "name".to_owned())];
            log::write(Level::Info, &message, &fields);
        }
        "refuses" => {
            let refusal = Refusal::new("go_away", &format!("not without {key}"));
            return Err(refusal.field(&key, &key, &format!("say {key}")).into());
        }
        "refuses_so" => return Err(Refusal::new(&key, "no").into()),
        "labels" => metrics::increment("keys_total", &[("key".to_owned(), key.clone())], 1)?,
        "fails" => return Err(Failure::Other(format!("what to do with {key}?")).into()),
        "panics" => panic!("it is {key}"),
        _ => {}
    }
    let acceptance = Acceptance::new(&account);
    acceptance.add_claim("told", &json::quote(&format!("{} characters", key.chars().count())))?;
    Ok(acceptance)
}
