//! Refresh tokens: opaque to everybody else. Their checksum turns rubbish away without a question
//! to the database, which knows them by an HMAC.

use aws_lc_rs::{aead, hkdf, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroize;

use super::pair::TokenPair;
use crate::keys::{self, Keys};

const PREFIX: &str = "rt1_";
pub(super) const RANDOM: usize = 32;
const CHECKSUM: usize = 16;
const LENGTH: usize = 4 + RANDOM + CHECKSUM;

/// A refresh token that carries our checksum: `rt1_` and, in base64url, the id of the key, 256
/// random bits and a keyed checksum.
pub struct RefreshToken {
    pub(super) random: [u8; RANDOM],
}

impl Drop for RefreshToken {
    fn drop(&mut self) {
        self.random.zeroize();
    }
}

impl RefreshToken {
    pub fn generate() -> Self {
        Self { random: keys::random() }
    }

    /// The text that the client gets.
    pub fn encode(&self, keys: &Keys) -> String {
        let mut bytes = [0; LENGTH];
        bytes[..4].copy_from_slice(&keys.id);
        bytes[4..4 + RANDOM].copy_from_slice(&self.random);
        let checksum = hmac::sign(&keys.refresh_checksum, &bytes[..4 + RANDOM]);
        bytes[4 + RANDOM..].copy_from_slice(&checksum.as_ref()[..CHECKSUM]);
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads a token; none for anything that we did not make.
    pub fn decode(text: &str, keys: &Keys) -> Option<Self> {
        let mut bytes = [0; LENGTH];
        let written = URL_SAFE_NO_PAD.decode_slice(text.strip_prefix(PREFIX)?, &mut bytes).ok()?;
        if written != LENGTH || bytes[..4] != keys.id {
            return None;
        }
        let checksum = hmac::sign(&keys.refresh_checksum, &bytes[..4 + RANDOM]);
        aws_lc_rs::constant_time::verify_slices_are_equal(
            &checksum.as_ref()[..CHECKSUM],
            &bytes[4 + RANDOM..],
        )
        .ok()?;
        let mut random = [0; RANDOM];
        random.copy_from_slice(&bytes[4..4 + RANDOM]);
        Some(Self { random })
    }

    /// What the database knows the token by.
    pub fn lookup(&self, keys: &Keys) -> Vec<u8> {
        hmac::sign(&keys.refresh_lookup, &self.random).as_ref().to_vec()
    }

    /// Seals an answer so that only somebody who holds this token can read it (AES-256-GCM); `row`
    /// is bound to it.
    pub fn seal(&self, keys: &Keys, row: &str, answer: &TokenPair) -> Option<Vec<u8>> {
        let mut text = serde_json::to_vec(answer).ok()?;
        let nonce = keys::random::<12>();
        let key = self.answer_key(keys)?;
        let tag = key
            .seal_in_place_separate_tag(
                aead::Nonce::assume_unique_for_key(nonce),
                aead::Aad::from(row),
                &mut text,
            )
            .ok()?;
        Some([nonce.as_slice(), &text, tag.as_ref()].concat())
    }

    /// Opens what [`RefreshToken::seal`] made for the same row.
    pub fn open(&self, keys: &Keys, row: &str, sealed: &[u8]) -> Option<TokenPair> {
        let (nonce, text) = sealed.split_at_checked(12)?;
        let nonce = aead::Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = text.to_vec();
        let opened =
            self.answer_key(keys)?.open_in_place(nonce, aead::Aad::from(row), &mut text).ok()?;
        serde_json::from_slice(opened).ok()
    }

    fn answer_key(&self, keys: &Keys) -> Option<aead::LessSafeKey> {
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, &self.random).extract(&*keys.answers);
        let okm = root.expand(&[b"answer"], &aead::AES_256_GCM).ok()?;
        Some(aead::LessSafeKey::new(aead::UnboundKey::from(okm)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refresh_token_is_known_by_its_checksum() {
        let keys = Keys::derive(&[7; 32]);
        let token = RefreshToken::generate();
        let text = token.encode(&keys);
        let read = RefreshToken::decode(&text, &keys).expect("our own token");
        assert_eq!(read.lookup(&keys), token.lookup(&keys));
        let other = Keys::derive(&[8; 32]);
        assert!(
            RefreshToken::decode(&text, &other).is_none(),
            "another master secret's token was taken"
        );
        for position in PREFIX.len()..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[position] = if changed[position] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(RefreshToken::decode(&changed, &keys).is_none(), "{changed} was taken");
        }
    }

    #[test]
    fn an_answer_opens_with_its_own_token_and_row_only() {
        let keys = Keys::derive(&[7; 32]);
        let (token, other) = (RefreshToken::generate(), RefreshToken::generate());
        let answer = TokenPair { access_token: "a".into(), refresh_token: "r".into(), user_id: 1 };
        let sealed = token.seal(&keys, "row", &answer).unwrap();
        assert_eq!(token.open(&keys, "row", &sealed).map(|answer| answer.user_id), Some(1));
        assert!(token.open(&keys, "another row", &sealed).is_none());
        assert!(other.open(&keys, "row", &sealed).is_none());
    }
}
