//! What admission found out about a release's components, for people; the document has it all.

use serde_json::{Map, Value};

use crate::command::output::{escaped, plain};
use crate::numbers::grouped;

/// A few lines for each component that was checked: of a push there may be several, of a policy
/// directory there is one.
pub(super) fn lines(report: &Map<String, Value>) -> Vec<String> {
    if report.is_empty() {
        return Vec::new();
    }
    let one = [Value::Object(report.clone())];
    let components = match report.get("components").and_then(Value::as_array) {
        Some(several) => several.as_slice(),
        None => &one,
    };
    components.iter().flat_map(about).collect()
}

fn about(report: &Value) -> Vec<String> {
    let text = |value: &Value| plain(value.as_str().unwrap_or("?"));
    let number = |name: &str| grouped(report[name].as_u64().unwrap_or_default());
    let listed = |name: &str| report[name].as_array().map_or(&[][..], Vec::as_slice);
    let manifest = &report["manifest"];
    let name = match (&manifest["name"], &manifest["version"]) {
        (Value::Null, Value::Null) => "a component".to_owned(),
        (name, version) => format!("{} {}", text(name), text(version)),
    };
    let digest = text(&report["digest"]);
    let mut lines = vec![
        format!(
            "  admission  {name}, component {}: {} bytes, for auth:policy@{}",
            digest.get(..12).unwrap_or(&digest),
            number("size"),
            text(&report["wit"])
        ),
        format!(
            "             checked by auth-host {} in {} ms; imports: {}",
            text(&report["host"]),
            number("milliseconds"),
            listed("imports").len()
        ),
    ];
    let notes = listed("notes").iter().filter_map(Value::as_str);
    lines.extend(notes.map(|note| format!("             note: {}", escaped(note))));
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_component_is_told_in_lines_whoever_brought_it() {
        let component = json!({
            "digest": "0123456789abcdef", "size": 512_000, "wit": "0.2.0", "spoken": true,
            "manifest": { "name": "guarded", "version": "1.2.0", "slot": "login" },
            "imports": ["auth:policy/log@0.2.0", "auth:policy/clock@0.2.0"],
            "notes": ["It is\u{1b}[2J new."], "host": "0.4.0", "milliseconds": 1_200,
        });
        let expected = [
            "  admission  guarded 1.2.0, component 0123456789ab: 512,000 bytes, for \
             auth:policy@0.2.0",
            "             checked by auth-host 0.4.0 in 1,200 ms; imports: 2",
            "             note: It is\\u{1b}[2J new.",
        ];
        assert_eq!(lines(component.as_object().unwrap()), expected);
        let pushed = json!({ "components": [component, component] });
        assert_eq!(lines(pushed.as_object().unwrap()), [expected, expected].concat());
        assert!(lines(&Map::new()).is_empty());
        // Of another version of the host.
        assert_eq!(lines(json!({ "unknown": 1 }).as_object().unwrap()).len(), 2);
    }
}
