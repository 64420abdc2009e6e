//! The authors' page lists what a manifest must not declare.

use std::collections::BTreeSet;

use super::{Manifest, ManifestFault};
use crate::errors::catalogue;
use crate::tokens::RESERVED_CLAIMS;

const AUTHORS: &str = include_str!("../../../../docs/policy-authors.md");

/// The names in the paragraph that begins so.
fn listed(beginning: &str) -> BTreeSet<String> {
    let paragraph = AUTHORS.split("\n\n").find(|paragraph| paragraph.starts_with(beginning));
    let paragraph = paragraph.expect("the paragraph on the authors' page");
    paragraph.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_authors_page_lists_the_reserved_codes() {
    let reserved: BTreeSet<String> = catalogue::ALL
        .iter()
        .filter(|error| catalogue::is_reserved(error.code))
        .map(|error| error.code.to_owned())
        .collect();
    assert_eq!(listed("Reserved codes, which the host answers with:"), reserved);
}

#[test]
fn the_authors_page_lists_the_reserved_claims() {
    let reserved = RESERVED_CLAIMS.iter().map(ToString::to_string).collect();
    assert_eq!(listed("Reserved claims:"), reserved);
}

#[test]
fn all_faults_of_a_manifest_are_told_at_once() {
    let text = r#"{
        "name": "Login", "version": "", "slot": "login",
        "refusals": { "busy": { "status": 500 } },
        "claims": ["sub"], "events": ["Logged In"],
        "request": { "$ref": "other.json" }
    }"#;
    assert_eq!(
        Manifest::read(text.as_bytes()).unwrap_err(),
        [
            ManifestFault::Name("Login".into()),
            ManifestFault::Version(String::new()),
            ManifestFault::ReservedCode("busy".into()),
            ManifestFault::RefusalStatus("busy".into()),
            ManifestFault::ReservedClaim("sub".into()),
            ManifestFault::EventName("Logged In".into()),
            ManifestFault::SchemaKeyword {
                member: "request",
                place: String::new(),
                keyword: "$ref".into()
            },
        ]
    );
}

#[test]
fn faults_of_a_manifest_are_cut_at_20() {
    let events: Vec<String> = (0..16).map(|number| format!("Event{number}")).collect();
    let keywords: serde_json::Map<String, serde_json::Value> =
        (0..100).map(|number| (format!("k{number}"), 0.into())).collect();
    let text = serde_json::json!({
        "name": "x", "version": "1", "slot": "login", "events": events, "request": keywords
    });
    let faults = Manifest::read(text.to_string().as_bytes()).unwrap_err();
    assert_eq!((faults.len(), faults.last()), (21, Some(&ManifestFault::More(96))));
}

fn asking(slot: &str, asks: &serde_json::Value) -> Result<Manifest, Vec<String>> {
    let text = serde_json::json!({ "name": "x", "version": "1", "slot": slot, "asks": asks });
    Manifest::read(text.to_string().as_bytes()).map_err(|faults| {
        faults.iter().map(|fault| format!("{fault} {}", fault.remedy())).collect()
    })
}

#[test]
fn what_a_manifest_asks_for_must_be_something_that_can_be_granted() {
    use serde_json::json;
    let many = |count: usize, text: &dyn Fn(usize) -> String| (0..count).map(text).collect();
    let secrets: Vec<String> = many(9, &|number| format!("s{number}"));
    let origins: Vec<String> = many(17, &|number| format!("GET https://h{number}.example"));
    for (asks, words) in [
        (json!({ "interfaces": ["disk"] }), "asks.interfaces: \"interface:disk\": there is no"),
        (json!({ "interfaces": ["disk"] }), "accounts, passwords, sessions, storage, throttle"),
        (json!({ "interfaces": ["registering"] }), "a login policy has no such interface"),
        (json!({ "http": ["https://a.example"] }), "asks.http: "),
        (json!({ "http": ["GET https://a.example/path"] }), "asks.http: "),
        (json!({ "http": ["GET https://*.example"] }), "asks.http: "),
        (
            json!({ "http": ["GET https://a.example", "POST https://A.example:443"] }),
            "asks.http: https://a.example is asked for twice",
        ),
        (json!({ "http": origins }), "asks.http: at most 16 origins"),
        (json!({ "secrets": ["Risk-Key"] }), "asks.secrets: \"Risk-Key\" must be [a-z]"),
        (json!({ "secrets": ["../key"] }), "asks.secrets: "),
        (json!({ "secrets": secrets }), "asks.secrets: at most 8 names"),
        (json!({ "memory": "8MB" }), "asks.memory: "),
        (json!({ "memory": "1GiB" }), "asks.memory: \"memory:1GiB\": this host allows"),
        (json!({ "storage": "1TiB" }), "asks.storage: "),
        (json!({ "time": "1s" }), "asks.time: \"time:1s\": this host allows time:200ms at most"),
        (json!({ "host_calls": 65 }), "asks.host_calls: "),
        (json!({ "host_calls": "8" }), "the manifest cannot be read"),
        (json!({ "files": ["/etc"] }), "unknown field `files`"),
    ] {
        let told = asking("login", &asks).unwrap_err();
        let [told] = &told[..] else { panic!("{told:?}") };
        assert!(told.contains(words), "{told}");
    }
}

#[test]
fn a_component_asks_for_what_it_imports_and_what_its_manifest_names() {
    use crate::contract::Grants;
    use serde_json::json;
    let asked = |manifest: &Manifest, imports: &[&str]| {
        Grants::asked(manifest, imports.iter().copied()).texts()
    };
    let imports = [
        "auth:policy/types@0.2.0#[constructor]refusal",
        "auth:policy/logging-in@0.2.0#[method]attempt.email",
        "auth:policy/passwords@0.2.0#verify",
        "auth:policy/accounts@0.2.0",
        "auth:policy/throttle@0.2.0",
        "auth:policy/storage@0.2.0#get",
        "auth:policy/storage@0.2.0#put",
    ];
    let plain = asking("login", &json!({})).unwrap();
    assert_eq!(asked(&plain, &imports), ["interface:passwords", "interface:storage"]);
    let text = json!({ "name": "x", "version": "1", "slot": "login", "claims": ["tier"],
        "events": ["seen"], "asks": { "interfaces": ["http", "storage", "passwords"],
        "http": ["GET https://a.example"], "secrets": ["key"], "memory": "8MiB", "host_calls": 8,
        "time": "200ms" } });
    let manifest = Manifest::read(text.to_string().as_bytes()).unwrap();
    assert_eq!(
        asked(&manifest, &imports),
        [
            "interface:http",
            "interface:passwords",
            "interface:storage",
            "event:seen",
            "claim:tier",
            "secret:key",
            "http:GET https://a.example",
            "memory:8MiB",
            "host-calls:8",
        ]
    );
    // Hosts of before read the manifest of who asks for nothing.
    assert!(serde_json::to_value(&plain).unwrap().get("asks").is_none());
    let again: Manifest = serde_json::from_value(serde_json::to_value(&manifest).unwrap()).unwrap();
    assert_eq!(again.asks, manifest.asks);
}

#[test]
fn the_authors_page_lists_what_can_be_asked_for() {
    let told = asking("login", &serde_json::json!({ "interfaces": ["disk"] })).unwrap_err();
    let known = told[0].split("there are ").nth(1).unwrap().split(" Name").next().unwrap();
    let listed = format!("names of `{}`", known.replace(", ", "`, `"));
    for row in [listed.as_str(), "| `http` | at most 16 texts", "| `secrets` | at most 8 names"] {
        assert!(AUTHORS.contains(row), "the page lacks: {row}");
    }
}
