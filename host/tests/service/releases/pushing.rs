//! What tests of releases ask the registry: pushing, deploying, rolling back.

use std::time::Duration;

use auth_host::contract::{Slot, wit};
use auth_host::hex;
use auth_host::store::Store;
use auth_host::store::registry::{
    Beat, Change, Component, ComponentInfo, Deployment, DeploymentState, Expected, Moved,
    NewRelease, Release, ReleaseComponent, Replica, Source,
};
use serde_json::{Value, json};

use crate::support::{TestService, TestServiceBuilder, eventually};
use crate::swap::components::with_manifest;

/// A replica whose logins come from the registry alone.
pub(super) fn replica(name: &str) -> TestServiceBuilder {
    TestService::with().without(Slot::Login).setting("REPLICA_NAME", name)
}

/// Two of them on one database, by one clock.
pub(super) async fn two(
    second: impl FnOnce(TestServiceBuilder) -> TestServiceBuilder,
) -> [TestService; 2] {
    let first = replica("a1").on_postgres().start().await;
    let second = second(beside(&first, "a2")).start().await;
    [first, second]
}

/// Another replica on the same database.
pub(super) fn beside(first: &TestService, name: &str) -> TestServiceBuilder {
    replica(name).on_database(first.database().unwrap().url()).clock(first.clock.clone())
}

pub(super) async fn stop(services: [TestService; 2]) {
    let [first, second] = services;
    second.stop().await;
    first.stop().await;
}

pub(super) fn store(service: &TestService) -> Store {
    service.app().services.store.clone()
}

pub(super) fn change() -> Change {
    Change { who: "ann".into(), why: "a test".into(), details: "{}".into() }
}

/// Another component than the default one.
pub(super) fn version(text: &str) -> Vec<u8> {
    with_manifest(|manifest| manifest["version"] = text.into())
}

/// A release of the login with components for versions of the WIT.
async fn new_release(
    service: &TestService,
    components: &[(&str, &[u8])],
    settings: &Value,
) -> NewRelease {
    let mut named = Vec::new();
    for (wit, bytes) in components {
        let digest = hex::sha256(bytes);
        put(service, &digest, wit, bytes).await;
        named.push(ReleaseComponent { wit: (*wit).to_owned(), digest });
    }
    NewRelease {
        place: "login".into(),
        components: named,
        settings: settings.to_string(),
        grants: "{}".into(),
        source: Source::Push,
        author: "ann".into(),
        message: "a test".into(),
        report: "{}".into(),
    }
}

/// Pushes one.
pub(super) async fn push_for(
    service: &TestService,
    components: &[(&str, &[u8])],
    settings: &Value,
) -> Release {
    let release = new_release(service, components, settings).await;
    store(service).release_add(&release).await.unwrap()
}

pub(super) async fn push(service: &TestService, component: &[u8], settings: &Value) -> i64 {
    push_for(service, &[(wit::version(), component)], settings).await.number
}

pub(super) async fn begin(service: &TestService, number: i64) -> Deployment {
    let patience = Duration::from_hours(1);
    store(service).deploy_begin("login", number, patience, None, &change()).await.unwrap()
}

pub(super) async fn ended(service: &TestService, deployment: &Deployment) -> Deployment {
    let store = store(service);
    eventually("the end of the deployment", async || {
        let deployment = store.deployment(deployment.id).await.unwrap().unwrap();
        (deployment.state != DeploymentState::Preparing).then_some(deployment)
    })
    .await
}

/// Pushes and deploys what all replicas take.
pub(super) async fn deploy(service: &TestService, component: &[u8], settings: &Value) -> i64 {
    let number = push(service, component, settings).await;
    let deployment = begin(service, number).await;
    let deployment = ended(service, &deployment).await;
    assert_eq!(deployment.state, DeploymentState::Activated, "{deployment:?}");
    number
}

pub(super) async fn rollback(service: &TestService, to: Option<i64>) -> Moved {
    store(service).rollback("login", to, Expected::Anything, &change(), None).await.unwrap()
}

/// Waits until all of them serve this release.
pub(super) async fn serve(services: impl IntoIterator<Item = &TestService>, number: i64) {
    for service in services {
        eventually(&format!("login/{number}"), async || {
            (service.generation(Slot::Login).await == u64::try_from(number).unwrap()).then_some(())
        })
        .await;
    }
}

/// The settings and the component that logins are decided with.
pub(super) fn served(service: &TestService) -> (Value, String) {
    let current = service.app().generations.current(Slot::Login).unwrap();
    (Value::Object(current.identity.settings.clone()), current.identity.digest.clone())
}

/// As a replica says of itself that it lives.
pub(super) fn beat_of(replica: &Replica) -> Beat {
    let Replica { replica, name, version, wit_versions, started_at, serving, .. } = replica.clone();
    Beat { replica, name, version, wit_versions, started_at, serving }
}

/// Activates a release without asking the replicas; its number.
pub(super) async fn activate(service: &TestService, components: &[(&str, &[u8])]) -> i64 {
    let release = new_release(service, components, &json!({})).await;
    let probation = Duration::ZERO;
    let (release, _) =
        store(service).release_activate(&release, false, probation, None).await.unwrap();
    release.number
}

/// Pushes a release whose component lies in the registry under another one's digest.
pub(super) async fn push_under(service: &TestService, digest: &str, bytes: &[u8]) -> i64 {
    let mut release = new_release(service, &[], &json!({})).await;
    put(service, digest, wit::version(), bytes).await;
    let component = ReleaseComponent { wit: wit::version().into(), digest: digest.into() };
    release.components = vec![component];
    store(service).release_add(&release).await.unwrap().number
}

pub(super) async fn put(service: &TestService, digest: &str, wit: &str, bytes: &[u8]) {
    let info = ComponentInfo {
        digest: digest.to_owned(),
        wit: wit.to_owned(),
        manifest: "{}".into(),
        size: i64::try_from(bytes.len()).unwrap(),
        pushed_at: 0,
        pushed_by: "ann".into(),
    };
    let component = Component { info, bytes: bytes.into() };
    store(service).component_put(&component).await.unwrap();
}
