//! Recurses without end.

use auth_policy_sdk::Rejection;
use auth_policy_sdk::login::{Acceptance, Attempt};
use test_guests::well_behaved_login;

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    core::hint::black_box(descend(0));
    well_behaved_login(attempt)
}

/// Too deep for any stack; not turned into a loop, since each step needs its own block after the
/// next one has come back.
#[expect(unconditional_recursion, reason = "the stack is to overflow")]
fn descend(depth: u64) -> u64 {
    let block = core::hint::black_box([depth; 64]);
    descend(depth + 1) + block[usize::from(depth.is_multiple_of(2))]
}
