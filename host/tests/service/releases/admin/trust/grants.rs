//! What a place is granted, and what is not deployed without.

use auth_host::contract::Slot;
use auth_host::store::registry::{DeploymentState, Role};
use serde_json::{Value, json};

use super::{barred, deployed, line, login, named};
use crate::releases::pushing::{begin, ended};
use crate::support::{Admin, TestService, eventually, hex};
use crate::swap::components::{asking, from_wat, with_manifest};

const GRANTS: &str = "/v1/places/login/grants";

/// Without `POLICY_GRANT_ALL`. The default policies come from the directory, which fills each place.
async fn strict() -> TestService {
    TestService::with().setting("POLICY_GRANT_ALL", "false").start().await
}

/// A login that adds the claim `tier`, and is told from others by its version.
fn with_claim(version: &str) -> Vec<u8> {
    with_manifest(|manifest| {
        manifest["version"] = version.into();
        manifest["claims"] = json!(["tier"]);
    })
}

async fn pushed(admin: &Admin<'_>, component: &[u8]) -> String {
    named(&admin.push(Slot::Login, component, &json!({})).await)
}

async fn granted(admin: &Admin<'_>) -> Vec<Value> {
    admin.get(GRANTS).await.json()["granted"].as_array().unwrap().clone()
}

async fn eventually_told(admin: &Admin<'_>, word: &str) {
    eventually("what serves and lacks a grant", async || {
        login(admin).await["untrusted"].to_string().contains(word).then_some(())
    })
    .await;
}

/// A component for another version of the contract, which asks for this.
fn for_later(asks: Value) -> Vec<u8> {
    let later = r#"(component (import "auth:policy/types@0.3.0" (instance)))"#;
    asking(&from_wat(later), asks)
}

/// Brings a release with a component that this host serves, and one that later ones serve.
async fn pushed_for_both(admin: &Admin<'_>, version: &str, later: &[u8]) -> String {
    let own = with_manifest(|manifest| manifest["version"] = version.into());
    let mut digests = Vec::new();
    for component in [&own[..], later] {
        let brought = admin.put(component).await;
        assert!(brought.status < 300, "{}", brought.text());
        digests.push(hex(component));
    }
    let release = json!({
        "place": "login", "components": digests, "settings": {}, "message": "",
    });
    named(&admin.ask("POST", "/v1/releases", &release).await)
}

#[tokio::test]
async fn what_a_component_for_a_later_host_asks_for_is_granted_before_its_release_is_deployed() {
    let service = strict().await;
    let (ann, olga) =
        (service.admin("ann", Role::Deploy).await, service.admin("olga", Role::Operate).await);
    let later = for_later(json!({ "http": ["POST https://other.example"] }));
    let release = pushed_for_both(&ann, "1.0.1", &later).await;
    let refused = ann.deploy(&release).await;
    barred(&refused, 403, "not_granted");
    assert!(refused.text().contains("http:POST https://other.example"), "{}", refused.text());
    // Begun past administration, each replica asks the same.
    let ended = ended(&service, &begin(&service, 2).await).await;
    assert_eq!(ended.state, DeploymentState::Refused, "{ended:?}");
    let reasons = ended.reports[0].reasons.join(" ");
    assert!(reasons.contains("http:POST https://other.example"), "{reasons}");
    let all = json!({ "release": 2, "message": "" });
    assert_eq!(olga.ask("POST", GRANTS, &all).await.status, 200);
    deployed(&ann, &release).await;

    // What cannot be read here is granted by nobody.
    let later = for_later(json!({ "teleport": true }));
    let release = pushed_for_both(&ann, "1.0.2", &later).await;
    let refused = ann.deploy(&release).await;
    barred(&refused, 403, "not_granted");
    for part in ["auth:policy@0.3.0", "cannot be judged here"] {
        assert!(refused.text().contains(part), "{}", refused.text());
    }
    service.stop().await;
}

#[tokio::test]
async fn what_asks_no_more_than_was_granted_needs_nobody_and_what_asks_more_is_told_all_of_it() {
    let service = strict().await;
    let (ann, olga) =
        (service.admin("ann", Role::Deploy).await, service.admin("olga", Role::Operate).await);
    // The first filling from the directory is granted what it asks for, and nothing else is.
    let view = ann.get(GRANTS).await.json();
    assert_eq!((&view["granted"], &view["all"]), (&view["asked"], &json!(false)), "{view}");
    assert!(view["granted"].as_array().unwrap().contains(&json!("interface:accounts")), "{view}");
    assert!(view["base"].as_array().unwrap().contains(&json!("interface:log")), "{view}");
    assert_eq!(line(&ann, "granted").await["who"], "directory");

    // No more than that.
    let same = pushed(&ann, &with_manifest(|it| it["version"] = "1.0.1".into())).await;
    deployed(&ann, &same).await;

    let release = pushed(&ann, &with_claim("1.0.2")).await;
    let shown = ann.get(&format!("/v1/releases/{release}")).await.json();
    assert_eq!(shown["missing"], json!(["claim:tier"]), "{shown}");
    assert!(shown["asks"].as_array().unwrap().contains(&json!("claim:tier")), "{shown}");
    let listed = ann.get("/v1/releases?place=login").await.json()["releases"][0].clone();
    assert_eq!(listed["missing"], json!(["claim:tier"]), "{listed}");
    let refused = ann.deploy(&release).await;
    let reasons = barred(&refused, 403, "not_granted");
    let command = "auth-host policy grant login claim:tier";
    assert!(refused.text().contains(command), "{}", refused.text());
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    assert_eq!(reasons[0]["text"], "login is not granted claim:tier");
    assert_eq!(reasons[0]["remedy"], command);
    // A trial is let in no sooner.
    let trial = json!({ "release": release, "message": "", "rollout": { "mode": "shadow" } });
    barred(&ann.ask("POST", "/v1/deployments", &trial).await, 403, "not_granted");

    // Who deploys does not grant.
    let grant = json!({ "add": ["claim:tier"], "message": "tiers are sold" });
    ann.ask("POST", GRANTS, &grant).await.refused(403, "wrong_role");
    let answer = olga.ask("POST", GRANTS, &grant).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.json()["granted"].as_array().unwrap().contains(&json!("claim:tier")));
    let told = line(&ann, "granted").await;
    assert_eq!((&told["who"], &told["message"]), (&json!("olga"), &json!("tiers are sold")));
    assert_eq!(told["details"]["added"], json!(["claim:tier"]), "{told}");
    deployed(&ann, &release).await;

    // What serves is not touched by what is granted no more, and the next one needs it again.
    let removal = json!({ "remove": ["claim:tier"], "message": "" });
    assert_eq!(olga.ask("POST", GRANTS, &removal).await.status, 200);
    let (person, _) = service.newcomer("leo").await;
    service.login(&person).await.tokens();
    let next = pushed(&ann, &with_claim("1.0.3")).await;
    barred(&ann.deploy(&next).await, 403, "not_granted");
    // The way back is open; the way to it by its number is the operator's.
    let rollback = "/v1/places/login/rollback";
    eventually_told(&ann, "claim:tier").await;
    assert_eq!(ann.ask("POST", rollback, &json!({})).await.status, 200);
    let forth = json!({ "to": 3 });
    let refused = ann.ask("POST", rollback, &forth).await;
    barred(&refused, 403, "not_granted");
    assert!(refused.text().contains("the role operate"), "{}", refused.text());
    let forth = olga.ask("POST", rollback, &forth).await;
    assert_eq!(forth.status, 200, "{}", forth.text());
    assert!(forth.json()["untrusted"].to_string().contains("claim:tier"), "{}", forth.text());
    service.stop().await;
}

#[tokio::test]
async fn all_that_a_release_asks_for_is_granted_at_once_and_an_empty_place_begins_with_little() {
    let service =
        TestService::with().without(Slot::Login).setting("POLICY_GRANT_ALL", "false").start().await;
    let olga = service.admin("olga", Role::Operate).await;
    assert_eq!(granted(&olga).await, Vec::<Value>::new());
    let release = pushed(&olga, &with_claim("1.0.0")).await;
    let refused = olga.deploy(&release).await;
    barred(&refused, 403, "not_granted");
    let text = refused.text();
    for item in ["interface:accounts", "interface:passwords", "claim:tier"] {
        assert!(text.contains(item), "{text}");
    }
    let all = json!({ "release": 1, "message": "the first one" });
    let answer = olga.ask("POST", GRANTS, &all).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    deployed(&olga, &release).await;
    let view = olga.get(GRANTS).await.json();
    assert_eq!(view["granted"], view["asked"], "{view}");
    service.stop().await;
}

#[tokio::test]
async fn a_bound_may_be_granted_below_the_hosts_and_never_above() {
    let service = strict().await;
    let olga = service.admin("olga", Role::Operate).await;
    let lower = json!({ "add": ["memory:4MiB"], "message": "" });
    assert_eq!(olga.ask("POST", GRANTS, &lower).await.status, 200);
    let usual = pushed(&olga, &with_manifest(|it| it["version"] = "1.0.1".into())).await;
    let refused = olga.deploy(&usual).await;
    barred(&refused, 403, "not_granted");
    assert!(refused.text().contains("memory:"), "{}", refused.text());
    let small = with_manifest(|manifest| {
        manifest["version"] = "1.0.2".into();
        manifest["asks"] = json!({ "memory": "4MiB" });
    });
    deployed(&olga, &pushed(&olga, &small).await).await;
    for beyond in ["memory:1GiB", "time:10s", "host-calls:100000", "storage:1024GiB"] {
        let answer = olga.ask("POST", GRANTS, &json!({ "add": [beyond], "message": "" })).await;
        answer.refused(400, "malformed_value");
        assert_eq!(answer.fields()[0].0, "add[0]", "{}", answer.text());
    }
    service.stop().await;
}

#[tokio::test]
async fn a_grant_that_makes_no_sense_is_refused_by_the_member_and_changes_nothing() {
    let service = strict().await;
    let olga = service.admin("olga", Role::Operate).await;
    let before = granted(&olga).await;
    olga.ask("POST", "/v1/places/logout/grants", &json!({ "add": ["claim:a"] }))
        .await
        .refused(404, "unknown_place");
    olga.get("/v1/places/logout/grants").await.refused(404, "unknown_place");
    let wrong = [
        (json!({ "add": ["claim:tier", "interface:teleport"] }), "add[1]"),
        (json!({ "add": ["claim:tier", "nonsense"] }), "add[1]"),
        (json!({ "remove": ["claim:tier"] }), "remove[0]"),
        (json!({ "add": ["claim:tier"], "remove": ["interface:log"] }), "remove[0]"),
        (json!({}), "add"),
        (json!({ "release": 0 }), "release"),
    ];
    for (body, field) in wrong {
        let answer = olga.ask("POST", GRANTS, &body).await;
        answer.refused(400, "malformed_value");
        assert_eq!(answer.fields()[0].0, field, "{body}: {}", answer.text());
    }
    olga.ask("POST", GRANTS, &json!({ "release": 99 })).await.refused(404, "no_release");
    olga.ask("POST", GRANTS, &json!({ "grant": [] })).await.refused(400, "malformed_json");
    assert_eq!(granted(&olga).await, before);
    service.stop().await;
}
