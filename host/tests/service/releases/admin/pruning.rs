//! Old releases are deleted, never one that is named anywhere.

use std::time::Duration;

use auth_host::contract::Slot;
use auth_host::store::registry::Role;
use serde_json::json;

use crate::support::{Admin, TestService, guest, hex, policy};

/// The numbers of the login releases that are kept, newest first.
async fn kept(admin: &Admin<'_>) -> Vec<i64> {
    let page = admin.get("/v1/releases?place=login").await.json();
    let releases = page["releases"].as_array().unwrap().clone();
    releases.iter().map(|release| release["number"].as_i64().unwrap()).collect()
}

/// Pushes that many releases for logins; the number of the last one.
async fn push(admin: &Admin<'_>, count: usize) -> i64 {
    let mut last = 0;
    for _ in 0..count {
        let pushed = admin.push(Slot::Login, &policy(Slot::Login), &json!({})).await;
        assert_eq!(pushed.status, 201, "{}", pushed.text());
        last = pushed.json()["number"].as_i64().unwrap();
    }
    last
}

#[tokio::test]
async fn the_cleaner_keeps_as_many_releases_as_the_settings_say_and_what_serves() {
    let service = TestService::with().setting("POLICY_RELEASES_KEPT", "6").start().await;
    let ann = service.admin_for("ann", Role::Operate, Duration::from_hours(48)).await;
    // One that serves, one that does not, and eight more.
    let serves = push(&ann, 1).await;
    assert_eq!(ann.deploy(&format!("login/{serves}")).await.status, 202);
    crate::support::eventually("the release serves", async || {
        let release = ann.get(&format!("/v1/releases/login/{serves}")).await.json();
        (release["active"] == true).then_some(())
    })
    .await;
    let other = guest("login_lengthens");
    assert_eq!(ann.push(Slot::Login, &other, &json!({})).await.status, 201);
    let last = push(&ann, 8).await;
    let before = kept(&ann).await;
    // What is younger than a day stays.
    service.app().cleaner.prune_once().await.unwrap();
    assert_eq!(kept(&ann).await, before);
    service.clock.advance(Duration::from_hours(25));
    let pruned = service.app().cleaner.prune_once().await.unwrap();
    let after = kept(&ann).await;
    assert_eq!(after[..7], [last, last - 1, last - 2, last - 3, last - 4, last - 5, serves]);
    assert_eq!((pruned.releases, pruned.components), (3, 1), "{before:?} {after:?}");
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
    let last = push(&ann, 8).await;
    ann.ask("POST", "/v1/prune", &json!({ "keep": 5 })).await.refused(400, "malformed_value");
    let before = kept(&ann).await;
    let nothing = ann.ask("POST", "/v1/prune", &json!({ "keep": 6, "older_than": 3600 })).await;
    assert_eq!(nothing.json()["releases"], 0, "{}", nothing.text());
    assert_eq!(kept(&ann).await, before);
    service.clock.advance(Duration::from_secs(1));
    let some = ann.ask("POST", "/v1/prune", &json!({ "keep": 6 })).await;
    assert!(some.json()["releases"].as_u64().unwrap() > 0, "{}", some.text());
    let after = kept(&ann).await;
    assert_eq!(after[..6], before[..6]);
    assert!(!after.contains(&(last - 6)), "{after:?}");
    service.stop().await;
}
