//! Panics at every refresh.

use auth_policy_sdk::Rejection;
use auth_policy_sdk::refresh::{Acceptance, Attempt};

auth_policy_sdk::refresh!(refresh);

fn refresh(_attempt: &Attempt) -> Result<Acceptance, Rejection> {
    panic!("at every refresh");
}
