//! The good path of every endpoint, and what the registry refuses.

use auth_host::administration::moment;
use auth_host::contract::Slot;
use auth_host::store::registry::Role;
use serde_json::{Value, json};

use crate::support::{Admin, TestService, eventually, guest, hex, policy};

/// Another component for logins than the one that serves.
fn other_login() -> Vec<u8> {
    guest("login_lengthens")
}

/// A release that is pushed and serves.
async fn deployed(admin: &Admin<'_>, component: &[u8]) -> String {
    let pushed = admin.push(Slot::Login, component, &json!({})).await;
    assert_eq!(pushed.status, 201, "{}", pushed.text());
    let release = pushed.json()["release"].as_str().unwrap().to_owned();
    let begun = admin.deploy(&release).await;
    assert_eq!(begun.status, 202, "{}", begun.text());
    let ended = ended(admin, &begun.json()).await;
    assert_eq!(ended["state"], "activated", "{ended}");
    release
}

async fn ended(admin: &Admin<'_>, deployment: &Value) -> Value {
    let path = format!("/v1/deployments/{}?wait=20", deployment["id"].as_str().unwrap());
    eventually("the end of a deployment", async || {
        let deployment = admin.get(&path).await.json();
        (deployment["state"] != "preparing").then_some(deployment)
    })
    .await
}

#[tokio::test]
async fn a_release_is_pushed_deployed_looked_at_and_rolled_back_under_the_tokens_name() {
    let service = TestService::start().await;
    let ann = service.admin("ann", Role::Deploy).await;
    let host = ann.get("/v1/host").await.json();
    assert_eq!((&host["token"], &host["role"]), (&json!("ann"), &json!("deploy")));
    assert_eq!(host["places"], json!(["register", "login", "refresh"]));

    let component = other_login();
    let brought = ann.put(&component).await;
    assert_eq!(brought.status, 200, "{}", brought.text());
    let brought = brought.json();
    assert_eq!(brought["digest"], hex(&component));
    assert_eq!((&brought["new"], &brought["pushed_by"]), (&json!(true), &json!("ann")));
    assert_eq!(brought["manifest"]["slot"], "login");
    // Once more is no news.
    assert_eq!(ann.put(&component).await.json()["new"], false);
    let fetched = ann.get(&format!("/v1/components/{}", hex(&component))).await;
    assert_eq!(fetched.body, component);

    deployed(&ann, &policy(Slot::Login)).await;
    let release = deployed(&ann, &component).await;
    let shown = ann.get(&format!("/v1/releases/{release}")).await.json();
    assert_eq!((&shown["author"], &shown["active"]), (&json!("ann"), &json!(true)));
    assert_eq!(shown["report"]["components"][0]["digest"], hex(&component));
    let page = ann.get("/v1/releases?place=login&limit=1").await.json();
    assert_eq!(page["releases"][0]["release"], json!(release));
    let number = shown["number"].as_i64().unwrap();
    assert_eq!(page["next"], number);
    let next = ann.get(&format!("/v1/releases?place=login&before={number}")).await.json();
    assert_eq!(next["releases"][0]["number"], number - 1, "{next}");

    let status = ann.get("/v1/status").await.json();
    let login = status["places"].as_array().unwrap().iter();
    let login = login.clone().find(|place| place["place"] == "login").unwrap();
    assert_eq!(login["active"], json!(release));
    eventually("a replica that says that it serves it", async || {
        let status = ann.get("/v1/status").await.json();
        let serving = status["replicas"][0]["serving"].as_array()?.clone();
        let login = serving.into_iter().find(|serving| serving["place"] == "login")?;
        (login["release"] == json!(release) && login["state"] == "current").then_some(())
    })
    .await;

    let back = ann.ask("POST", "/v1/places/login/rollback", &json!({ "message": "calls" })).await;
    assert_eq!(back.status, 200, "{}", back.text());
    assert_eq!(back.json()["from"], json!(release));
    let history = ann.get("/v1/history?place=login").await.json();
    let told = |action: &str| {
        let lines = history["lines"].as_array().unwrap().iter();
        let line = lines.clone().find(|line| line["action"] == action);
        line.unwrap_or_else(|| panic!("no {action}: {history}")).clone()
    };
    for action in ["pushed", "deploy_began", "activated", "rolled_back"] {
        assert_eq!(told(action)["who"], "ann", "{action}");
    }
    assert_eq!(told("rolled_back")["message"], "calls");
    service.stop().await;
}

#[tokio::test]
async fn of_two_deployments_of_a_place_one_wins_and_the_other_is_told() {
    let service = TestService::start().await;
    let (ann, bob) =
        (service.admin("ann", Role::Deploy).await, service.admin("bob", Role::Deploy).await);
    // Nobody reports on it: a replica that lives and does not follow.
    let _silent = service.silent_replica().await;
    let first = ann.push(Slot::Login, &other_login(), &json!({})).await.json();
    let second = ann.add(Slot::Login, &other_login(), &json!({})).await.json();
    let (first, second) = (first["release"].as_str().unwrap(), second["release"].as_str().unwrap());
    let begun = ann.deploy(first).await;
    assert_eq!(begun.status, 202, "{}", begun.text());
    let refused = bob.deploy(second).await;
    refused.refused(409, "deploying");
    assert!(refused.text().contains("by ann"), "{}", refused.text());
    let status = ann.get("/v1/status").await.json();
    assert_eq!(status["deployments"][0]["release"], first);

    // Bob may not end what Ann began; Ann may, and a rollback does.
    let path = format!("/v1/deployments/{}", begun.json()["id"].as_str().unwrap());
    bob.send(bob.request("DELETE", &path)).await.refused(403, "wrong_role");
    let cancelled = ann.ask("DELETE", &path, &json!({ "message": "wrong one" })).await;
    assert_eq!(cancelled.json()["state"], "cancelled", "{}", cancelled.text());
    ann.send(ann.request("DELETE", &path)).await.refused(404, "no_deployment");
    assert_eq!(ann.get(&path).await.json()["state"], "cancelled");
    service.stop().await;
}

#[tokio::test]
async fn a_frozen_place_takes_no_deployments_and_goes_back_all_the_same() {
    let service = TestService::start().await;
    let ann = service.admin("ann", Role::Operate).await;
    deployed(&ann, &policy(Slot::Login)).await;
    let first = deployed(&ann, &other_login()).await;
    let next = ann.add(Slot::Login, &other_login(), &json!({})).await.json();
    let next = next["release"].as_str().unwrap();
    let until = moment(service.clock.now() + 3_600_000);
    let freeze = json!({ "until": until, "message": "holidays" });
    let frozen = ann.ask("PUT", "/v1/places/login/freeze", &freeze).await;
    assert_eq!(frozen.json()["freeze"]["message"], "holidays", "{}", frozen.text());
    let refused = ann.deploy(next).await;
    refused.refused(423, "frozen");
    assert!(refused.text().contains("holidays") && refused.text().contains('Z'));
    let back = ann.send(ann.request("POST", "/v1/places/login/rollback")).await;
    assert_eq!(back.json()["from"], json!(first), "{}", back.text());
    let freed = ann.send(ann.request("DELETE", "/v1/places/login/freeze")).await;
    assert_eq!(freed.json()["freeze"], Value::Null, "{}", freed.text());
    assert_eq!(ann.deploy(next).await.status, 202);
    for until in ["tomorrow", "2020-01-01T00:00:00Z"] {
        let freeze = json!({ "until": until, "message": "" });
        ann.ask("PUT", "/v1/places/login/freeze", &freeze).await.refused(400, "malformed_value");
    }
    service.stop().await;
}

#[tokio::test]
async fn what_does_not_fit_together_is_refused_with_reasons_and_nothing_is_kept() {
    let service = TestService::start().await;
    let ann = service.admin("ann", Role::Deploy).await;
    let (login, register) = (other_login(), policy(Slot::Register));
    let before = ann.get("/v1/releases").await.json();

    // Nothing that could be a policy.
    let reasons = ann.put(b"no component").await.reasons();
    assert!(!reasons[0]["remedy"].as_str().unwrap().is_empty(), "{reasons:?}");

    // Settings of another schema, all faults at once.
    assert_eq!(ann.put(&register).await.status, 200);
    let settings = json!({ "password-min-strength": "strong", "nobody-knows": 1 });
    let reasons = ann.add(Slot::Register, &register, &settings).await.reasons();
    assert!(reasons.len() >= 2, "{reasons:?}");
    assert!(reasons.iter().all(|reason| reason["of_settings"] == true), "{reasons:?}");

    // A component of another place, one that nobody brought, two for one version of the WIT.
    ann.add(Slot::Login, &register, &json!({})).await.refused(422, "other_place");
    ann.add(Slot::Login, &login, &json!({})).await.refused(404, "no_component");
    assert_eq!(ann.put(&login).await.status, 200);
    assert_eq!(ann.put(&policy(Slot::Login)).await.status, 200);
    for components in [json!([]), json!([hex(&login), hex(&policy(Slot::Login))]), json!(["x"])] {
        let body = json!({ "place": "login", "components": components, "message": "" });
        ann.ask("POST", "/v1/releases", &body).await.refused(400, "malformed_value");
    }
    let after = ann.get("/v1/releases").await.json();
    assert_eq!(after["releases"], before["releases"]);
    service.stop().await;
}

#[tokio::test]
async fn what_stands_against_a_change_has_a_code_and_says_what_to_do() {
    let service = TestService::start().await;
    let ann = service.admin("ann", Role::Operate).await;
    let active = deployed(&ann, &policy(Slot::Login)).await;
    let nobody = uuid::Uuid::new_v4();
    for (release, status, code) in [
        ("login/99", 404, "no_release"),
        ("logout/1", 404, "unknown_place"),
        ("login/0", 400, "malformed_value"),
        ("login", 400, "malformed_value"),
        (&active, 409, "serves_already"),
    ] {
        let answer = ann.deploy(release).await;
        answer.refused(status, code);
    }
    let pushed = ann.push(Slot::Login, &other_login(), &json!({})).await.json();
    let number = pushed["number"].as_i64().unwrap();
    for (place, to, status, code) in [
        ("login", json!(number), 409, "never_served"),
        ("login", json!(99), 404, "no_release"),
        ("login", json!(-1), 400, "malformed_value"),
        ("logout", Value::Null, 404, "unknown_place"),
    ] {
        let path = format!("/v1/places/{place}/rollback");
        ann.ask("POST", &path, &json!({ "to": to })).await.refused(status, code);
    }
    let path = "/v1/places/login/rollback";
    ann.ask("POST", path, &json!({ "from": number })).await.refused(409, "changed_meanwhile");
    ann.ask("POST", path, &json!({ "from": 0 })).await.refused(400, "malformed_value");
    let long = ann.add(Slot::Login, &other_login(), &json!({ "x": "y".repeat(65_536) })).await;
    long.refused(400, "malformed_value");
    assert!(long.text().contains("65536 bytes"), "{}", long.text());
    for path in ["/v1/releases/login/99", "/v1/releases/login/x", "/v1/releases/logout/1"] {
        assert!([400, 404].contains(&ann.get(path).await.status), "{path}");
    }
    ann.get(&format!("/v1/deployments/{nobody}")).await.refused(404, "no_deployment");
    ann.get("/v1/deployments/x").await.refused(400, "malformed_value");
    ann.get(&format!("/v1/components/{}", "0".repeat(64))).await.refused(404, "no_component");
    ann.get("/v1/components/x").await.refused(400, "malformed_value");
    service.stop().await;
}

#[tokio::test]
async fn an_imported_release_says_so() {
    let service = TestService::start().await;
    let ann = service.admin("ann", Role::Deploy).await;
    assert_eq!(ann.put(&other_login()).await.status, 200);
    let body = json!({
        "place": "login",
        "components": [hex(&other_login())],
        "settings": {},
        "message": "from staging",
        "source": "import",
    });
    let imported = ann.ask("POST", "/v1/releases", &body).await;
    assert_eq!(imported.json()["source"], "import", "{}", imported.text());
    let history = ann.get("/v1/history?limit=1").await.json();
    assert_eq!(history["lines"][0]["action"], "imported");
    service.stop().await;
}

#[tokio::test]
async fn a_wait_for_a_deployment_ends_with_the_service() {
    let service = TestService::start().await;
    let ann = service.admin("ann", Role::Deploy).await;
    let _silent = service.silent_replica().await;
    let pushed = ann.push(Slot::Login, &other_login(), &json!({})).await.json();
    let begun = ann.deploy(pushed["release"].as_str().unwrap()).await.json();
    let path = format!("/v1/deployments/{}?wait=60", begun["id"].as_str().unwrap());
    let asked = tokio::spawn(ann.request("GET", &path).send());
    ann.get("/v1/deployments/x?wait=61").await.refused(400, "malformed_value");
    // It ends in order: what waits does not keep it for a minute.
    service.stop().await;
    if let Ok(answer) = asked.await.unwrap() {
        assert_eq!(answer.status(), 200);
    }
}
