//! The files of signing: keys, trusted keys, and the signatures beside a component.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use zeroize::Zeroizing;

use super::files;
use super::problem::{Problem, REFUSED};
use crate::command::output::plain;
use crate::contract::grants::quoted;
use crate::policy::admission;
use crate::policy::trust::KeyRing;
use crate::signatures::{
    MOST_FILE_BYTES, PrivateKey, PublicKey, Signature, Statement, read_lines, write_lines,
};
use crate::telemetry;

/// An RSA key has some KiB, and is told to be one.
const MOST_KEY_BYTES: u64 = 64 * 1024;
const MOST_TRUSTED_BYTES: u64 = 64 * 1024;

/// The file beside another one: `guarded.wasm.sig`, `key.pub`.
pub(super) fn beside(file: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(end);
    PathBuf::from(name)
}

/// A private key. That others may read it is said.
pub(super) fn private_key(file: &Path) -> anyhow::Result<PrivateKey> {
    let text = Zeroizing::new(text(file, MOST_KEY_BYTES)?);
    let key = PrivateKey::read(&text).map_err(|fault| not_taken(file, &fault.to_string()))?;
    if fs::metadata(file).is_ok_and(|metadata| metadata.mode() & 0o077 != 0) {
        telemetry::say(&format!(
            "warning: others may read the key {}; run: chmod 600 {}",
            file.display(),
            quoted(&file.display().to_string())
        ));
    }
    Ok(key)
}

/// A public key.
pub(super) fn public_key(file: &Path) -> anyhow::Result<PublicKey> {
    let key = PublicKey::read(&text(file, MOST_KEY_BYTES)?);
    key.map_err(|fault| not_taken(file, &fault.to_string()).into())
}

/// A file of trusted keys.
pub(super) fn trusted(file: &Path) -> anyhow::Result<KeyRing> {
    let ring = KeyRing::read(&text(file, MOST_TRUSTED_BYTES)?);
    ring.map_err(|faults| not_taken(file, &faults.join("; ")).into())
}

/// The signatures of a file; none if there is no such file.
pub(super) fn signatures(file: &Path) -> anyhow::Result<Vec<Signature>> {
    if fs::symlink_metadata(file).is_err() {
        return Ok(Vec::new());
    }
    let signatures = read_lines(&text(file, MOST_FILE_BYTES)?);
    signatures.map_err(|fault| not_taken(file, &fault.to_string()).into())
}

/// Puts signatures into a file, whole or not at all.
pub(super) fn write_signatures(file: &Path, signatures: &[Signature]) -> anyhow::Result<()> {
    let unfinished = beside(file, ".tmp");
    fs::write(&unfinished, write_lines(signatures))
        .and_then(|()| fs::rename(&unfinished, file))
        .with_context(|| format!("{} cannot be written", file.display()))
}

/// Writes a new file, which must not be there yet.
pub(super) fn write_new(file: &Path, mode: u32, text: &str) -> anyhow::Result<()> {
    let written = File::options().write(true).create_new(true).mode(mode).open(file);
    written
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .with_context(|| format!("{} cannot be written", file.display()))
}

/// What is signed of a component, by what its bytes say. It is read and not run.
pub(super) fn statement(file: &Path) -> anyhow::Result<Statement> {
    let bytes = files::component(file)?;
    let report = admission::examine(None, &bytes).map_err(|faults| {
        Problem::new(REFUSED, "refused", format!("{} is no policy: {faults}", file.display()))
    })?;
    Ok(Statement::of_manifest(&report.digest, &report.manifest))
}

/// What a statement says, for people.
pub(super) fn said(statement: &Statement) -> String {
    let Statement { component, place, name, version } = statement;
    let (name, version, place) = (plain(name), plain(version), plain(place));
    format!("{name} {version}, for {place}, sha256 {component}")
}

fn text(file: &Path, most: u64) -> anyhow::Result<String> {
    let bytes = files::whole(file, most)?;
    // What is no text is not shown, also not in a fault: it may be a key.
    let text = String::from_utf8(bytes).ok();
    text.ok_or_else(|| not_taken(file, "it is no text").into())
}

fn not_taken(file: &Path, fault: &str) -> Problem {
    Problem::new(REFUSED, "not_taken", format!("{} is not taken: {fault}", file.display()))
}
