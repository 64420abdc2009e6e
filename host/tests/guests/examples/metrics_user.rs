//! Behaves well, and counts in a metric with more label values than a slot may have series.

use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::{Rejection, metrics};
use test_guests::well_behaved_login;

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    // First of all: what follows uses up the calls that a policy may make.
    let decision = well_behaved_login(attempt);
    let count =
        |kind: String| metrics::increment("greetings_total", &[("kind".to_owned(), kind)], 1);
    count("login".to_owned())?;
    for number in 0..200 {
        core::hint::black_box(count(format!("number {number}")).is_ok());
    }
    decision
}
