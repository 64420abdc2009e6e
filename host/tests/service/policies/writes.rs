//! What a policy writes is committed with its decision, or not at all.

use auth_host::contract::Slot;
use serde_json::{Value, json};

use super::{attribute, claims, open_sessions, stored};
use crate::support::{Person, TestService, lines_with, policy};

#[tokio::test]
async fn an_acceptance_commits_all_that_was_written() {
    let service = TestService::with().guest(Slot::Login, "writes_then_accepts").start().await;
    let (person, registered) = service.newcomer("leo").await;
    for number in 1..=3 {
        let tokens = service.login(&person).await.tokens();
        assert_eq!(claims(&tokens.access)["tier"], "gold");
        assert_eq!(
            stored(&service, Slot::Login, "logins").await,
            Some(number.to_string()),
            "a call sees what the one before it stored"
        );
        assert!(
            attribute(&service, &person, "last_seen").await.is_some_and(|value| value.is_number())
        );
        assert_eq!(
            attribute(&service, &person, "name").await,
            Some(json!("Leo")),
            "other attributes stay"
        );
        assert_eq!(service.events().await.len(), 1 + number);
    }
    let events = service.events().await;
    assert_eq!(events[1]["type"], "custom.writes-then-accepts.seen");
    assert_eq!(events[1]["body"], json!({ "user_id": registered.user_id, "kind": "login" }));
    service.stop().await;
}

#[tokio::test]
async fn claims_of_a_login_are_not_carried_over_to_a_refresh() {
    let service = TestService::with().guest(Slot::Login, "writes_then_accepts").start().await;
    let (person, _) = service.newcomer("leo").await;
    let tokens = service.login(&person).await.tokens();
    let refreshed = service.refresh(&tokens.refresh).await.tokens();
    assert_eq!(claims(&refreshed.access)["tier"], Value::Null);
    service.stop().await;
}

#[tokio::test]
async fn a_refusal_commits_the_policys_own_storage_and_nothing_else() {
    let service = TestService::with().guest(Slot::Login, "writes_then_refuses").start().await;
    let (person, tokens) = service.newcomer("leo").await;
    for number in 1..=3 {
        let answer = service.login(&person).await;
        let code = answer.json()["code"].clone();
        assert_eq!(code, "go_away");
        assert_eq!(stored(&service, Slot::Login, "visits").await, Some(number.to_string()));
        let lines = lines_with(service.log_mark(), answer.header("x-request-id").unwrap());
        let line = lines
            .iter()
            .find(|line| line["message"] == "go away")
            .expect("the policy's line is missing");
        assert_eq!(
            (&line["span"]["slot"], &line["span"]["policy"]),
            (&json!("login"), &json!("writes-then-refuses")),
            "{line}"
        );
    }
    assert_eq!(open_sessions(&service, tokens.user_id).await, 1);
    assert_eq!(service.events().await.len(), 1);
    assert_eq!(
        service
            .count("auth_policy_calls_total", &[("slot", "login"), ("outcome", "refused")])
            .await,
        3
    );
    service.stop().await;
}

#[tokio::test]
async fn storage_belongs_to_the_slot_and_outlives_component_and_process() {
    let service = TestService::with().guest(Slot::Login, "writes_then_refuses").start().await;
    let (person, _) = service.newcomer("leo").await;
    service.login(&person).await;
    service.swap(Slot::Login, &policy(Slot::Login)).await;
    let service =
        service.stop_and_keep().await.guest(Slot::Login, "writes_then_refuses").start().await;
    service.login(&person).await;
    assert_eq!(stored(&service, Slot::Login, "visits").await, Some("2".to_owned()));
    assert_eq!(stored(&service, Slot::Register, "visits").await, None);
    service.stop().await;
}

#[tokio::test]
async fn disabling_an_account_is_committed_with_the_refusal_and_ends_its_sessions() {
    let service = TestService::with().guest(Slot::Login, "disables").start().await;
    let (person, tokens) = service.newcomer("leo").await;
    service.login_with_wrong_password(&person).await.refused(401, "invalid_credentials");
    service.refresh(&tokens.refresh).await.tokens();
    let answer = service.login(&person).await;
    assert_eq!(answer.json()["code"], "disabled_now", "{}", answer.text());
    assert_eq!(open_sessions(&service, tokens.user_id).await, 0);
    // Not even the answer of the window is given again.
    service.refresh(&tokens.refresh).await.refused(401, "invalid_token");
    service.swap(Slot::Login, &policy(Slot::Login)).await;
    let (right, wrong) =
        (service.login(&person).await, service.login_with_wrong_password(&person).await);
    right.refused(401, "invalid_credentials");
    assert_eq!(right.without_request_id(), wrong.without_request_id());
    service.register(&person.form()).await.refused(409, "already_exists");
    service.stop().await;
}

#[tokio::test]
async fn a_registration_delivers_the_policys_event_after_user_created() {
    let service = TestService::with().guest(Slot::Register, "register_events").start().await;
    let (person, tokens) = service.newcomer("leo").await;
    // Of a registration that is not carried out no event remains.
    service.register(&person.form()).await.refused(409, "already_exists");
    let events = service.events().await;
    let types: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["user.created", "custom.register-events.welcomed"]);
    assert_eq!(events[1]["body"], json!({ "user_id": tokens.user_id, "greeting": "hello" }));
    service.stop().await;
}

#[tokio::test]
async fn a_condition_that_does_not_hold_undoes_the_decision_without_blaming_the_policy() {
    let service = TestService::with().guest(Slot::Login, "replace_conflict").start().await;
    let (person, tokens) = service.newcomer("leo").await;
    let answer = service.login(&person).await;
    assert_eq!(answer.refused(503, "conflict").header("retry-after"), Some("0"));
    assert_eq!(stored(&service, Slot::Login, "lock").await, None);
    assert_eq!(open_sessions(&service, tokens.user_id).await, 1);
    assert_eq!(service.count("auth_policy_faults_total", &[]).await, 0);
    service.stop().await;
}

#[tokio::test]
async fn a_throttle_counts_although_the_call_came_to_nothing_and_a_guess_does_not() {
    // A hash that takes longer than a request may: the hit of a registration stays; of a login
    // nobody has learnt anything.
    let with = TestService::with()
        .policy_settings(Slot::Register, &json!({ "attempts-per-email": 2 }))
        .policy_settings(Slot::Login, &json!({ "attempts-per-account": 2 }));
    let service = with.start().await;
    let (person, _) = service.newcomer("leo").await;
    let slow = service
        .stop_and_keep()
        .await
        .setting("HTTP_SERVER_TIMEOUT", "500ms")
        .setting("PASSWORD_HASH_THREADS", "1");
    let service = slow.start().await;
    let busy = service.busy_hash_thread().await;
    let late = Person::new("late");
    for _ in 0..2 {
        service.login_with_wrong_password(&person).await.refused(503, "busy");
        service.register(&late.form()).await.refused(503, "busy");
    }
    busy.await.unwrap();
    // What follows may take its time.
    let patient = service.stop_and_keep().await.setting("HTTP_SERVER_TIMEOUT", "60s");
    let service = patient.start().await;
    service.register(&late.form()).await.refused(429, "throttled");
    service.login_with_wrong_password(&person).await.refused(401, "invalid_credentials");
    service.login_with_wrong_password(&person).await.refused(401, "invalid_credentials");
    service.login(&person).await.refused(429, "throttled");
    service.stop().await;
}
