//! Two whole services on one PostgreSQL: whichever a client asks, it is one service.

use std::time::{Duration, Instant};

use auth_host::clock::Clock;
use auth_host::contract::Slot;
use serde_json::{Value, json};

use crate::support::{Person, TestService, in_time, secret_text};

/// A service, and another on its database. They go by one clock, as replicas go by their
/// database's.
async fn two() -> [TestService; 2] {
    // Twenty registrations of one address are more than the default policy takes.
    let limits = json!({ "attempts-per-email": 100 });
    let with = || TestService::with().policy_settings(Slot::Register, &limits);
    let first = with().on_postgres().start().await;
    let second = with()
        .on_database(first.database().unwrap().url())
        .clock(first.clock.clone())
        .start()
        .await;
    [first, second]
}

async fn stop([first, second]: [TestService; 2]) {
    second.stop().await;
    first.stop().await;
}

/// Statuses and bodies of the same question, asked so many times at once, of one service after the
/// other.
async fn at_once(
    services: &[TestService; 2],
    times: usize,
    path: &str,
    bodies: impl Fn(usize) -> Value,
) -> Vec<(u16, String)> {
    let requests: Vec<_> = (0..times)
        .map(|number| {
            tokio::spawn(services[number % 2].request("POST", path).json(&bodies(number)).send())
        })
        .collect();
    let mut answers = Vec::new();
    for request in requests {
        let answer = in_time("an answer", request).await.unwrap().unwrap();
        answers.push((answer.status().as_u16(), answer.text().await.unwrap()));
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_twenty_registrations_of_one_address_one_succeeds() {
    let services = two().await;
    let person = Person::new("leo");
    let forms: Vec<_> =
        (0..20).map(|_| Person { password: secret_text(), ..person.clone() }).collect();
    let answers = at_once(&services, 20, "/auth/register", |number| forms[number].form()).await;
    let mut statuses: Vec<_> = answers.iter().map(|(status, _)| *status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [vec![200], vec![409; 19]].concat());
    let winner = answers.iter().position(|(status, _)| *status == 200).unwrap();
    for service in &services {
        service.login(&forms[winner]).await.tokens();
    }
    // Whichever relay was first published it.
    assert_eq!(services[0].events().await.len() + services[1].events().await.len(), 1);
    stop(services).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_refreshes_of_one_token_get_one_answer() {
    let services = two().await;
    let (_, mut tokens) = services[0].newcomer("leo").await;
    for _ in 0..5 {
        let answers =
            at_once(&services, 20, "/auth/refresh", |_| json!({ "refresh_token": tokens.refresh }))
                .await;
        for answer in &answers {
            assert_eq!(*answer, answers[0]);
            assert_eq!(answer.0, 200, "{}", answer.1);
        }
        let body: Value = serde_json::from_str(&answers[0].1).unwrap();
        body["refresh_token"].as_str().unwrap().clone_into(&mut tokens.refresh);
    }
    assert_eq!(
        services[0].events().await.len() + services[1].events().await.len(),
        1,
        "nothing of this is a theft"
    );
    stop(services).await;
}

#[tokio::test]
async fn what_one_opened_the_other_refreshes_and_revokes() {
    let services = two().await;
    let (person, first) = services[0].newcomer("leo").await;
    let second = services[1].refresh(&first.refresh).await.tokens();
    assert_eq!(
        services[0].refresh(&first.refresh).await.tokens(),
        second,
        "the answer of the window"
    );
    let third = services[0].refresh(&second.refresh).await.tokens();
    assert_eq!(services[1].login(&person).await.tokens().user_id, first.user_id);
    services[0].later(Duration::from_secs(11)).await;
    services[1].refresh(&second.refresh).await.refused(401, "invalid_token");
    services[0].refresh(&third.refresh).await.refused(401, "invalid_token");
    stop(services).await;
}

#[tokio::test]
async fn attempts_at_both_count_together() {
    let services = two().await;
    let (person, _) = services[0].newcomer("leo").await;
    for attempt in 0..10 {
        services[attempt % 2]
            .login_with_wrong_password(&person)
            .await
            .refused(401, "invalid_credentials");
    }
    for service in &services {
        service.login(&person).await.refused(429, "throttled");
    }
    services[0].later(Duration::from_secs(301)).await;
    services[1].login(&person).await.tokens();
    stop(services).await;
}

#[tokio::test]
async fn the_master_secret_that_one_made_is_the_others_too() {
    let first = TestService::with()
        .on_postgres()
        .setting("AUTH_MASTER_SECRET", "")
        .own_cache()
        .start()
        .await;
    let second = TestService::with()
        .on_database(first.database().unwrap().url())
        .setting("AUTH_MASTER_SECRET", "")
        .own_cache();
    let second = second.start().await;
    let (_, tokens) = first.newcomer("leo").await;
    second.refresh(&tokens.refresh).await.tokens();
    stop([first, second]).await;
}

#[tokio::test]
async fn the_clock_follows_the_databases() {
    // What a machine would say whose clock is an hour fast.
    let clock = Clock::database();
    let an_hour_fast = |clock: &Clock| clock.set(clock.now() + 3_600_000, Instant::now());
    an_hour_fast(&clock);
    let service = TestService::with().on_postgres().clock(clock.clone()).start().await;
    let mut connection = service.database().unwrap().connection().await;
    let mut error = async || {
        let question = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
        let time: i64 = sqlx::query_scalar(question).fetch_one(&mut connection).await.unwrap();
        (clock.now() - time).abs()
    };
    assert!(error().await < 60_000, "it is not set at the start");
    an_hour_fast(&clock);
    service.app().cleaner.clean_once().await.unwrap();
    assert!(error().await < 60_000, "it is not set again");
    service.stop().await;
    // Outside of tests it is the default.
    let service = TestService::with().on_postgres().clock(Clock::System).start().await;
    assert!(matches!(service.app().services.clock, Clock::Database(_)));
    service.stop().await;
}
