//! Every replica serves what the registry says is active, or says why it does not.

use std::time::Duration;

use auth_host::contract::{Slot, wit};
use auth_host::policy::runtime::component_digest;
use auth_host::store::registry::{
    Beat, Change, Component, ComponentInfo, Deployment, DeploymentState, NewRelease, Release,
    ReleaseComponent, ReportState, Source,
};
use auth_host::store::{Store, registry::Moved};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{TestService, TestServiceBuilder, eventually, policy};
use crate::swap::components::{slow_to_compile, with_manifest};

/// A replica whose logins come from the registry alone.
fn replica(name: &str) -> TestServiceBuilder {
    TestService::with().without(Slot::Login).setting("REPLICA_NAME", name)
}

/// Two of them on one database, by one clock.
async fn two(second: impl FnOnce(TestServiceBuilder) -> TestServiceBuilder) -> [TestService; 2] {
    let first = replica("a1").on_postgres().start().await;
    let second = second(beside(&first, "a2")).start().await;
    [first, second]
}

/// Another replica on the same database.
fn beside(first: &TestService, name: &str) -> TestServiceBuilder {
    replica(name).on_database(first.database().unwrap().url()).clock(first.clock.clone())
}

async fn stop(services: [TestService; 2]) {
    let [first, second] = services;
    second.stop().await;
    first.stop().await;
}

fn store(service: &TestService) -> Store {
    service.app().services.store.clone()
}

fn change() -> Change {
    Change { who: "ann".into(), why: "a test".into(), details: "{}".into() }
}

/// Another component than the default one.
fn version(text: &str) -> Vec<u8> {
    with_manifest(|manifest| manifest["version"] = text.into())
}

/// Pushes a release of the login with components for versions of the WIT.
async fn push_for(
    service: &TestService,
    components: &[(&str, &[u8])],
    settings: &Value,
) -> Release {
    let store = store(service);
    let mut named = Vec::new();
    for (wit, bytes) in components {
        let digest = component_digest(bytes);
        let info = ComponentInfo {
            digest: digest.clone(),
            wit: (*wit).to_owned(),
            manifest: "{}".into(),
            size: i64::try_from(bytes.len()).unwrap(),
            pushed_at: 0,
            pushed_by: "ann".into(),
        };
        store.component_put(&Component { info, bytes: bytes.to_vec() }).await.unwrap();
        named.push(ReleaseComponent { wit: (*wit).to_owned(), digest });
    }
    let release = NewRelease {
        place: "login".into(),
        components: named,
        settings: settings.to_string(),
        grants: "{}".into(),
        source: Source::Push,
        author: "ann".into(),
        message: "a test".into(),
        report: "{}".into(),
    };
    store.release_add(&release).await.unwrap()
}

async fn push(service: &TestService, component: &[u8], settings: &Value) -> i64 {
    push_for(service, &[(wit::version(), component)], settings).await.number
}

async fn begin(service: &TestService, number: i64) -> Deployment {
    let patience = Duration::from_hours(1);
    store(service).deploy_begin("login", number, patience, &change()).await.unwrap()
}

async fn ended(service: &TestService, deployment: &Deployment) -> Deployment {
    let store = store(service);
    eventually("the end of the deployment", async || {
        let deployment = store.deployment(deployment.id).await.unwrap().unwrap();
        (deployment.state != DeploymentState::Preparing).then_some(deployment)
    })
    .await
}

/// Pushes and deploys what all replicas take.
async fn deploy(service: &TestService, component: &[u8], settings: &Value) -> i64 {
    let number = push(service, component, settings).await;
    let deployment = begin(service, number).await;
    let deployment = ended(service, &deployment).await;
    assert_eq!(deployment.state, DeploymentState::Activated, "{deployment:?}");
    number
}

async fn rollback(service: &TestService, to: Option<i64>) -> Moved {
    store(service).rollback("login", to, None, &change(), &[]).await.unwrap()
}

/// Waits until all of them serve this release.
async fn serve(services: &[TestService], number: i64) {
    for service in services {
        eventually(&format!("login/{number}"), async || {
            (service.generation(Slot::Login).await == u64::try_from(number).unwrap()).then_some(())
        })
        .await;
    }
}

/// The settings and the component that logins are decided with.
fn served(service: &TestService) -> (Value, String) {
    let current = service.app().generations.current(Slot::Login).unwrap();
    (Value::Object(current.identity.settings.clone()), current.identity.digest.clone())
}

#[tokio::test]
async fn a_deployment_and_a_rollback_move_component_and_settings_together() {
    let service = replica("a1").start().await;
    let (first, second) = (version("1.1.0"), version("1.2.0"));
    let (strict, mild) = (json!({"attempts-per-account": 1}), json!({"attempts-per-account": 7}));
    let one = deploy(&service, &first, &strict).await;
    serve(std::slice::from_ref(&service), one).await;
    let (person, _) = service.newcomer("leo").await;
    let two = deploy(&service, &second, &mild).await;
    serve(std::slice::from_ref(&service), two).await;
    assert_eq!(served(&service), (mild, component_digest(&second)));
    service.login(&person).await.tokens();
    let moved = rollback(&service, None).await;
    assert_eq!((moved.from, moved.to), (Some(two), one));
    serve(std::slice::from_ref(&service), one).await;
    assert_eq!(served(&service), (strict, component_digest(&first)));
    service.login(&person).await.tokens();
    service.stop().await;
}
