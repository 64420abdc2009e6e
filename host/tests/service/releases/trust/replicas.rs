//! Each replica lets in what it trusts itself: three of them on one database.

use auth_host::contract::Slot;
use auth_host::signatures::PrivateKey;
use auth_host::store::registry::Role;
use serde_json::{Value, json};

use super::super::pushing::{beside, replica, serve, version};
use super::keys::{Keys, statement};
use crate::support::{Admin, TestServiceBuilder, eventually, hex};

/// What is pushed is to be signed by keys that this one knows.
fn guarded(builder: TestServiceBuilder, keys: &Keys) -> TestServiceBuilder {
    builder.setting("POLICY_TRUSTED_KEYS", &keys.file()).setting("POLICY_UNSIGNED", "directory")
}

/// Brings a login that this key has signed; what it is called.
async fn pushed(admin: &Admin<'_>, component: &[u8], key: &PrivateKey) -> String {
    let pushed = admin.push(Slot::Login, component, &json!({})).await;
    assert_eq!(pushed.status, 201, "{}", pushed.text());
    let path = format!("/v1/components/{}/signatures", hex(component));
    let lines = json!({ "signatures": [key.sign(&statement(component)).line()] });
    let signed = admin.ask("POST", &path, &lines).await;
    assert_eq!(signed.status, 200, "{}", signed.text());
    pushed.json()["release"].as_str().unwrap().to_owned()
}

async fn asked(admin: &Admin<'_>, body: &Value) -> Value {
    let begun = admin.ask("POST", "/v1/deployments", body).await;
    assert_eq!(begun.status, 202, "{}", begun.text());
    let path = format!("/v1/deployments/{}?wait=20", begun.json()["id"].as_str().unwrap());
    eventually("the end of a deployment", async || {
        let deployment = admin.get(&path).await.json();
        (deployment["state"] != "preparing").then_some(deployment)
    })
    .await
}

#[tokio::test]
async fn one_replica_that_does_not_trust_a_release_keeps_it_from_all_and_says_why() {
    let (keys, others) = (Keys::new(), Keys::new());
    let first = guarded(replica("a1"), &keys).on_postgres().start().await;
    let second = guarded(beside(&first, "a2"), &keys).start().await;
    // It was set up with other people's keys.
    let third = guarded(beside(&first, "a3"), &others).start().await;
    let ann = first.admin("ann", Role::Deploy).await;
    let release = pushed(&ann, &version("1.1.0"), &keys.ann).await;
    let body = json!({ "release": release, "message": "a test" });
    let ended = asked(&ann, &body).await;
    assert_eq!(ended["state"], "refused", "{ended}");
    let reports = ended["reports"].as_array().unwrap();
    let of_third = reports.iter().find(|report| report["name"] == "a3").unwrap();
    assert_eq!(of_third["state"], "refused", "{ended}");
    let why = of_third["reasons"].to_string();
    for part in [&*release, "nobody here knows", &*keys.ann.public().fingerprint()] {
        assert!(why.contains(part), "{why}");
    }
    for service in [&first, &second, &third] {
        assert!(service.app().generations.current(Slot::Login).is_none(), "it serves");
    }
    // Once it has the same file, all are ready.
    std::fs::copy(keys.file(), others.file()).unwrap();
    eventually("an activation", async || {
        (asked(&ann, &body).await["state"] == "activated").then_some(())
    })
    .await;
    serve([&first, &second, &third], 1).await;
    third.stop().await;
    second.stop().await;
    first.stop().await;
}

#[tokio::test]
async fn a_trial_whose_key_is_withdrawn_decides_about_nobody_and_cannot_go_on() {
    let keys = Keys::new();
    let first = guarded(replica("a1"), &keys).on_postgres().start().await;
    let second = guarded(beside(&first, "a2"), &keys).start().await;
    let ann = first.admin("ann", Role::Operate).await;
    let base = pushed(&ann, &version("1.1.0"), &keys.bob).await;
    let ended = asked(&ann, &json!({ "release": base, "message": "" })).await;
    assert_eq!(ended["state"], "activated", "{ended}");
    serve([&first, &second], 1).await;
    let release = pushed(&ann, &version("1.2.0"), &keys.ann).await;
    let rollout = json!({ "mode": "share", "percent": 50 });
    let trial = json!({ "release": release, "message": "", "rollout": rollout });
    let ended = asked(&ann, &trial).await;
    assert_eq!(ended["state"], "activated", "{ended}");
    let missing = async |many: usize| {
        eventually("who takes no part", async || {
            let rollout = ann.get("/v1/places/login/rollout").await.json();
            let missing = rollout["candidate"]["missing"].as_array()?.clone();
            (missing.len() == many).then_some(missing)
        })
        .await
    };
    missing(0).await;
    keys.say("withdrawn", "");
    for told in missing(2).await {
        let told = told.as_str().unwrap().to_owned();
        assert!(told.contains("is not let in here") && told.contains("withdrawn"), "{told}");
    }
    for service in [&first, &second] {
        let generations = &service.app().generations;
        let active = generations.current(Slot::Login).unwrap();
        assert!(generations.trial(&active).is_none(), "it is still tried");
    }
    let promotion = ann.ask("POST", "/v1/places/login/rollout/promote", &json!({})).await;
    assert_eq!(promotion.status, 403, "{}", promotion.text());
    assert_eq!(promotion.json()["code"], "untrusted", "{}", promotion.text());
    assert!(promotion.text().contains("withdrawn"), "{}", promotion.text());

    // Trusted again, it is tried again.
    keys.say("", "");
    missing(0).await;
    let promoted = ann.ask("POST", "/v1/places/login/rollout/promote", &json!({})).await;
    assert_eq!(promoted.status, 200, "{}", promoted.text());
    serve([&first, &second], 2).await;
    second.stop().await;
    first.stop().await;
}
