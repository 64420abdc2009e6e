//! `policy pack` and `policy inspect` find what a host would refuse, before anything is offered.

use std::path::PathBuf;

use auth_host::command::Pack;
use serde_json::{Value, json};
use tempfile::TempDir;

/// What packing a component with a manifest ends with; a fault leaves no file.
fn packed(text: &str, manifest: &Value) -> Result<PathBuf, String> {
    let folder = TempDir::new().unwrap().keep();
    let [module, file, output] = ["module", "manifest", "policy"].map(|name| folder.join(name));
    std::fs::write(&module, wat::parse_str(text).unwrap()).unwrap();
    std::fs::write(&file, manifest.to_string()).unwrap();
    let run = Pack { module, manifest: file, output: output.clone() }.run();
    let told = run.map_err(|fault| format!("{fault:#}"));
    assert_eq!(told.is_ok(), output.exists(), "{told:?}");
    let told = told.map(|()| output);
    std::fs::remove_dir_all(folder).unwrap();
    told
}

fn manifest() -> Value {
    json!({ "name": "tried", "version": "1", "slot": "login" })
}

#[test]
fn what_no_host_takes_is_not_packed_and_the_reason_ends_in_what_to_do() {
    let with_keyword = |keyword: &str| {
        let mut manifest = manifest();
        manifest["settings"] = json!({ "properties": { "x": { keyword: [] } } });
        manifest
    };
    let other_version = r#"(component (import "auth:policy/types@0.1.0" (instance)))"#;
    let reserved =
        json!({ "refusals": { "busy": {} }, "name": "x", "version": "1", "slot": "login" });
    for (what, text, manifest, words) in [
        (
            "a keyword",
            "(component)",
            with_keyword("allOf"),
            ["\"allOf\" at settings/properties/x", "docs/policy-authors.md"],
        ),
        ("a schema", "(component)", with_keyword("type"), ["settings: is not valid", "Mend it"]),
        ("a code", "(component)", reserved, ["\"busy\" is the host's own", "Choose another code"]),
        (
            "another version",
            other_version,
            manifest(),
            ["auth:policy@0.1.0; this host takes auth:policy@0.2.0", "wit/policy.wit"],
        ),
        (
            "no export",
            "(component)",
            manifest(),
            ["it does not export auth:policy/login@0.2.0", "login!"],
        ),
    ] {
        let told = packed(text, &manifest).expect_err(what);
        assert!(words.iter().all(|word| told.contains(word)), "{what}: {told}");
        assert!(told.ends_with('.'), "{what}: {told}");
    }
}
