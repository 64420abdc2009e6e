//! The raw bytes: their number, their kind, and the section with the manifest. Nothing in them is
//! trusted.

use wasmtime::Engine;

use crate::policy::pack;

/// The most bytes of a component.
pub const MAX_COMPONENT_BYTES: u64 = 32 << 20;
/// The most bytes of the settings of a release, as JSON: whichever way they come.
pub const MAX_SETTINGS_BYTES: u64 = 64 * 1024;

/// What is wrong with the bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BytesFault {
    /// Asked first, so that nothing large is read further.
    #[error("it has {0} bytes; at most {MAX_COMPONENT_BYTES} are allowed")]
    TooLarge(usize),
    /// Machine code cannot be checked.
    #[error(
        "it is precompiled machine code; only components are taken, this host compiles them itself"
    )]
    Precompiled,
    /// Another file; an empty one, too.
    #[error("it is no WebAssembly")]
    NoWebAssembly,
    /// A core module.
    #[error(
        "it is no WebAssembly component (a core module must be packed first: auth-host policy pack)"
    )]
    NoComponent,
    /// Its sections cannot be told apart.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// The reader of the bytes panicked.
    #[error("its bytes cannot be read")]
    Unreadable,
    /// It does not say what it is.
    #[error("it has no manifest (append one: auth-host policy pack)")]
    NoManifest,
    /// They could contradict each other.
    #[error("it has more than one manifest")]
    SeveralManifests,
}

impl BytesFault {
    /// What to do about it, as a sentence for the policy's author.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::TooLarge(_) => {
                "Build it for release, optimised for size and without debug information."
            }
            Self::Precompiled => "Offer the component from which the machine code was made.",
            Self::NoWebAssembly => {
                "Put the policy there that `auth-host policy pack` wrote, all of it."
            }
            Self::NoComponent => {
                "Run: auth-host policy pack MODULE --manifest MANIFEST --output POLICY."
            }
            Self::Damaged(_) => {
                "Copy the file again, under another name, and rename it when it is complete."
            }
            Self::Unreadable => {
                "Build and pack it again with released tools; if it is refused again, report it to \
                 the maintainers of this host."
            }
            Self::NoManifest => {
                "Run: auth-host policy pack COMPONENT --manifest MANIFEST --output POLICY."
            }
            Self::SeveralManifests => {
                "Pack the module again as it was before it had a manifest: packing appends one and \
                 replaces none."
            }
        }
    }
}

/// Refuses what is no component, before anything is parsed.
pub(super) fn check_kind(bytes: &[u8]) -> Result<(), BytesFault> {
    if bytes.len() as u64 > MAX_COMPONENT_BYTES {
        return Err(BytesFault::TooLarge(bytes.len()));
    }
    if Engine::detect_precompiled(bytes).is_some() {
        return Err(BytesFault::Precompiled);
    }
    // Its first four bytes (WebAssembly core specification, 5.5.16).
    if !bytes.starts_with(b"\0asm") {
        return Err(BytesFault::NoWebAssembly);
    }
    if !wasmparser::Parser::is_component(bytes) {
        return Err(BytesFault::NoComponent);
    }
    Ok(())
}

/// The text of the one manifest.
pub(super) fn manifest_text(bytes: &[u8]) -> Result<&[u8], BytesFault> {
    let sections = pack::sections(bytes).map_err(|error| BytesFault::Damaged(error.to_string()))?;
    match sections.as_slice() {
        [text] => Ok(text),
        [] => Err(BytesFault::NoManifest),
        _ => Err(BytesFault::SeveralManifests),
    }
}
