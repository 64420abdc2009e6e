//! Refuses every login without asking anything, in words of its operator: so one release is told
//! from another by whoever asks, at the least cost.

use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::{Rejection, refused, setting};

auth_policy_sdk::login!(login);

fn login(_attempt: &Attempt) -> Result<Acceptance, Rejection> {
    Err(refused("go_away", &setting("name", "nobody".to_owned())?))
}
