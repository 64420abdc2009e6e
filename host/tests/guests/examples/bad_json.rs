//! Appends an event whose data are no JSON, and passes the failure on.

use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::{Rejection, outbox};
use test_guests::well_behaved_login;

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let acceptance = well_behaved_login(attempt)?;
    outbox::append("seen", "Leo", None)?;
    Ok(acceptance)
}
