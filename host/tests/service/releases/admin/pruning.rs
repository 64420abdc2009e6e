//! Old releases are deleted, never one that is named anywhere.

use std::time::Duration;

use auth_host::contract::Slot;
use auth_host::store::registry::Role;
use serde_json::json;

use crate::support::{TestService, guest, hex, policy};

#[tokio::test]
async fn the_cleaner_keeps_as_many_releases_as_the_settings_say_and_what_serves() {
    let service = TestService::with().setting("POLICY_RELEASES_KEPT", "6").start().await;
    let ann = service.admin("ann", Role::Operate).await;
    let other = guest("login_lengthens");
    assert_eq!(ann.push(Slot::Login, &other, &json!({})).await.status, 201);
    for _ in 0..8 {
        assert_eq!(ann.push(Slot::Login, &policy(Slot::Login), &json!({})).await.status, 201);
    }
    let numbers = async || {
        let page = ann.get("/v1/releases?place=login").await.json();
        let releases = page["releases"].as_array().unwrap().clone();
        releases.iter().map(|release| release["number"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    // What is younger than a day stays.
    service.app().cleaner.prune_once().await.unwrap();
    assert_eq!(numbers().await.len(), 10);
    service.clock.advance(Duration::from_hours(25));
    let ann = service.admin("bea", Role::Operate).await;
    let pruned = service.app().cleaner.prune_once().await.unwrap();
    let numbers = async || {
        let page = ann.get("/v1/releases?place=login").await.json();
        let releases = page["releases"].as_array().unwrap().clone();
        releases.iter().map(|release| release["number"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    // The newest six, and the first, which serves.
    assert_eq!(numbers().await, [10, 9, 8, 7, 6, 5, 1]);
    assert_eq!((pruned.releases, pruned.components), (3, 1));
    ann.get(&format!("/v1/components/{}", hex(&other))).await.refused(404, "no_component");
    let history = ann.get("/v1/history?limit=5").await.json();
    let lines = history["lines"].as_array().unwrap();
    let line = lines.iter().find(|line| line["action"] == "pruned").expect("a line of history");
    assert_eq!(line["who"], "auth-host");
    service.stop().await;
}

#[tokio::test]
async fn people_prune_with_bounds_of_their_own() {
    let service = TestService::start().await;
    let ann = service.admin("ann", Role::Operate).await;
    for _ in 0..8 {
        assert_eq!(ann.push(Slot::Login, &policy(Slot::Login), &json!({})).await.status, 201);
    }
    ann.ask("POST", "/v1/prune", &json!({ "keep": 5 })).await.refused(400, "malformed_value");
    let nothing = ann.ask("POST", "/v1/prune", &json!({ "keep": 6, "older_than": 3600 })).await;
    assert_eq!(nothing.json()["releases"], 0, "{}", nothing.text());
    service.clock.advance(Duration::from_secs(1));
    let some = ann.ask("POST", "/v1/prune", &json!({ "keep": 6 })).await;
    assert_eq!(some.json()["releases"], 2, "{}", some.text());
    service.stop().await;
}
