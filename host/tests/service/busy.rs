//! More work than the hash threads can do: an answer at once that says when to try again, and no
//! one else waits for them.

use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, SqliteConnection};

use crate::support::{Person, Raw, TestService, eventually, in_time, post_bytes};

/// While it is open, the database answers questions and takes no writes.
enum WriteLock {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl WriteLock {
    async fn on(service: &TestService) -> Self {
        let Some(database) = service.database() else {
            let file = service.data_dir().join("auth.sqlite");
            let mut lock = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
            sqlx::query("BEGIN IMMEDIATE").execute(&mut lock).await.unwrap();
            return Self::Sqlite(lock);
        };
        let mut lock = database.connection().await;
        let tables = "accounts sessions refresh_tokens policy_storage throttles outbox"
            .split(' ')
            .map(|table| format!("auth.{table}"));
        let statement = format!(
            "BEGIN; LOCK TABLE {} IN EXCLUSIVE MODE",
            tables.collect::<Vec<_>>().join(", ")
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut lock).await.unwrap();
        Self::Postgres(lock)
    }

    async fn end(self) {
        match self {
            Self::Sqlite(lock) => lock.close().await.unwrap(),
            Self::Postgres(lock) => lock.close().await.unwrap(),
        }
    }
}

#[tokio::test]
async fn beyond_the_queue_of_hashes_the_answer_is_503_at_once() {
    let with = TestService::with()
        .setting("PASSWORD_HASH_THREADS", "1")
        .setting("PASSWORD_HASH_QUEUE", "1");
    let service = with.setting("HTTP_SERVER_TIMEOUT", "60s").start().await;
    let (person, tokens) = service.newcomer("leo").await;
    let busy = service.busy_hash_thread().await;
    // One may wait; it is served in the end.
    let waiting = tokio::spawn(
        service.request("POST", "/auth/register").json(&Person::new("patient").form()).send(),
    );
    eventually("a full queue", async || {
        (service.app().services.passwords.waiting() == 1).then_some(())
    })
    .await;
    service.register(&Person::new("late").form()).await.refused(503, "busy");
    service.login(&person).await.refused(503, "busy");
    // Refreshes need no hash.
    service.refresh(&tokens.refresh).await.tokens();
    assert!(!busy.is_finished(), "the thread was not busy long enough for this test");
    assert_eq!(in_time("the one that waited", waiting).await.unwrap().unwrap().status(), 200);
    busy.await.unwrap();
    service.login(&person).await.tokens();
    assert_eq!(
        service.count("auth_policy_faults_total", &[]).await,
        0,
        "a busy host is no fault of the policy"
    );
    assert_eq!(service.events().await.len(), 2);
    service.stop().await;
}

#[tokio::test]
async fn what_takes_too_long_is_answered_before_the_caller_gives_up() {
    let service = TestService::with().setting("PASSWORD_HASH_THREADS", "1").start().await;
    let (person, _) = service.newcomer("leo").await;
    let hurried = service.stop_and_keep().await.setting("HTTP_SERVER_TIMEOUT", "500ms");
    let service = hurried.start().await;
    let busy = service.busy_hash_thread().await;
    let late = Person::new("late");
    service.register(&late.form()).await.refused(503, "busy");
    service.login(&person).await.refused(503, "busy");
    assert!(!busy.is_finished(), "the thread was not busy long enough for this test");
    busy.await.unwrap();
    // The first one had its turn, and its hash was not made; the second one had waited long enough.
    eventually("a hash that was not made", async || {
        (service.count("auth_password_hash_abandoned_total", &[]).await == 1).then_some(())
    })
    .await;
    let refused = service.count("auth_password_hash_refused_total", &[("reason", "late")]).await;
    assert_eq!(refused, 1);
    assert_eq!(
        service.count("auth_policy_faults_total", &[]).await,
        0,
        "a slow host is no fault of the policy"
    );
    // What follows may take its time.
    let patient = service.stop_and_keep().await.setting("HTTP_SERVER_TIMEOUT", "60s");
    let service = patient.start().await;
    service.login(&person).await.tokens();
    service.login(&late).await.refused(401, "invalid_credentials");
    assert_eq!(service.events().await.len(), 1);
    service.stop().await;
}

#[tokio::test]
async fn a_hash_whose_client_has_gone_is_not_made() {
    let with = TestService::with()
        .setting("PASSWORD_HASH_THREADS", "1")
        .setting("HTTP_SERVER_TIMEOUT", "60s");
    let service = with.start().await;
    let (person, _) = service.newcomer("leo").await;
    let busy = service.busy_hash_thread().await;
    let before = service.count("auth_password_hash_total", &[]).await;
    let waiting = |number: usize| {
        let app = service.app();
        async move || (app.services.passwords.waiting() == number).then_some(())
    };
    let body = json!({ "email": person.email, "password": person.password }).to_string();
    let mut clients = Vec::new();
    for _ in 0..3 {
        let mut client = service.raw().await;
        client.send(&post_bytes("/auth/login", body.as_bytes())).await.unwrap();
        clients.push(client);
    }
    eventually("three that wait", waiting(3)).await;
    clients.into_iter().for_each(Raw::break_off);
    // The one that is next for the thread is looked at when the thread is free.
    eventually("places that are free again", waiting(1)).await;
    assert!(!busy.is_finished(), "the thread was not busy long enough for this test");
    busy.await.unwrap();
    eventually("hashes that are not made", async || {
        (service.count("auth_password_hash_abandoned_total", &[]).await == 3).then_some(())
    })
    .await;
    assert_eq!(service.count("auth_password_hash_total", &[]).await, before);
    service.login(&person).await.tokens();
    service.stop().await;
}

#[tokio::test]
async fn while_the_database_takes_no_writes_the_answer_is_503_and_nothing_is_lost() {
    // Well below the time limits of requests and policies: then the answer says what was the
    // matter.
    let service = TestService::with().setting("DATABASE_STATEMENT_TIMEOUT", "1s").start().await;
    let (person, tokens) = service.newcomer("leo").await;
    service.events().await;
    let lock = WriteLock::on(&service).await;
    let late = Person::new("late").form();
    let answers = tokio::join!(
        service.register(&late),
        service.login(&person),
        service.refresh(&tokens.refresh)
    );
    for answer in [answers.0, answers.1, answers.2] {
        answer.refused(503, "unavailable");
    }
    assert_eq!(service.get("/healthz").await.status, 200);
    lock.end().await;
    assert_eq!(
        service.count("auth_policy_faults_total", &[]).await,
        0,
        "a database that is away is no fault of the policy"
    );
    service.register(&late).await.tokens();
    service.login(&person).await.tokens();
    service.refresh(&tokens.refresh).await.tokens();
    assert_eq!(service.events().await.len(), 2);
    service.stop().await;
}
