//! Appends an event to a registration.

use auth_policy_sdk::register::{Acceptance, Attempt};
use auth_policy_sdk::{Rejection, outbox};

auth_policy_sdk::register!(register);

fn register(_attempt: &Attempt) -> Result<Acceptance, Rejection> {
    outbox::append("welcomed", r#"{"greeting":"hello"}"#, None)?;
    Ok(Acceptance::new())
}
