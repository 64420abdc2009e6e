//! The JSON Schemas of a manifest. They take keywords whose cost is bounded by the size of schema
//! and value, and no other: a schema is read by every host that is offered the component, and by
//! whoever reads the served documentation.

use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::{Map, Value};

use super::fault::{ManifestFault, shown};

/// For people; nothing is checked by them.
const ANNOTATIONS: [&str; 6] =
    ["title", "description", "default", "examples", "format", "deprecated"];
/// About the value itself.
const OF_A_VALUE: [&str; 10] = [
    "type",
    "enum",
    "const",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "pattern",
];
/// About what it holds.
const OF_ITS_PARTS: [&str; 8] = [
    "properties",
    "required",
    "additionalProperties",
    "minProperties",
    "maxProperties",
    "items",
    "minItems",
    "maxItems",
];

/// How deep a schema may be nested.
const MAX_DEPTH: usize = 16;
/// JSON values in a schema. Each may be compared with each of those in a settings file.
const MAX_VALUES: usize = 1_000;
/// Patterns in a schema, and characters of one. Each may take as many bytes when it is compiled.
const MAX_PATTERNS: usize = 32;
const MAX_PATTERN_CHARACTERS: usize = 256;
const MAX_PATTERN_BYTES: usize = 256 << 10;

/// Everything that a schema of a manifest must not hold.
pub(super) fn check(
    member: &'static str,
    schema: &Map<String, Value>,
    faults: &mut Vec<ManifestFault>,
) {
    let before = faults.len();
    let whole = Value::Object(schema.clone());
    if depth(&whole) > MAX_DEPTH {
        // Nothing below goes deeper than that.
        faults.push(ManifestFault::SchemaDepth(member));
        return;
    }
    if values(&whole) > MAX_VALUES {
        faults.push(ManifestFault::SchemaSize { member, most: MAX_VALUES });
    }
    let mut reading = Reading { member, patterns: 0, faults };
    reading.schema("", &whole);
    if reading.patterns > MAX_PATTERNS {
        faults.push(ManifestFault::SchemaPatterns { member, most: MAX_PATTERNS });
    }
    // What is built of it comes last: it may be as large as the bounds above allow.
    if faults.len() == before
        && let Err(reason) = validator(&whole)
    {
        faults.push(ManifestFault::Schema { member, reason });
    }
}

/// What checks values by a schema. Patterns are of a kind whose time is linear in the text, and
/// `format` tells people only.
pub(super) fn validator(schema: &Value) -> Result<Validator, String> {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(false)
        .with_pattern_options(PatternOptions::regex().size_limit(MAX_PATTERN_BYTES))
        .build(schema)
        .map_err(|error| {
            let place = error.instance_path();
            format!("{} ({})", shown(&error.masked().to_string()), shown(place.as_str()))
        })
}

struct Reading<'f> {
    member: &'static str,
    patterns: usize,
    faults: &'f mut Vec<ManifestFault>,
}

impl Reading<'_> {
    /// A schema at this place, a JSON pointer: an object, or `true` or `false`.
    fn schema(&mut self, place: &str, schema: &Value) {
        let Value::Object(keywords) = schema else { return };
        for (keyword, value) in keywords {
            let inner = format!("{place}/{keyword}");
            match keyword.as_str() {
                "properties" => {
                    for (name, schema) in value.as_object().into_iter().flatten() {
                        self.schema(&format!("{inner}/{name}"), schema);
                    }
                }
                "items" | "additionalProperties" => self.schema(&inner, value),
                "pattern" => self.pattern(&inner, value),
                known if is_taken(known) => {}
                _ => self.faults.push(ManifestFault::SchemaKeyword {
                    member: self.member,
                    place: shown(place),
                    keyword: shown(keyword),
                }),
            }
        }
    }

    fn pattern(&mut self, place: &str, pattern: &Value) {
        self.patterns += 1;
        if pattern.as_str().is_some_and(|text| text.chars().count() > MAX_PATTERN_CHARACTERS) {
            self.faults.push(ManifestFault::SchemaPattern {
                member: self.member,
                place: shown(place),
                most: MAX_PATTERN_CHARACTERS,
            });
        }
    }
}

fn is_taken(keyword: &str) -> bool {
    ANNOTATIONS.contains(&keyword)
        || OF_A_VALUE.contains(&keyword)
        || OF_ITS_PARTS.contains(&keyword)
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn values(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(values).sum::<usize>(),
        Value::Object(members) => 1 + members.values().map(values).sum::<usize>(),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn faults(schema: &Value) -> Vec<String> {
        let mut faults = Vec::new();
        check("settings", schema.as_object().unwrap(), &mut faults);
        faults.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_authors_page_lists_the_keywords() {
        let text = include_str!("../../../../docs/policy-authors.md");
        let paragraph = text
            .split("\n\n")
            .find(|paragraph| paragraph.starts_with("Schemas take these keywords"))
            .expect("the paragraph on the authors' page");
        let listed: Vec<&str> = paragraph.split('`').skip(1).step_by(2).collect();
        assert_eq!(listed, [&ANNOTATIONS[..], &OF_A_VALUE, &OF_ITS_PARTS].concat());
        for bound in [
            format!("nested at most {MAX_DEPTH} deep"),
            format!("at most {} values", "1,000"),
            format!(
                "at most {MAX_PATTERNS} patterns of at most {MAX_PATTERN_CHARACTERS} characters"
            ),
        ] {
            assert!(text.replace('\n', " ").contains(&bound), "the page lacks: {bound}");
        }
        assert_eq!(MAX_VALUES, 1_000);
    }

    #[test]
    fn a_keyword_that_is_not_taken_is_told_with_its_name_and_place() {
        for keyword in
            ["$ref", "$dynamicRef", "$defs", "allOf", "anyOf", "if", "not", "uniqueItems"]
        {
            let schema = json!({ "properties": { "x": { "items": { keyword: {} } } } });
            let [told] = &faults(&schema)[..] else { panic!("{keyword}") };
            assert!(told.contains(keyword) && told.contains("/properties/x/items"), "{told}");
        }
        // Names of members and values are none.
        let named = json!({
            "properties": { "$ref": { "default": { "allOf": [] }, "enum": [{ "not": 1 }] } },
            "additionalProperties": false
        });
        assert_eq!(faults(&named), [""; 0]);
    }

    #[test]
    fn a_schema_that_costs_too_much_or_is_none_is_refused() {
        let many = |count: usize| json!({ "enum": vec![0; count] });
        assert_eq!(faults(&json!({ "enum": (0..900).collect::<Vec<_>>() })), [""; 0]);
        assert!(faults(&many(1_000))[0].contains("1000 values"));
        let patterns: Map<String, Value> =
            (0..33).map(|number| (format!("p{number}"), json!({ "pattern": "a" }))).collect();
        assert!(faults(&json!({ "properties": patterns }))[0].contains("32 patterns"));
        assert!(faults(&json!({ "pattern": "a".repeat(257) }))[0].contains("256 characters"));
        for pattern in ["(", "(?=a)", "((a{1000}){1000}){1000}"] {
            assert!(faults(&json!({ "pattern": pattern }))[0].contains("not valid"), "{pattern}");
        }
        assert!(faults(&json!({ "type": "text" }))[0].contains("not valid"));
    }
}
