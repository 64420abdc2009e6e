//! The default refresh policy: `POST /auth/refresh`.
//!
//! The host has checked the token, the session and the account before it asks. What is left to
//! decide is whether the session lay idle too long, if the operator cares.

use auth_policy_sdk::refresh::{Acceptance, Attempt};
use auth_policy_sdk::{Failure, Rejection, clock, refused, setting};

auth_policy_sdk::refresh!(refresh);

fn refresh(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    if idle_too_long(attempt)? {
        attempt.session().revoke("idle")?;
        return Err(refused("session_idle", "invalid or expired refresh token"));
    }
    Ok(Acceptance::new())
}

fn idle_too_long(attempt: &Attempt) -> Result<bool, Failure> {
    let most_seconds: u64 = setting("session-idle-seconds", 0)?;
    if most_seconds == 0 {
        return Ok(false);
    }
    let idle_milliseconds = clock::now().saturating_sub(attempt.session().refreshed_at());
    Ok(idle_milliseconds / 1_000 > most_seconds)
}
