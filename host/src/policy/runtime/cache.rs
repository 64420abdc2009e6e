//! Compiled components on disk, so that a restart does not compile. A file counts only if its HMAC
//! says that this host wrote it for this very engine: what is read is verified, and then those same
//! bytes are loaded.

use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use aws_lc_rs::{digest, hmac};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::{hex, whole_file};

/// Bytes of an HMAC-SHA256, which a file begins with.
const TAG: usize = 32;

/// Compiled components of every profile: a file's name holds the engine that it was made for.
pub struct Cache {
    folder: PathBuf,
    key: hmac::Key,
}

/// Where a compiled component came from; the label of the metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It was in the cache, and this host wrote it.
    Hit,
    /// It was not in the cache, so it was compiled now.
    Miss,
    /// Compiled now, because the file in the cache is not one that this host wrote.
    Rejected,
}

impl Origin {
    /// As the metric's label says it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Rejected => "rejected",
        }
    }
}

impl Cache {
    /// A cache in that folder, which is created if it is missing.
    pub fn open(folder: PathBuf, key: hmac::Key) -> std::io::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        Ok(Self { folder, key })
    }

    /// The compiled form of a component, from the cache if it is there.
    pub fn compile(
        &self,
        engine: &Engine,
        bytes: &[u8],
        component_digest: &str,
    ) -> wasmtime::Result<(Component, Origin)> {
        let identity = identity(engine, component_digest);
        let file = self.folder.join(format!("{}.cwasm", &identity[..32]));
        let origin = match self.load(engine, &file, &identity) {
            Ok(component) => return Ok((component, Origin::Hit)),
            Err(Unusable::Missing) => Origin::Miss,
            Err(Unusable::NotOurs) => Origin::Rejected,
        };
        let compiled = engine.precompile_component(bytes)?;
        if let Err(fault) = self.save(&file, &identity, &compiled) {
            tracing::warn!(
                %fault,
                "the compiled policy could not be cached; the next start compiles it again"
            );
        }
        Ok((deserialize(engine, &compiled)?, origin))
    }

    fn load(&self, engine: &Engine, file: &Path, identity: &str) -> Result<Component, Unusable> {
        // Asked before it is opened: to open a pipe would wait for somebody to write to it.
        if !std::fs::metadata(file).map_err(|_| Unusable::Missing)?.is_file() {
            return Err(Unusable::NotOurs);
        }
        let content = std::fs::read(file).map_err(|_| Unusable::Missing)?;
        let (tag, compiled) = content.split_at_checked(TAG).ok_or(Unusable::NotOurs)?;
        hmac::verify(&self.key, &[identity.as_bytes(), compiled].concat(), tag)
            .map_err(|_| Unusable::NotOurs)?;
        deserialize(engine, compiled).map_err(|_| Unusable::NotOurs)
    }

    fn save(&self, file: &Path, identity: &str, compiled: &[u8]) -> std::io::Result<()> {
        let tag = hmac::sign(&self.key, &[identity.as_bytes(), compiled].concat());
        whole_file::write(file, &[tag.as_ref(), compiled].concat())
    }
}

enum Unusable {
    Missing,
    NotOurs,
}

#[expect(
    unsafe_code,
    reason = "the one place that loads machine code: compiled by this process, or by this host \
              under its own HMAC"
)]
fn deserialize(engine: &Engine, compiled: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: `compiled` is the output of `precompile_component`: it was made just now, or its HMAC
    // over these same bytes was verified with a key that only this host has. wasmtime itself
    // refuses another version or other settings.
    unsafe { Component::deserialize(engine, compiled) }
}

/// The component and the engine that it was compiled for.
fn identity(engine: &Engine, component_digest: &str) -> String {
    struct Digest(digest::Context);
    impl Hasher for Digest {
        fn finish(&self) -> u64 {
            0
        }
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
    }
    let mut hasher = Digest(digest::Context::new(&digest::SHA256));
    component_digest.hash(&mut hasher);
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hex::encode(hasher.0.finish().as_ref())
}
