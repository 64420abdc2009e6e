//! What a register or login request holds, and what of it a policy gets to see.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::question::Question;
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
    /// The address that they are about, in its canonical form if it has one.
    pub(super) fn address(&self) -> Address {
        let canonical = email::canonical(&self.email);
        let spelling = cut_bytes(self.email.trim(), email::MAX_BYTES);
        Address {
            is_valid: canonical.is_some(),
            email: canonical.unwrap_or_else(|| spelling.clone()),
            spelling,
        }
    }

    /// Members that the manifest does not declare do not reach the policy; those that a candidate
    /// declares reach its shadow.
    pub(super) fn attempt(self, address: Address, question: &Question) -> Attempt {
        let Address { is_valid, email, spelling } = address;
        if let Some(following) = &question.following {
            following.is_told(declared(&self.members, following.manifest()));
        }
        Attempt {
            email_valid: is_valid,
            email,
            spelling,
            members: declared(&self.members, &question.generation.identity.manifest),
            password: Some(self.password),
            ..Attempt::default()
        }
    }
}

/// The members that reach a policy with this manifest.
fn declared(members: &Map<String, Value>, manifest: &Manifest) -> BTreeMap<String, Value> {
    let is_declared = |name: &str| manifest.declares(name) && !matches!(name, "email" | "password");
    let declared = members.iter().filter(|(name, _)| is_declared(name));
    declared.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// An address as it was given, and as it is looked up.
pub(super) struct Address {
    /// Whether there is a canonical form.
    pub(super) is_valid: bool,
    pub(super) email: String,
    pub(super) spelling: String,
}

fn cut_bytes(text: &str, most: usize) -> String {
    text.chars()
        .scan(0, |bytes, c| {
            *bytes += c.len_utf8();
            (*bytes <= most).then_some(c)
        })
        .collect()
}
