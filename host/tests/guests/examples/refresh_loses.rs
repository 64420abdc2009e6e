//! Of two refreshes with one token, lets the one that says `loser` wait until the other was carried
//! out, and then refuses it with a row of its own.

use auth_policy_sdk::refresh::{Acceptance, Attempt};
use auth_policy_sdk::{Failure, Rejection, metrics, refused, storage};

auth_policy_sdk::refresh!(refresh);

fn refresh(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let session = attempt.session().id();
    if attempt.caller().user_agent().as_deref() != Some("loser") {
        storage::put(&session, b"claimed", None)?;
        return Ok(Acceptance::new());
    }
    metrics::increment("waiting_total", &[], 1)?;
    for _ in 0..14 {
        if storage::get(&session)?.is_some() {
            storage::put("loser", session.as_bytes(), None)?;
            return Err(refused("go_away", "go away"));
        }
        // Some milliseconds: there is no other way to wait.
        for step in 0..4_000_000_u32 {
            core::hint::black_box(step);
        }
    }
    Err(Failure::Unavailable(None).into())
}
