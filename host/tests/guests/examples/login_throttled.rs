//! Takes one login a minute, counted under a key that `refresh_throttled` uses, too.

use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::throttle::Limit;
use auth_policy_sdk::{Rejection, enforce};
use test_guests::well_behaved_login;

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    enforce([Limit::new("one a minute", 1, 60)])?;
    well_behaved_login(attempt)
}
