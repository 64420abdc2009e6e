//! Does what the default login policy does, and then writes 200 lines and 200 series.

use auth_policy_sdk::log::{self, Level};
use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::{Rejection, metrics};
use test_guests::usual_login;

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let decision = usual_login(attempt);
    for number in 0..200 {
        let label = ("number".to_owned(), number.to_string());
        log::write(Level::Error, "a flood", std::slice::from_ref(&label));
        core::hint::black_box(metrics::increment("flood_total", &[label], 1).is_ok());
    }
    decision
}
