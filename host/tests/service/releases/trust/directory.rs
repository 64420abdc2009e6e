//! The policy directory where it is not the operator's word: signatures beside the files, and what
//! its places are granted.

use auth_host::contract::Slot;
use auth_host::signatures::PrivateKey;
use auth_host::store::registry::Role;
use serde_json::{Value, json};

use super::super::pushing::deploy;
use super::keys::{Keys, statement};
use crate::support::{TestService, eventually, hex, policy};
use crate::swap::components::with_manifest;

const GRANTS: &str = "/v1/places/login/grants";

fn component(version: &str) -> Vec<u8> {
    with_manifest(|manifest| manifest["version"] = version.into())
}

fn with_claim() -> Vec<u8> {
    with_manifest(|manifest| manifest["claims"] = json!(["tier"]))
}

/// Why what lies there for logins does not serve, once it says this.
async fn barred(service: &TestService, word: &str) -> String {
    eventually(word, async || {
        let placed = service.get("/readyz").await.json()["placed_not_serving"].clone();
        let login = placed.as_array()?.iter().find(|one| one["slot"] == "login")?.clone();
        let why = login["why"].as_str()?.to_owned();
        (login["state"] == "refused" && why.contains(word)).then_some(why)
    })
    .await
}

async fn serves(service: &TestService, release: u64) {
    eventually(&format!("login/{release}"), async || {
        (service.generation(Slot::Login).await == release).then_some(())
    })
    .await;
}

async fn line(service: &TestService, action: &str) -> auth_host::store::registry::HistoryLine {
    let store = service.app().services.store.clone();
    let lines = store.history(Some("login"), None, 50).await.unwrap();
    lines.into_iter().find(|line| line.action == action).unwrap()
}

#[tokio::test]
async fn a_file_is_taken_once_a_trusted_key_has_signed_it_beside() {
    let keys = Keys::new();
    let service = keys.guard().start().await;
    assert_eq!(service.generation(Slot::Login).await, 1);
    // What serves needs nobody's signature when the operator begins to want them.
    let service = service.stop_and_keep().await.setting("POLICY_UNSIGNED", "none").start().await;
    assert_eq!(service.generation(Slot::Login).await, 1);
    let new = component("1.1.0");
    service.put("login.wasm", &new);
    let why = barred(&service, "needs a signature of a trusted key").await;
    assert!(why.contains("login.wasm") && why.contains("policy sign"), "{why}");
    assert_eq!(service.generation(Slot::Login).await, 1);
    // A signature of something else, and one that was cut.
    let other = keys.ann.sign(&statement(&component("1.2.0"))).line();
    service.put("login.wasm.sig", other.as_bytes());
    barred(&service, "The signature of ann does not count").await;
    service.put("login.wasm.sig", &other.as_bytes()[..100]);
    barred(&service, "login.wasm.sig").await;
    let (person, _) = service.newcomer("leo").await;
    service.login(&person).await.tokens();

    let good = keys.ann.sign(&statement(&new)).line() + "\n";
    service.put("login.wasm.sig", good.as_bytes());
    serves(&service, 2).await;
    service.login(&person).await.tokens();
    let kept = service.app().services.store.signatures(&statement(&new).component).await.unwrap();
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!(
        (&*kept[0].added_by, &*kept[0].key),
        ("directory", &*keys.ann.public().fingerprint())
    );
    assert_eq!(line(&service, "signed").await.who, "directory");
    service.stop().await;
}

#[tokio::test]
async fn signatures_of_strangers_that_fill_a_component_keep_no_signed_file_out() {
    let keys = Keys::new();
    let service = keys.guard().start().await;
    let service = service.stop_and_keep().await.setting("POLICY_UNSIGNED", "none").start().await;
    let ann = service.admin("ann", Role::Deploy).await;
    let new = component("1.1.0");
    assert!(ann.put(&new).await.status < 300);
    let strangers: Vec<String> =
        (0..16).map(|_| PrivateKey::generate().sign(&statement(&new)).line()).collect();
    let path = format!("/v1/components/{}/signatures", hex(&new));
    let brought = ann.ask("POST", &path, &json!({ "signatures": strangers })).await;
    assert_eq!(brought.status, 200, "{}", brought.text());
    service.put("login.wasm.sig", keys.ann.sign(&statement(&new)).line().as_bytes());
    service.put("login.wasm", &new);
    serves(&service, 2).await;
    service.stop().await;
}

#[tokio::test]
async fn a_file_that_was_not_let_in_takes_no_later_releases_place_when_it_is_granted() {
    let service = TestService::with().setting("POLICY_GRANT_ALL", "false").start().await;
    assert_eq!(service.generation(Slot::Login).await, 1);
    service.put("login.wasm", &with_claim());
    barred(&service, "claim:tier").await;
    let two = deploy(&service, &component("1.2.0"), &json!({})).await;
    eventually("that the file is not taken any more", async || {
        let placed = service.get("/readyz").await.json()["placed_not_serving"].clone();
        let login = placed.as_array()?.iter().find(|one| one["slot"] == "login")?.clone();
        let why = login["why"].as_str()?.to_owned();
        (login["state"] == "not_taken" && why.contains("another release was activated"))
            .then_some(())
    })
    .await;
    let olga = service.admin("olga", Role::Operate).await;
    let grant = json!({ "add": ["claim:tier"], "message": "" });
    assert_eq!(olga.ask("POST", GRANTS, &grant).await.status, 200);
    // Written anew, it is a change again.
    service.put("login.wasm", &with_claim());
    serves(&service, u64::try_from(two).unwrap() + 1).await;
    service.stop().await;
}

#[tokio::test]
async fn what_an_earlier_version_served_needs_no_signature_to_serve_on() {
    let keys = Keys::new();
    let builder =
        keys.guard().setting("POLICY_UNSIGNED", "none").component(Slot::Login, b"nothing");
    let kept = builder.data_dir().join("last-good");
    let pairs = json!([{ "digest": hex(&policy(Slot::Login)), "settings": {} }]);
    std::fs::create_dir_all(&kept).unwrap();
    std::fs::write(kept.join("login.wasm"), policy(Slot::Login)).unwrap();
    std::fs::write(kept.join("login.pairs.json"), pairs.to_string()).unwrap();
    let service = builder.start().await;
    serves(&service, 1).await;
    service.stop().await;
}

#[tokio::test]
async fn a_start_does_not_wait_for_what_is_not_let_in() {
    let keys = Keys::new();
    let service = keys.guard().setting("POLICY_UNSIGNED", "none").start().await;
    for slot in Slot::ALL {
        assert!(service.app().generations.current(slot).is_none(), "{slot} serves unsigned");
    }
    barred(&service, "needs a signature of a trusted key").await;
    // Signed while it runs.
    let login = policy(Slot::Login);
    service.put("login.wasm.sig", keys.bob.sign(&statement(&login)).line().as_bytes());
    serves(&service, 1).await;
    service.stop().await;
}

#[tokio::test]
async fn a_change_that_asks_for_more_than_was_granted_waits_for_the_grant() {
    let service = TestService::with().setting("POLICY_GRANT_ALL", "false").start().await;
    assert_eq!(service.generation(Slot::Login).await, 1);
    assert_eq!(line(&service, "granted").await.who, "directory");
    service.put("login.wasm", &with_claim());
    let why = barred(&service, "claim:tier").await;
    assert!(why.contains("auth-host policy grant login claim:tier"), "{why}");
    assert_eq!(service.generation(Slot::Login).await, 1);
    let olga = service.admin("olga", Role::Operate).await;
    let grant = json!({ "add": ["claim:tier"], "message": "tiers are sold" });
    assert_eq!(olga.ask("POST", GRANTS, &grant).await.status, 200);
    serves(&service, 2).await;
    service.stop().await;
}

#[tokio::test]
async fn what_served_before_anybody_granted_anything_is_granted_once() {
    // As a version before grants leaves it.
    let service = TestService::with().component(Slot::Login, &with_claim()).start().await;
    let store = service.app().services.store.clone();
    assert_eq!(store.grants("login").await.unwrap(), None);
    let service = service.stop_and_keep().await.setting("POLICY_GRANT_ALL", "false").start().await;
    let olga = service.admin("olga", Role::Operate).await;
    let view: Value = eventually("what served is granted", async || {
        let view = olga.get(GRANTS).await.json();
        (view["granted"] != json!([])).then_some(view)
    })
    .await;
    assert_eq!(view["granted"], view["asked"], "{view}");
    assert!(view["granted"].as_array().unwrap().contains(&json!("claim:tier")), "{view}");
    assert_eq!(line(&service, "granted").await.who, "upgrade");
    // Only once: what is taken away stays away.
    let removal = json!({ "remove": ["claim:tier"], "message": "" });
    assert_eq!(olga.ask("POST", GRANTS, &removal).await.status, 200);
    let service = service.stop_and_keep().await.start().await;
    let olga = service.admin("olga2", Role::Operate).await;
    let view = olga.get(GRANTS).await.json();
    assert!(!view["granted"].as_array().unwrap().contains(&json!("claim:tier")), "{view}");
    assert_eq!(service.generation(Slot::Login).await, 1);
    service.stop().await;
}
