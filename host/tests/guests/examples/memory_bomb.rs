//! Asks for memory without end.

use auth_policy_sdk::Rejection;
use auth_policy_sdk::login::{Acceptance, Attempt};

auth_policy_sdk::login!(login);

fn login(_attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let mut hoard = Vec::new();
    loop {
        hoard.push(core::hint::black_box(vec![1_u8; 1 << 20]));
    }
}
