//! What is kept from one start to the next, and what is never kept.

use std::time::Duration;

use auth_host::contract::Slot;
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use crate::support::{TestService, lines_with};

#[tokio::test]
async fn accounts_and_sessions_survive_a_restart() {
    let service = TestService::start().await;
    let (person, first) = service.newcomer("leo").await;
    let second = service.refresh(&first.refresh).await.tokens();
    let service = service.stop_and_keep().await.start().await;
    assert_eq!(service.login(&person).await.tokens().user_id, first.user_id);
    // Also the answer of the window, which is sealed under the token itself.
    assert_eq!(service.refresh(&first.refresh).await.tokens(), second);
    service.refresh(&second.refresh).await.tokens();
    service.stop().await;
}

#[tokio::test]
async fn without_a_master_secret_one_is_made_and_kept_in_the_database() {
    let service = TestService::with().setting("AUTH_MASTER_SECRET", "").own_cache().start().await;
    let (_, first) = service.newcomer("leo").await;
    let service = service.stop_and_keep().await.start().await;
    service.refresh(&first.refresh).await.tokens();
    service.stop().await;
}

#[tokio::test]
async fn locally_a_jwt_secret_is_made_once_and_kept_for_us_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let with = TestService::with().setting("ENV", "local").setting("AUTH_JWT_SECRET", "");
    let file = with.data_dir().join("jwt-secret");
    let service = with.start().await;
    let secret = std::fs::read_to_string(&file).unwrap();
    assert!(secret.len() >= 32);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let service = service.stop_and_keep().await.start().await;
    assert_eq!(std::fs::read_to_string(&file).unwrap(), secret);
    let (_, tokens) = service.newcomer("leo").await;
    let validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::HS256);
    let key = jsonwebtoken::DecodingKey::from_secret(secret.trim().as_bytes());
    jsonwebtoken::decode::<serde_json::Value>(&tokens.access, &key, &validation).unwrap();
    service.stop().await;
}

/// `stop` looks for every password and token of a test on disk and in the log; here is one of each
/// kind for it to look for.
#[tokio::test]
async fn neither_disk_nor_log_hold_a_password_or_a_token() {
    let service = TestService::with()
        .policy_settings(Slot::Register, &json!({ "password-min-strength": 1 }))
        .start()
        .await;
    let (person, first) = service.newcomer("somebody.who.is.not.logged").await;
    service.register(&person.form()).await.refused(409, "already_exists");
    service.login(&person).await.tokens();
    service.login_with_wrong_password(&person).await.refused(401, "invalid_credentials");
    let second = service.refresh(&first.refresh).await.tokens();
    service.refresh(&first.refresh).await.tokens();
    service.later(Duration::from_secs(11)).await;
    service.refresh(&first.refresh).await.refused(401, "invalid_token");
    service.refresh(&second.refresh).await.refused(401, "invalid_token");
    service
        .post("/auth/login", format!("{{\"password\":\"{}\",", person.password))
        .await
        .refused(400, "malformed_json");
    service
        .post("/auth/login", json!({ "email": 1, "password": person.password }).to_string())
        .await
        .refused(400, "wrong_type");
    for personal in [person.email.as_str(), "+79999999999", "$argon2"] {
        assert!(lines_with(service.log_mark(), personal).is_empty(), "the log holds {personal}");
    }
    service.stop().await;
}

#[tokio::test]
#[should_panic(expected = "holds the secret")]
async fn the_search_for_secrets_finds_what_is_on_disk() {
    let service = TestService::start().await;
    service.newcomer("somebody.on.disk").await;
    service.remember("somebody.on.disk@example.com");
    service.stop().await;
}

#[tokio::test]
#[should_panic(expected = "the log holds the secret")]
async fn the_search_for_secrets_finds_what_is_in_the_log() {
    let service = TestService::start().await;
    let id = service.get("/nowhere").await.header("x-request-id").unwrap().to_owned();
    service.remember(&id);
    service.stop().await;
}

#[tokio::test]
async fn what_has_expired_is_deleted() {
    let service = TestService::start().await;
    let (person, first) = service.newcomer("leo").await;
    service.login_with_wrong_password(&person).await.refused(401, "invalid_credentials");
    let second = service.refresh(&first.refresh).await.tokens();
    service.events().await;
    service.later(Duration::from_hours(170)).await;
    service.app().cleaner.clean_once().await.unwrap();
    for (table, rows) in
        [("accounts", 1), ("sessions", 0), ("refresh_tokens", 0), ("throttles", 0), ("outbox", 0)]
    {
        assert_eq!(rows_of(&service, table).await, rows, "{table}");
    }
    for token in [&first.refresh, &second.refresh] {
        service.refresh(token).await.refused(401, "invalid_token");
    }
    service.login(&person).await.tokens();
    service.stop().await;
}

async fn rows_of(service: &TestService, table: &str) -> i64 {
    if let Some(database) = service.database() {
        let statement = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM auth.{table}"));
        return sqlx::query_scalar(statement)
            .fetch_one(&mut database.connection().await)
            .await
            .unwrap();
    }
    let file = service.data_dir().join("auth.sqlite");
    let mut connection =
        SqliteConnectOptions::new().filename(file).read_only(true).connect().await.unwrap();
    let statement = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
    let rows = sqlx::query_scalar(statement).fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    rows
}
