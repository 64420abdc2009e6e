//! The policy directory as a source of releases: each change becomes one, and the registry, not the
//! folder, says what serves.

use auth_host::contract::{Slot, wit};
use auth_host::hex;
use auth_host::store::Store;
use auth_host::store::registry::{Change, Expected, Release, Source};
use serde_json::{Value, json};

use crate::support::{TestService, eventually, guest, lines_with, policy};

/// A word of the line that tells of a file that is not taken.
const NOT_TAKEN: &str = "is no release of the registry and is not taken";

fn store(service: &TestService) -> Store {
    service.app().services.store.clone()
}

/// The releases of the login, newest first.
async fn releases(service: &TestService) -> Vec<Release> {
    store(service).releases(Some("login"), None, 10).await.unwrap()
}

fn change() -> Change {
    Change { who: "ann".to_owned(), why: "support calls".to_owned(), details: "{}".to_owned() }
}

async fn serves(service: &TestService, release: u64) {
    eventually(&format!("login/{release}"), async || {
        (service.generation(Slot::Login).await == release).then_some(())
    })
    .await;
}

async fn placed(service: &TestService) -> Value {
    service.get("/readyz").await.json()["placed_not_serving"].clone()
}

/// Another component than the default policy, which behaves alike for most.
fn other() -> Vec<u8> {
    guest("refuses_domain")
}

#[tokio::test]
async fn a_change_becomes_a_release_with_its_settings_and_is_active_at_once() {
    let service = TestService::start().await;
    assert_eq!(service.generation(Slot::Login).await, 1);
    service.swap(Slot::Login, &other()).await;
    assert_eq!(service.generation(Slot::Login).await, 2);
    service.swap(Slot::Login, &policy(Slot::Login)).await;
    service.put("login.settings.json", br#"{ "attempts-per-account": 3 }"#);
    serves(&service, 4).await;
    let releases = releases(&service).await;
    let numbers: Vec<_> = releases.iter().map(|release| release.number).collect();
    assert_eq!(numbers, [4, 3, 2, 1]);
    let newest = &releases[0];
    assert_eq!((newest.source, newest.author.as_str()), (Source::Directory, "directory"));
    assert_eq!(newest.message, "changed in the policy directory");
    assert_eq!(newest.settings, r#"{"attempts-per-account":3}"#);
    assert_eq!(newest.components[0].digest, hex::sha256(&policy(Slot::Login)));
    assert_eq!(newest.components[0].wit, wit::version());
    assert_eq!(newest.components, releases[1].components, "the settings alone have changed");
    let report: Value = serde_json::from_str(&releases[2].report).unwrap();
    assert_eq!(report["digest"], hex::sha256(&other()));
    assert_eq!(report["manifest"]["name"], "refuses-domain");
    let component = store(&service).component(&hex::sha256(&other())).await.unwrap();
    assert_eq!(component.unwrap().bytes[..], other());
    let history = store(&service).history(Some("login"), None, 10).await.unwrap();
    let moves: Vec<_> = history.iter().map(|line| (line.action.as_str(), line.to)).collect();
    assert_eq!(moves.first(), Some(&("activated", Some(4))), "{moves:?}");
    service.stop().await;
}

#[tokio::test]
async fn a_rollback_survives_a_restart_with_the_same_folder_and_a_change_of_the_folder_counts() {
    let service = TestService::start().await;
    service.swap(Slot::Login, &other()).await;
    store(&service).rollback("login", None, Expected::Anything, &change(), None).await.unwrap();
    serves(&service, 1).await;
    let builder = service.stop_and_keep().await;
    let service = builder.start().await;
    // Nothing has to be waited for: the folder was looked at before it served.
    assert_eq!(service.generation(Slot::Login).await, 1);
    assert_eq!(placed(&service).await, json!([]));
    assert_eq!(releases(&service).await.len(), 2, "the folder was taken as news");
    let builder = service.stop_and_keep().await;
    let settings = json!({ "attempts-per-account": 4 });
    let service = builder
        .component(Slot::Login, &policy(Slot::Login))
        .policy_settings(Slot::Login, &settings)
        .start()
        .await;
    serves(&service, 3).await;
    assert_eq!(releases(&service).await[0].settings, settings.to_string());
    service.stop().await;
}

#[tokio::test]
async fn what_comes_back_is_a_release_that_names_the_one_that_it_was() {
    let service = TestService::start().await;
    service.swap(Slot::Login, &other()).await;
    service.swap(Slot::Login, &policy(Slot::Login)).await;
    let newest = releases(&service).await.remove(0);
    assert_eq!(newest.number, 3);
    assert_eq!(newest.message, "changed in the policy directory: the same as login/1");
    let told = lines_with(service.log_mark(), "brings back what an earlier release was");
    assert!(told.iter().any(|line| line["same"] == "login/1"), "{told:?}");
    service.stop().await;
}

#[tokio::test]
async fn without_following_the_folder_fills_an_empty_registry_once_and_is_told_of_afterwards() {
    let service = TestService::with().setting("POLICY_DIR_FOLLOW", "false").start().await;
    assert_eq!(service.generation(Slot::Login).await, 1);
    assert!(releases(&service).await[0].message.contains("first filling"));
    assert!(lines_with(service.log_mark(), NOT_TAKEN).is_empty());
    service.put("login.wasm", &other());
    let told =
        eventually("a line in the log", async || lines_with(service.log_mark(), NOT_TAKEN).pop())
            .await;
    assert_eq!(told["slot"], "login");
    assert!(told["message"].as_str().unwrap().contains("auth-host policy push"), "{told}");
    assert_eq!(service.generation(Slot::Login).await, 1);
    assert_eq!(placed(&service).await[0]["state"], "not_taken");
    let builder = service.stop_and_keep().await;
    let service = builder.start().await;
    eventually("the line of this start", async || lines_with(service.log_mark(), NOT_TAKEN).pop())
        .await;
    assert_eq!(service.generation(Slot::Login).await, 1);
    assert_eq!(releases(&service).await.len(), 1);
    service.stop().await;
}

#[tokio::test]
async fn without_following_a_place_that_never_had_a_release_takes_what_is_dropped_in() {
    let service = TestService::with()
        .setting("POLICY_DIR_FOLLOW", "false")
        .without(Slot::Login)
        .start()
        .await;
    assert_eq!(service.get("/readyz").await.status, 503);
    service.put("login.wasm", b"nothing");
    eventually("a refusal", async || {
        (placed(&service).await[0]["state"] == "refused").then_some(())
    })
    .await;
    service.swap(Slot::Login, &policy(Slot::Login)).await;
    assert_eq!(service.generation(Slot::Login).await, 1);
    assert_eq!(service.get("/readyz").await.status, 200);
    service.stop().await;
}

#[tokio::test]
async fn what_an_earlier_version_kept_fills_a_place_whose_file_is_refused() {
    let builder = TestService::with().component(Slot::Login, b"nothing");
    let kept = builder.data_dir().join("last-good");
    let settings = json!({ "attempts-per-account": 3 });
    let pairs = json!([{ "digest": hex::sha256(&policy(Slot::Login)), "settings": settings }]);
    std::fs::create_dir_all(&kept).unwrap();
    std::fs::write(kept.join("login.wasm"), policy(Slot::Login)).unwrap();
    std::fs::write(kept.join("login.pairs.json"), pairs.to_string()).unwrap();
    let service = builder.start().await;
    assert_eq!(service.generation(Slot::Login).await, 1);
    assert_eq!(releases(&service).await[0].settings, settings.to_string());
    assert_eq!(placed(&service).await[0]["state"], "refused");
    // Once only: from then on the registry has what may serve.
    let service = service.stop_and_keep().await.start().await;
    assert_eq!(service.generation(Slot::Login).await, 1);
    assert_eq!(releases(&service).await.len(), 1);
    service.stop().await;
}

#[tokio::test]
async fn two_replicas_with_a_folder_each_make_one_release_of_one_change() {
    let first = TestService::with().on_postgres().start().await;
    let url = first.database().unwrap().url().to_owned();
    let second = TestService::with().on_database(&url).clock(first.clock.clone()).start().await;
    assert_eq!(releases(&first).await.len(), 1, "the second start made one");
    for round in 0..5 {
        let settings = json!({ "attempts-per-account": 3 + round }).to_string();
        let before = first.generation(Slot::Login).await;
        for service in [&first, &second] {
            service.put("login.settings.json", settings.as_bytes());
        }
        for service in [&first, &second] {
            serves(service, before + 1).await;
            eventually("a folder that was looked at", async || {
                (placed(service).await == json!([])).then_some(())
            })
            .await;
        }
        assert_eq!(releases(&first).await.len(), 2 + round);
    }
    second.stop().await;
    first.stop().await;
}

#[tokio::test]
async fn a_change_in_a_frozen_place_waits_until_the_freeze_is_lifted() {
    let service = TestService::start().await;
    let until = service.clock.now() + 3_600_000;
    store(&service).freeze("login", until, &change()).await.unwrap();
    service.put("login.wasm", &other());
    let told = eventually("a policy that waits", async || {
        let told = placed(&service).await[0].clone();
        (told["state"] == "not_kept").then_some(told)
    })
    .await;
    assert!(told["why"].as_str().unwrap().contains("login is frozen until 20"), "{told}");
    // By whom and why, strangers need not know.
    assert!(!told.to_string().contains("ann"), "{told}");
    assert_eq!(service.generation(Slot::Login).await, 1);
    assert_eq!(service.count("auth_policy_placed_not_serving", &[("state", "not_kept")]).await, 1);
    store(&service).unfreeze("login", &change()).await.unwrap();
    serves(&service, 2).await;
    assert_eq!(placed(&service).await, json!([]));
    service.stop().await;
}
