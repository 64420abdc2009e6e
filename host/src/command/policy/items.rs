//! What is granted and asked for, as items: compared, and put into the command that would grant
//! what is missing.

use std::iter::repeat;

use crate::command::output::escaped;
use crate::contract::{Grants, Item, Slot};
use crate::policy::admission::AdmissionReport;

/// What a component asks for beyond what every policy may do.
pub(super) fn asked(report: &AdmissionReport) -> Vec<String> {
    let Some(manifest) = report.read_manifest() else { return Vec::new() };
    Grants::asked(&manifest, report.imports.iter().map(String::as_str)).texts()
}

/// What is granted to a place and not asked for.
pub(super) fn unused(place: &str, granted: &[String], asked: &[String]) -> Vec<String> {
    beyond(place, asked, granted)
}

/// What is asked for and not granted to a place.
pub(super) fn missing(place: &str, granted: &[String], asked: &[String]) -> Vec<String> {
    beyond(place, granted, asked)
}

/// Which of the second are not covered by the first.
fn beyond(place: &str, covers: &[String], items: &[String]) -> Vec<String> {
    let Some(slot) = Slot::ALL.into_iter().find(|slot| slot.as_str() == place) else {
        // Of a later version, which knows them better.
        return items.iter().filter(|item| !covers.contains(item)).cloned().collect();
    };
    let set = |texts: &[String]| Grants::granted(slot, texts.iter().map(String::as_str));
    set(covers).missing(&set(items)).iter().map(ToString::to_string).collect()
}

/// The command that grants what a release lacks. Where this version does not know all of it, it
/// is what the release asks for.
pub(super) fn command(place: &str, release: Option<i64>, missing: &[String]) -> String {
    let items: Result<Vec<Item>, _> = missing.iter().map(|item| item.parse()).collect();
    match (items, release) {
        (Ok(items), _) => Grants::command(&escaped(place), &items),
        (Err(_), Some(number)) => {
            format!("auth-host policy grant {} --release {number}", escaped(place))
        }
        (Err(_), None) => format!("auth-host policy grant {} ITEM", escaped(place)),
    }
}

/// Items below a word, a line each.
pub(super) fn listed(word: &str, items: &[String]) -> Vec<String> {
    let nothing = ["nothing".to_owned()];
    let items = if items.is_empty() { &nothing } else { items };
    let heads = std::iter::once(word).chain(repeat(""));
    heads.zip(items).map(|(head, item)| format!("  {head:<9}  {}", escaped(item))).collect()
}
