//! Components that fail admission: the running one goes on, the log names every fault, and the
//! refusal is counted.

use auth_host::contract::Slot;
use auth_host::policy::admission;
use serde_json::{Value, json};

use super::components::{
    calling_the_host_at_its_start, from_wat, manifest, with_manifest, with_modules, with_section,
    without_manifest,
};
use crate::support::{Person, TestService, eventually, lines_with, mark, policy};

/// What is offered, the component, and words that its refusal must hold.
type Case = (&'static str, Vec<u8>, &'static [&'static str]);

/// What one such text says is no place in a file that its author has never seen. And whatever
/// admission finds, `policy inspect` finds.
#[test]
fn what_is_built_for_another_contract_is_told_without_offsets() {
    for (what, bytes, words) in wrong_code() {
        assert!(admission::inspect(&bytes).is_err(), "{what}: `inspect` finds nothing");
        let Err(faults) = admission::check(Slot::Login, &bytes) else { continue };
        let told = faults.to_string();
        assert!(!told.contains("0x"), "{what}: {told}");
        assert!(words.iter().all(|word| told.contains(word)), "{what}: {told}");
    }
}

/// A release may hold a component for each version of the contract.
#[test]
fn what_is_built_for_another_contract_is_told_apart_from_what_is_broken() {
    let other = from_wat(r#"(component (import "auth:policy/types@0.1.3" (instance)))"#);
    let report = admission::examine(Some(Slot::Login), &other).unwrap();
    assert_eq!(
        (report.wit.as_str(), report.spoken, report.slot),
        ("0.1.3", false, Some(Slot::Login))
    );
    assert_eq!(report.manifest["name"], manifest(Slot::Login)["name"]);
    assert!(report.notes[0].contains("auth:policy@0.1.3"), "{:?}", report.notes);
    assert!(admission::examine(Some(Slot::Register), &other).is_err(), "another slot's");
    assert!(admission::examine(None, &without_manifest(&other)).is_err(), "without a manifest");
    let both = r#"(component (import "auth:policy/types@0.1.0" (instance))
        (import "auth:policy/log@0.2.0" (instance)))"#;
    assert!(admission::examine(None, &from_wat(both)).is_err(), "of two contracts");
    let own = admission::examine(None, &policy(Slot::Login)).unwrap();
    assert_eq!((own.spoken, own.notes.len()), (true, 0));
    assert_eq!(own.wit, auth_host::contract::wit::version());
    assert!(!own.imports.is_empty());
}

/// What is offered for the slot `login`.
fn cases(service: &TestService) -> Vec<Case> {
    let parts = [wrong_manifests(), wrong_schemas(), wrong_code(), too_much_from_the_start()];
    [wrong_bytes(service), parts.concat()].concat()
}

fn wrong_bytes(service: &TestService) -> Vec<Case> {
    let login = policy(Slot::Login);
    let precompiled = service.app().admission.engine().precompile_component(&login).unwrap();
    let mut oversize = login.clone();
    oversize.resize((32 << 20) + 1, 0);
    vec![
        ("not WebAssembly", b"#!/bin/sh\nexit 0\n".to_vec(), &["it is no WebAssembly"]),
        ("empty", Vec::new(), &["it is no WebAssembly"]),
        ("a core module", wat::parse_str("(module)").unwrap(), &["core module", "policy pack"]),
        ("cut off", login[..login.len() / 2].to_vec(), &["end-of-file"]),
        ("with bytes after its end", [login.as_slice(), b"more"].concat(), &[]),
        ("another slot's", policy(Slot::Register), &["register", "login"]),
        ("without a manifest", without_manifest(&login), &["no manifest"]),
        ("machine code", precompiled, &["precompiled"]),
        ("more than 32 MiB", oversize, &["33554432"]),
    ]
}

fn wrong_manifests() -> Vec<Case> {
    let login = policy(Slot::Login);
    vec![
        (
            "with two manifests",
            with_section(&login, manifest(Slot::Login).to_string().as_bytes()),
            &["more than one manifest"],
        ),
        (
            "with a manifest that is no JSON",
            with_section(&without_manifest(&login), b"{"),
            &["manifest cannot be read"],
        ),
        (
            "with a manifest too large",
            with_section(&without_manifest(&login), &vec![b' '; 65 * 1024]),
            &["65536"],
        ),
        (
            "with an unknown member in its manifest",
            with_manifest(|manifest| manifest["grants"] = json!([])),
            &["grants"],
        ),
        (
            "with many faults in its manifest",
            with_manifest(|manifest| {
                manifest["name"] = json!("Not A Name");
                manifest["refusals"] =
                    json!({ "policy_fault": {}, "Bad Code": {}, "teapot": { "status": 418 } });
                manifest["claims"] = json!(["sub", "Role"]);
                manifest["events"] = json!(["user.created"]);
            }),
            &[
                "Not A Name",
                "policy_fault",
                "Bad Code",
                "teapot",
                "\"sub\"",
                "Role",
                "user.created",
            ],
        ),
    ]
}

fn wrong_schemas() -> Vec<Case> {
    let deep = (0..20).fold(json!({}), |inner, _| json!({ "properties": { "x": inner } }));
    vec![
        (
            "with a reference in its schema",
            with_manifest(|manifest| manifest["request"] = json!({ "$ref": "#" })),
            &["$ref"],
        ),
        (
            "with a keyword that is not taken in its schema",
            with_manifest(|manifest| {
                manifest["settings"]["properties"]["extra"] = json!({ "anyOf": [] });
            }),
            &["\"anyOf\" at settings/properties/extra"],
        ),
        (
            "with a pattern that looks forward",
            with_manifest(|manifest| {
                manifest["settings"]["properties"]["extra"] = json!({ "pattern": "(?=a)" });
            }),
            &["settings: is not valid as JSON Schema"],
        ),
        (
            "with more faults than anybody reads",
            with_manifest(|manifest| {
                let keywords = (0..50).map(|number| (format!("k{number}"), json!(0)));
                manifest["request"] = Value::Object(keywords.collect());
            }),
            &["\"k0\"", "and 30 more"],
        ),
        (
            "with a deep schema",
            with_manifest(|manifest| manifest["request"] = deep),
            &["deeper than 16"],
        ),
    ]
}

fn wrong_code() -> Vec<Case> {
    let register = without_manifest(&policy(Slot::Register));
    vec![
        (
            "with WASI",
            from_wat(r#"(component (import "wasi:cli/environment@0.2.0" (instance)))"#),
            &["wasi:*"],
        ),
        (
            "with an import that nobody has",
            from_wat(r#"(component (import "auth:policy/teapot@0.2.0" (instance)))"#),
            &["auth:policy/teapot@0.2.0", "login-policy"],
        ),
        (
            "built for another version of the contract",
            from_wat(r#"(component (import "auth:policy/types@0.1.0" (instance)))"#),
            &["built for auth:policy@0.1.0", "takes auth:policy@0.2.0"],
        ),
        ("without an export", from_wat("(component)"), &["login-policy"]),
        (
            "another contract's",
            with_section(&register, manifest(Slot::Login).to_string().as_bytes()),
            &["the slot register", "the world login-policy"],
        ),
        (
            "that loops when it is instantiated",
            with_modules(&["(module (func $f (loop (br 0))) (start $f))"]),
            &["trial"],
        ),
        (
            "that traps when it is instantiated",
            with_modules(&["(module (func $f unreachable) (start $f))"]),
            &["trial"],
        ),
        (
            "that calls the host when it is instantiated",
            calling_the_host_at_its_start(),
            &["calls the host while it is instantiated"],
        ),
    ]
}

/// What could never be instantiated under the bounds of a call.
fn too_much_from_the_start() -> Vec<Case> {
    let memory = "(module (memory 1))";
    let half = "(module (memory 129))";
    vec![
        (
            "with 17 MiB of memory",
            with_modules(&["(module (memory 272))"]),
            &["it starts with 272 pages of memory; at most 256 are allowed"],
        ),
        (
            "with 16 MiB of memory beside the policy's own",
            with_modules(&[half, "(module (memory 127))"]),
            &["trial", "16777216"],
        ),
        (
            "with three memories beside the policy's own",
            with_modules(&[memory, memory, memory]),
            &["it has 4 memories; at most 3 are allowed"],
        ),
        (
            "with a table of a million elements",
            with_modules(&["(module (table 1000000 funcref))"]),
            &["it has a table of more than 10000 elements"],
        ),
        (
            "with eight tables beside the policy's own",
            with_modules(&["(module (table 1 funcref) (table 1 funcref) (table 1 funcref)
                (table 1 funcref) (table 1 funcref) (table 1 funcref) (table 1 funcref)
                (table 1 funcref))"]),
            &["tables; at most 4 are allowed"],
        ),
    ]
}

#[tokio::test]
async fn what_is_brought_for_the_registry_is_checked_with_its_settings() {
    let service = TestService::start().await;
    let admission = std::sync::Arc::clone(&service.app().admission);
    let login: std::sync::Arc<[u8]> = policy(Slot::Login).into();
    let settings = |value: Value| value.as_object().cloned();
    let check =
        async |slot, given| admission.check_offer(slot, std::sync::Arc::clone(&login), given).await;
    let report = check(None, None).await.unwrap();
    assert_eq!(report.size, login.len() as u64);
    assert_eq!(report.slot, Some(Slot::Login));
    let fitting = settings(json!({ "attempts-per-account": 3 }));
    check(Some(Slot::Login), fitting).await.unwrap();
    let faults = check(Some(Slot::Login), settings(json!({ "teapot": 1 }))).await.unwrap_err();
    assert!(faults.are_of_settings(), "{faults}");
    let faults = check(Some(Slot::Refresh), None).await.unwrap_err();
    assert!(faults.to_string().contains("login policy, not a refresh policy"), "{faults}");
    assert_eq!(service.count("auth_policy_cache_total", &[]).await, 3, "something was compiled");
    drop(admission);
    service.stop().await;
}

#[tokio::test]
async fn a_component_that_fails_admission_leaves_the_running_one_serving() {
    let service = TestService::start().await;
    let (person, _) = service.newcomer("leo").await;
    let before = service.generation(Slot::Login).await;
    let refusals = async || {
        service
            .count("auth_policy_admissions_total", &[("slot", "login"), ("result", "refused")])
            .await
    };
    for (number, (what, bytes, words)) in cases(&service).into_iter().enumerate() {
        let begin = mark();
        service.put("login.wasm", &bytes);
        let count = number as u64;
        eventually(&format!("a refusal of one {what}"), async || {
            (refusals().await > count).then_some(())
        })
        .await;
        let entries = lines_with(begin, "the policy was refused");
        let told = |entry: &Value| {
            assert!(entry["remedy"].as_str().unwrap().ends_with('.'), "{what}: {entry}");
            words.iter().all(|word| entry["faults"].as_str().unwrap().contains(word))
        };
        assert!(entries.iter().any(told), "{what}: one entry must hold {words:?}: {entries:?}");
        assert_eq!(service.generation(Slot::Login).await, before, "{what} was swapped in");
        service.login(&person).await.tokens();
    }
    service.swap(Slot::Login, &policy(Slot::Login)).await;
    service.stop().await;
}

#[tokio::test]
async fn a_component_that_fails_admission_at_the_start_leaves_the_slot_empty_and_the_others_serving()
 {
    let service = TestService::with().component(Slot::Login, b"nothing").start().await;
    let (person, tokens) = service.newcomer("leo").await;
    service.login(&person).await.refused(503, "no_policy");
    service.refresh(&tokens.refresh).await.tokens();
    assert_eq!(service.get("/readyz").await.status, 503);
    service.swap(Slot::Login, &policy(Slot::Login)).await;
    service.login(&Person { email: person.email.to_uppercase(), ..person }).await.tokens();
    service.stop().await;
}
