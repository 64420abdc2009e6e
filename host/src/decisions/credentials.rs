//! What a register or login request holds, and what of it a policy gets to see.

use serde_json::{Map, Value};

use crate::contract::{Attempt, Manifest};
use crate::email;
use crate::passwords::Password;

/// What a register or login request holds.
pub struct Credentials {
    pub email: String,
    /// Wiped when the request is answered.
    pub password: Password,
    pub members: Map<String, Value>,
}

impl Credentials {
    /// Members that the manifest does not declare do not reach the policy.
    pub(super) fn attempt(self, manifest: &Manifest) -> Attempt {
        let canonical = email::canonical(&self.email);
        let declared =
            |name: &str| manifest.declares(name) && !matches!(name, "email" | "password");
        let spelling = cut_bytes(self.email.trim(), email::MAX_BYTES);
        Attempt {
            email_valid: canonical.is_some(),
            email: canonical.unwrap_or_else(|| spelling.clone()),
            spelling,
            password: Some(self.password),
            members: self.members.into_iter().filter(|(name, _)| declared(name)).collect(),
            ..Attempt::default()
        }
    }
}

fn cut_bytes(text: &str, most: usize) -> String {
    text.chars()
        .scan(0, |bytes, c| {
            *bytes += c.len_utf8();
            (*bytes <= most).then_some(c)
        })
        .collect()
}
