//! What one policy asks for and promises beside another: what is added, taken away, or changed. An
//! import is what it may do; a claim, a code or a member of the request is what others rely on.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize as _, Serialize};
use serde_json::{Map, Value};

use crate::command::output::plain;
use crate::contract::{Grants, Manifest};

/// What a component imports and says of itself.
pub(super) struct Side {
    pub imports: Vec<String>,
    /// Its manifest.
    pub manifest: Value,
}

/// What is different in one respect.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Difference {
    pub added: Vec<String>,
    pub removed: Vec<String>,
    pub changed: Vec<String>,
}

/// What is different, in the order in which people want to know.
pub(super) type Differences = BTreeMap<&'static str, Difference>;

/// From one to the other; what is the same is left out.
pub(super) fn policies(from: &Side, to: &Side) -> Differences {
    let parts = [
        ("imports", list(from.imports.iter()), list(to.imports.iter())),
        ("asked for", asks(from), asks(to)),
        ("request members", members(from, "request"), members(to, "request")),
        ("refusal codes", codes(from), codes(to)),
        ("settings", members(from, "settings"), members(to, "settings")),
        ("claims", names(from, "claims"), names(to, "claims")),
        ("events", names(from, "events"), names(to, "events")),
    ];
    let compared = parts.map(|(what, from, to)| (what, difference(&from, &to)));
    compared.into_iter().filter(|(_, difference)| *difference != Difference::default()).collect()
}

/// The members of settings: their names only, for a value may be a secret.
pub(super) fn settings(from: &Map<String, Value>, to: &Map<String, Value>) -> Difference {
    let all = |settings: &Map<String, Value>| {
        settings.iter().map(|(name, value)| (name.clone(), value.to_string())).collect()
    };
    difference(&all(from), &all(to))
}

/// A line for each thing that is different, indented.
pub(super) fn readable(differences: &Differences) -> String {
    differences.iter().map(|(what, difference)| one(what, difference)).collect()
}

/// The lines of one respect.
pub(super) fn one(what: &str, difference: &Difference) -> String {
    let Difference { added, removed, changed } = difference;
    let signs = [('+', added), ('-', removed), ('~', changed)];
    let lines = signs.into_iter().flat_map(|(sign, names)| {
        names.iter().map(move |name| format!("\n  {sign} {what}: {}", plain(name)))
    });
    lines.collect()
}

/// Names, each with what must be the same for it to be unchanged.
type Named = BTreeMap<String, String>;

fn difference(from: &Named, to: &Named) -> Difference {
    let without = |these: &Named, those: &Named| -> Vec<String> {
        these.keys().filter(|name| !those.contains_key(*name)).cloned().collect()
    };
    let changed =
        to.iter().filter(|(name, value)| from.get(*name).is_some_and(|old| old != *value));
    Difference {
        added: without(to, from),
        removed: without(from, to),
        changed: changed.map(|(name, _)| name.clone()).collect(),
    }
}

fn list<'a>(names: impl Iterator<Item = &'a String>) -> Named {
    names.map(|name| (name.clone(), String::new())).collect()
}

fn names(side: &Side, member: &str) -> Named {
    let names = side.manifest[member].as_array().into_iter().flatten();
    names.filter_map(|name| Some((name.as_str()?.to_owned(), String::new()))).collect()
}

/// What it asks for, but for interfaces: the imports tell them better, and events and claims have
/// lists of their own.
fn asks(side: &Side) -> Named {
    let Some(manifest) = Manifest::deserialize(&side.manifest).ok() else { return Named::new() };
    let asked = Grants::asked(&manifest, side.imports.iter().map(String::as_str)).texts();
    let told = ["interface:", "event:", "claim:"];
    let rest = asked.into_iter().filter(|item| !told.iter().any(|kind| item.starts_with(kind)));
    rest.map(|item| (item, String::new())).collect()
}

fn codes(side: &Side) -> Named {
    let codes = side.manifest["refusals"].as_object().into_iter().flatten();
    codes.map(|(code, refusal)| (code.clone(), refusal["status"].to_string())).collect()
}

/// The members that a schema declares, with their schemas and whether they must be there.
fn members(side: &Side, schema: &str) -> Named {
    let schema = &side.manifest[schema];
    let required: BTreeSet<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties
        .map(|(name, schema)| {
            let must = if required.contains(name.as_str()) { "required" } else { "" };
            (name.clone(), format!("{must}{schema}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_added_taken_away_or_changed_is_told_and_nothing_else() {
        let side = |imports: &[&str], manifest: Value| Side {
            imports: imports.iter().map(ToString::to_string).collect(),
            manifest,
        };
        let old = side(
            &["auth:policy/accounts#find", "auth:policy/log#info"],
            json!({ "refusals": { "locked": {}, "gone": {} }, "claims": ["level"],
                    "settings": { "properties": { "most": { "type": "integer" } } } }),
        );
        let new = side(
            &["auth:policy/accounts#find", "auth:policy/throttle#hit"],
            json!({ "refusals": { "locked": { "status": 403 } }, "claims": ["level"],
                    "settings": { "properties": { "most": { "type": "integer" } },
                                  "required": ["most"] } }),
        );
        assert_eq!(policies(&old, &old), Differences::new());
        assert_eq!(
            readable(&policies(&old, &new)),
            "\n  + imports: auth:policy/throttle#hit\n  - imports: auth:policy/log#info\
             \n  - refusal codes: gone\n  ~ refusal codes: locked\n  ~ settings: most"
        );
    }
}
