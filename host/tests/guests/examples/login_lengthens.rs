//! Wants a session of a hundred years.

use auth_policy_sdk::Rejection;
use auth_policy_sdk::login::{Acceptance, Attempt};
use test_guests::well_behaved_login;

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let acceptance = well_behaved_login(attempt)?;
    acceptance.set_session_seconds(u32::MAX);
    Ok(acceptance)
}
