//! Access tokens as the gateway checks them; refresh tokens as something that it passes on.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::Value;

use crate::support::{JWT_SECRET, TestService, Tokens};

/// Any HMAC algorithm with the shared secret, `exp` in the future: the gateway's check.
fn gateway_accepts(token: &str, secret: &str) -> Option<Value> {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.algorithms = vec![Algorithm::HS256, Algorithm::HS384, Algorithm::HS512];
    validation.leeway = 0;
    validation.set_required_spec_claims(&["exp", "sub"]);
    let key = DecodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::decode::<Value>(token, &key, &validation).ok().map(|decoded| decoded.claims)
}

fn assert_access_token(tokens: &Tokens, lifetime: i64) {
    let header = URL_SAFE_NO_PAD.decode(tokens.access.split('.').next().unwrap()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&header).unwrap()["alg"], "HS256");
    let claims =
        gateway_accepts(&tokens.access, JWT_SECRET).expect("the gateway turns the token away");
    assert_eq!(claims["type"], "access");
    assert_eq!(claims["sub"], tokens.user_id.to_string(), "sub must be a string of digits");
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), lifetime);
    assert!(
        gateway_accepts(&tokens.access, "another secret of at least thirty-two bytes").is_none()
    );
}

#[tokio::test]
async fn the_gateway_accepts_the_access_tokens_of_all_three_endpoints_for_thirty_minutes() {
    let service = TestService::start().await;
    let (person, registered) = service.newcomer("leo").await;
    let logged_in = service.login(&person).await.tokens();
    let refreshed = service.refresh(&registered.refresh).await.tokens();
    for tokens in [registered, logged_in, refreshed] {
        assert_access_token(&tokens, 30 * 60);
    }
    service.stop().await;
}

#[tokio::test]
async fn the_lifetime_of_access_tokens_is_a_setting() {
    let service = TestService::with().setting("AUTH_ACCESS_TOKEN_TTL", "90s").start().await;
    let (_, tokens) = service.newcomer("leo").await;
    assert_access_token(&tokens, 90);
    service.stop().await;
}

#[tokio::test]
async fn refresh_tokens_are_opaque_and_never_the_same() {
    let service = TestService::start().await;
    let (person, registered) = service.newcomer("leo").await;
    let logged_in = service.login(&person).await.tokens();
    let refreshed = service.refresh(&logged_in.refresh).await.tokens();
    let tokens = [registered.refresh, logged_in.refresh, refreshed.refresh];
    for (position, token) in tokens.iter().enumerate() {
        assert!(
            gateway_accepts(token, JWT_SECRET).is_none(),
            "a refresh token must not pass for an access token"
        );
        assert!(!token.contains('.'), "{token} looks like a JWT");
        assert!(tokens.iter().skip(position + 1).all(|other| other != token));
    }
    service.stop().await;
}

#[tokio::test]
async fn an_access_token_never_outlives_its_session() {
    let service = TestService::with().setting("AUTH_SESSION_MAX_LIFETIME", "60s").start().await;
    let (_, tokens) = service.newcomer("leo").await;
    let claims = gateway_accepts(&tokens.access, JWT_SECRET).unwrap();
    assert!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap() <= 60);
    service.stop().await;
}
