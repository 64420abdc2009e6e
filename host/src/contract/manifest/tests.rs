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
