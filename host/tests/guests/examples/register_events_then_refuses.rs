//! Appends an event to a registration, keeps a row, and refuses.

use auth_policy_sdk::register::{Acceptance, Attempt};
use auth_policy_sdk::{Rejection, outbox, refused, storage};

auth_policy_sdk::register!(register);

fn register(_attempt: &Attempt) -> Result<Acceptance, Rejection> {
    outbox::append("welcomed", "{}", None)?;
    storage::put("refused", b"1", None)?;
    Err(refused("go_away", "go away"))
}
