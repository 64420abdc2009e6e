//! Keys: one secret in, one key for each use out (HKDF-SHA256, RFC 5869, a label each). No key has
//! two uses, and none of them depends on the secret that the gateway shares.

use aws_lc_rs::{hkdf, hmac, rand};
use zeroize::Zeroizing;

/// The keys that are derived from the master secret.
pub struct Keys {
    /// Names the master secret without giving it away: the first bytes of every refresh token.
    pub id: [u8; 4],
    /// The checksum of refresh tokens: rubbish is turned away without a question to the database.
    pub refresh_checksum: hmac::Key,
    /// The look-up value of a refresh token: all that the database knows of it.
    pub refresh_lookup: hmac::Key,
    /// What stands for a refresh token of the old service.
    pub refresh_legacy: hmac::Key,
    /// Seals the stored answers of the grace window, together with the token itself.
    pub answers: Zeroizing<[u8; 32]>,
    /// The keys of throttle rows.
    pub throttle: hmac::Key,
    /// Authenticates the cache of compiled policies.
    pub policy_cache: hmac::Key,
    /// Names people whose calls a policy spoiled: replicas tell each other how many they are.
    pub policy_health: hmac::Key,
    /// Says which people a candidate decides about: on all replicas the same, and nobody can work
    /// it out without the key.
    pub policy_share: hmac::Key,
}

impl Keys {
    /// Derives the keys; the secret has at least 32 bytes.
    pub fn derive(master_secret: &[u8]) -> Self {
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, b"auth-host/1").extract(master_secret);
        let key = |label: &str| hmac::Key::new(hmac::HMAC_SHA256, &*expand(&root, label));
        let id_bytes = expand(&root, "key-id");
        Self {
            id: [id_bytes[0], id_bytes[1], id_bytes[2], id_bytes[3]],
            refresh_checksum: key("refresh-checksum"),
            refresh_lookup: key("refresh-lookup"),
            refresh_legacy: key("refresh-legacy"),
            answers: expand(&root, "refresh-answers"),
            throttle: key("throttle"),
            policy_cache: key("policy-cache"),
            policy_health: key("policy-health"),
            policy_share: key("policy-share"),
        }
    }
}

fn expand(root: &hkdf::Prk, label: &str) -> Zeroizing<[u8; 32]> {
    let mut out = Zeroizing::new([0; 32]);
    // HKDF-Expand fails only for outputs of more than 255 blocks (RFC 5869, section 2.3).
    root.expand(&[label.as_bytes()], hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut *out))
        .expect("32 bytes are within HKDF's bound");
    out
}

/// Random bytes, fit for secrets.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill_random(&mut bytes);
    bytes
}

/// Fills a slice with random bytes, fit for secrets.
///
/// # Panics
/// If the operating system gives no randomness: nothing safe can be done then.
pub fn fill_random(bytes: &mut [u8]) {
    rand::fill(bytes).expect("the operating system gives randomness");
}
