//! `auth-host outbox`, by the real program.

use std::collections::HashMap;

use auth_host::store::Undelivered;
use serde_json::Value;
use uuid::Uuid;

use super::Opened;
use crate::support::{Printed, Process, TestService, eventually};

/// Event 0 is published, 1 is dead, and 2 waits.
async fn one_of_each() -> Opened {
    let opened = Opened::new().await;
    opened.events(&["a", "b", "c"]).await;
    let owner = Uuid::new_v4();
    let leased = opened.leased(owner, 2).await;
    opened.store.outbox_published(owner, &[leased[0].sequence]).await.unwrap();
    let error = "the broker said no".to_owned();
    let dead = Undelivered {
        sequence: leased[1].sequence,
        error,
        attempts: 10,
        suspect: true,
        not_before: 0,
        dead: true,
    };
    opened.store.outbox_undelivered(owner, &[dead]).await.unwrap();
    opened
}

async fn outbox(settings: &HashMap<String, String>, words: &[&str]) -> Printed {
    Process::command(settings, &[&["outbox"], words].concat()).await
}

/// What a command printed that must succeed.
async fn printed(settings: &HashMap<String, String>, words: &[&str]) -> String {
    let done = outbox(settings, words).await;
    assert_eq!(done.code, Some(0), "{words:?}: {}", done.errors);
    done.text
}

#[tokio::test]
async fn an_operator_needs_no_secret_of_the_gateway() {
    let opened = one_of_each().await;
    let mut settings = opened.settings();
    settings.remove("AUTH_JWT_SECRET").unwrap();
    assert_eq!(printed(&settings, &["list"]).await.lines().count(), 3);
}

#[tokio::test]
async fn events_are_listed_without_personal_data_and_shown_with_it() {
    let opened = one_of_each().await;
    let (settings, ids) = (opened.settings(), opened.ids(&[0, 1, 2]).await);
    let list = printed(&settings, &["list"]).await;
    let lines: Vec<_> = list.lines().collect();
    assert_eq!(lines.len(), 3, "{list}");
    for ((line, id), state) in
        lines.iter().zip(ids.iter().rev()).zip(["pending", "dead", "published"])
    {
        assert!(
            line.starts_with(&id.to_string())
                && line.contains(state)
                && line.contains("custom.test.event"),
            "{line}"
        );
    }
    assert!(lines[1].contains("attempts=10") && lines[1].contains("the broker said no"), "{list}");
    let json = printed(&settings, &["list", "--json", "--state", "dead"]).await;
    let event: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (event["message_id"].as_str(), event["state"].as_str()),
        (Some(ids[1].to_string().as_str()), Some("dead"))
    );
    assert_eq!(printed(&settings, &["list", "--limit", "1"]).await.lines().count(), 1);
    for listed in [list, json] {
        assert!(!listed.contains("leo@example.com"), "{listed}");
    }
    let shown: Value =
        serde_json::from_str(&printed(&settings, &["show", &ids[2].to_string()]).await).unwrap();
    assert_eq!(shown["body"]["email"], "leo@example.com");
    assert_eq!(
        (&shown["state"], &shown["ordering_key"]),
        (&Value::from("pending"), &Value::from("c"))
    );
    let unknown = outbox(&settings, &["show", &Uuid::new_v4().to_string()]).await;
    assert_eq!((unknown.code, unknown.text.as_str()), (Some(2), ""), "{}", unknown.errors);
}

#[tokio::test]
async fn dead_events_are_retried_and_published_ones_purged() {
    let opened = one_of_each().await;
    let (settings, ids) = (opened.settings(), opened.ids(&[0, 1, 2]).await);
    assert!(
        printed(&settings, &["purge", "--published-before", "1h"]).await.starts_with("0 events")
    );
    assert!(printed(&settings, &["retry", "--dead"]).await.starts_with("1 event"));
    assert!(printed(&settings, &["list", "--state", "dead"]).await.starts_with("no events"));
    assert_eq!(printed(&settings, &["list", "--state", "pending"]).await.lines().count(), 2);
    assert!(printed(&settings, &["purge", "--published-before", "0"]).await.starts_with("1 event"));
    assert!(printed(&settings, &["list", "--state", "published"]).await.starts_with("no events"));
    assert!(
        printed(&settings, &["purge", &ids[1].to_string(), &ids[2].to_string()])
            .await
            .starts_with("2 events")
    );
    assert_eq!(printed(&settings, &["list", "--json"]).await, "");
}

#[tokio::test]
async fn what_says_nothing_or_too_much_is_refused_and_changes_nothing() {
    let opened = one_of_each().await;
    let (settings, id) = (opened.settings(), opened.ids(&[0]).await[0].to_string());
    for words in [
        &["retry"][..],
        &["purge"],
        &["retry", "--dead", &id],
        &["purge", "--published-before", "1h", &id],
        &["purge", "--published-before", "soon"],
        &["show"],
        &["show", "1"],
        &["list", "--state", "unknown"],
    ] {
        let done = outbox(&settings, words).await;
        assert_eq!(done.code, Some(2), "{words:?}: {} {}", done.text, done.errors);
        assert!(!done.errors.is_empty());
    }
    assert_eq!(opened.rows().await.len(), 3);
    let (folder, _) = Process::folder();
    let nowhere = HashMap::from([
        ("DATA_DIR".to_owned(), folder.path().to_str().unwrap().to_owned()),
        ("AUTH_JWT_SECRET".to_owned(), crate::support::JWT_SECRET.to_owned()),
    ]);
    let done = outbox(&nowhere, &["list"]).await;
    assert_eq!(done.code, Some(2), "a command makes no database");
    assert!(done.errors.contains("DATA_DIR"), "{}", done.errors);
}

#[tokio::test]
async fn a_service_that_runs_publishes_what_is_retried() {
    let service = TestService::start().await;
    service.newcomer("leo").await;
    let first = service.events().await[0].clone();
    let settings = service.settings();
    let retried = printed(settings, &["retry", first["message_id"].as_str().unwrap()]).await;
    assert!(retried.starts_with("1 event"), "{retried}");
    let again = async || service.events().await.get(1).cloned();
    assert_eq!(eventually("the same event again", again).await, first);
    service.stop().await;
}

#[tokio::test]
async fn what_cannot_be_reached_is_told_once_and_without_its_password() {
    let (_folder, mut settings) = Process::folder();
    settings.insert("DATABASE_URL".into(), "postgres://auth:Geheim-5fd0@127.0.0.1:1/auth".into());
    let refused = Process::command(&settings, &["migrate"]).await;
    assert_eq!((refused.code, refused.text.as_str()), (Some(2), ""), "{}", refused.errors);
    assert_eq!(refused.errors.matches("refused").count(), 1, "{}", refused.errors);
    assert!(!refused.errors.contains("Geheim"), "{}", refused.errors);
}
