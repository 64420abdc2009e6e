//! What is signed: the digest of a component and its manifest's claim of place and version.

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
    /// What is signed: lines of text, of which the first says what this is and its version.
    pub fn bytes(&self) -> Vec<u8> {
        let Self { component, place, name, version } = self;
        format!(
            "auth-host policy signature 1\ncomponent sha256:{component}\nplace {place}\n\
             name {name}\nversion {version}\n"
        )
        .into_bytes()
    }
}
