//! Every replica serves what the registry says is active, or says why it does not.

use auth_host::contract::{Slot, wit};
use auth_host::hex;
use auth_host::store::registry::{DeploymentState, ReportState};
use serde_json::{Value, json};

use super::pushing::{
    begin, beside, deploy, ended, push, push_for, replica, rollback, serve, served, stop, store,
    two, version,
};
use crate::support::{OwnDatabase, Proxy, TestService, eventually, lines_with, policy};
use crate::swap::components::slow_to_compile;

async fn behind(service: &TestService) -> Value {
    service.get("/readyz").await.json()["behind"].clone()
}

#[tokio::test]
async fn a_deployment_and_a_rollback_move_component_and_settings_together() {
    let service = replica("a1").start().await;
    let (first, second) = (version("1.1.0"), version("1.2.0"));
    let (strict, mild) = (json!({"attempts-per-account": 1}), json!({"attempts-per-account": 7}));
    let one = deploy(&service, &first, &strict).await;
    serve([&service], one).await;
    let (person, _) = service.newcomer("leo").await;
    let two = deploy(&service, &second, &mild).await;
    serve([&service], two).await;
    assert_eq!(served(&service), (mild, hex::sha256(&second)));
    service.login(&person).await.tokens();
    // Nothing is read, checked or loaded for it: it is kept ready.
    let loaded = service.count("auth_policy_cache_total", &[]).await;
    let moved = rollback(&service, None).await;
    assert_eq!((moved.from, moved.to), (Some(two), one));
    serve([&service], one).await;
    assert_eq!(served(&service), (strict, hex::sha256(&first)));
    assert_eq!(service.count("auth_policy_cache_total", &[]).await, loaded);
    service.login(&person).await.tokens();
    service.stop().await;
}

#[tokio::test]
async fn releases_that_differ_in_settings_alone_have_their_code_once() {
    let service = replica("a1").start().await;
    let mut codes = Vec::new();
    for attempts in 1..4 {
        let settings = json!({ "attempts-per-account": attempts });
        let release = deploy(&service, &version("1.1.0"), &settings).await;
        serve([&service], release).await;
        codes.push(service.app().generations.current(Slot::Login).unwrap().code.clone());
    }
    assert!(codes.iter().all(|code| std::sync::Arc::ptr_eq(code, &codes[0])));
    service.stop().await;
}

#[tokio::test]
async fn a_deployment_activates_on_all_replicas_or_on_none() {
    let services = two(|second| second).await;
    let both = [&services[0], &services[1]];
    let one = deploy(&services[0], &policy(Slot::Login), &json!({})).await;
    serve(both, one).await;
    let two = push(&services[1], &version("1.1.0"), &json!({})).await;
    let deployment = begin(&services[1], two).await;
    let deployment = ended(&services[0], &deployment).await;
    assert_eq!(deployment.state, DeploymentState::Activated);
    let mut names: Vec<_> = deployment.reports.iter().map(|report| report.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["a1", "a2"]);
    serve(both, two).await;
    rollback(&services[0], None).await;
    serve(both, one).await;
    // Who ended it counted it.
    let labels = [("place", "login"), ("state", "activated")];
    let mut counted = 0;
    for service in both {
        counted += service.count("auth_policy_deployments_total", &labels).await;
    }
    assert_eq!(counted, 2);
    stop(services).await;
}

#[tokio::test]
async fn one_refusal_activates_nothing_and_says_which_replica_and_why() {
    let limit = ("POLICY_ADMISSION_PROCESSOR_SECONDS", "1");
    let services = two(|second| second.setting(limit.0, limit.1)).await;
    let both = [&services[0], &services[1]];
    let one = deploy(&services[0], &policy(Slot::Login), &json!({})).await;
    serve(both, one).await;
    let two = push(&services[0], &slow_to_compile(), &json!({})).await;
    let deployment = ended(&services[0], &begin(&services[0], two).await).await;
    assert_eq!(deployment.state, DeploymentState::Refused);
    let refusal = deployment.reports.iter().find(|it| it.state == ReportState::Refused).unwrap();
    assert_eq!(refusal.name, "a2");
    let reasons = refusal.reasons.join(" ");
    assert!(reasons.contains("admitting it used more than 1 s of processor time"), "{reasons}");
    for service in both {
        assert_eq!(service.generation(Slot::Login).await, u64::try_from(one).unwrap());
        assert_eq!(behind(service).await, json!([]));
    }
    stop(services).await;
}

#[tokio::test]
async fn a_replica_that_starts_takes_what_is_active_and_what_is_kept_ready() {
    let service = replica("a1").start().await;
    let one = deploy(&service, &version("1.1.0"), &json!({})).await;
    let two = deploy(&service, &version("1.2.0"), &json!({})).await;
    serve([&service], two).await;
    // Its folder has no login.
    let service = service.stop_and_keep().await.start().await;
    assert_eq!(service.generation(Slot::Login).await, u64::try_from(two).unwrap());
    rollback(&service, None).await;
    serve([&service], one).await;
    let service = service.stop_and_keep().await.start().await;
    assert_eq!(service.generation(Slot::Login).await, u64::try_from(one).unwrap());
    service.stop().await;
}

#[tokio::test]
async fn a_replica_that_joins_meanwhile_is_waited_for_and_one_that_died_is_not() {
    let first = replica("a1").on_postgres().start().await;
    let one = push(&first, &policy(Slot::Login), &json!({})).await;
    let store = store(&first);
    // It says once that it lives, and never reports.
    let mut dying = store.replicas().await.unwrap().remove(0);
    (dying.name, dying.replica) = ("a9".into(), uuid::Uuid::new_v4());
    store.replica_beat(&super::pushing::beat_of(&dying)).await.unwrap();
    let deployment = begin(&first, one).await;
    let second = beside(&first, "a2").start().await;
    let waiting_for_the_dead = async || {
        let deployment = store.deployment(deployment.id).await.unwrap().unwrap();
        assert_eq!(deployment.state, DeploymentState::Preparing);
        (deployment.reports.len() == 2 && deployment.waiting_for == ["a9"]).then_some(())
    };
    eventually("reports of all but the dead", waiting_for_the_dead).await;
    assert_eq!(first.generation(Slot::Login).await, 0);
    // Until it counts as dead.
    first.clock.advance(std::time::Duration::from_secs(11));
    let deployment = ended(&first, &deployment).await;
    assert_eq!(deployment.state, DeploymentState::Activated, "{deployment:?}");
    serve([&first, &second], one).await;
    stop([first, second]).await;
}

#[tokio::test]
async fn a_rollback_waits_for_no_compiler_and_ends_what_it_does() {
    let service = replica("a1").start().await;
    let one = deploy(&service, &version("1.1.0"), &json!({})).await;
    let two = deploy(&service, &version("1.2.0"), &json!({})).await;
    serve([&service], two).await;
    let slow = push(&service, &slow_to_compile(), &json!({})).await;
    let deployment = begin(&service, slow).await;
    eventually("an open deployment", async || {
        let open = service.count("auth_policy_deployment_open", &[("place", "login")]).await;
        (open == 1).then_some(())
    })
    .await;
    rollback(&service, None).await;
    serve([&service], one).await;
    assert_eq!(ended(&service, &deployment).await.state, DeploymentState::Cancelled);
    // Another one does not come behind it.
    let three = deploy(&service, &version("1.3.0"), &json!({})).await;
    serve([&service], three).await;
    service.stop().await;
}

#[tokio::test]
async fn of_several_components_the_one_for_this_host_serves_and_without_one_it_is_refused() {
    let service = replica("a1").start().await;
    let (ours, other) = (version("1.1.0"), version("9.9.9"));
    let both: [(&str, &[u8]); 2] = [("99.0.0", &other), (wit::version(), &ours)];
    let release = push_for(&service, &both, &json!({})).await;
    ended(&service, &begin(&service, release.number).await).await;
    serve([&service], release.number).await;
    assert_eq!(served(&service).1, hex::sha256(&ours));
    let foreign = push_for(&service, &[("99.0.0", &other)], &json!({})).await;
    let deployment = ended(&service, &begin(&service, foreign.number).await).await;
    assert_eq!(deployment.state, DeploymentState::Refused);
    let reasons = deployment.reports[0].reasons.join(" ");
    assert!(reasons.contains("the WIT 99.0.0, and this host speaks"), "{reasons}");
    service.stop().await;
}

#[tokio::test]
async fn bytes_that_are_not_those_of_their_digest_never_serve() {
    let service = replica("a1").start().await;
    let (named, other) = (version("1.1.0"), version("6.6.6"));
    let number = super::pushing::push_under(&service, &hex::sha256(&named), &other).await;
    let deployment = ended(&service, &begin(&service, number).await).await;
    assert_eq!(deployment.state, DeploymentState::Refused);
    let reasons = deployment.reports[0].reasons.join(" ");
    assert!(reasons.contains("the registry holds other bytes"), "{reasons}");
    assert_eq!(service.generation(Slot::Login).await, 0);
    service.stop().await;
}

#[tokio::test]
async fn settings_that_do_not_fit_are_refused_with_every_fault() {
    let service = replica("a1").start().await;
    let settings = json!({"attempts-per-account": -1, "unknown": true});
    let number = push(&service, &policy(Slot::Login), &settings).await;
    let deployment = ended(&service, &begin(&service, number).await).await;
    assert_eq!(deployment.state, DeploymentState::Refused);
    let reasons = deployment.reports[0].reasons.join(" ");
    for word in ["attempts-per-account", "unknown"] {
        assert!(reasons.contains(word), "{reasons}");
    }
    service.stop().await;
}

#[tokio::test]
async fn what_is_active_and_cannot_serve_is_told_and_tried_again() {
    let service = replica("a1").start().await;
    let one = deploy(&service, &version("1.1.0"), &json!({})).await;
    serve([&service], one).await;
    // In the registry's transaction nobody asks the replicas, as it was with another host.
    let foreign = super::pushing::activate(&service, &[("99.0.0", &version("9.9.9"))]).await;
    let why = eventually("that it is behind", async || {
        let told = behind(&service).await;
        told[0]["why"].as_str().filter(|why| why.contains("99.0.0")).map(str::to_owned)
    })
    .await;
    let expected = format!("login/{foreign} is active, but login/{one} serves here: ");
    assert!(why.starts_with(&expected), "{why}");
    let labels = [("place", "login")];
    assert_eq!(service.count("auth_policy_replica_behind", &labels).await, 1);
    let store = store(&service);
    eventually("the same in its beat", async || {
        let replicas = store.replicas().await.unwrap();
        let told = replicas[0].serving.iter().find(|it| it.place == "login")?.behind.clone()?;
        told.contains("99.0.0").then_some(())
    })
    .await;
    // A start serves nothing then, and says why.
    let service = service.stop_and_keep().await.start().await;
    let ready = service.get("/readyz").await;
    assert_eq!(ready.status, 503);
    assert!(ready.json()["reasons"][0].as_str().unwrap().contains("99.0.0"), "{}", ready.text());
    rollback(&service, None).await;
    serve([&service], one).await;
    assert_eq!(behind(&service).await, json!([]));
    service.stop().await;
}

#[tokio::test]
async fn while_the_database_is_away_what_served_goes_on_and_then_the_pointer_is_followed() {
    let database = OwnDatabase::new().await;
    let proxy = Proxy::to(&database.of().address()).await;
    let direct = replica("a1").on_database(database.url()).start().await;
    let url = database.of().url_by(proxy.address());
    let away = replica("a2").on_database(&url).clock(direct.clock.clone()).start().await;
    let one = deploy(&direct, &version("1.1.0"), &json!({})).await;
    let two = deploy(&direct, &version("1.2.0"), &json!({})).await;
    serve([&direct, &away], two).await;
    proxy.refuse();
    rollback(&direct, None).await;
    serve([&direct], one).await;
    eventually("a line of the log", async || {
        let lines = lines_with(away.log_mark(), "the registry of policies cannot be asked");
        (!lines.is_empty()).then_some(())
    })
    .await;
    assert_eq!(away.generation(Slot::Login).await, u64::try_from(two).unwrap());
    proxy.accept();
    serve([&away], one).await;
    away.stop().await;
    direct.stop().await;
}
