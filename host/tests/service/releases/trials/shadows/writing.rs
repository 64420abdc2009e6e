//! Nothing that a candidate writes as a shadow is kept: every table is compared.

use std::collections::BTreeMap;

use auth_host::contract::Slot;
use serde_json::json;

use super::Tried;
use super::tried::{contents, kinds};
use crate::support::{Person, TestService};

/// What shadows are for.
const COMPARED: [&str; 2] = ["policy_differences", "policy_difference_samples"];

/// What the tables hold, but for [`COMPARED`] and for what replicas say while they live.
async fn tables(service: &TestService) -> BTreeMap<String, String> {
    let mut contents: BTreeMap<_, _> = contents(service).await.into_iter().collect();
    for name in COMPARED {
        assert!(contents.remove(name).is_some(), "there is no table {name}");
    }
    // On SQLite there is one replica, and no such table.
    contents.remove("policy_replicas");
    // There each table with numbered rows has a line here: of the samples, too.
    if let Some(numbers) = contents.get_mut("sqlite_sequence") {
        let others = numbers.lines().filter(|line| !COMPARED.iter().any(|it| line.contains(it)));
        *numbers = others.collect::<Vec<_>>().join("\n");
    }
    contents
}

#[track_caller]
fn assert_same(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) {
    assert!(before.len() > 8, "few tables: {:?}", before.keys());
    for (table, rows) in after {
        assert_eq!(Some(rows), before.get(table), "the table {table}");
    }
}

#[tokio::test]
async fn nothing_of_a_registration_in_a_shadow_is_written() {
    let active = ("register_differs", json!({ "in": "refusal" }));
    let tried = Tried::new(Slot::Register, active, ("register_events", json!({}))).await;
    let before = tables(&tried.service).await;
    for number in 0..5 {
        let form = Person::new(&format!("person{number}")).form();
        tried.service.register(&form).await.refused(403, "not_now");
    }
    let counts = tried.counted(5).await;
    assert_eq!(counts, kinds(&[("differs:not_now → accepted", 5)]));
    assert_same(&before, &tables(&tried.service).await);
    tried.service.stop().await;
}

#[tokio::test]
async fn nothing_of_a_login_in_a_shadow_is_written() {
    let active = ("login_differs", json!({ "in": "refusal" }));
    let tried = Tried::new(Slot::Login, active, ("writes_everything", json!({}))).await;
    let (leo, _) = tried.service.newcomer("leo").await;
    tried.service.published().await;
    let before = tables(&tried.service).await;
    for _ in 0..3 {
        tried.service.login(&leo).await.refused(403, "go_away");
    }
    let counts = tried.counted(3).await;
    assert_eq!(counts, kinds(&[("differs:go_away → accepted", 3)]));
    assert_same(&before, &tables(&tried.service).await);
    tried.service.stop().await;
}

#[tokio::test]
async fn nothing_of_a_refresh_in_a_shadow_is_written() {
    let active = ("refresh_differs", json!({ "in": "refusal" }));
    let candidate = ("refresh_differs", json!({ "in": "revocation" }));
    let tried = Tried::new(Slot::Refresh, active, candidate).await;
    let (_, tokens) = tried.service.newcomer("leo").await;
    tried.service.published().await;
    let before = tables(&tried.service).await;
    for _ in 0..3 {
        tried.service.refresh(&tokens.refresh).await.refused(403, "not_now");
    }
    assert_eq!(tried.counted(3).await, kinds(&[("differs:writes", 3)]));
    assert_same(&before, &tables(&tried.service).await);
    tried.service.stop().await;
}
