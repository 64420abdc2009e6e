//! Calls that no shadow follows, or that come to nothing: each is counted, and no request is
//! harmed.

use auth_host::contract::Slot;
use futures_util::future::join_all;
use serde_json::json;

use super::Tried;
use super::tried::{activate, execute, kinds, trial};
use crate::support::{Person, TestService, eventually};

/// More than can wait for their shadow.
const CALLS: u64 = 600;

/// Asks for logins that are refused, many at a time.
async fn refused_logins(service: &TestService, calls: u64) {
    let numbers: Vec<u64> = (0..calls).collect();
    for some in numbers.chunks(50) {
        let logins = some.iter().map(async |number| {
            let person = Person::new(&format!("person{number}"));
            service.login(&person).await.refused(403, "go_away");
        });
        join_all(logins).await;
    }
}

#[tokio::test]
async fn a_decision_that_was_not_carried_out_is_not_compared() {
    let active = ("register_accepts_all", json!({}));
    let candidate = ("register_differs", json!({ "in": "claims" }));
    let tried = Tried::new(Slot::Register, active, candidate).await;
    let (leo, _) = tried.service.newcomer("leo").await;
    tried.service.register(&leo.form()).await.refused(409, "already_exists");
    let expected = kinds(&[("differs:claims", 1), ("skipped:not_carried_out", 1)]);
    assert_eq!(tried.counted(2).await, expected);
    let reason = [("place", "register"), ("reason", "not_carried_out")];
    assert_eq!(tried.service.count("auth_policy_shadow_skipped_total", &reason).await, 1);
    tried.service.stop().await;
}

#[tokio::test]
async fn a_slow_candidate_fills_its_queue_and_no_request_waits_for_it() {
    let active = ("login_names_itself", json!({}));
    let tried = Tried::new(Slot::Login, active, ("endless_loop", json!({}))).await;
    // The first shadow alone takes its 200 ms: long before the queue is empty, all are answered.
    refused_logins(&tried.service, CALLS).await;
    eventually("calls that found the queue full", async || {
        let reason = [("place", "login"), ("reason", "queue_full")];
        let full = tried.service.count("auth_policy_shadow_skipped_total", &reason).await;
        (full >= CALLS / 4).then_some(())
    })
    .await;
    let waiting = tried.service.count("auth_policy_shadow_queue", &[]).await;
    assert!(waiting <= 256, "{waiting} calls wait");
    // With another release that serves, the trial is over, and so is all that waits for it.
    activate(&tried.service, Slot::Login, ("default", json!({}))).await;
    eventually("the end of the trial", async || {
        trial(&tried.service, Slot::Login).is_none().then_some(())
    })
    .await;
    let counts = tried.counted(CALLS).await;
    let of = |kind: &str| counts.iter().find(|(name, _)| name == kind).map_or(0, |it| it.1);
    assert!(of("skipped:over") > 0, "{counts:?}");
    assert!(of("fault:deadline") + of("skipped:processor") > 0, "{counts:?}");
    assert_eq!(tried.service.count("auth_policy_shadow_queue", &[]).await, 0);
    let faults = [("slot", "login")];
    assert_eq!(tried.service.count("auth_policy_faults_total", &faults).await, 0);
    tried.service.stop().await;
}

#[tokio::test]
async fn a_slow_candidate_of_one_place_lets_no_call_of_another_wait() {
    let active = ("login_names_itself", json!({}));
    let tried = Tried::new(Slot::Login, active, ("endless_loop", json!({}))).await;
    let candidate = ("default", json!({}));
    let rollout = super::tried::shadow(&tried.service, Slot::Register, candidate).await;
    refused_logins(&tried.service, CALLS / 2).await;
    tried.service.newcomer("leo").await;
    let counts = super::tried::counted(&tried.service, rollout, 1).await;
    assert_eq!(counts, kinds(&[("same", 1)]));
    tried.service.stop().await;
}

#[tokio::test]
async fn the_id_of_a_request_is_kept_only_if_it_can_name_nobody() {
    let active = ("login_names_itself", json!({}));
    let other = ("login_names_itself", json!({ "name": "another" }));
    let tried = Tried::new(Slot::Login, active, other).await;
    let Person { email, password } = Person::new("leo");
    let body = json!({ "email": email, "password": password });
    let good = "4bf92f3577b34da6a3ce929d0e0e4736";
    for id in ["leo%40example.com", "00491701234567", "leo", good] {
        let request = tried.service.request("POST", "/auth/login").header("x-request-id", id);
        tried.service.send(request.json(&body)).await.refused(403, "go_away");
    }
    assert_eq!(tried.counted(4).await, kinds(&[("differs:message", 4)]));
    let ids: Vec<_> = tried.samples().await.into_iter().map(|sample| sample.request_id).collect();
    assert_eq!(ids, [good]);
    tried.service.stop().await;
}

#[tokio::test]
async fn a_part_of_the_calls_is_followed_if_that_was_asked_for() {
    let service = TestService::with().without(Slot::Login).start().await;
    activate(&service, Slot::Login, ("login_names_itself", json!({}))).await;
    let candidate = ("login_names_itself", json!({ "name": "another" }));
    let rollout = super::tried::sample(&service, Slot::Login, candidate, 2_500).await;
    refused_logins(&service, 400).await;
    let followed = eventually("that nothing waits", async || {
        let waiting = service.count("auth_policy_shadow_queue", &[]).await;
        let followed = service.count("auth_policy_shadow_calls_total", &[]).await;
        (waiting == 0 && followed > 0).then_some(followed)
    })
    .await;
    // By chance outside this range once in 10^9 runs.
    assert!((40..=170).contains(&followed), "{followed} of 400");
    let counts = super::tried::counted(&service, rollout, followed).await;
    assert_eq!(counts, kinds(&[("differs:message", followed)]));
    service.stop().await;
}

#[tokio::test]
async fn while_the_database_does_not_take_them_counts_wait() {
    let active = ("register_accepts_all", json!({}));
    let tried = Tried::new(Slot::Register, active, ("register_accepts_all", json!({}))).await;
    // Of all that the service writes, only this cannot be.
    let [kept, away] = ["policy_differences", "policy_differences_away"];
    execute(&tried.service, &format!("ALTER TABLE {{s}}{kept} RENAME TO {away}")).await;
    for name in ["ann", "ben", "cat"] {
        tried.service.newcomer(name).await;
    }
    eventually("three calls compared", async || {
        let compared = [("place", "register"), ("outcome", "same")];
        let compared = tried.service.count("auth_policy_shadow_calls_total", &compared).await;
        (compared == 3).then_some(())
    })
    .await;
    execute(&tried.service, &format!("ALTER TABLE {{s}}{away} RENAME TO {kept}")).await;
    assert_eq!(tried.counted(3).await, kinds(&[("same", 3)]));
    tried.service.stop().await;
}
