//! Files in the policy directory that nobody will ever take, because their name is no slot's: a
//! misspelt `signin.wasm` would lie there and not serve, and nothing would say so.

use std::collections::HashSet;
use std::path::PathBuf;

use crate::contract::Slot;

/// So many are told; more are somebody's habit.
const MOST_TOLD: usize = 100;

/// What was told already.
pub(super) struct Strays {
    folder: PathBuf,
    told: HashSet<String>,
}

impl Strays {
    pub(super) fn in_folder(folder: PathBuf) -> Self {
        Self { folder, told: HashSet::new() }
    }

    /// Names each once in the log.
    pub(super) fn tell(&mut self) {
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return };
        for name in entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()) {
            if is_stray(&name) && self.told.len() < MOST_TOLD && self.told.insert(name.clone()) {
                let slots = Slot::ALL.map(Slot::as_str).join(", ");
                tracing::warn!(
                    file = %self.folder.join(&name).display(),
                    "this file is for no slot and serves nowhere; the slots are {slots}: name it \
                     <slot>.wasm, <slot>.wasm.sig or <slot>.settings.json, or remove it"
                );
            }
        }
    }
}

/// Hidden files are on their way to another name.
fn is_stray(name: &str) -> bool {
    if name.starts_with('.') {
        return false;
    }
    let of_slot = |stem: &str| Slot::ALL.iter().any(|slot| slot.as_str() == stem);
    let endings = [".settings.json", ".wasm", ".wasm.sig"];
    let stem = endings.into_iter().find_map(|ending| name.strip_suffix(ending));
    stem.is_some_and(|stem| !of_slot(stem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_slots_as_a_whole_or_a_stray() {
        for name in
            ["signin.wasm", "login.wasm.wasm", "login.settings.json.wasm", "signin.wasm.sig"]
        {
            assert!(is_stray(name), "{name}");
        }
        for name in
            ["login.wasm", "login.wasm.sig", "login.settings.json", ".login.wasm.wasm", "README.md"]
        {
            assert!(!is_stray(name), "{name}");
        }
    }
}
