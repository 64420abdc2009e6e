//! The default registration policy: `POST /auth/register`.
//!
//! It checks the form, all of it, so that a person hears of every fault at once; then it lets them
//! in. That the e-mail address is still free, the database decides when the host creates the
//! account.

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
    enforce(limits(attempt)?)?;

    let acceptance = Acceptance::new();
    for (name, text) in &form.attributes {
        acceptance.set_attribute(name, &json::quote(text))?;
    }
    Ok(acceptance)
}

/// How often one e-mail address may be tried, and how many accounts one network address may ask
/// for, if the host knows it.
fn limits(attempt: &Attempt) -> Result<Vec<Limit>, Failure> {
    let window = setting("window-seconds", 3_600)?;
    let mut limits = vec![Limit::new(
        format!("email:{}", attempt.email()),
        setting("attempts-per-email", 10)?,
        window,
    )];
    if let Some(network) = attempt.caller().network() {
        limits.push(Limit::new(
            format!("address:{network}"),
            setting("registrations-per-address", 20)?,
            window,
        ));
    }
    Ok(limits)
}
