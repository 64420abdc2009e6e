//! Two decisions on one attempt, and of which kind they are.

use auth_host::contract::Slot;
use serde_json::{Value, json};

use super::Tried;
use super::tried::{abort, activate, counted, kinds, shadow};
use crate::support::{Person, TestService, TestServiceBuilder};

/// A policy that differs from a plain one in this, or in nothing.
fn differing(what: &str) -> Value {
    json!({ "in": what })
}

#[tokio::test]
async fn a_seeded_disagreement_is_counted_exactly_with_samples_that_name_nobody() {
    let active = ("default", json!({}));
    let candidate = ("refuses_more", json!({ "ending": "7" }));
    let tried = Tried::new(Slot::Login, active, candidate).await;
    let mut differ = Vec::new();
    for number in 0..30 {
        let (person, _) = tried.service.newcomer(&format!("person{number}")).await;
        let answer = tried.service.login(&person).await;
        answer.tokens();
        if number % 10 == 7 {
            differ.push(answer.header("x-request-id").unwrap().to_owned());
        }
    }
    tried.service.login(&Person::new("nobody7")).await.refused(401, "invalid_credentials");
    let counts = tried.counted(31).await;
    assert_eq!(counts, kinds(&[("differs:accepted → closed_hours", 3), ("same", 28)]));
    let samples = tried.samples().await;
    let told = serde_json::to_string(&samples).unwrap();
    assert!(!told.contains("example.com"), "{told}");
    let mut ids: Vec<String> = samples.into_iter().map(|sample| sample.request_id).collect();
    ids.sort();
    differ.sort();
    assert_eq!(ids, differ, "the calls that differ, and no other");
    let place = ("place", "login");
    let outcome = |outcome| [place, ("outcome", outcome)];
    let metrics = tried.service.metrics().await;
    let calls = |of| metrics.sum("auth_policy_shadow_calls_total", &outcome(of));
    assert_eq!((calls("same"), calls("differs"), calls("fault")), (28, 3, 0));
    tried.service.stop().await;
}

/// What differs, and of which kind it is in each place: none where a place has no such thing.
const DIFFERENCES: [(&str, [Option<&str>; 3]); 11] = [
    ("", [Some("same"); 3]),
    ("claims", [Some("differs:claims"); 3]),
    ("session", [None, Some("differs:session"), Some("differs:session")]),
    ("attributes", [Some("differs:attributes"); 3]),
    ("writes", [Some("differs:writes"); 3]),
    ("events", [Some("differs:events"); 3]),
    ("trap", [Some("fault:panic"); 3]),
    (
        "refusal",
        [
            Some("differs:accepted → not_now"),
            Some("differs:accepted → go_away"),
            Some("differs:accepted → not_now"),
        ],
    ),
    ("revocation", [None, None, Some("differs:accepted → not_now")]),
    ("code", [None, Some("differs:invalid_credentials → go_away"), None]),
    ("message", [None, Some("differs:message"), None]),
];

#[tokio::test]
async fn in_every_place_claims_writes_events_refusals_and_faults_have_their_kinds() {
    let builder = Slot::ALL.into_iter().fold(TestService::with(), TestServiceBuilder::without);
    let service = builder.start().await;
    for slot in Slot::ALL {
        activate(&service, slot, (&format!("{slot}_differs"), differing(""))).await;
    }
    let (leo, mut tokens) = service.newcomer("leo").await;
    for (what, kinds_of) in DIFFERENCES {
        let mut rollouts = Vec::new();
        for (slot, kind) in Slot::ALL.into_iter().zip(kinds_of) {
            if let Some(kind) = kind {
                let candidate = format!("{slot}_differs");
                let rollout = shadow(&service, slot, (&candidate, differing(what))).await;
                rollouts.push((slot, rollout, kind));
            }
        }
        service.newcomer(&format!("new{what}")).await;
        if matches!(what, "code" | "message") {
            service.login_with_wrong_password(&leo).await.refused(401, "invalid_credentials");
        } else {
            service.login(&leo).await.tokens();
        }
        tokens = service.refresh(&tokens.refresh).await.tokens();
        for (slot, rollout, kind) in rollouts {
            assert_eq!(counted(&service, rollout, 1).await, kinds(&[(kind, 1)]), "{slot}: {what}");
            abort(&service, slot).await;
        }
    }
    service.stop().await;
}

#[tokio::test]
async fn members_of_a_refusal_and_its_wait_have_their_kinds() {
    let active = ("login_differs", differing(""));
    let tried = Tried::new(Slot::Login, active, ("login_differs", differing("fields"))).await;
    let nobody = Person::new("nobody");
    tried.service.login(&nobody).await.refused(401, "invalid_credentials");
    let fields = kinds(&[("differs:fields + status", 1)]);
    assert_eq!(tried.counted(1).await, fields);
    abort(&tried.service, Slot::Login).await;
    let candidate = ("login_differs", differing("retry_after"));
    let rollout = shadow(&tried.service, Slot::Login, candidate).await;
    tried.service.login(&nobody).await.refused(401, "invalid_credentials");
    let wait = kinds(&[("differs:retry_after + status", 1)]);
    assert_eq!(counted(&tried.service, rollout, 1).await, wait);
    tried.service.stop().await;
}

#[tokio::test]
async fn a_candidate_that_traps_for_every_hundredth_person_harms_nobody_and_is_counted_exactly() {
    let active = ("register_accepts_all", json!({}));
    let tried = Tried::new(Slot::Register, active, ("traps_for_some", json!({}))).await;
    for name in ["ann", "ben100", "cat", "dan200", "eve"] {
        tried.service.newcomer(name).await;
    }
    assert_eq!(tried.counted(5).await, kinds(&[("fault:panic", 2), ("same", 3)]));
    assert_eq!(tried.samples().await.len(), 2);
    // Nobody was harmed: the release itself has no fault, and both groups are of the same calls.
    let faults = [("slot", "register")];
    assert_eq!(tried.service.count("auth_policy_faults_total", &faults).await, 0);
    let (active, candidate) = tried.figures();
    assert_eq!((active.calls, active.faults), (5, 0));
    assert_eq!((candidate.calls, candidate.faults), (5, 2));
    tried.service.stop().await;
}

#[tokio::test]
async fn what_the_host_would_not_carry_out_is_the_candidates_fault() {
    let active = ("default", json!({}));
    let tried = Tried::new(Slot::Login, active, ("accepts_unverified", json!({}))).await;
    let (leo, _) = tried.service.newcomer("leo").await;
    tried.service.login_with_wrong_password(&leo).await.refused(401, "invalid_credentials");
    tried.service.login(&Person::new("nobody")).await.refused(401, "invalid_credentials");
    let counts = tried.counted(2).await;
    assert_eq!(counts, kinds(&[("fault:decision", 1), ("same", 1)]));
    tried.service.stop().await;
}

#[tokio::test]
async fn where_the_active_release_fails_the_candidates_decision_is_told_beside_it() {
    let active = ("traps_for_some", json!({}));
    let tried = Tried::new(Slot::Register, active, ("register_accepts_all", json!({}))).await;
    let form = Person::new("ann100").form();
    tried.service.register(&form).await.refused(503, "policy_fault");
    tried.service.newcomer("ben").await;
    let counts = tried.counted(2).await;
    assert_eq!(counts, kinds(&[("differs:fault → accepted", 1), ("same", 1)]));
    tried.service.stop().await;
}
