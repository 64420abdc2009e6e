//! Each refresh replaces the token; for a short while the replaced one gets the same answer.

use std::time::Duration;

use auth_host::contract::Slot;

use crate::support::{TestService, Tokens, policy};

#[tokio::test]
async fn each_refresh_replaces_the_token() {
    let service = TestService::start().await;
    let (_, first) = service.newcomer("leo").await;
    let mut token = first.refresh;
    for _ in 0..5 {
        let next = service.refresh(&token).await.tokens();
        assert_ne!(next.refresh, token);
        assert_eq!(next.user_id, first.user_id);
        token = next.refresh;
    }
    service.stop().await;
}

#[tokio::test]
async fn a_replaced_token_gets_the_same_answer_within_the_window() {
    let service = TestService::start().await;
    let (_, first) = service.newcomer("leo").await;
    let answer = service.refresh(&first.refresh).await;
    service.later(Duration::from_secs(9)).await;
    assert_eq!(service.refresh(&first.refresh).await.text(), answer.text());
    assert_eq!(service.count("auth_refresh_repeats_total", &[]).await, 1);
    // The answer that was repeated is as good as the first one was.
    service.refresh(&answer.tokens().refresh).await.tokens();
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_refreshes_at_once_with_one_token_all_get_the_same_answer() {
    let service = TestService::start().await;
    let (_, mut tokens) = service.newcomer("leo").await;
    for _ in 0..10 {
        let body = serde_json::json!({ "refresh_token": tokens.refresh });
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
        // The page has been loaded; the next one uses the new token.
        let body: serde_json::Value = serde_json::from_str(&answers[0]).unwrap();
        body["refresh_token"].as_str().unwrap().clone_into(&mut tokens.refresh);
    }
    assert_eq!(service.events().await.len(), 1, "only user.created: nothing of this is a theft");
    service.stop().await;
}

#[tokio::test]
async fn once_the_successor_is_used_the_old_token_gets_a_plain_401_and_the_session_lives() {
    let service = TestService::start().await;
    let (_, first) = service.newcomer("leo").await;
    let second = service.refresh(&first.refresh).await.tokens();
    let third = service.refresh(&second.refresh).await.tokens();
    service.refresh(&first.refresh).await.refused(401, "invalid_token");
    service.refresh(&third.refresh).await.tokens();
    assert_eq!(service.events().await.len(), 1, "only user.created");
    service.stop().await;
}

#[tokio::test]
async fn repeats_are_bounded() {
    let service = TestService::start().await;
    let (_, first) = service.newcomer("leo").await;
    let second = service.refresh(&first.refresh).await.tokens();
    for _ in 0..100 {
        service.refresh(&first.refresh).await.tokens();
    }
    service.refresh(&first.refresh).await.refused(401, "invalid_token");
    service.refresh(&second.refresh).await.tokens();
    service.stop().await;
}

/// Replaces a session's token so often.
async fn rotate(service: &TestService, tokens: &mut Tokens, times: u32) {
    for _ in 0..times {
        *tokens = service.refresh(&tokens.refresh).await.tokens();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_refreshed_60_times_a_minute_and_a_burst_is_one_time() {
    let service = TestService::start().await;
    let (person, mut tokens) = service.newcomer("leo").await;
    let begun = std::time::Instant::now();
    rotate(&service, &mut tokens, 59).await;
    // The last one is a page that loads ten resources; none of them is logged out.
    let body = serde_json::json!({ "refresh_token": tokens.refresh });
    let requests: Vec<_> = (0..10)
        .map(|_| tokio::spawn(service.request("POST", "/auth/refresh").json(&body).send()))
        .collect();
    for request in requests {
        assert_eq!(request.await.unwrap().unwrap().status(), 200);
    }
    let last = service.refresh(&tokens.refresh).await.tokens();
    let answer = service.refresh(&last.refresh).await;
    let wait = answer.refused(429, "throttled").header("retry-after").unwrap().to_owned();
    let wait = Duration::from_secs(wait.parse().unwrap());
    assert!(wait > Duration::ZERO && wait <= Duration::from_mins(1), "{wait:?}");
    assert!(wait + begun.elapsed() >= Duration::from_secs(59), "{wait:?} is too short");
    assert_eq!(service.count("auth_refresh_throttled_total", &[]).await, 1);
    // Its repeats go on, and other sessions do.
    assert_eq!(service.refresh(&tokens.refresh).await.tokens(), last);
    let other = service.login(&person).await.tokens();
    service.refresh(&other.refresh).await.tokens();
    service.later(wait).await;
    service.refresh(&last.refresh).await.tokens();
    assert_eq!(service.events().await.len(), 1, "only user.created: nothing of this is a theft");
    service.stop().await;
}

#[tokio::test]
async fn how_often_a_session_is_refreshed_is_a_setting_and_a_refused_refresh_does_not_count() {
    let with = TestService::with().setting("AUTH_REFRESH_ROTATIONS_PER_MINUTE", "2");
    let service = with.guest(Slot::Refresh, "refresh_refuses").start().await;
    let (_, mut tokens) = service.newcomer("leo").await;
    for _ in 0..3 {
        assert_eq!(service.refresh(&tokens.refresh).await.json()["code"], "not_now");
    }
    service.swap(Slot::Refresh, &policy(Slot::Refresh)).await;
    rotate(&service, &mut tokens, 2).await;
    service.refresh(&tokens.refresh).await.refused(429, "throttled");
    service.stop().await;
}

#[tokio::test]
async fn sessions_of_one_account_do_not_concern_each_other() {
    let service = TestService::start().await;
    let (person, registered) = service.newcomer("leo").await;
    let phone = service.login(&person).await.tokens();
    let laptop = service.login(&person).await.tokens();
    for tokens in [registered, phone, laptop] {
        let next = service.refresh(&tokens.refresh).await.tokens();
        service.refresh(&next.refresh).await.tokens();
    }
    service.stop().await;
}
