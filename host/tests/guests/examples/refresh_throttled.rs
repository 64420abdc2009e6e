//! Takes one refresh a minute, counted under a key that `login_throttled` uses, too.

use auth_policy_sdk::refresh::{Acceptance, Attempt};
use auth_policy_sdk::throttle::Limit;
use auth_policy_sdk::{Rejection, enforce};

auth_policy_sdk::refresh!(refresh);

fn refresh(_attempt: &Attempt) -> Result<Acceptance, Rejection> {
    enforce([Limit::new("one a minute", 1, 60)])?;
    Ok(Acceptance::new())
}
