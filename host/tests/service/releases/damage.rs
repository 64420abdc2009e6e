//! Rows of the registry that somebody, or a disk, has changed: nothing of them is used, and nothing
//! else stops for them.

use auth_host::contract::Slot;
use auth_host::store::registry::{DeploymentState, Role};
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use super::pushing::{
    begin, beside, deploy, ended, push, replica, rollback, serve, served, stop, store, version,
};
use crate::support::{TestService, hex, on_postgres, policy};

/// Changes the registry past the service. `{s}` stands for its schema.
async fn alter(service: &TestService, statement: &str) {
    if let Some(database) = service.database() {
        let statement = statement.replace("{s}", "auth.");
        let mut connection = database.connection().await;
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    } else {
        let statement = statement.replace("{s}", "");
        let file = service.data_dir().join("auth.sqlite");
        let mut connection = SqliteConnectOptions::new().filename(&file).connect().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
}

/// A service whose rows a test can reach in either database.
async fn start() -> TestService {
    let builder = replica("a1");
    if on_postgres() { builder.on_postgres().start().await } else { builder.start().await }
}

/// Deploys what no replica takes; why.
async fn refusal(service: &TestService, number: i64) -> String {
    let deployment = ended(service, &begin(service, number).await).await;
    assert_eq!(deployment.state, DeploymentState::Refused);
    deployment.reports[0].reasons.join(" ")
}

#[tokio::test]
async fn a_release_that_was_changed_in_the_registry_is_neither_served_nor_taken_elsewhere() {
    let service = start().await;
    let ann = service.admin("ann", Role::Deploy).await;
    let settings = json!({"attempts-per-account": 3});
    let one = deploy(&service, &policy(Slot::Login), &settings).await;
    serve([&service], one).await;
    let two = push(&service, &version("1.1.0"), &settings).await;
    let mild = r#"{"attempts-per-account": 100}"#;
    let row = format!("WHERE place = 'login' AND number = {two}");
    let set = |settings: &str, digest: &str| {
        format!(
            "UPDATE {{s}}policy_releases SET settings = '{settings}', settings_digest = '{digest}' \
             {row}"
        )
    };
    let brought = settings.to_string();
    for (statement, what) in [
        (
            set(mild, &auth_host::hex::sha256(brought.as_bytes())),
            "other settings than it was brought with",
        ),
        (set("null", &auth_host::hex::sha256(b"null")), "settings that are no JSON object"),
        (set("", &auth_host::hex::sha256(b"")), "settings that are no JSON object"),
        (
            set(&brought, &auth_host::hex::sha256(brought.as_bytes()))
                + &format!("; DELETE FROM {{s}}policy_release_components {row}"),
            "no components",
        ),
    ] {
        alter(&service, &statement).await;
        let reasons = refusal(&service, two).await;
        assert!(reasons.contains(what), "{what}: {reasons}");
        let shown = ann.get(&format!("/v1/releases/login/{two}")).await;
        shown.refused(500, "damaged");
        assert!(shown.text().contains(what), "{what}: {}", shown.text());
        let listed = ann.get("/v1/releases?place=login").await.json();
        let told = listed["releases"][0]["damaged"].as_str().unwrap();
        assert!(told.contains(what), "{listed}");
    }
    let (kept, digest) = served(&service);
    assert_eq!((kept, digest), (settings, hex(&policy(Slot::Login))));
    service.stop().await;
}

#[tokio::test]
async fn a_release_that_nobody_can_read_keeps_nobody_from_deploying_another() {
    let service = start().await;
    let settings = json!({});
    let one = deploy(&service, &policy(Slot::Login), &settings).await;
    // With its manifest in the registry, which says what is granted to it.
    let ann = service.admin("ann", Role::Deploy).await;
    let pushed = ann.push(Slot::Login, &version("1.1.0"), &settings).await;
    assert_eq!(pushed.status, 201, "{}", pushed.text());
    let two = ended(&service, &begin(&service, one + 1).await).await;
    assert_eq!(two.state, DeploymentState::Activated, "{two:?}");
    // As a later version would write it. What served is to be granted at the next start.
    let row = format!("WHERE place = 'login' AND number = {one}");
    let statement = format!("UPDATE {{s}}policy_releases SET source = 'teleport' {row}");
    alter(&service, &statement).await;
    let service = service.stop_and_keep().await.setting("POLICY_GRANT_ALL", "false").start().await;
    let three = deploy(&service, &version("1.2.0"), &settings).await;
    serve([&service], three).await;
    let statement = statement.replace(&format!("number = {one}"), &format!("number = {three}"));
    alter(&service, &statement).await;
    let four = deploy(&service, &version("1.3.0"), &settings).await;
    serve([&service], four).await;
    service.stop().await;
}

#[tokio::test]
async fn a_component_that_was_changed_in_the_registry_is_mended_by_pushing_it_again() {
    let service = start().await;
    let ann = service.admin("ann", Role::Deploy).await;
    let component = version("1.1.0");
    let digest = hex(&component);
    assert_eq!(ann.put(&component).await.json()["new"], true);
    let number = push(&service, &component, &json!({})).await;
    for columns in ["bytes = substr(bytes, 1, 4000)", "bytes = substr(bytes, 1, 9), size = 9"] {
        let row = format!("WHERE digest = '{digest}'");
        alter(&service, &format!("UPDATE {{s}}policy_components SET {columns} {row}")).await;
        let reasons = refusal(&service, number).await;
        assert!(reasons.contains("push the component again"), "{reasons}");
        let path = format!("/v1/components/{digest}");
        ann.get(&path).await.refused(500, "damaged");
        ann.add(Slot::Login, &component, &json!({})).await.refused(500, "damaged");
        let brought = ann.put(&component).await;
        assert_eq!(brought.status, 200, "{}", brought.text());
        assert_eq!(brought.json()["new"], true);
        assert_eq!(ann.put(&component).await.json()["new"], false);
        assert_eq!(ann.get(&path).await.body, component);
    }
    let deployment = ended(&service, &begin(&service, number).await).await;
    assert_eq!(deployment.state, DeploymentState::Activated, "{deployment:?}");
    serve([&service], number).await;
    service.stop().await;
}

#[tokio::test]
async fn a_release_that_somebody_deleted_does_not_bar_the_way_back() {
    let service = start().await;
    let one = deploy(&service, &version("1.1.0"), &json!({})).await;
    let two = deploy(&service, &version("1.2.0"), &json!({})).await;
    let three = deploy(&service, &version("1.3.0"), &json!({})).await;
    serve([&service], three).await;
    let row = format!("WHERE place = 'login' AND number = {two}");
    alter(
        &service,
        &format!(
            "DELETE FROM {{s}}policy_release_components {row};
             DELETE FROM {{s}}policy_deployments {row};
             DELETE FROM {{s}}policy_releases {row}"
        ),
    )
    .await;
    let moved = rollback(&service, None).await;
    assert_eq!((moved.from, moved.to), (Some(three), one));
    serve([&service], one).await;
    service.stop().await;
}

#[tokio::test]
async fn a_replica_that_says_rubbish_of_itself_or_comes_from_the_future_stops_nobody() {
    if !on_postgres() {
        return;
    }
    let service = start().await;
    let other = beside(&service, "a2").start().await;
    let ann = service.admin("ann", Role::Operate).await;
    let one = deploy(&service, &version("1.1.0"), &json!({})).await;
    serve([&service, &other], one).await;
    for (name, later, serving) in [
        ("a7", -20_000, r#"{"of":"a later version"}"#),
        ("a8", -20_000, "[[["),
        ("a9", 60_000, "[]"),
    ] {
        let mut beat = store(&service).replicas().await.unwrap().remove(0);
        (beat.name, beat.replica) = (name.into(), uuid::Uuid::new_v4());
        store(&service).replica_beat(&super::pushing::beat_of(&beat)).await.unwrap();
        let statement = format!(
            "UPDATE {{s}}policy_replicas SET serving = '{serving}', last_seen = last_seen + {later}
              WHERE name = '{name}'"
        );
        alter(&service, &statement).await;
    }
    let two = deploy(&service, &version("1.2.0"), &json!({})).await;
    serve([&service, &other], two).await;
    let status = ann.get("/v1/status").await;
    assert_eq!(status.status, 200, "{}", status.text());
    let status = status.json();
    let replicas = status["replicas"].as_array().unwrap();
    let live = |name: &str| replicas.iter().find(|it| it["name"] == name).unwrap()["live"].clone();
    assert_eq!(["a1", "a2", "a7", "a8", "a9"].map(live), [true, true, false, false, false]);
    let pruned = ann.ask("POST", "/v1/prune", &json!({})).await;
    assert_eq!(pruned.status, 200, "{}", pruned.text());
    rollback(&service, None).await;
    serve([&service, &other], one).await;
    stop([service, other]).await;
}
