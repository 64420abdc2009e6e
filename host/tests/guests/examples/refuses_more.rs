//! Does what the default login policy does, and refuses some more of those whom it lets in.

use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::{Rejection, refused, setting};
use test_guests::usual_login;

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let acceptance = usual_login(attempt)?;
    let ending: String = setting("ending", "7".to_owned())?;
    let email = attempt.email();
    let local = email.split('@').next().unwrap_or_default();
    if !ending.is_empty() && local.ends_with(&ending) {
        return Err(refused("closed_hours", "closed at this hour"));
    }
    Ok(acceptance)
}
