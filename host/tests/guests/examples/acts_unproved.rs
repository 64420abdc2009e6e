//! Writes an event and an attribute, revokes, and disables the account, before and after it asks
//! about the password, and refuses. Its storage tells how each attempt ended.

use auth_policy_sdk::accounts::Account;
use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::{Failure, Rejection, accounts, outbox, refused, sessions, storage};
use test_guests::{invalid_credentials, verifies};

auth_policy_sdk::login!(login);

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let account = accounts::find_by_email(&attempt.email())?.ok_or_else(invalid_credentials)?;
    storage::put("before", outcomes(&account)?.as_bytes(), None)?;
    verifies(attempt, Some(&account))?;
    storage::put("after", outcomes(&account)?.as_bytes(), None)?;
    Err(refused("go_away", "go away"))
}

/// What came of each attempt to act on the account.
fn outcomes(account: &Account) -> Result<String, Failure> {
    let mut tried = vec![
        outbox::append("seen", "{}", None),
        account.set_attribute("seen", Some("true")),
        account.disable("nobody has proved anything"),
    ];
    for session in sessions::open_sessions(account)? {
        tried.push(session.revoke("nobody has proved anything"));
    }
    let outcome = |done: &Result<(), Failure>| match done {
        Ok(()) => "done",
        Err(Failure::Denied(_)) => "denied",
        Err(_) => "failed",
    };
    Ok(tried.iter().map(outcome).collect::<Vec<_>>().join(" "))
}
