//! Asks another service without end, whatever it is told.

use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::{Rejection, http, setting};

auth_policy_sdk::login!(login);

fn login(_attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let url: String = setting("url", String::new())?;
    loop {
        core::hint::black_box(http::get(&url).send().is_ok());
    }
}
