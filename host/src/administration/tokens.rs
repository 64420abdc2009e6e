//! Tokens of the admin API: `aht1_<name>_<32 random bytes>`. The database keeps a hash of the
//! random part together with the name; the token itself is told once.

use std::path::Path;
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use zeroize::Zeroizing;

use crate::clock::milliseconds;
use crate::store::Store;
use crate::store::registry::{AdminToken, NewAdminToken, RegistryError, Role};
use crate::{keys, whole_file};

/// What every token begins with: scanners of secrets know it by that.
const PREFIX: &str = "aht1_";
/// Bytes of the random part.
const RANDOM: usize = 32;
/// The most characters of a name.
const MOST_NAME: usize = 48;
/// Who makes the token of `ENV=local`. Elsewhere such a token is not taken.
pub const LOCAL: &str = "ENV=local";
/// How long that one is good for: each new data folder on a shared database leaves one there.
const LOCAL_LIFETIME: Duration = Duration::from_hours(90 * 24);
/// A local token with less than that left at a start is made anew.
const LOCAL_LEAST: Duration = Duration::from_hours(60 * 24);

/// A token that was just made.
pub struct NewToken {
    /// Told once, and kept nowhere.
    pub token: Zeroizing<String>,
    /// What is kept of it.
    pub kept: AdminToken,
}

/// Why no token was made.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    #[error(
        "{0:?} is no name for a token: at most 48 of a-z, 0-9, - and ., beginning with a letter"
    )]
    Name(String),
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

/// What somebody presents as a token.
pub(super) struct Presented {
    pub(super) name: String,
    hash: Vec<u8>,
}

impl Presented {
    /// None if it has not the form of one.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (name, random) = text.strip_prefix(PREFIX)?.split_once('_')?;
        if !is_name(name) {
            return None;
        }
        let mut bytes = Zeroizing::new([0; RANDOM]);
        let length = BASE64.decode_slice(random, bytes.as_mut_slice()).ok()?;
        (length == RANDOM).then(|| Self { name: name.to_owned(), hash: hash(name, &*bytes) })
    }

    /// Whether it is the one that is kept.
    pub(super) fn is(&self, kept: &AdminToken) -> bool {
        self.name == kept.name && verify_slices_are_equal(&self.hash, &kept.hash).is_ok()
    }
}

/// Makes a token. Whoever is told the text has its rights for that time.
pub async fn new_token(
    store: &Store,
    name: &str,
    role: Role,
    lifetime: Duration,
    created_by: &str,
) -> Result<NewToken, TokenError> {
    if !is_name(name) {
        return Err(TokenError::Name(name.chars().take(64).collect()));
    }
    let random = Zeroizing::new(keys::random::<RANDOM>());
    let token = Zeroizing::new(format!("{PREFIX}{name}_{}", &*encoded(&*random)));
    let kept = NewAdminToken {
        name: name.to_owned(),
        role,
        hash: hash(name, &*random),
        expires_at: store.clock().now().saturating_add(milliseconds(lifetime)),
        created_by: created_by.to_owned(),
    };
    Ok(NewToken { token, kept: store.admin_token_add(&kept).await? })
}

/// Sees to it that the file holds a token that is good: for `ENV=local`, where commands on the same
/// machine need no settings. One that is good stays as it is.
pub async fn keep_local_token(store: &Store, file: &Path) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(file).map(Zeroizing::new).unwrap_or_default();
    if let Some(presented) = Presented::read(text.trim())
        && let Some(kept) = store.admin_token(&presented.name).await?
        && presented.is(&kept)
        && kept.revoked_at.is_none()
        && kept.expires_at > store.clock().now() + milliseconds(LOCAL_LEAST)
    {
        return Ok(());
    }
    // Names are never used again; another data folder may have one on the same database.
    let name = format!("local-{}", crate::hex::encode(&keys::random::<4>()));
    let new = new_token(store, &name, Role::Operate, LOCAL_LIFETIME, LOCAL).await?;
    whole_file::write(file, new.token.as_bytes())?;
    Ok(())
}

fn encoded(random: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(BASE64.encode(random))
}

fn is_name(name: &str) -> bool {
    let is_in = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.');
    name.len() <= MOST_NAME
        && name.bytes().next().is_some_and(|first| first.is_ascii_lowercase())
        && name.bytes().all(is_in)
}

/// It has 256 random bits: a slow hash would add nothing.
fn hash(name: &str, random: &[u8]) -> Vec<u8> {
    let input =
        Zeroizing::new([b"auth-host admin token 1\0", name.as_bytes(), b"\0", random].concat());
    digest(&SHA256, &input).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(name: &str, random: &[u8]) -> AdminToken {
        AdminToken {
            name: name.into(),
            role: Role::Look,
            hash: hash(name, random),
            created_at: 0,
            created_by: String::new(),
            expires_at: 1,
            revoked_at: None,
            used_at: None,
        }
    }

    fn text(name: &str, random: &[u8]) -> String {
        format!("{PREFIX}{name}_{}", BASE64.encode(random))
    }

    #[test]
    fn a_token_is_itself_and_no_other() {
        let random = [0xff; RANDOM];
        // Its random part may hold the character that parts it from the name.
        assert!(text("ann", &random).matches('_').count() > 2);
        let presented = Presented::read(&text("ann", &random)).unwrap();
        assert!(presented.is(&kept("ann", &random)));
        assert!(!presented.is(&kept("ann", &[0xfe; RANDOM])));
        assert!(!presented.is(&kept("bob", &random)));
    }

    #[test]
    fn rubbish_is_no_token() {
        let good = text("ann", &[7; RANDOM]);
        for wrong in [
            "",
            "aht1_",
            "aht1_ann",
            "aht1__x",
            &good[1..],
            &good[..good.len() - 1],
            &format!("{good}A"),
            &good.replace("ann", "Ann"),
            &good.replace("ann", ""),
            &good.replace("ann", &"a".repeat(49)),
        ] {
            assert!(Presented::read(wrong).is_none(), "{wrong}");
        }
    }
}
