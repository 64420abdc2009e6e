//! The interfaces of the WIT by name: those that every policy may import, and those that need a
//! grant.

use crate::contract::Slot;

/// The package of the contract, as imports name it.
const PACKAGE: &str = "auth:policy/";

/// No effect outside the call but log lines and metrics.
pub(super) const FREE: [&str; 6] = ["types", "log", "settings", "metrics", "clock", "random"];

/// What reads or writes accounts and rows, guesses at passwords, or leaves the host.
pub(super) const GRANTED: [&str; 7] =
    ["accounts", "passwords", "sessions", "storage", "throttle", "outbox", "http"];

/// The attempt of the slot.
pub(super) const fn attempt(slot: Slot) -> &'static str {
    match slot {
        Slot::Register => "registering",
        Slot::Login => "logging-in",
        Slot::Refresh => "refreshing",
    }
}

/// Whether a policy of the slot can import it.
pub(super) fn is_known(slot: Slot, name: &str) -> bool {
    FREE.contains(&name) || GRANTED.contains(&name) || name == attempt(slot)
}

/// The interface and the function of an import as admission's report has it
/// (`auth:policy/storage@0.2.0#get`). None if it is not of the contract, or imported for its types
/// alone, which do nothing.
pub fn imported(import: &str) -> Option<(&str, &str)> {
    let (interface, function) = import.strip_prefix(PACKAGE)?.split_once('#')?;
    Some((interface.split('@').next()?, function))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::contract::wit;

    fn imports(world: &str) -> BTreeSet<&'static str> {
        let text = wit::TEXT.split(&format!("world {world} {{")).nth(1).expect("a world");
        let lines = text.split('}').next().unwrap().lines();
        lines.filter_map(|line| line.trim().strip_prefix("import ")?.strip_suffix(';')).collect()
    }

    #[test]
    fn each_interface_of_the_wit_is_free_or_needs_a_grant() {
        let all: BTreeSet<&str> = FREE.into_iter().chain(GRANTED).collect();
        assert_eq!(imports("capabilities"), all);
        assert_eq!(all.len(), FREE.len() + GRANTED.len());
        for slot in Slot::ALL {
            assert_eq!(imports(&format!("{slot}-policy")), BTreeSet::from([attempt(slot)]));
        }
    }

    #[test]
    fn an_import_is_told_by_its_interface_and_function() {
        assert_eq!(imported("auth:policy/storage@0.2.0#get"), Some(("storage", "get")));
        assert_eq!(
            imported("auth:policy/accounts@0.2.0#[method]account.id"),
            Some(("accounts", "[method]account.id"))
        );
        for none in ["auth:policy/throttle@0.2.0", "wasi:io/poll@0.2.0#poll", "storage#get"] {
            assert_eq!(imported(none), None, "{none}");
        }
    }
}
