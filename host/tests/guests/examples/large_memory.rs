//! Uses 12 MiB, and logs in.

use auth_policy_sdk::Rejection;
use auth_policy_sdk::login::{Acceptance, Attempt};
use test_guests::well_behaved_login;

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let used = core::hint::black_box(vec![1_u8; 12 << 20]);
    let decision = well_behaved_login(attempt);
    drop(core::hint::black_box(used));
    decision
}
