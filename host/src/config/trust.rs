//! Settings of who is trusted to make policies.

use std::path::PathBuf;

use super::reader::Reader;
use crate::contract::{PerSlot, Slot};
use crate::policy::trust::{TrustSettings, Unsigned};

/// What `POLICY_SIGNATURES` may say.
const NEEDED: &str = "is neither a number from 1 to 8 nor a list such as login=2,register=1";

pub(super) fn trust(read: &mut Reader<'_>, local: bool) -> TrustSettings {
    let all = Unsigned { directory: local, push: local };
    TrustSettings {
        keys: read.given("POLICY_TRUSTED_KEYS").map(PathBuf::from),
        needed: read.value("POLICY_SIGNATURES", PerSlot::from_fn(|_| 1), needed),
        unsigned: read.value("POLICY_UNSIGNED", all, unsigned),
        anybody: local,
    }
}

/// A number for all places, or one for each of some; of the others one is needed.
fn needed(text: &str) -> Result<PerSlot<u32>, String> {
    let number = |text: &str| text.parse().ok().filter(|number| (1..=8).contains(number));
    if let Some(number) = number(text) {
        return Ok(PerSlot::from_fn(|_| number));
    }
    let mut given = PerSlot::from_fn(|_| None);
    for part in text.split(',').map(str::trim) {
        let (place, many) = part.split_once('=').ok_or(NEEDED)?;
        let slot = Slot::ALL.into_iter().find(|slot| slot.as_str() == place).ok_or_else(|| {
            let all = Slot::ALL.map(Slot::as_str).join(", ");
            format!("names the place {place:?}; there are {all}")
        })?;
        if given.get_mut(slot).replace(number(many).ok_or(NEEDED)?).is_some() {
            return Err(format!("names the place {place} twice"));
        }
    }
    Ok(PerSlot::from_fn(|slot| given.get(slot).unwrap_or(1)))
}

fn unsigned(text: &str) -> Result<Unsigned, String> {
    if text == "none" {
        return Ok(Unsigned::default());
    }
    let mut taken = Unsigned::default();
    for word in text.split(',').map(str::trim) {
        match word {
            "directory" => taken.directory = true,
            "push" => taken.push = true,
            _ => return Err("must be none, or directory, push or both (directory,push)".into()),
        }
    }
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn read(pairs: &[(&str, &str)], local: bool) -> (TrustSettings, Vec<String>) {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let source: HashMap<String, String> = pairs.iter().map(pair).collect();
        let mut reader = Reader { source: &source, faults: Vec::new() };
        let settings = trust(&mut reader, local);
        (settings, reader.faults)
    }

    #[test]
    fn outside_of_a_developers_machine_one_signature_is_needed_from_everywhere() {
        let (settings, faults) = read(&[], false);
        assert!(faults.is_empty(), "{faults:?}");
        assert_eq!(settings.unsigned, Unsigned::default());
        assert_eq!((settings.keys, settings.anybody), (None, false));
        assert!(Slot::ALL.into_iter().all(|slot| *settings.needed.get(slot) == 1));
        let (settings, _) = read(&[], true);
        assert_eq!(settings.unsigned, Unsigned { directory: true, push: true });
    }

    #[test]
    fn each_place_may_want_more_signatures() {
        let (settings, faults) = read(&[("POLICY_SIGNATURES", "login=2, register=3")], false);
        assert!(faults.is_empty(), "{faults:?}");
        assert_eq!(Slot::ALL.map(|slot| *settings.needed.get(slot)).iter().sum::<u32>(), 6);
        assert_eq!(*settings.needed.get(Slot::Login), 2);
        let (settings, _) = read(&[("POLICY_SIGNATURES", "2")], false);
        assert!(Slot::ALL.into_iter().all(|slot| *settings.needed.get(slot) == 2));
    }

    #[test]
    fn what_is_misspelt_takes_nothing_unsigned() {
        for wrong in ["none,push", "pushes", "push,", "true", "Directory"] {
            let (_, faults) = read(&[("POLICY_UNSIGNED", wrong)], false);
            assert_eq!(faults.len(), 1, "{wrong} was taken");
            assert!(faults[0].contains("directory,push"), "{faults:?}");
        }
        for wrong in ["0", "9", "-1", "login", "login=0", "login=2,login=2", "logout=1", "1,2"] {
            let (_, faults) = read(&[("POLICY_SIGNATURES", wrong)], false);
            assert_eq!(faults.len(), 1, "{wrong} was taken");
        }
        let (settings, _) = read(&[("POLICY_UNSIGNED", "directory")], false);
        assert_eq!(settings.unsigned, Unsigned { directory: true, push: false });
    }
}
