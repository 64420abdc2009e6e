//! Writes to its storage, the log and a limit, then refuses without having asked about the
//! password.

use auth_policy_sdk::log::{self, Level};
use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::throttle::{self, Limit};
use auth_policy_sdk::{Rejection, refused};
use test_guests::count_up;

auth_policy_sdk::login!(login);

fn login(_attempt: &Attempt) -> Result<Acceptance, Rejection> {
    count_up("visits")?;
    log::write(Level::Info, "go away", &[]);
    throttle::hit(&[Limit::new("visits", 1_000, 60)])?;
    Err(refused("go_away", "go away"))
}
