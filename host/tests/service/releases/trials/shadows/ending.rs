//! The end of a shadow: of its service, or of its trial.

use auth_host::contract::Slot;
use serde_json::json;

use super::Tried;
use super::tried::{abort, activate, counted, kinds, trial};
use crate::support::eventually;

/// As many as find a place.
const CALLS: u64 = 80;

#[tokio::test]
async fn what_was_counted_is_written_when_the_service_stops_and_what_waits_is_skipped() {
    let active = ("login_names_itself", json!({}));
    let tried = Tried::new(Slot::Login, active, ("endless_loop", json!({}))).await;
    // The last of them comes 16 seconds of processor time before its shadow.
    for number in 0..CALLS {
        let person = crate::support::Person::new(&format!("person{number}"));
        tried.service.login(&person).await.refused(403, "go_away");
    }
    let Tried { service, rollout, .. } = tried;
    let service = service.stop_and_keep().await.start().await;
    let counts = counted(&service, rollout, CALLS).await;
    let stopping = "skipped:stopping";
    let kinds = ["fault:deadline", "skipped:processor", "skipped:too_old", stopping];
    assert!(counts.iter().all(|(kind, _)| kinds.contains(&kind.as_str())), "{counts:?}");
    assert!(counts.iter().any(|(kind, _)| kind == stopping), "none waited: {counts:?}");
    service.stop().await;
}

#[tokio::test]
async fn with_another_active_release_a_shadow_is_over() {
    let active = ("register_accepts_all", json!({}));
    let tried = Tried::new(Slot::Register, active, ("register_accepts_all", json!({}))).await;
    tried.service.newcomer("ann").await;
    tried.counted(1).await;
    let other = ("register_differs", json!({}));
    activate(&tried.service, Slot::Register, other).await;
    eventually("the end of the trial", async || {
        trial(&tried.service, Slot::Register).is_none().then_some(())
    })
    .await;
    for name in ["ben", "cat"] {
        tried.service.newcomer(name).await;
    }
    let counts = all_counted(tried, 1).await;
    assert_eq!(counts, kinds(&[("same", 1)]), "nothing more is compared");
}

#[tokio::test]
async fn a_candidate_that_is_taken_out_follows_no_call_any_more() {
    let active = ("register_accepts_all", json!({}));
    let candidate = ("register_differs", json!({ "in": "refusal" }));
    let tried = Tried::new(Slot::Register, active, candidate).await;
    tried.service.newcomer("ann").await;
    let one = kinds(&[("differs:accepted → not_now", 1)]);
    assert_eq!(tried.counted(1).await, one);
    abort(&tried.service, Slot::Register).await;
    tried.service.newcomer("ben").await;
    assert_eq!(all_counted(tried, 1).await, one);
}

/// What is counted once nothing can come any more: its service has stopped.
async fn all_counted(tried: Tried, calls: u64) -> Vec<(String, u64)> {
    let Tried { service, rollout, .. } = tried;
    let service = service.stop_and_keep().await.start().await;
    let counts = counted(&service, rollout, calls).await;
    service.stop().await;
    counts
}
