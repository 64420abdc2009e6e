//! The default registration policy: `POST /auth/register`.
//!
//! It counts the attempt, before anything that costs; it checks the form, all of it, so that a
//! person hears of every fault at once; then it lets them in. That the e-mail address is still free, the database decides when the host creates the
//! account.

mod form;
mod rules;

use auth_policy_sdk::register::{Acceptance, Attempt};
use auth_policy_sdk::throttle::Limit;
use auth_policy_sdk::{Failure, Rejection, enforce, json, setting};
use form::Form;

auth_policy_sdk::register!(register);

fn register(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    // Counted first, faulty forms too: the estimates of a password's strength cost more than all
    // the rest, and who sends faulty forms could ask for them without end. The limits leave room
    // for a person's typing errors.
    enforce(limits(attempt)?)?;
    let form = Form::read(attempt)?;
    if let Some(refusal) = form.refusal() {
        return Err(refusal.into());
    }

    let acceptance = Acceptance::new();
    for (name, text) in &form.attributes {
        acceptance.set_attribute(name, &json::quote(text))?;
    }
    Ok(acceptance)
}

/// How many forms may come for one e-mail address, and from one network address, if the host knows
/// it.
fn limits(attempt: &Attempt) -> Result<Vec<Limit>, Failure> {
    let window = setting("window-seconds", 3_600)?;
    let mut limits = vec![Limit::new(
        format!("email:{}", attempt.email()),
        setting("attempts-per-email", 20)?,
        window,
    )];
    if let Some(network) = attempt.caller().network() {
        limits.push(Limit::new(
            format!("address:{network}"),
            setting("registrations-per-address", 40)?,
            window,
        ));
    }
    Ok(limits)
}
