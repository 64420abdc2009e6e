//! Asks about a password through a number that the host never gave it.
#![expect(unsafe_code, reason = "a handle is forged through its number on purpose")]

use auth_policy_sdk::Rejection;
use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::passwords::{self, Password};
use test_guests::well_behaved_login;

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    // SAFETY: none, and none is needed: a component that names a handle it does not hold is
    // stopped.
    let forged = unsafe { Password::from_handle(4_242) };
    passwords::verify(&forged, None, &[])?;
    well_behaved_login(attempt)
}
