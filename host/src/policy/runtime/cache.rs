//! What admission has made of components, on disk, so that a restart neither compiles nor checks
//! again. A file counts only if its HMAC says that this host wrote it for this very engine or
//! check: what is read is verified, and then those same bytes are loaded.

use std::path::{Path, PathBuf};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::{digest, hmac};
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT, utimensat};
use wasmtime::Engine;
use wasmtime::component::Component;

use super::engine::compatibility;
use crate::contract::Slot;
use crate::{hex, whole_file};

/// Bytes of an HMAC-SHA256, which a file begins with.
const TAG: usize = 32;

/// So many files of each kind are kept, those that were used last.
const MOST_FILES: usize = 64;

/// Compiled components of every profile (a file's name holds the engine that it was made for), and
/// what has passed the checks.
pub struct Cache {
    folder: PathBuf,
    /// Whether nobody else writes there, as behind a link.
    is_ours: bool,
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

/// That a component passed the checks with its settings, in a slot.
pub struct Pass<'a> {
    /// What checked it: another program may have other rules.
    pub checked_by: &'a str,
    pub slot: Slot,
    /// Of the component.
    pub digest: &'a str,
    /// The text of the JSON object.
    pub settings: &'a str,
}

impl Cache {
    /// A cache in that folder, which is created if it is missing.
    pub fn open(folder: PathBuf, key: hmac::Key) -> std::io::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        Ok(Self { is_ours: !folder.is_symlink(), folder, key })
    }

    /// The compiled form of a component, if it is there; else where it has to come from.
    pub fn load(&self, engine: &Engine, component_digest: &str) -> Result<Component, Origin> {
        let (file, identity) = self.compiled_file(engine, component_digest);
        let content = self.read(&file, &identity)?;
        deserialize(engine, &content[TAG..]).map_err(|_| Origin::Rejected)
    }

    /// Whether the compiled form of a component is there, without loading it.
    pub fn holds(&self, engine: &Engine, component_digest: &str) -> Result<(), Origin> {
        let (file, identity) = self.compiled_file(engine, component_digest);
        self.read(&file, &identity).map(drop)
    }

    /// Keeps and loads what a process of ours has just compiled.
    pub fn keep(
        &self,
        engine: &Engine,
        component_digest: &str,
        compiled: &[u8],
    ) -> wasmtime::Result<Component> {
        let (file, identity) = self.compiled_file(engine, component_digest);
        self.write(&file, &identity, compiled);
        deserialize(engine, compiled)
    }

    /// What was remembered of a component that has passed the checks with these settings.
    pub fn passed(&self, pass: &Pass<'_>) -> Option<Vec<u8>> {
        let (file, identity) = self.pass_file(pass);
        let mut content = self.read(&file, &identity).ok()?;
        Some(content.split_off(TAG))
    }

    /// Remembers that a component has passed the checks with these settings, with a report of it.
    pub fn remember(&self, pass: &Pass<'_>, report: &[u8]) {
        let (file, identity) = self.pass_file(pass);
        self.write(&file, &identity, report);
    }

    fn compiled_file(&self, engine: &Engine, component_digest: &str) -> (PathBuf, String) {
        let identity = joined(&["compiled", component_digest, &compatibility(engine)]);
        (self.folder.join(format!("{}.cwasm", &identity[..32])), identity)
    }

    fn pass_file(&self, pass: &Pass<'_>) -> (PathBuf, String) {
        let Pass { checked_by, slot, digest, settings } = pass;
        let name = joined(&["passed", slot.as_str(), digest, settings]);
        let identity = joined(&["passed", slot.as_str(), digest, checked_by, settings]);
        (self.folder.join(format!("{}.passed", &name[..32])), identity)
    }

    /// The whole content of a file of ours, with its tag.
    fn read(&self, file: &Path, identity: &str) -> Result<Vec<u8>, Origin> {
        // Asked before it is opened: to open a pipe would wait for somebody to write to it.
        if !std::fs::metadata(file).map_err(|_| Origin::Miss)?.is_file() {
            return Err(Origin::Rejected);
        }
        let content = std::fs::read(file).map_err(|_| Origin::Miss)?;
        let (tag, signed) = content.split_at_checked(TAG).ok_or(Origin::Rejected)?;
        verify_slices_are_equal(self.tag(identity, signed).as_ref(), tag)
            .map_err(|_| Origin::Rejected)?;
        used(file);
        Ok(content)
    }

    fn write(&self, file: &Path, identity: &str, signed: &[u8]) {
        let tag = self.tag(identity, signed);
        if let Err(fault) = whole_file::write_parts(file, &[tag.as_ref(), signed]) {
            tracing::warn!(
                %fault,
                "what admission made could not be cached; the next start makes it again"
            );
        }
        if self.is_ours {
            self.forget_those_like(file);
        }
    }

    /// In parts: together they would be one more copy of some megabytes.
    fn tag(&self, identity: &str, signed: &[u8]) -> hmac::Tag {
        let mut tag = hmac::Context::with_key(&self.key);
        tag.update(identity.as_bytes());
        tag.update(signed);
        tag.sign()
    }

    /// Removes those of one kind that were not used for longest, beyond what is kept.
    fn forget_those_like(&self, file: &Path) {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut files: Vec<_> = entries
            .map(|entry| entry.path())
            .filter(|other| other.extension() == file.extension())
            .filter_map(|other| Some((other.metadata().ok()?.modified().ok()?, other)))
            .collect();
        files.sort();
        for (_, oldest) in files.iter().rev().skip(MOST_FILES) {
            let _ = std::fs::remove_file(oldest);
        }
    }
}

/// Dates a file anew.
fn used(file: &Path) {
    let [omit, now] = [UTIME_OMIT, UTIME_NOW].map(|tv_nsec| Timespec { tv_sec: 0, tv_nsec });
    let times = Timestamps { last_access: omit, last_modification: now };
    // One that keeps its date is forgotten earlier.
    let _ = utimensat(CWD, file, &times, AtFlags::empty());
}

#[expect(
    unsafe_code,
    reason = "the one place that loads machine code: compiled by a process of this program, or by \
              this host under its own HMAC"
)]
fn deserialize(engine: &Engine, compiled: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: `compiled` is the output of `precompile_component`: a child process of this very
    // program made it just now and handed it over through a pipe that nobody else has, or its HMAC
    // over these same bytes was verified with a key that only this host has. wasmtime itself
    // refuses another version or other settings.
    unsafe { Component::deserialize(engine, compiled) }
}

/// One name for several texts, whatever they hold.
fn joined(parts: &[&str]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    hex::encode(context.finish().as_ref())
}
