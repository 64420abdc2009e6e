//! Refuses every refresh.

use auth_policy_sdk::refresh::{Acceptance, Attempt};
use auth_policy_sdk::{Rejection, refused};

auth_policy_sdk::refresh!(refresh);

fn refresh(_attempt: &Attempt) -> Result<Acceptance, Rejection> {
    Err(refused("not_now", "not now"))
}
