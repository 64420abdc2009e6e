//! Looks up an account that is not the attempt's, and passes the failure on.

use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::{Rejection, accounts};
use test_guests::well_behaved_login;

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    accounts::find_by_email("somebody.else@example.com")?;
    well_behaved_login(attempt)
}
