//! A fresh release that fails falls back by itself, on every replica.

use std::time::Duration;

use auth_host::contract::Slot;
use serde_json::json;

use super::pushing::{deploy, serve, stop, store, two, version};
use crate::support::{Person, eventually, guest};

#[tokio::test]
async fn a_fresh_release_that_fails_for_several_people_falls_back_everywhere() {
    let services = two(|second| second).await;
    let both = [&services[0], &services[1]];
    let (leo, _) = services[0].newcomer("leo").await;
    let good = deploy(&services[0], &version("1.1.0"), &json!({})).await;
    serve(both, good).await;
    let failing = deploy(&services[0], &guest("panics"), &json!({})).await;
    serve(both, failing).await;
    // One person alone does not bring it down, however often.
    for _ in 0..20 {
        services[0].login(&leo).await.refused(503, "policy_fault");
    }
    let store = store(&services[0]);
    eventually("that its faults are known", async || {
        let replicas = store.replicas().await.unwrap();
        let logins = replicas.iter().flat_map(|it| &it.serving).filter(|it| it.place == "login");
        (logins.map(|it| it.faults).sum::<u64>() >= 20).then_some(())
    })
    .await;
    assert_eq!(services[0].generation(Slot::Login).await, u64::try_from(failing).unwrap());
    for number in 0..6 {
        let person = Person::new(&format!("person{number}"));
        services[number % 2].login(&person).await;
    }
    serve(both, good).await;
    services[1].login(&leo).await.tokens();
    let line = store.history(Some("login"), None, 1).await.unwrap().remove(0);
    assert_eq!(line.action, "fell_back");
    assert_eq!((line.from, line.to), (Some(failing), Some(good)));
    assert!(line.why.contains("of at least"), "{}", line.why);
    services[0].published().await;
    let mut events = services[0].events().await;
    events.extend(services[1].events().await);
    let told = events.iter().filter(|event| event.to_string().contains("policy.rolled_back"));
    assert_eq!(told.count(), 1);
    stop(services).await;
}

#[tokio::test]
async fn after_its_probation_a_release_stays() {
    let services = two(|second| second).await;
    let both = [&services[0], &services[1]];
    deploy(&services[0], &version("1.1.0"), &json!({})).await;
    let failing = deploy(&services[0], &guest("panics"), &json!({})).await;
    serve(both, failing).await;
    services[0].later(Duration::from_secs(601)).await;
    for number in 0..6 {
        let person = Person::new(&format!("person{number}"));
        services[number % 2].login(&person).await.refused(503, "policy_fault");
    }
    // Two beats of each replica later they have all judged.
    let store = store(&services[0]);
    let beats = async || store.replicas().await.unwrap().iter().map(|it| it.last_seen).min();
    for _ in 0..2 {
        let before = beats().await;
        eventually("a beat of each", async || (beats().await > before).then_some(())).await;
    }
    assert_eq!(services[0].generation(Slot::Login).await, u64::try_from(failing).unwrap());
    stop(services).await;
}
