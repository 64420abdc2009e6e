//! Wants to say what only the host says in a token, and passes the failure on.

use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::{Rejection, json};
use test_guests::well_behaved_login;

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let acceptance = well_behaved_login(attempt)?;
    let in_disguise = acceptance.add_claim("TYPE", &json::quote("access"));
    acceptance.add_claim("sub", &json::quote("1"))?;
    in_disguise?;
    Ok(acceptance)
}
