//! Refresh tokens of the old service: until a set day each is taken once, and nothing else that the
//! gateway's secret signs.

use std::time::Duration;

use auth_host::clock::Clock;
use auth_host::contract::Slot;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::support::{JWT_SECRET, Person, TestService, TestServiceBuilder, Tokens, policy};

const HOUR: i64 = 3600;

/// A service that takes old tokens for another hour.
fn changing_over() -> TestServiceBuilder {
    let until =
        OffsetDateTime::from_unix_timestamp(now() + HOUR).unwrap().format(&Rfc3339).unwrap();
    TestService::with().on_postgres().setting("AUTH_LEGACY_REFRESH_UNTIL", &until)
}

/// Somebody whose account was imported from the old service.
async fn moved(service: &TestService, name: &str) -> (Person, Tokens) {
    let (person, tokens) = service.newcomer(name).await;
    let mut connection = service.database().unwrap().connection().await;
    let imported = sqlx::query("INSERT INTO auth.imported_accounts (user_id) VALUES ($1)");
    imported.bind(tokens.user_id).execute(&mut connection).await.unwrap();
    (person, tokens)
}

fn now() -> i64 {
    Clock::System.now() / 1000
}

fn signed(algorithm: Algorithm, claims: &Value) -> String {
    jsonwebtoken::encode(
        &Header::new(algorithm),
        claims,
        &EncodingKey::from_secret(JWT_SECRET.as_bytes()),
    )
    .unwrap()
}

/// A token as the old service made them.
fn old_token(user_id: i64, seconds: i64) -> String {
    signed(
        Algorithm::HS256,
        &json!({ "sub": user_id.to_string(), "type": "refresh", "exp": now() + seconds }),
    )
}

async fn accepted(service: &TestService) -> u64 {
    service.count("auth_refresh_legacy_total", &[]).await
}

#[tokio::test]
async fn an_old_token_is_exchanged_for_one_of_ours() {
    let service = changing_over().start().await;
    let (_, registered) = moved(&service, "leo").await;
    let old = old_token(registered.user_id, 100 * HOUR);
    let tokens = service.refresh(&old).await.tokens();
    assert_eq!(tokens.user_id, registered.user_id);
    assert!(tokens.refresh.starts_with("rt1_"));
    assert_eq!(accepted(&service).await, 1);
    // It goes on as any session does, also when the changeover is over.
    service.later(Duration::from_hours(2)).await;
    let next = service.refresh(&tokens.refresh).await.tokens();
    assert_eq!(next.user_id, registered.user_id);
    assert_eq!(accepted(&service).await, 1);
    service.stop().await;
}

/// Started before the import, or in a database that nothing was imported into, the service gives
/// ids that belong to others.
#[tokio::test]
async fn an_old_token_opens_no_account_that_only_has_the_same_id() {
    let service = changing_over().start().await;
    let (_, registered) = service.newcomer("leo").await;
    service.refresh(&old_token(registered.user_id, 100 * HOUR)).await.refused(401, "invalid_token");
    assert_eq!(accepted(&service).await, 0);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_refreshes_at_once_with_one_old_token_all_get_the_same_answer() {
    let service = changing_over().start().await;
    for name in ["leo", "ann", "max"] {
        let (_, registered) = moved(&service, name).await;
        let body = json!({ "refresh_token": old_token(registered.user_id, 100 * HOUR) });
        let requests: Vec<_> = (0..10)
            .map(|_| tokio::spawn(service.request("POST", "/auth/refresh").json(&body).send()))
            .collect();
        let mut answers = Vec::new();
        for request in requests {
            let response = request.await.unwrap().unwrap();
            assert_eq!(response.status(), 200);
            answers.push(response.text().await.unwrap());
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]));
        let body: Value = serde_json::from_str(&answers[0]).unwrap();
        service.refresh(body["refresh_token"].as_str().unwrap()).await.tokens();
    }
    assert_eq!(accepted(&service).await, 3);
    assert_eq!(service.events().await.len(), 3, "only user.created: nothing of this is a theft");
    service.stop().await;
}

#[tokio::test]
async fn an_old_token_that_comes_back_after_the_window_ends_its_session() {
    let service = changing_over().start().await;
    let (_, registered) = moved(&service, "leo").await;
    let old = old_token(registered.user_id, 100 * HOUR);
    let tokens = service.refresh(&old).await.tokens();
    service.later(Duration::from_secs(11)).await;
    for token in [&old, &tokens.refresh, &old] {
        service.refresh(token).await.refused(401, "invalid_token");
    }
    let events = service.events().await;
    assert_eq!(events.iter().filter(|event| event["type"] == "session.reuse_detected").count(), 1);
    // The session of the registration is another one.
    service.refresh(&registered.refresh).await.tokens();
    assert_eq!(accepted(&service).await, 1);
    service.stop().await;
}

#[tokio::test]
async fn nothing_else_that_the_secret_signs_is_taken() {
    let service = changing_over().start().await;
    let (_, registered) = moved(&service, "leo").await;
    let id = registered.user_id.to_string();
    let good = json!({ "sub": id, "type": "refresh", "exp": now() + HOUR });
    let with = |member: &str, value: Value| {
        let mut claims = good.clone();
        claims[member] = value;
        signed(Algorithm::HS256, &claims)
    };
    let valid = signed(Algorithm::HS256, &good);
    let (head_and_body, signature) = valid.rsplit_once('.').unwrap();
    let body = head_and_body.split_once('.').unwrap().1;
    // {"alg":"none","typ":"JWT"}
    let none = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{body}");
    let other_key = EncodingKey::from_secret(b"another secret of at least thirty-two bytes");
    let wrong = [
        registered.access.clone(),
        with("type", json!("access")),
        with("type", json!(null)),
        with("exp", json!(now() - 1)),
        with("exp", json!(now() + 200 * HOUR)),
        with("exp", json!(null)),
        with("sub", json!("999999")),
        with("sub", json!("0")),
        with("sub", json!(format!("{id}.0"))),
        signed(Algorithm::HS384, &good),
        signed(Algorithm::HS512, &good),
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &good, &other_key).unwrap(),
        none.clone(),
        format!("{none}."),
        format!("{none}.{signature}"),
        head_and_body.to_owned(),
        format!("{valid}="),
    ];
    for token in wrong {
        service.refresh(&token).await.refused(401, "invalid_token");
    }
    assert_eq!(accepted(&service).await, 0);
    // And the one that all of them were made from is good.
    service.refresh(&valid).await.tokens();
    service.stop().await;
}

#[tokio::test]
async fn it_is_off_unless_it_is_dated_and_over_when_the_moment_comes() {
    let service = TestService::with().on_postgres().start().await;
    let (_, registered) = moved(&service, "leo").await;
    service.refresh(&old_token(registered.user_id, 100 * HOUR)).await.refused(401, "invalid_token");
    service.stop().await;

    let service = changing_over().start().await;
    let (_, registered) = moved(&service, "leo").await;
    let (early, late) =
        (old_token(registered.user_id, 100 * HOUR), old_token(registered.user_id, 101 * HOUR));
    service.later(Duration::from_mins(59)).await;
    service.refresh(&early).await.tokens();
    service.later(Duration::from_mins(2)).await;
    service.refresh(&late).await.refused(401, "invalid_token");
    assert_eq!(accepted(&service).await, 1);
    service.stop().await;
}

#[tokio::test]
async fn a_disabled_account_has_no_old_tokens() {
    let service = changing_over().start().await;
    let (person, registered) = moved(&service, "leo").await;
    let (used, unused) =
        (old_token(registered.user_id, 100 * HOUR), old_token(registered.user_id, 101 * HOUR));
    service.refresh(&used).await.tokens();
    let service = service.stop_and_keep().await.guest(Slot::Login, "disables").start().await;
    assert_ne!(service.login(&person).await.status, 200);
    for token in [&used, &unused] {
        service.refresh(token).await.refused(401, "invalid_token");
    }
    assert_eq!(accepted(&service).await, 0);
    service.stop().await;
}

#[tokio::test]
async fn an_old_token_does_not_come_back_when_its_session_is_over() {
    let service = changing_over().guest(Slot::Refresh, "refresh_shortens").start().await;
    let (_, registered) = moved(&service, "leo").await;
    let old = old_token(registered.user_id, 100 * HOUR);
    // The policy lets the session live for one second; then it is cleaned away.
    service.refresh(&old).await.tokens();
    service.later(Duration::from_mins(1)).await;
    service.app().cleaner.clean_once().await.unwrap();
    service.refresh(&old).await.refused(401, "invalid_token");
    // Also under a policy that would let it live.
    service.swap(Slot::Refresh, &policy(Slot::Refresh)).await;
    service.app().cleaner.clean_once().await.unwrap();
    service.refresh(&old).await.refused(401, "invalid_token");
    assert_eq!(accepted(&service).await, 1);
    service.stop().await;
}
