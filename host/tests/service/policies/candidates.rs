//! Policies that are tried as candidates elsewhere: here they serve, and do what their names say,
//! so that a trial of them means something.

use auth_host::contract::Slot;
use serde_json::{Value, json};

use super::{attribute, claims, stored};
use crate::support::{Person, TestService, policy};

#[tokio::test]
async fn one_more_kind_of_person_is_refused_and_all_others_as_ever() {
    let service = TestService::with().guest(Slot::Login, "refuses_more").start().await;
    let (open, _) = service.newcomer("leo").await;
    service.login(&open).await.tokens();
    let closed = Person { email: "leo7@example.com".into(), password: open.password.clone() };
    service.register(&closed.form()).await.tokens();
    service.login(&closed).await.refused(403, "closed_hours");
    for _ in 0..10 {
        service.login_with_wrong_password(&open).await.refused(401, "invalid_credentials");
    }
    service.login(&open).await.refused(429, "throttled");
    // Its limits are those of the default policy, under the same keys.
    service.swap(Slot::Login, &policy(Slot::Login)).await;
    service.login(&open).await.refused(429, "throttled");
    service.login(&closed).await.tokens();
    service.stop().await;
}

#[tokio::test]
async fn candidates_that_are_slow_flood_or_ask_otherwise_decide_as_the_default_policy_does() {
    for (name, settings) in [
        // A hundredth of its usual steps: how long they take on a full machine is no matter here.
        ("slow_candidate", json!({ "steps": 300_000 })),
        ("floods_telemetry", json!({})),
        ("asks_otherwise", json!({ "what": "storage" })),
        ("asks_otherwise", json!({ "what": "sessions" })),
        ("asks_otherwise", json!({ "what": "strength" })),
        ("asks_otherwise", json!({ "what": "breached" })),
        ("asks_otherwise", json!({ "what": "throttle" })),
        ("asks_otherwise", json!({ "what": "random" })),
    ] {
        let service = serving(Slot::Login, name, &settings).await;
        let (person, _) = service.newcomer("leo").await;
        service.login(&person).await.tokens();
        service.login_with_wrong_password(&person).await.refused(401, "invalid_credentials");
        assert_eq!(service.count("auth_policy_faults_total", &[]).await, 0, "{name} {settings}");
        service.stop().await;
    }
}

#[tokio::test]
async fn what_writes_in_everything_writes_in_everything() {
    let service = TestService::with().guest(Slot::Login, "writes_everything").start().await;
    let (person, _) = service.newcomer("leo").await;
    let tokens = service.login(&person).await.tokens();
    assert_eq!(claims(&tokens.access)["tier"], "gold");
    assert_eq!(attribute(&service, &person, "name").await, Some(json!("somebody else")));
    assert_eq!(attribute(&service, &person, "last_seen").await, Some(json!(1)));
    assert_eq!(stored(&service, Slot::Login, "knocked").await, Some(person.email.clone()));
    let seen = format!("seen {}", person.email);
    assert_eq!(stored(&service, Slot::Login, &seen).await, Some("1".into()));
    assert_eq!(service.count("auth_policy_login_knocks_total", &[]).await, 1);
    assert_eq!(service.count("auth_policy_login_knock_bytes_count", &[]).await, 1);
    assert_eq!(service.events().await[1]["type"], "custom.writes-everything.seen");
    service.stop().await;
}

#[tokio::test]
async fn a_login_differs_in_what_its_operator_says() {
    let service = TestService::start().await;
    let (person, _) = service.newcomer("leo").await;
    for what in ["code", "message", "fields", "retry_after"] {
        let service = serving(Slot::Login, "login_differs", &json!({ "in": what })).await;
        let answer = service.login_with_wrong_password(&person).await;
        let body = answer.json();
        let differs = match what {
            "code" => body["code"] == "go_away",
            "message" => body["error"] == "wrong",
            "fields" => answer.status == 400,
            _ => answer.header("retry-after") == Some("7"),
        };
        assert!(differs, "{what}: {} {body}", answer.status);
        service.stop().await;
    }
    for (what, status) in [("refusal", 403), ("trap", 503), ("nothing", 200)] {
        assert_eq!(login_of(what).await.0, status, "{what}");
    }
    assert_eq!(login_of("claims").await.1["tried"], true);
    service.stop().await;
}

/// What a login comes to that differs in this, and the claims of the access token.
async fn login_of(what: &str) -> (u16, Value) {
    let service = serving(Slot::Login, "login_differs", &json!({ "in": what })).await;
    let (person, _) = service.newcomer("leo").await;
    let answer = service.login(&person).await;
    let status = answer.status;
    let claims = if status == 200 { claims(&answer.tokens().access) } else { Value::Null };
    service.stop().await;
    (status, claims)
}

#[tokio::test]
async fn a_release_is_told_from_another_by_the_words_of_its_operator() {
    for name in ["the first", "the second"] {
        let service = serving(Slot::Login, "login_names_itself", &json!({ "name": name })).await;
        let answer = service.login(&Person::new("nobody")).await;
        assert_eq!((answer.status, &answer.json()["error"]), (403, &json!(name)));
        service.stop().await;
    }
}

#[tokio::test]
async fn a_refresh_and_a_registration_differ_in_what_their_operator_says() {
    for (what, status) in [("claims", 200), ("refusal", 403), ("revocation", 403), ("trap", 503)] {
        let service = serving(Slot::Refresh, "refresh_differs", &json!({ "in": what })).await;
        let (_, tokens) = service.newcomer("leo").await;
        let answer = service.refresh(&tokens.refresh).await;
        assert_eq!(answer.status, status, "{what}");
        if what == "claims" {
            assert_eq!(claims(&answer.tokens().access)["tried"], true);
        }
        service.stop().await;
    }
    for (what, status) in [("claims", 200), ("refusal", 403), ("fields", 400), ("trap", 503)] {
        let service = serving(Slot::Register, "register_differs", &json!({ "in": what })).await;
        let answer = service.register(&Person::new("leo").form()).await;
        assert_eq!(answer.status, status, "{what}");
        if what == "claims" {
            assert_eq!(claims(&answer.tokens().access)["tried"], true);
        }
        service.stop().await;
    }
}

async fn serving(slot: Slot, name: &str, settings: &Value) -> TestService {
    TestService::with().guest(slot, name).policy_settings(slot, settings).start().await
}
