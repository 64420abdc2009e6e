//! Counts each login, forgets the count once the password is right, and refuses all the same.

use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::throttle::{self, Limit};
use auth_policy_sdk::{Rejection, enforce, refused};
use test_guests::verified_account;

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    enforce([Limit::new("logins", 2, 60)])?;
    verified_account(attempt)?;
    throttle::clear(&["logins".to_owned()])?;
    Err(refused("go_away", "go away"))
}
