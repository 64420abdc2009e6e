//! What is signed: the digest of a component and its manifest's claim of place and version.

use serde_json::Value;

use super::fault::SignatureFault;

/// What a signature says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// SHA-256 of the component, in hexadecimal.
    pub component: String,
    /// The slot that its manifest names.
    pub place: String,
    /// The name and the version that its manifest names.
    pub name: String,
    pub version: String,
}

impl Statement {
    /// Of a component, by what its manifest says.
    pub fn of_manifest(digest: &str, manifest: &Value) -> Self {
        let text = |member: &str| manifest[member].as_str().unwrap_or_default().to_owned();
        Self {
            component: digest.to_owned(),
            place: text("slot"),
            name: text("name"),
            version: text("version"),
        }
    }

    /// What is signed: lines of text, of which the first says what this is and its version. No
    /// member of a statement that was read has a line break: no two have the same bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let Self { component, place, name, version } = self;
        format!(
            "auth-host policy signature 1\ncomponent sha256:{component}\nplace {place}\n\
             name {name}\nversion {version}\n"
        )
        .into_bytes()
    }

    /// Whether it could be the statement of a component: what manifests may say, and no more.
    pub(super) fn check(&self) -> Result<(), SignatureFault> {
        let fault = |text: &str| Err(SignatureFault(text.to_owned()));
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if self.component.len() != 64 || !self.component.bytes().all(is_hex) {
            return fault("its component is no SHA-256 of 64 hexadecimal digits");
        }
        for (member, text) in [("place", &self.place), ("name", &self.name)] {
            let is_plain = |byte: u8| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte)
            };
            if !(1..=32).contains(&text.len()) || !text.bytes().all(is_plain) {
                return fault(&format!("its {member} is none that a manifest may have"));
            }
        }
        let is_visible = self.version.bytes().all(|byte| byte.is_ascii_graphic());
        if !(1..=32).contains(&self.version.len()) || !is_visible {
            return fault("its version is none that a manifest may have");
        }
        Ok(())
    }

    /// In what another one differs from this one, in a few words.
    pub(super) fn difference(&self, other: &Self) -> Option<String> {
        let short = |digest: &str| digest.chars().take(12).collect::<String>();
        if self.component != other.component {
            let (this, other) = (short(&self.component), short(&other.component));
            return Some(format!("another component (sha256 {other}, this is {this})"));
        }
        if self.place != other.place {
            return Some(format!("the place {}, this is for {}", other.place, self.place));
        }
        let name = |of: &Self| format!("{} {}", of.name, of.version);
        (self != other).then(|| format!("{}, this is {}", name(other), name(self)))
    }
}
