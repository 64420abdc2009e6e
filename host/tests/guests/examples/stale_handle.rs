//! Goes on using a password after it dropped its handle.
#![expect(unsafe_code, reason = "a handle is forged through its number on purpose")]

use auth_policy_sdk::Rejection;
use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::passwords::Password;
use test_guests::well_behaved_login;

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let password = attempt.password();
    let number = password.handle();
    drop(password);
    // SAFETY: none, and none is needed: a component that names a handle it no longer holds is
    // stopped.
    let stale = unsafe { Password::from_handle(number) };
    core::hint::black_box(stale.length());
    well_behaved_login(attempt)
}
