//! The default registration policy: `POST /auth/register`.
//!
//! It checks the form, all of it, so that a person hears of every fault at once; then it lets them in. That the e-mail address is still
//! free, the database decides when the host creates the account.

mod form;
mod rules;

use auth_policy_sdk::register::{Acceptance, Attempt};
use auth_policy_sdk::throttle::Limit;
use auth_policy_sdk::{Failure, Rejection, enforce, json, setting};
use form::Form;

auth_policy_sdk::register!(register);

fn register(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let form = Form::read(attempt)?;
    if let Some(refusal) = form.refusal() {
        return Err(refusal.into());
    }

    // Counted only here: a typing error should not use up anybody's attempts.
    enforce(limit(attempt)?)?;

    let acceptance = Acceptance::new();
    for (name, text) in &form.attributes {
        acceptance.set_attribute(name, &json::quote(text))?;
    }
    Ok(acceptance)
}

/// How many accounts one address may ask for; no limit where the host does not know addresses.
fn limit(attempt: &Attempt) -> Result<Option<Limit>, Failure> {
    let Some(network) = attempt.caller().network() else {
        return Ok(None);
    };
    let most = setting("registrations-per-address", 20)?;
    let window = setting("window-seconds", 3_600)?;
    Ok(Some(Limit::new(format!("address:{network}"), most, window)))
}
