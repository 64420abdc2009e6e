//! Policies that misbehave, and policies that write: what a call may do, and what becomes of it.
//!
//! Each guest of `host/tests/guests` has a test here.

mod acceptances;
mod bounds;
mod budgets;
mod candidates;
mod faults;
mod grants;
mod packing;
mod promises;
mod settings;
mod writes;

use auth_host::contract::Slot;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::support::{Person, TestService, guest_names};

/// The sources of the tests in this folder and of those of swaps: the guard below looks for guests
/// in them.
const SOURCES: [&str; 15] = [
    include_str!("acceptances.rs"),
    include_str!("bounds.rs"),
    include_str!("budgets.rs"),
    include_str!("candidates.rs"),
    include_str!("faults.rs"),
    include_str!("promises.rs"),
    include_str!("writes.rs"),
    include_str!("../swap/running.rs"),
    include_str!("../contract/documents.rs"),
    include_str!("../releases/health.rs"),
    include_str!("../releases/trials/shadows/replaying.rs"),
    include_str!("../storm/mod.rs"),
    include_str!("../outside/asking.rs"),
    include_str!("../outside/loops.rs"),
    include_str!("../outside/secrets.rs"),
];

#[test]
fn every_guest_has_a_test() {
    let missing: Vec<_> = guest_names()
        .into_iter()
        .filter(|name| !SOURCES.iter().any(|source| source.contains(&format!("\"{name}\""))))
        .collect();
    assert!(missing.is_empty(), "no test mentions the guests {missing:?}");
}

/// An attribute of an account, as the database holds it.
async fn attribute(service: &TestService, person: &Person, name: &str) -> Option<Value> {
    let account = service
        .app()
        .services
        .store
        .account_by_email(&person.email, &person.email)
        .await
        .unwrap()
        .unwrap();
    account.attributes.get(name).cloned()
}

/// A row of a policy's own storage, as the database holds it.
async fn stored(service: &TestService, slot: Slot, key: &str) -> Option<String> {
    let value = service.app().services.store.storage_get(slot.as_str(), key).await.unwrap();
    value.map(|bytes| String::from_utf8(bytes).unwrap())
}

/// How many sessions of an account are open.
async fn open_sessions(service: &TestService, user_id: i64) -> usize {
    service.app().services.store.open_sessions(user_id, 32).await.unwrap().len()
}

/// What an access token says.
pub(crate) fn claims(access_token: &str) -> Value {
    let claims = URL_SAFE_NO_PAD.decode(access_token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&claims).unwrap()
}
