//! What the operator sets for the default policies.

use std::time::Duration;

use auth_host::contract::Slot;
use serde_json::json;

use crate::support::{Person, TestService, eventually, lines_with};

async fn password_is_refused(service: &TestService, password: &str, code: &str) {
    let person = Person { password: password.to_owned(), ..Person::new("nobody") };
    let answer = service.register(&person.form()).await;
    assert_eq!(
        answer.refused(400, "invalid_request").fields(),
        [("password".to_owned(), code.to_owned())],
        "{password}"
    );
}

#[tokio::test]
async fn the_length_and_strength_of_passwords_are_settings() {
    let settings = json!({ "password-min-length": 12, "password-min-strength": 3, "refuse-breached-passwords": true });
    let service = TestService::with().policy_settings(Slot::Register, &settings).start().await;
    password_is_refused(&service, "elevenchars", "too_short").await;
    password_is_refused(&service, "nobody@example.com", "too_weak").await;
    password_is_refused(&service, "aaaaaaaaaaaaaaaa", "too_weak").await;
    service.newcomer("leo").await;
    service.stop().await;
}

#[tokio::test]
async fn the_most_common_passwords_are_refused_where_the_operator_wishes() {
    let service = TestService::with()
        .policy_settings(Slot::Register, &json!({ "refuse-breached-passwords": true }))
        .start()
        .await;
    for common in ["password", "PASSWORD", "12345678", "iloveyou"] {
        password_is_refused(&service, common, "breached").await;
    }
    service.newcomer("leo").await;
    service.stop().await;
}

#[tokio::test]
async fn the_limit_of_logins_is_a_setting() {
    let settings = json!({ "attempts-per-account": 3, "window-seconds": 60 });
    let service = TestService::with().policy_settings(Slot::Login, &settings).start().await;
    let (person, _) = service.newcomer("leo").await;
    for _ in 0..3 {
        service.login_with_wrong_password(&person).await.refused(401, "invalid_credentials");
    }
    service.login(&person).await.refused(429, "throttled");
    service.later(Duration::from_secs(61)).await;
    service.login(&person).await.tokens();
    service.stop().await;
}

#[tokio::test]
async fn a_session_that_lay_idle_too_long_ends_where_the_operator_wishes() {
    let service = TestService::with()
        .policy_settings(Slot::Refresh, &json!({ "session-idle-seconds": 600 }))
        .start()
        .await;
    let (_, first) = service.newcomer("leo").await;
    service.later(Duration::from_secs(500)).await;
    let second = service.refresh(&first.refresh).await.tokens();
    service.later(Duration::from_secs(700)).await;
    service.refresh(&second.refresh).await.refused(401, "session_idle");
    service.refresh(&second.refresh).await.refused(401, "invalid_token");
    service.stop().await;
}

#[tokio::test]
async fn settings_that_do_not_fit_the_manifest_are_refused_and_the_old_ones_go_on() {
    let service = TestService::with()
        .policy_settings(Slot::Register, &json!({ "password-min-length": 60 }))
        .start()
        .await;
    let before = service.generation(Slot::Register).await;
    let refused = async || {
        service
            .count("auth_policy_admissions_total", &[("slot", "register"), ("result", "refused")])
            .await
    };
    let wrong = [
        (json!({ "password-min-length": "eight" }), "/password-min-length"),
        (json!({ "password_min_length": 8 }), "password_min_length"),
    ];
    for (number, (settings, word)) in wrong.into_iter().enumerate() {
        let (begin, count) = (service.log_mark(), number as u64);
        service.put("register.settings.json", settings.to_string().as_bytes());
        eventually("a refusal", async || (refused().await > count).then_some(())).await;
        let lines = lines_with(begin, "the policy was refused");
        assert!(
            lines.iter().any(|line| line["faults"].as_str().unwrap().contains(word)),
            "no line names {word}: {lines:?}"
        );
    }
    assert_eq!(service.generation(Slot::Register).await, before);
    service.register(&Person::new("leo").form()).await.refused(400, "invalid_request");
    service.stop().await;
}
