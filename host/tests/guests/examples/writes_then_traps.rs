//! Writes whatever a policy can write, then panics.

use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::{Rejection, outbox, storage};
use test_guests::verified_account;

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let account = verified_account(attempt)?;
    account.set_attribute("last_seen", Some("1"))?;
    storage::put("trapped", b"1", None)?;
    outbox::append("seen", "{}", None)?;
    panic!("after every write");
}
