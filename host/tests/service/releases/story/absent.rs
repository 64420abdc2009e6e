//! Replicas that take no part: one that is pinned, and one that dies.

use auth_host::contract::Slot;
use serde_json::json;

use super::{MUCH_MEMORY, REPLICAS, REQUESTS, Story};
use crate::support::{eventually, policy, slow_to_compile};

pub(super) async fn a_pinned_replica_serves_what_it_is_pinned_to(story: &mut Story) {
    story.chapter("a pinned replica");
    story.fleet.stop("a2").await;
    story.fleet.start("a2", None, &[MUCH_MEMORY, ("POLICY_PIN", "login/1")]).await;
    let Story { fleet, crowd, operator } = &*story;
    let text = operator.done(&["deploy", "login/2"]).await;
    assert!(text.contains("a1 ready") && text.contains("a2 pinned"), "{text}");
    fleet.serve(&["a1", "a3"], "login", 2).await;
    crowd.more(REQUESTS).await;
    assert_eq!(fleet.serving("a2", "login").await, Some(1));
    let labels = [("place", "login"), ("release", "1")];
    assert_eq!(fleet.metrics("a2").await.sum("auth_policy_pinned", &labels), 1);
    let readiness = fleet.readiness("a2").await;
    let pinned = &readiness["pinned"][0];
    assert_eq!((&pinned["place"], &pinned["release"]), (&json!("login"), &json!(1)), "{readiness}");

    story.fleet.stop("a2").await;
    story.fleet.start("a2", None, &[MUCH_MEMORY]).await;
    story.all_serve("login", 2).await;
}

pub(super) async fn a_replica_that_is_killed_between_the_phases_is_not_waited_for(
    story: &mut Story,
) {
    story.chapter("a replica that dies between the phases");
    story.fleet.stop("a3").await;
    story.fleet.start("a3", None, &[MUCH_MEMORY]).await;
    let operator = &story.operator;
    let slow = slow_to_compile(&policy(Slot::Login), 3);
    let release = operator.push("login", slow, json!({})).await;
    let (status, begun) = operator.begin(&release).await;
    assert_eq!(status, 202, "{begun}");
    let id = begun["id"].as_str().unwrap();
    let (status, other) = operator.begin("login/1").await;
    assert_eq!((status, &other["code"]), (409, &json!("deploying")), "{other}");
    let open = operator.told(&format!("deployments/{id}")).await;
    let waiting = open["waiting_for"].as_array().unwrap();
    assert!(waiting.contains(&json!("a2")), "a2 was ready before it could be killed: {open}");
    story.fleet.kill("a2").await;

    let Story { fleet, crowd, operator } = &*story;
    let ended = operator.ended(id).await;
    assert_eq!(ended["state"], "activated", "{ended}");
    let reports = ended["reports"].as_array().unwrap();
    let mut names: Vec<_> = reports.iter().map(|report| report["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["a1", "a3"], "{ended}");
    fleet.serve(&["a1", "a3"], "login", 4).await;
    crowd.more(REQUESTS).await;

    // It comes back with nothing in mind, and takes what is active.
    story.fleet.start("a2", None, &[MUCH_MEMORY]).await;
    story.all_serve("login", 4).await;
    let operator = &story.operator;
    eventually("three live replicas", async || {
        let status = operator.told("status").await;
        let replicas = status["replicas"].as_array().unwrap();
        let live = replicas.iter().filter(|replica| replica["live"] == true);
        (live.count() == REPLICAS.len()).then_some(())
    })
    .await;
}
