//! Refusals: answers that the manifest declares, and that leave things as they were.

use auth_host::contract::Slot;

use crate::support::{TestService, policy};

#[tokio::test]
async fn a_refused_refresh_leaves_the_token_good() {
    let service = TestService::with().guest(Slot::Refresh, "refresh_refuses").start().await;
    let (_, tokens) = service.newcomer("leo").await;
    for _ in 0..3 {
        let answer = service.refresh(&tokens.refresh).await;
        assert_eq!(
            (answer.json()["code"].as_str(), answer.json()["error"].as_str()),
            (Some("not_now"), Some("not now"))
        );
        answer.refused(answer.status, "not_now");
        assert_ne!(answer.status, 200);
    }
    assert_eq!(service.count("auth_refresh_failed_total", &[("reason", "not_now")]).await, 3);
    service.swap(Slot::Refresh, &policy(Slot::Refresh)).await;
    service.refresh(&tokens.refresh).await.tokens();
    service.stop().await;
}

#[tokio::test]
async fn a_policys_refusals_are_counted_under_their_own_code() {
    let service = TestService::with().guest(Slot::Login, "writes_then_refuses").start().await;
    let (person, _) = service.newcomer("leo").await;
    let status = service.login(&person).await.status;
    assert_eq!(service.count("auth_logins_failed_total", &[("reason", "go_away")]).await, 1);
    let document = service.get("/api/auth/openapi.json").await.json();
    let responses = &document["paths"]["/api/auth/login"]["post"]["responses"];
    assert!(
        responses[status.to_string()]["description"]
            .as_str()
            .is_some_and(|text| text.contains("go_away")),
        "{responses}"
    );
    service.stop().await;
}
