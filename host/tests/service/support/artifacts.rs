//! The components that the tests run: the default policies and the misbehaving guests, as `./justw
//! test` builds them.

use std::path::PathBuf;

use auth_host::contract::Slot;

/// The default policy of a slot.
pub(crate) fn policy(slot: Slot) -> Vec<u8> {
    component("policies", slot.as_str())
}

/// A policy of `host/tests/guests`, by name.
pub(crate) fn guest(name: &str) -> Vec<u8> {
    component("guests", name)
}

/// The manifest of a guest.
pub(crate) fn guest_manifest(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/guests/examples");
    std::fs::read(folder.join(format!("{name}.json"))).unwrap()
}

/// The names of all guests: each has a manifest beside its source.
pub(crate) fn guest_names() -> Vec<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/guests/examples");
    let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<String> = files
        .filter(|file| file.extension().is_some_and(|extension| extension == "json"))
        .map(|file| file.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// A text of the folder `wit`.
pub(crate) fn wit(path: &str) -> String {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../wit").join(path);
    std::fs::read_to_string(&file).unwrap_or_else(|fault| panic!("{}: {fault}", file.display()))
}

fn component(folder: &str, name: &str) -> Vec<u8> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../target")
        .join(folder)
        .join(format!("{name}.wasm"));
    std::fs::read(&file).unwrap_or_else(|_| {
        panic!("{} is missing: run `./justw test`, which builds it first", file.display())
    })
}
