//! Hashes of passwords as they are stored: which of them can be verified.

use argon2::Params;
use argon2::password_hash::phc::PasswordHash;

/// The highest cost of a bcrypt hash that is verified: about a quarter of a second of a core.
/// Everybody's failed logins cost as much as the dearest hash that is stored, so a dearer one would
/// be a means to keep everybody out.
pub const MAX_BCRYPT_COST: u32 = 12;

/// The most memory of an argon2id hash that is taken over, in KiB: each hash thread would keep so
/// much.
const MAX_MEMORY_KIB: u32 = 256 * 1024;
/// The most memory and iterations multiplied, in KiB: about half a second of a core.
const MAX_WORK_KIB: u32 = 512 * 1024;

/// A hash that a password can be verified against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredHash {
    /// bcrypt (`$2a$`, `$2b$`, `$2y$`), of the old service.
    Bcrypt {
        /// Each is twice the work of the one before.
        cost: u32,
    },
    /// argon2id, as a PHC string.
    Argon2id,
}

impl StoredHash {
    /// What this text is a hash of; none for what cannot be verified.
    pub fn of(text: &str) -> Option<Self> {
        if Self::looks_like_bcrypt(text) { Self::bcrypt(text) } else { Self::argon2id(text) }
    }

    /// Whether it claims to be bcrypt's.
    pub(super) fn looks_like_bcrypt(text: &str) -> bool {
        text.starts_with("$2")
    }

    fn bcrypt(text: &str) -> Option<Self> {
        let known = ["$2a$", "$2b$", "$2y$"].iter().any(|version| text.starts_with(version));
        let cost = text.parse::<bcrypt::HashParts>().ok().filter(|_| known)?.get_cost();
        (4..=MAX_BCRYPT_COST).contains(&cost).then_some(Self::Bcrypt { cost })
    }

    fn argon2id(text: &str) -> Option<Self> {
        let hash = PasswordHash::new(text).ok()?;
        let params = Params::try_from(&hash).ok()?;
        let known = hash.algorithm == argon2::ARGON2ID_IDENT
            && hash.version == Some(argon2::Version::V0x13.into());
        let whole = hash.salt.is_some() && hash.hash.is_some();
        let bounded = params.m_cost() <= MAX_MEMORY_KIB
            && params.m_cost().saturating_mul(params.t_cost()) <= MAX_WORK_KIB;
        (known && whole && bounded).then_some(Self::Argon2id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_verified_is_told_from_what_cannot() {
        let rest = "Ci9l6kjaSd1dzkT.dYvK1ODr4dwTcotKPk2iFaAJbKgkCiSeMVu5m";
        for (version, cost) in [("2a", 10), ("2b", 4), ("2y", 12)] {
            assert_eq!(
                StoredHash::of(&format!("${version}${cost:02}${rest}")),
                Some(StoredHash::Bcrypt { cost })
            );
        }
        let argon2 = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        assert_eq!(StoredHash::of(argon2), Some(StoredHash::Argon2id));
        let wrong = [
            String::new(),
            "secret".to_owned(),
            format!("$2x$10${rest}"),
            format!("$2a$03${rest}"),
            format!("$2a$13${rest}"),
            format!("$2a$10${}", &rest[1..]),
            format!("$2a$10${rest} "),
            argon2.replace("argon2id", "argon2i"),
            argon2.replace("v=19", "v=16"),
            argon2.replace("m=19456", "m=262145"),
            argon2.replace("t=2", "t=27"),
            argon2.rsplit_once('$').unwrap().0.to_owned(),
            "$1$salt$qJH7.N4xYta3aEG/dfqo/0".to_owned(),
        ];
        for text in wrong {
            assert_eq!(
                StoredHash::of(&text),
                None,
                "{text:?} was taken for a hash that can be verified"
            );
        }
    }
}
