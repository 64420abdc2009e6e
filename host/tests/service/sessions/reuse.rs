//! A replaced token that comes back after its window counts as stolen.

use std::time::Duration;

use crate::support::TestService;

async fn reuse_events(service: &TestService) -> Vec<serde_json::Value> {
    service
        .events()
        .await
        .into_iter()
        .filter(|event| event["type"] == "session.reuse_detected")
        .collect()
}

#[tokio::test]
async fn reuse_after_the_window_revokes_the_family_with_one_event() {
    let service = TestService::start().await;
    let (person, first) = service.newcomer("leo").await;
    let other_session = service.login(&person).await.tokens();
    let second = service.refresh(&first.refresh).await.tokens();
    service.later(Duration::from_secs(11)).await;
    service.refresh(&first.refresh).await.refused(401, "invalid_token");
    // Thief and owner are both out, whatever they try; it is told once.
    for token in [&second.refresh, &first.refresh, &second.refresh, &first.refresh] {
        service.refresh(token).await.refused(401, "invalid_token");
    }
    let events = reuse_events(&service).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["body"]["user_id"], first.user_id);
    assert!(events[0]["body"]["session_id"].is_string());
    assert_eq!(service.count("auth_refresh_reuse_detected_total", &[]).await, 1);
    // Another session of the same account lives, and the owner can log in.
    service.refresh(&other_session.refresh).await.tokens();
    service.login(&person).await.tokens();
    service.stop().await;
}

#[tokio::test]
async fn reuse_is_found_also_generations_later() {
    let service = TestService::start().await;
    let (_, first) = service.newcomer("leo").await;
    let mut tokens = first.clone();
    for _ in 0..5 {
        tokens = service.refresh(&tokens.refresh).await.tokens();
    }
    service.later(Duration::from_secs(11)).await;
    service.refresh(&first.refresh).await.refused(401, "invalid_token");
    service.refresh(&tokens.refresh).await.refused(401, "invalid_token");
    assert_eq!(reuse_events(&service).await.len(), 1);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_reuses_at_once_are_one_event() {
    let service = TestService::start().await;
    let (_, first) = service.newcomer("leo").await;
    service.refresh(&first.refresh).await.tokens();
    service.later(Duration::from_secs(11)).await;
    let body = serde_json::json!({ "refresh_token": first.refresh });
    let requests: Vec<_> = (0..10)
        .map(|_| tokio::spawn(service.request("POST", "/auth/refresh").json(&body).send()))
        .collect();
    for request in requests {
        assert_eq!(request.await.unwrap().unwrap().status(), 401);
    }
    assert_eq!(reuse_events(&service).await.len(), 1);
    service.stop().await;
}

#[tokio::test]
async fn without_a_window_every_repeat_is_a_reuse() {
    let service = TestService::with().setting("AUTH_REFRESH_GRACE_PERIOD", "0").start().await;
    let (_, first) = service.newcomer("leo").await;
    let second = service.refresh(&first.refresh).await.tokens();
    service.refresh(&first.refresh).await.refused(401, "invalid_token");
    service.refresh(&second.refresh).await.refused(401, "invalid_token");
    assert_eq!(reuse_events(&service).await.len(), 1);
    service.stop().await;
}
