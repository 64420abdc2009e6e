//! What a policy may do only so often: logs, metrics, the length of a session.

use auth_host::contract::Slot;
use std::time::Duration;

use super::stored;
use crate::support::{TestService, lines_with, policy};

#[tokio::test]
async fn log_lines_beyond_the_bound_are_dropped_and_counted() {
    let service = TestService::with().guest(Slot::Login, "log_flood").start().await;
    let (person, _) = service.newcomer("leo").await;
    let answer = service.login(&person).await;
    answer.tokens();
    let lines = lines_with(service.log_mark(), answer.header("x-request-id").unwrap());
    assert_eq!(lines.iter().filter(|line| line["message"] == "flood").count(), 32);
    assert_eq!(service.count("auth_policy_log_dropped_total", &[("slot", "login")]).await, 168);
    service.stop().await;
}

#[tokio::test]
async fn a_policys_own_metrics_are_exposed_and_bounded() {
    let service = TestService::with().guest(Slot::Login, "metrics_user").start().await;
    let (person, _) = service.newcomer("leo").await;
    for _ in 0..3 {
        service.login(&person).await.tokens();
    }
    let metrics = service.metrics().await;
    assert_eq!(
        metrics.sum("auth_policy_login_greetings_total", &[("kind", "login"), ("service", "auth")]),
        3
    );
    assert!(metrics.named("auth_policy_login_greetings_total").count() <= 100);
    service.stop().await;
}

#[tokio::test]
async fn no_use_of_metrics_spoils_a_scrape() {
    let service = TestService::with().guest(Slot::Login, "metrics_hostile").start().await;
    // A slot's names are its own: no series of the host begins like one of them.
    for slot in Slot::ALL {
        let prefix = format!("auth_policy_{slot}_");
        let metrics = service.metrics().await;
        assert!(metrics.iter().all(|series| !series.name.starts_with(&prefix)), "{prefix}");
    }
    let (person, _) = service.newcomer("leo").await;
    for logins in 1..=2 {
        service.login(&person).await.tokens();
        // It is read strictly, here and in every test.
        let metrics = service.metrics().await;
        let quoted = metrics.named("auth_policy_login_quoted_total").count();
        assert_eq!(quoted, 9, "a value of a label was lost");
        let kept = "auth_policy_login_spread_count";
        assert!(metrics.sum(kept, &[("kind", "a")]) > 0);
        assert_eq!(metrics.sum("auth_policy_login_full_total", &[]), logins);
        let never = metrics.named("auth_policy_login_never_total").count();
        assert_eq!(never, 0, "a series that counts against no bound");
    }
    let taken = stored(&service, Slot::Login, "taken").await.unwrap();
    let others: Vec<_> = taken.split(',').filter(|what| *what != "kept").collect();
    assert_eq!(others, ["full"], "taken, though it spoils a scrape");
    service.stop().await;
}

#[tokio::test]
async fn a_session_can_be_shortened_and_never_lengthened() {
    let service = TestService::with().guest(Slot::Refresh, "refresh_shortens").start().await;
    let (_, first) = service.newcomer("leo").await;
    let second = service.refresh(&first.refresh).await.tokens();
    service.later(Duration::from_secs(2)).await;
    service.refresh(&second.refresh).await.refused(401, "invalid_token");
    service.swap(Slot::Refresh, &policy(Slot::Refresh)).await;
    service.refresh(&second.refresh).await.refused(401, "invalid_token");
    assert_eq!(service.events().await.len(), 1, "only user.created");
    service.stop().await;
}
