//! Refuses every login for as many seconds as its operator says.

use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::{Refusal, Rejection, setting};

auth_policy_sdk::login!(login);

fn login(_attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let seconds = setting("seconds", 0)?;
    Err(Refusal::new("go_away", "go away").retry_after(seconds).into())
}
