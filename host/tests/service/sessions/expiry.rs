//! Tokens and sessions end by time.

use std::time::Duration;

use crate::support::TestService;

const HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn a_refresh_token_lives_for_a_week() {
    let service = TestService::start().await;
    let (person, early) = service.newcomer("leo").await;
    let late = service.login(&person).await.tokens();
    service.later(167 * HOUR).await;
    service.refresh(&early.refresh).await.tokens();
    service.later(HOUR).await;
    service.refresh(&late.refresh).await.refused(401, "invalid_token");
    assert_eq!(service.events().await.len(), 1, "an expired token is no reuse");
    service.stop().await;
}

#[tokio::test]
async fn each_refresh_gives_a_week_anew_until_the_session_is_too_old() {
    let service = TestService::start().await;
    let (_, mut tokens) = service.newcomer("leo").await;
    // 90 days in all: 15 times 144 hours.
    for _ in 0..14 {
        service.later(144 * HOUR).await;
        tokens = service.refresh(&tokens.refresh).await.tokens();
    }
    service.later(143 * HOUR).await;
    tokens = service.refresh(&tokens.refresh).await.tokens();
    service.later(HOUR).await;
    service.refresh(&tokens.refresh).await.refused(401, "invalid_token");
    service.stop().await;
}

#[tokio::test]
async fn lifetimes_are_settings() {
    let with = TestService::with()
        .setting("AUTH_REFRESH_TOKEN_TTL", "1h")
        .setting("AUTH_SESSION_MAX_LIFETIME", "1h30m");
    let service = with.start().await;
    let (person, first) = service.newcomer("leo").await;
    let other = service.login(&person).await.tokens();
    service.later(HOUR * 9 / 10).await;
    let second = service.refresh(&first.refresh).await.tokens();
    service.later(HOUR / 10).await;
    service.refresh(&other.refresh).await.refused(401, "invalid_token");
    service.later(HOUR / 2).await;
    service.refresh(&second.refresh).await.refused(401, "invalid_token");
    service.login(&person).await.tokens();
    service.stop().await;
}
