//! What a manifest asks for: bounds hold that it asks for less than, imports that it does not name
//! are refused, and so is what cannot be granted.

use auth_host::contract::{Grants, Slot};
use auth_host::policy::admission;
use auth_host::store::registry::Role;
use serde_json::{Value, json};

use super::faults::fault_line;
use crate::support::{Person, TestService, eventually, guest, policy};
use crate::swap::components::{asking, with_manifest, with_modules};

/// A service whose login is a guest that asks for this.
async fn asks(name: &str, asks: Value) -> TestService {
    TestService::with().component(Slot::Login, &asking(&guest(name), asks)).start().await
}

#[tokio::test]
async fn a_policy_has_the_memory_that_it_asks_for() {
    let service = asks("large_memory", json!({ "memory": "8MiB" })).await;
    let (person, _) = service.newcomer("leo").await;
    let line = fault_line(&service, &service.login(&person).await);
    assert_eq!(line["cause"], "memory", "{line}");
    let bytes = (8 << 20).to_string();
    assert!(line["detail"].as_str().unwrap().contains(&bytes), "{line}");
    // It uses 12 MiB.
    service.swap(Slot::Login, &asking(&guest("large_memory"), json!({ "memory": "14MiB" }))).await;
    service.login(&person).await.tokens();
    service.stop().await;
}

#[tokio::test]
async fn a_policy_has_the_processor_time_that_it_asks_for() {
    let service = asks("endless_loop", json!({ "time": "50ms" })).await;
    let (person, _) = service.newcomer("leo").await;
    let line = fault_line(&service, &service.login(&person).await);
    assert_eq!(line["cause"], "deadline", "{line}");
    assert!(line["detail"].as_str().unwrap().contains("its 50 ms of processor time"), "{line}");
    service.stop().await;
}

#[tokio::test]
async fn a_policy_has_the_host_calls_that_it_asks_for() {
    let service = asks("writes_then_accepts", json!({ "host_calls": 2 })).await;
    let (person, _) = service.newcomer("leo").await;
    let line = fault_line(&service, &service.login(&person).await);
    let detail = line["detail"].as_str().unwrap();
    assert!(detail.contains("at most 2 counted host calls in a call"), "{line}");
    service.stop().await;
}

#[tokio::test]
async fn a_policy_keeps_no_more_in_its_storage_than_it_asks_for() {
    let service = asks("writes_everything", json!({ "storage": "1KiB" })).await;
    let domain = ["x".repeat(60), "y".repeat(60), "example".to_owned()].join(".");
    let mut told = String::new();
    for number in 0..20 {
        let email = format!("leo{number}@{domain}");
        let person = Person { email, ..Person::new("leo") };
        service.register(&person.form()).await.tokens();
        let services = std::sync::Arc::clone(&service.app().services);
        services.storage_sizes.measure(&services.store).await.unwrap();
        let answer = service.login(&person).await;
        if answer.status != 200 {
            told = fault_line(&service, &answer)["detail"].as_str().unwrap().to_owned();
            break;
        }
    }
    assert!(told.contains("and 1024 bytes in a slot's storage"), "{told:?}");
    // Another release of the slot that asks for more finds its rows there.
    service.swap(Slot::Login, &guest("writes_everything")).await;
    let (person, _) = service.newcomer("ann").await;
    service.login(&person).await.tokens();
    service.stop().await;
}

#[tokio::test]
async fn a_candidate_has_what_it_asks_for_while_it_follows_as_a_shadow_too() {
    let service = TestService::start().await;
    let ann = service.admin("ann", Role::Deploy).await;
    // The default policy, whose login asks three times.
    let candidate = asking(&policy(Slot::Login), json!({ "host_calls": 2 }));
    let pushed = ann.push(Slot::Login, &candidate, &json!({})).await.json();
    let rollout = json!({ "mode": "shadow", "abort_if": ["faults off"] });
    let body = json!({ "release": pushed["release"], "message": "a test", "rollout": rollout });
    let begun = ann.ask("POST", "/v1/deployments", &body).await;
    assert_eq!(begun.status, 202, "{}", begun.text());
    let (person, _) = service.newcomer("leo").await;
    let shown = eventually("a call that the shadow spoils", async || {
        service.login(&person).await.tokens();
        let shown = ann.get("/v1/places/login/rollout").await;
        let shown = (shown.status == 200).then(|| shown.json())?;
        (shown["faults"].as_u64()? > 0).then_some(shown)
    })
    .await;
    assert_eq!(shown["same"], 0, "{shown}");
    let kinds = shown["kinds"].as_array().unwrap();
    assert!(
        kinds.iter().any(|of| (&of["what"], &of["kind"]) == (&json!("fault"), &json!("failed")))
    );
    service.stop().await;
}

/// What admission says of it, with what to do.
fn refused(component: &[u8]) -> String {
    let faults = admission::inspect(component).err().expect("it passes");
    format!("{faults} {}", faults.remedies())
}

#[test]
fn an_import_that_is_not_asked_for_is_refused_by_the_names_of_all_such_functions() {
    let told = refused(&asking(
        &guest("writes_everything"),
        json!({ "interfaces": ["accounts", "passwords", "throttle"] }),
    ));
    for name in ["storage#put", "storage#delete", "outbox#append"] {
        assert!(told.contains(&format!("auth:policy/{name}")), "{told}");
    }
    for name in ["accounts#", "passwords#", "log#", "metrics#", "logging-in#", "types#"] {
        assert!(!told.contains(&format!("auth:policy/{name}")), "{told}");
    }
    assert!(told.contains("`asks.interfaces`") && told.contains("operator"), "{told}");
    let all = ["accounts", "passwords", "throttle", "storage", "outbox", "sessions"];
    admission::inspect(&asking(&guest("writes_everything"), json!({ "interfaces": all }))).unwrap();
}

#[test]
fn what_nobody_can_grant_or_the_component_does_not_use_is_refused() {
    let login = policy(Slot::Login);
    for (asks, words) in [
        (json!({ "interfaces": ["disk"] }), "there is no interface \"disk\"; there are accounts"),
        (json!({ "memory": "1GiB" }), "this host allows memory:16MiB at most"),
        (json!({ "http": ["GET https://a.example"] }), "does not import http#send"),
        (json!({ "secrets": ["key"] }), "does not import settings#secret"),
        (json!({ "http": ["GET https://a.example/x"] }), "an origin has no user, path or query"),
    ] {
        let told = refused(&asking(&login, asks));
        assert!(told.contains(words), "{told}");
    }
    // The bounds of what it starts with are its own.
    let starts_with_three = with_modules(&["(module (memory 48))"]);
    admission::inspect(&starts_with_three).unwrap();
    let told = refused(&asking(&starts_with_three, json!({ "memory": "2MiB" })));
    assert!(told.contains("48 pages of memory; at most 32 are allowed"), "{told}");
}

#[test]
fn the_default_policies_ask_for_what_they_import_and_no_more() {
    let asked = |slot| {
        let checked = admission::inspect(&policy(slot)).unwrap();
        Grants::asked(&checked.manifest, checked.imports.iter().map(String::as_str)).texts()
    };
    let [accounts, passwords, sessions, throttle] =
        ["accounts", "passwords", "sessions", "throttle"].map(|name| format!("interface:{name}"));
    assert_eq!(asked(Slot::Register), [passwords.clone(), throttle.clone()]);
    assert_eq!(asked(Slot::Login), [accounts, passwords, throttle]);
    assert_eq!(asked(Slot::Refresh), [sessions]);
}

#[tokio::test]
async fn who_pushes_what_asks_for_too_much_is_told_what_to_do() {
    let service = TestService::start().await;
    let ann = service.admin("ann", Role::Deploy).await;
    let asks = json!({ "time": "1s", "interfaces": ["disk"] });
    let reasons = ann.put(&with_manifest(|manifest| manifest["asks"] = asks)).await.reasons();
    let told: Vec<String> = reasons.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("asks.interfaces") && told[1].contains("asks.time"), "{told:?}");
    assert!(told[1].contains("this host allows time:200ms at most"), "{told:?}");
    assert!(reasons.iter().all(|reason| reason["remedy"].as_str().unwrap().ends_with('.')));
    service.stop().await;
}
