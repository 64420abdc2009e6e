//! Calls the host without end, whatever it answers.

use auth_policy_sdk::log::{self, Level};
use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::{Rejection, clock, random, settings};

auth_policy_sdk::login!(login);

fn login(_attempt: &Attempt) -> Result<Acceptance, Rejection> {
    loop {
        core::hint::black_box(random::bytes(1).is_ok());
        core::hint::black_box((clock::now(), settings::get("nothing")));
        log::write(Level::Debug, "still here", &[]);
    }
}
