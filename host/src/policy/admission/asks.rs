//! What a component imports, beside what its manifest asks for. An import is a grant: what is
//! imported is asked for by name, and what is asked for is used.

use crate::contract::grants::imported;
use crate::contract::{Grants, Item, Manifest};

/// The one function that asks an origin.
const SEND: (&str, &str) = ("http", "send");
/// The one function that reads a secret.
const SECRET: (&str, &str) = ("settings", "secret");

/// What differs between a component's imports and its manifest's `asks`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AsksFault {
    /// Whoever grants would not know of it.
    #[error("it imports {names}, which its manifest does not ask for in `asks.interfaces`")]
    Imports {
        /// All such functions, without versions: `auth:policy/storage#get`.
        names: String,
    },
    /// More is asked for than it can use.
    #[error("its manifest asks for origins in `asks.http`, but it does not import http#send")]
    HttpUnused,
    /// More is asked for than it can use.
    #[error(
        "its manifest asks for secrets in `asks.secrets`, but it does not import settings#secret"
    )]
    SecretsUnused,
}

impl AsksFault {
    /// What to do about it, as a sentence for the policy's author.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Imports { .. } => {
                "Name these interfaces in `asks.interfaces` of the manifest and pack it again (an \
                 operator then grants them), or do without these functions."
            }
            Self::HttpUnused => {
                "Take `asks.http` out of the manifest, or ask these origins with http#send."
            }
            Self::SecretsUnused => {
                "Take `asks.secrets` out of the manifest, or read them with settings#secret."
            }
        }
    }
}

/// Compares what it imports with what its manifest asks for.
pub(super) fn check(manifest: &Manifest, imports: &[String]) -> Vec<AsksFault> {
    let mut faults = Vec::new();
    let used: Vec<_> = imports.iter().filter_map(|import| imported(import)).collect();
    if manifest.asks.interfaces.is_some() {
        let asked = Grants::asked(manifest, []);
        let is_asked = |interface: &str| {
            asked.items().any(|item| matches!(item, Item::Interface(name) if name == interface))
        };
        let names: Vec<String> = used
            .iter()
            .filter(|(interface, _)| !is_asked(interface))
            .map(|(interface, function)| format!("auth:policy/{interface}#{function}"))
            .collect();
        if !names.is_empty() {
            faults.push(AsksFault::Imports { names: names.join(", ") });
        }
    }
    if !manifest.asks.http.is_empty() && !used.contains(&SEND) {
        faults.push(AsksFault::HttpUnused);
    }
    if !manifest.asks.secrets.is_empty() && !used.contains(&SECRET) {
        faults.push(AsksFault::SecretsUnused);
    }
    faults
}
