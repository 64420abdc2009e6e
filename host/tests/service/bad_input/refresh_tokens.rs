//! What is sent in place of a refresh token.

use auth_host::clock::Clock;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::support::{JWT_SECRET, TestService, Tokens};

/// Tokens that somebody might try who holds a good pair.
fn attempts(tokens: &Tokens) -> Vec<(&'static str, String)> {
    let refresh = &tokens.refresh;
    let seconds = Clock::System.now() / 1000;
    let claims = |kind: &str, expires: i64| json!({ "sub": tokens.user_id.to_string(), "type": kind, "exp": expires });
    let sign = |algorithm, claims: &Value, secret: &str| {
        jsonwebtoken::encode(
            &Header::new(algorithm),
            claims,
            &EncodingKey::from_secret(secret.as_bytes()),
        )
        .unwrap()
    };
    let good = claims("refresh", seconds + 3600);
    let unsigned = |header: Value| {
        format!(
            "{}.{}.",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(good.to_string())
        )
    };
    let flipped = |position: usize| {
        let mut bytes = refresh.clone().into_bytes();
        bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).unwrap()
    };
    vec![
        ("empty", String::new()),
        ("not a token", "not-a-token".to_owned()),
        ("the access token", tokens.access.clone()),
        ("truncated by one", refresh[..refresh.len() - 1].to_owned()),
        ("truncated to its prefix", refresh[..4].to_owned()),
        ("truncated to the half", refresh[..refresh.len() / 2].to_owned()),
        ("with one more letter", format!("{refresh}A")),
        ("with padding", format!("{refresh}==")),
        ("with a space", format!(" {refresh}")),
        ("with a line feed", format!("{refresh}\n")),
        ("twice", format!("{refresh}{refresh}")),
        ("in other letter case", refresh.to_uppercase()),
        ("without its prefix", refresh[4..].to_owned()),
        ("changed at the front", flipped(5)),
        ("changed in the middle", flipped(refresh.len() / 2)),
        ("changed at the end", flipped(refresh.len() - 3)),
        ("alg none", unsigned(json!({ "alg": "none", "typ": "JWT" }))),
        ("alg None", unsigned(json!({ "alg": "None" }))),
        ("a refresh JWT with our secret", sign(Algorithm::HS256, &good, JWT_SECRET)),
        (
            "a refresh JWT, expired",
            sign(Algorithm::HS256, &claims("refresh", seconds - 3600), JWT_SECRET),
        ),
        ("a refresh JWT with another algorithm", sign(Algorithm::HS512, &good, JWT_SECRET)),
        (
            "a refresh JWT with another secret",
            sign(Algorithm::HS256, &good, "another secret of at least thirty-two bytes"),
        ),
        ("an access JWT", sign(Algorithm::HS256, &claims("access", seconds + 3600), JWT_SECRET)),
        ("60,000 letters", "A".repeat(60_000)),
        ("Unicode", "токен 🎫".to_owned()),
        ("SQL", "' OR 1=1 --".to_owned()),
    ]
}

#[tokio::test]
async fn what_is_no_refresh_token_of_ours_gets_401_and_leaves_the_session_alone() {
    let service = TestService::start().await;
    let (_, tokens) = service.newcomer("leo").await;
    for (what, token) in attempts(&tokens) {
        let answer = service.refresh(&token).await;
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (401, Some("invalid_token")),
            "{what}"
        );
        assert_eq!(
            answer.refused(401, "invalid_token").json()["error"],
            "invalid or expired refresh token",
            "{what}"
        );
    }
    service.refresh(&tokens.refresh).await.tokens();
    assert_eq!(service.events().await.len(), 1, "only user.created");
    service.stop().await;
}

#[tokio::test]
async fn a_token_of_another_service_or_of_another_master_secret_is_refused() {
    let one = TestService::start().await;
    let same_secret = TestService::start().await;
    let other_secret = TestService::with()
        .setting("AUTH_MASTER_SECRET", "a master secret that the others do not have")
        .start()
        .await;
    let (_, tokens) = one.newcomer("leo").await;
    for service in [&same_secret, &other_secret] {
        service.newcomer("leo").await;
        service.refresh(&tokens.refresh).await.refused(401, "invalid_token");
    }
    for service in [one, same_secret, other_secret] {
        service.stop().await;
    }
}

#[tokio::test]
async fn a_refresh_without_its_member_or_with_another_type_is_refused() {
    let service = TestService::start().await;
    let (_, tokens) = service.newcomer("leo").await;
    for (body, code) in [
        (json!({}), "missing_field"),
        (json!({ "refreshToken": tokens.refresh }), "missing_field"),
        (json!({ "refresh_token": null }), "wrong_type"),
        (json!({ "refresh_token": 7 }), "wrong_type"),
        (json!({ "refresh_token": [tokens.refresh] }), "wrong_type"),
        (json!({ "refresh_token": { "token": tokens.refresh } }), "wrong_type"),
    ] {
        let answer = service.post("/auth/refresh", body.to_string()).await;
        assert_eq!(
            answer.refused(400, code).fields(),
            [("refresh_token".to_owned(), code.to_owned())]
        );
    }
    service.refresh(&tokens.refresh).await.tokens();
    service.stop().await;
}
