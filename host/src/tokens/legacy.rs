//! Refresh tokens of the old service: JWTs that it signed with the gateway's secret and stored
//! nowhere. Until a set moment each is taken once.

use std::time::Duration;

use aws_lc_rs::hmac;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::Value;

use super::refresh::{RANDOM, RefreshToken};
use crate::clock::{Timestamp, milliseconds};
use crate::keys::Keys;

/// What no old token is longer than.
const MAX_BYTES: usize = 4096;

/// Reads refresh tokens of the old service.
pub struct LegacyTokens {
    key: DecodingKey,
    validation: Validation,
    until: Timestamp,
    most_ahead: i64,
}

/// A refresh token of the old service that is valid.
pub struct LegacyToken {
    /// The account that it was given to.
    pub user_id: i64,
    pub expires_at: Timestamp,
    /// What stands for it from now on: it follows from the old token, and from nothing that the
    /// gateway knows.
    pub token: RefreshToken,
}

#[derive(Deserialize)]
struct Claims {
    sub: Value,
    #[serde(rename = "type")]
    kind: String,
    exp: i64,
}

impl LegacyTokens {
    /// Takes tokens until then, with at most the lifetime that ours have, and a day.
    pub fn new(secret: &str, until: Timestamp, lifetime: Duration) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        // Checked below, by the clock that everything else goes by.
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        let most_ahead = milliseconds(lifetime + Duration::from_hours(24));
        Self { key: DecodingKey::from_secret(secret.as_bytes()), validation, until, most_ahead }
    }

    /// Reads one. None for whatever is not a valid refresh token of the old service, such as an
    /// access token.
    pub fn read(&self, text: &str, keys: &Keys, now: Timestamp) -> Option<LegacyToken> {
        if now >= self.until || text.len() > MAX_BYTES {
            return None;
        }
        let claims = jsonwebtoken::decode::<Claims>(text, &self.key, &self.validation).ok()?.claims;
        let expires_at = claims.exp.checked_mul(1000)?;
        if claims.kind != "refresh"
            || expires_at <= now
            || expires_at > now.saturating_add(self.most_ahead)
        {
            return None;
        }
        let user_id = match claims.sub {
            Value::String(text) => text.parse().ok().filter(|id: &i64| id.to_string() == text),
            Value::Number(number) => number.as_i64(),
            _ => None,
        };
        // Of what is signed: a signature may have more than one spelling.
        let (signed, _) = text.rsplit_once('.')?;
        let mut random = [0; RANDOM];
        random.copy_from_slice(hmac::sign(&keys.refresh_legacy, signed.as_bytes()).as_ref());
        Some(LegacyToken {
            user_id: user_id.filter(|id| *id > 0)?,
            expires_at,
            token: RefreshToken { random },
        })
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{EncodingKey, Header};
    use serde_json::json;

    use super::*;

    const SECRET: &str = "the secret that gateway-service shares with us";
    const NOW: Timestamp = 1_800_000_000_000 - 3_600_000;
    /// Made by github.com/golang-jwt/jwt: `sub` is "7".
    const OF_GO: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJleHAiOjE4MDAwMDAwMDAsInN1YiI6IjciLCJ0eXBlIjoicmVmcmVzaCJ9.\
                         cj8mhPP9FzAs3w9bJ7PMFX963zbth5gP5RjrNdQ5o6s";

    fn tokens() -> LegacyTokens {
        LegacyTokens::new(SECRET, NOW + 1000, Duration::from_hours(168))
    }

    fn signed(algorithm: Algorithm, secret: &str, claims: &Value) -> String {
        jsonwebtoken::encode(
            &Header::new(algorithm),
            claims,
            &EncodingKey::from_secret(secret.as_bytes()),
        )
        .unwrap()
    }

    #[test]
    fn a_token_of_the_old_service_is_read_until_the_changeover_is_over() {
        let keys = Keys::derive(&[7; 32]);
        let read = tokens().read(OF_GO, &keys, NOW).expect("a token of the old service");
        assert_eq!((read.user_id, read.expires_at), (7, 1_800_000_000_000));
        let again = tokens().read(OF_GO, &keys, NOW + 999).unwrap();
        assert_eq!(read.token.lookup(&keys), again.token.lookup(&keys));
        assert!(tokens().read(OF_GO, &keys, NOW + 1000).is_none());
        let with_a_number = signed(
            Algorithm::HS256,
            SECRET,
            &json!({ "sub": 7, "type": "refresh", "exp": 1_800_000_000 }),
        );
        assert_eq!(tokens().read(&with_a_number, &keys, NOW).unwrap().user_id, 7);
    }

    fn assert_refused(texts: impl IntoIterator<Item = String>) {
        let keys = Keys::derive(&[7; 32]);
        for text in texts {
            assert!(tokens().read(&text, &keys, NOW).is_none(), "{text} was taken");
        }
    }

    #[test]
    fn whatever_else_the_secret_signed_is_not_taken() {
        let keys = Keys::derive(&[7; 32]);
        let good = json!({ "sub": "7", "type": "refresh", "exp": 1_800_000_000 });
        let with = |member: &str, value: Value| {
            let mut claims = good.clone();
            claims[member] = value;
            signed(Algorithm::HS256, SECRET, &claims)
        };
        let without = |member: &str| {
            let mut claims = good.clone();
            claims.as_object_mut().unwrap().shift_remove(member);
            signed(Algorithm::HS256, SECRET, &claims)
        };
        let exp = |seconds: i64| with("exp", json!(NOW / 1000 + seconds));
        let taken = |text: &str| tokens().read(text, &keys, NOW).is_some();
        assert!(taken(&with("iat", json!(1))));
        assert!(taken(&exp(8 * 86_400)), "the lifetime of ours and a day");
        assert_refused([exp(0), exp(-1), exp(8 * 86_400 + 1)]);
        assert_refused([with("exp", json!("1800000000")), with("exp", json!(i64::MAX))]);
        assert_refused(["sub", "type", "exp"].map(without));
        assert_refused(["access", "Refresh", ""].map(|kind| with("type", json!(kind))));
        let subjects = ["0", "-7", "+7", "07", ""].map(|text| json!(text));
        assert_refused(subjects.map(|sub| with("sub", sub)));
        assert_refused([json!(7.5), json!([7]), json!(null)].map(|sub| with("sub", sub)));
        let algorithms = [Algorithm::HS384, Algorithm::HS512];
        assert_refused(algorithms.map(|algorithm| signed(algorithm, SECRET, &good)));
        let other_secret = "another secret of at least thirty-two bytes";
        assert_refused([signed(Algorithm::HS256, other_secret, &good)]);
    }

    #[test]
    fn a_token_whose_spelling_was_changed_is_not_taken() {
        let none = OF_GO.replacen(
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
            "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0",
            1,
        );
        let unsigned = |text: &str| text.rsplit_once('.').unwrap().0.to_owned();
        assert_refused([none.clone(), format!("{}.", unsigned(&none)), unsigned(OF_GO)]);
        // Another spelling of the same signature: the two bits that its last letter has to spare.
        assert_refused([format!("{}t", &OF_GO[..OF_GO.len() - 1])]);
        assert_refused([format!("{OF_GO}="), format!("{OF_GO} "), format!("{OF_GO}.x")]);
        assert_refused(["..".to_owned(), String::new(), "x".repeat(5000)]);
    }
}
