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

/// What passes, and is hardly meant so.
pub(super) fn notes(manifest: &Manifest, imports: &[String]) -> Vec<String> {
    let imports = |function| imports.iter().any(|import| imported(import) == Some(function));
    let mut notes = Vec::new();
    if manifest.asks.http.is_empty() && imports(SEND) {
        notes.push(
            "It imports http#send, but its manifest asks for no origin in `asks.http`: each \
             request will be denied."
                .to_owned(),
        );
    }
    if manifest.asks.secrets.is_empty() && imports(SECRET) {
        notes.push(
            "It imports settings#secret, but its manifest asks for no name in `asks.secrets`: \
             each will be denied."
                .to_owned(),
        );
    }
    notes
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn manifest(asks: &serde_json::Value) -> Manifest {
        let text = json!({ "name": "x", "version": "1", "slot": "login", "asks": asks });
        Manifest::read(text.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn who_could_ask_and_names_nobody_is_told_so_and_passes() {
        let imports = ["auth:policy/http@0.2.0#send", "auth:policy/settings@0.2.0#secret"];
        let imports = imports.map(str::to_owned);
        let silent = manifest(&json!({}));
        assert!(check(&silent, &imports).is_empty());
        let [http, secrets] = &notes(&silent, &imports)[..] else { panic!("two notes") };
        assert!(http.contains("`asks.http`") && secrets.contains("`asks.secrets`"));
        assert!(notes(&silent, &[]).is_empty());
        let named = manifest(&json!({ "http": ["GET https://a.example"], "secrets": ["key"] }));
        assert!(check(&named, &imports).is_empty() && notes(&named, &imports).is_empty());
        assert_eq!(check(&named, &[]), [AsksFault::HttpUnused, AsksFault::SecretsUnused]);
    }
}
