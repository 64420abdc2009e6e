//! The files that commands read. A device or a pipe has no end, and a file that could be no policy
//! is not read as a whole.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Map, Value};

use crate::policy::admission::{MAX_COMPONENT_BYTES, MAX_SETTINGS_BYTES};
use crate::strict_json;

/// The bytes of what could be a policy, or a module that becomes one: it shrinks when it is packed,
/// by no more than half.
pub(super) fn component(file: &Path) -> anyhow::Result<Vec<u8>> {
    whole(file, 2 * MAX_COMPONENT_BYTES)
}

/// The settings of a file, a JSON object.
pub(super) fn settings(file: &Path) -> anyhow::Result<Map<String, Value>> {
    let text = whole(file, MAX_SETTINGS_BYTES)?;
    match strict_json::parse(&text).with_context(|| format!("{} is", file.display()))? {
        Value::Object(settings) => Ok(settings),
        _ => anyhow::bail!("{} holds no JSON object, such as {{\"name\": 1}}", file.display()),
    }
}

/// A file's bytes, if it is one, and no larger than that.
pub(super) fn whole(file: &Path, most: u64) -> anyhow::Result<Vec<u8>> {
    read(file, most).with_context(|| format!("{} cannot be read", file.display()))
}

fn read(file: &Path, most: u64) -> anyhow::Result<Vec<u8>> {
    // Asked before it is opened: to open a pipe would wait for somebody to write to it.
    anyhow::ensure!(fs::metadata(file)?.is_file(), "it is no file");
    let mut bytes = Vec::new();
    File::open(file)?.take(most + 1).read_to_end(&mut bytes)?;
    anyhow::ensure!(bytes.len() as u64 <= most, "it has more than {most} bytes");
    Ok(bytes)
}
