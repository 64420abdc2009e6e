//! The database goes away and comes back.

use std::time::{Duration, Instant};

use auth_host::clock::Clock;
use auth_host::metrics::Meter;
use auth_host::store::{
    DatabaseMetrics, Postgres, PostgresSettings, Store, StoreError, ThrottleHit,
};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::support::{
    Answer, OwnDatabase, Person, Proxy, Sender, TestService, Tokens, eventually, in_time,
};

/// The caller gives up after that.
const CALLER: Duration = Duration::from_secs(5);

/// A service that reaches its database through a proxy.
pub(super) struct Reached {
    pub(super) service: TestService,
    pub(super) proxy: Proxy,
    pub(super) database: OwnDatabase,
}

pub(super) async fn reached() -> Reached {
    let database = OwnDatabase::new().await;
    let proxy = Proxy::to(&database.of().address()).await;
    let service =
        TestService::with().on_database(&database.of().url_by(proxy.address())).start().await;
    Reached { service, proxy, database }
}

impl Reached {
    /// Somebody registers, and somebody logs in and refreshes, all at once and `times` times.
    pub(super) async fn ask(&self, person: &Person, tokens: &Tokens, times: usize) -> Vec<Answer> {
        let service = &self.service;
        let asked = (0..times).map(|time| async move {
            let begun = Instant::now();
            let newcomer = Person::new(&format!("newcomer{time}")).form();
            let answers = tokio::join!(
                service.register(&newcomer),
                service.login(person),
                service.refresh(&tokens.refresh)
            );
            assert!(begun.elapsed() < CALLER, "the caller has given up: {:?}", begun.elapsed());
            [answers.0, answers.1, answers.2]
        });
        futures_util::future::join_all(asked).await.into_iter().flatten().collect()
    }

    pub(super) async fn readiness(&self) -> (u16, Value) {
        let begun = Instant::now();
        let answer = self.service.get("/readyz").await;
        assert!(begun.elapsed() < CALLER, "a probe has given up: {:?}", begun.elapsed());
        (answer.status, answer.json())
    }

    pub(super) async fn is_back(&self) {
        eventually("readiness", async || (self.readiness().await.0 == 200).then_some(())).await;
    }

    pub(super) async fn stop(self) {
        self.service.stop().await;
        drop(self.database);
    }
}

#[track_caller]
pub(super) fn are_turned_away(answers: &[Answer]) {
    for answer in answers {
        let code = answer.json()["code"].as_str().unwrap().to_owned();
        assert!(["unavailable", "timeout"].contains(&code.as_str()), "{}", answer.text());
        answer.refused(503, &code);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_it_is_away_requests_get_503_and_the_service_lives() {
    let reached = reached().await;
    let (person, tokens) = reached.service.newcomer("leo").await;
    reached.proxy.refuse();
    are_turned_away(&reached.ask(&person, &tokens, 3).await);
    let (status, body) = reached.readiness().await;
    assert_eq!(status, 503, "{body}");
    assert!(body["reasons"].to_string().contains("the database does not answer"), "{body}");
    assert_eq!(reached.service.get("/healthz").await.status, 200);
    let down = async || (reached.service.count("auth_database_up", &[]).await == 0).then_some(());
    eventually("the metric that says so", down).await;
    reached.proxy.accept();
    reached.is_back().await;
    let refreshed = reached.service.refresh(&tokens.refresh).await.tokens();
    assert_eq!(refreshed.user_id, tokens.user_id, "the token was not used up");
    reached.service.login(&person).await.tokens();
    reached.service.newcomer("newcomer0").await;
    assert_eq!(
        reached.service.events().await.len(),
        2,
        "of a registration that got 503 nothing is left"
    );
    reached.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_it_is_frozen_requests_are_answered_in_time_and_afterwards_nothing_hangs() {
    let reached = reached().await;
    let (person, tokens) = reached.service.newcomer("leo").await;
    reached.proxy.freeze();
    // More than there are connections.
    are_turned_away(&reached.ask(&person, &tokens, 8).await);
    let (status, body) = reached.readiness().await;
    assert_eq!(status, 503, "{body}");
    assert_eq!(reached.service.get("/healthz").await.status, 200);
    reached.proxy.thaw();
    reached.is_back().await;
    reached.service.refresh(&tokens.refresh).await.tokens();
    let again = reached.ask(&person, &tokens, 8).await;
    for answer in &again {
        assert!([200, 409].contains(&answer.status), "{}", answer.text());
    }
    let none_is_used = async || {
        let used = reached
            .service
            .count("auth_database_connections", &[("pool", "requests"), ("state", "used")])
            .await;
        (used == 0).then_some(())
    };
    eventually("a pool of which no connection is used", none_is_used).await;
    let mut connection = reached.database.connection().await;
    let others = "
        SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()
           AND backend_type = 'client backend'";
    let sessions: i64 = sqlx::query_scalar(others).fetch_one(&mut connection).await.unwrap();
    assert!(sessions <= 23, "{sessions} sessions: the pools have 16 and 6, and one listens");
    let stuck = format!("{others} AND state <> 'idle'");
    let none_is_stuck = async || {
        let stuck: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(stuck.clone()))
            .fetch_one(&mut connection)
            .await
            .unwrap();
        (stuck == 0).then_some(())
    };
    eventually("a server on which nothing hangs", none_is_stuck).await;
    reached.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_ended_while_nobody_used_them_are_noticed_by_no_client() {
    let reached = reached().await;
    let (person, mut tokens) = reached.service.newcomer("leo").await;
    for round in 0..5 {
        // Several connections are open and idle.
        for answer in reached.ask(&person, &tokens, 4).await {
            assert!([200, 409].contains(&answer.status), "round {round}: {}", answer.text());
        }
        if round % 2 == 0 {
            reached.database.of().terminate_backends().await;
        } else {
            reached.proxy.cut();
        }
        tokens = reached.service.refresh(&tokens.refresh).await.tokens();
        reached.service.login(&person).await.tokens();
    }
    reached.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_the_network_forgets_without_a_word_are_replaced() {
    let database = OwnDatabase::new().await;
    let proxy = Proxy::to(&database.of().address()).await;
    let options = database.of().url_by(proxy.address()).parse().unwrap();
    let settings = PostgresSettings {
        options,
        max_connections: 4,
        statement_timeout: Duration::from_millis(200),
    };
    let metrics = DatabaseMetrics::new(&Meter::new().unwrap()).unwrap();
    let store = Store::Postgres(
        Postgres::open(&settings, Clock::shifted(), metrics.clone()).await.unwrap(),
    );
    for _ in 0..5 {
        // Connections are lost at any moment of their use, also on their way back into the pool.
        let enough = CancellationToken::new();
        let asked: Vec<_> =
            (0..8).map(|_| tokio::spawn(ask(store.clone(), enough.clone()))).collect();
        store.ping().await.unwrap();
        proxy.lose();
        eventually("a database that answers", async || store.ping().await.ok()).await;
        enough.cancel();
        for asked in asked {
            in_time("a question on a lost connection", asked).await.unwrap();
        }
    }
    let none_is_used = async || {
        store.measure();
        (metrics.connections.with_label_values(&["requests", "used"]).get() == 0).then_some(())
    };
    eventually("a pool of which no connection is used", none_is_used).await;
    store.close().await;
}

async fn ask(store: Store, enough: CancellationToken) {
    while !enough.is_cancelled() {
        let _ = store.ping().await;
    }
}

/// It may have counted before its answer was lost: asked again it could count twice. Whoever asked
/// is not let through.
#[tokio::test]
async fn a_throttle_hit_whose_answer_is_lost_is_not_asked_again() {
    let database = OwnDatabase::new().await;
    let proxy = Proxy::to(&database.of().address()).await;
    let settings = PostgresSettings {
        options: database.of().url_by(proxy.address()).parse().unwrap(),
        max_connections: 1,
        statement_timeout: Duration::from_secs(3),
    };
    let metrics = DatabaseMetrics::new(&Meter::new().unwrap()).unwrap();
    let store = Store::Postgres(
        Postgres::open(&settings, Clock::shifted(), metrics.clone()).await.unwrap(),
    );
    let hit = async || {
        let hit = ThrottleHit { key: b"key".to_vec(), most: 10, window_seconds: 60 };
        store.throttle_hit(&[hit]).await
    };
    let nothing_is_on_its_way = async || {
        store.measure();
        let used = |pool| metrics.connections.with_label_values(&[pool, "used"]).get();
        (used("requests") + used("background") == 0).then_some(())
    };
    for _ in 0..3 {
        assert_eq!(hit().await.unwrap(), None);
        eventually("a connection that waits for a question", nothing_is_on_its_way).await;
        proxy.cut_after(Sender::Server, 1);
        let lost = hit().await;
        assert!(matches!(lost, Err(StoreError::OutcomeUnknown(_))), "{lost:?}");
        assert!(!proxy.is_about_to_cut());
    }
    let counted: i64 = sqlx::query_scalar("SELECT hits FROM auth.throttles")
        .fetch_one(&mut database.connection().await)
        .await
        .unwrap();
    assert!((3..=6).contains(&counted), "of 6 hits 3 were answered: {counted}");
    store.close().await;
}
