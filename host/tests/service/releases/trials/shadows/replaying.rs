//! What a shadow is answered: what the active release was answered, and what is asked for it alone
//! takes nothing that a request needs.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use auth_host::capabilities::{Recorder, Recording};
use auth_host::contract::{Attempt, Login, Request, Slot};
use auth_host::passwords::Password;
use auth_host::policy::runtime::{Decision, Generation, Shadowed, call, shadow as follow};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::Tried;
use super::tried::{activate, counted, kinds, shadow};
use crate::support::{Person, TestService};

/// What is counted of calls of the place; a shadow leaves all of it as it is.
const OF_CALLS: [&str; 5] = [
    "auth_policy_calls_total",
    "auth_policy_call_duration_seconds_count",
    "auth_policy_memory_bytes_count",
    "auth_policy_faults_total",
    "auth_password_hash_total",
];

#[tokio::test]
async fn what_the_active_release_asked_is_asked_once_and_the_shadow_is_told_the_same() {
    let active = ("asks_everything", json!({ "visits": 5 }));
    let candidate = ("asks_everything", json!({ "visits": 5, "name": "candidate" }));
    let tried = Tried::new(Slot::Login, active, candidate).await;
    let service = &tried.service;
    let (leo, _) = service.newcomer("leo").await;
    let before = service.metrics().await;
    for _ in 0..4 {
        service.login(&leo).await.tokens();
    }
    service.login_with_wrong_password(&leo).await.refused(401, "invalid_credentials");
    tried.counted(5).await;
    // The limit of five is used up by five visits: no shadow made one more.
    service.login(&leo).await.refused(429, "too_many");
    // Randomness, the time, the number of sessions and of visits: all were the same for both.
    assert_eq!(tried.counted(6).await, kinds(&[("same", 6)]));
    let after = service.metrics().await;
    for name in OF_CALLS {
        let of = [("slot", "login")];
        let labels = if name.starts_with("auth_password") { &of[..0] } else { &of[..] };
        let counted = after.sum(name, labels) - before.sum(name, labels);
        let expected = match name {
            "auth_policy_faults_total" => 0,
            "auth_password_hash_total" => 5,
            _ => 6,
        };
        assert_eq!(counted, expected, "{name}");
    }
    tried.service.stop().await;
}

#[tokio::test]
async fn what_was_not_asked_is_read_now_or_cannot_be_compared() {
    let service = TestService::with().without(Slot::Login).start().await;
    activate(&service, Slot::Login, ("default", json!({}))).await;
    let (leo, _) = service.newcomer("leo").await;
    for (what, kind) in [
        ("storage", "same"),
        ("random", "same"),
        ("sessions", "not_comparable:reads_a_write"),
        ("strength", "not_comparable:asks_strength"),
        ("breached", "not_comparable:asks_is_breached"),
        ("throttle", "not_comparable:asks_throttle"),
        ("verify", "not_comparable:asks_verify"),
    ] {
        let asks = json!({ "what": what });
        let login = async || drop(service.login(&leo).await.tokens());
        assert_eq!(in_time(&service, asks, login).await, kinds(&[(kind, 1)]), "{what}");
    }
    service.stop().await;
}

#[tokio::test]
async fn a_read_of_what_the_active_release_wrote_cannot_be_compared() {
    let active = ("login_differs", json!({ "in": "writes" }));
    let service = TestService::with().without(Slot::Login).start().await;
    activate(&service, Slot::Login, active).await;
    let (leo, _) = service.newcomer("leo").await;
    let login = async || drop(service.login(&leo).await.tokens());
    let mistake = async || {
        service.login_with_wrong_password(&leo).await.refused(401, "invalid_credentials");
    };
    let reads = |key: &str| json!({ "what": "storage", "key": key });
    let told = in_time(&service, reads("tried"), login).await;
    assert_eq!(told, kinds(&[("not_comparable:reads_a_write", 1)]));
    // Nothing is written with a wrong password: then the row can be read.
    let told = in_time(&service, reads("tried"), mistake).await;
    assert_eq!(told, kinds(&[("same", 1)]));
    let told = in_time(&service, reads("another"), login).await;
    assert_eq!(told, kinds(&[("differs:writes", 1)]));
    service.stop().await;
}

/// What is counted of one call beside a candidate that asks otherwise. On a machine whose turn for
/// a shadow comes too late to read for it, the next one is asked.
async fn in_time(service: &TestService, asks: Value, ask: impl AsyncFn()) -> Vec<(String, u64)> {
    for _ in 0..10 {
        let rollout = shadow(service, Slot::Login, ("asks_otherwise", asks.clone())).await;
        ask().await;
        let told = counted(service, rollout, 1).await;
        super::tried::abort(service, Slot::Login).await;
        if told != kinds(&[("not_comparable:reads_too_late", 1)]) {
            return told;
        }
    }
    panic!("ten shadows had their turn too late");
}

#[tokio::test]
async fn a_candidate_that_needs_more_memory_than_shadows_have_is_skipped_and_no_call_is() {
    let small = TestService::with().setting("POLICY_SHADOW_MEMORY_MIB", "8");
    let usual = TestService::with();
    for (builder, kind) in [(small, "skipped:memory"), (usual, "same")] {
        let service = builder.without(Slot::Login).start().await;
        activate(&service, Slot::Login, ("login_names_itself", json!({}))).await;
        let (leo, _) = service.newcomer("leo").await;
        activate(&service, Slot::Login, ("large_memory", json!({}))).await;
        // The same component: 12 MiB for the call, which has room, and again for its shadow.
        let candidate = ("large_memory", json!({ "name": "candidate" }));
        let rollout = shadow(&service, Slot::Login, candidate).await;
        service.login(&leo).await.tokens();
        assert_eq!(counted(&service, rollout, 1).await, kinds(&[(kind, 1)]));
        service.stop().await;
    }
}

#[tokio::test]
async fn a_shadow_that_floods_logs_and_metrics_leaves_no_trace() {
    let active = ("default", json!({}));
    let tried = Tried::new(Slot::Login, active, ("floods_telemetry", json!({}))).await;
    let (leo, _) = tried.service.newcomer("leo").await;
    tried.service.login(&leo).await.tokens();
    assert_eq!(tried.counted(1).await, kinds(&[("same", 1)]));
    let metrics = tried.service.metrics().await;
    assert!(!metrics.iter().any(|series| series.name.contains("flood")), "a shadow made series");
    assert_eq!(metrics.sum("auth_policy_log_dropped_total", &[]), 0);
    tried.service.stop().await;
}

/// A login that is decided and recorded without a request.
async fn recorded(service: &TestService, generation: &Generation, person: &Person) -> Recording {
    let services = Arc::clone(&service.app().services);
    let request = Request {
        id: "id".into(),
        traceparent: String::new(),
        address: None,
        user_agent: None,
        received_at: services.clock.now(),
    };
    let attempt = Attempt {
        email: person.email.clone(),
        spelling: person.email.clone(),
        email_valid: true,
        password: Some(Password::new(&person.password)),
        ..Attempt::default()
    };
    let recorder = Recorder::new(&request, &attempt);
    let called = call::<Login>(generation, &services, request, attempt, soon(), Some(&recorder));
    let (decision, state) = called.await.unwrap();
    assert!(matches!(decision, Decision::Accepted(_)));
    recorder.recorded(true, &state.into_outcome().writes).unwrap()
}

fn soon() -> Instant {
    Instant::now() + Duration::from_mins(1)
}

#[tokio::test]
async fn a_shadow_runs_on_a_thread_of_its_own_while_calls_have_all_turns() {
    let service = TestService::start().await;
    let (leo, _) = service.newcomer("leo").await;
    let generation = service.app().generations.current(Slot::Login).unwrap();
    let recording = recorded(&service, &generation, &leo).await;
    let without_budget = recorded(&service, &generation, &leo).await;
    assert!(recording.processor_time() > Duration::ZERO);
    let turns = generation.profile.turns.get(Slot::Login);
    let all = u32::try_from(turns.available_permits()).unwrap();
    let taken = turns.acquire_many(all).await.unwrap();
    let (candidate, services) = (generation.shadowed(), Arc::clone(&service.app().services));
    let followed = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let followed = follow::<Login>(&candidate, &services, recording, soon()).await;
            matches!(followed, Shadowed::Decided(Decision::Accepted(_), _))
        })
    });
    let accepted = tokio::task::spawn_blocking(|| followed.join().unwrap()).await.unwrap();
    assert!(accepted, "it did not decide as the call did");
    drop(taken);
    let services = Arc::clone(&service.app().services);
    let refused = follow::<Login>(&generation, &services, without_budget, soon()).await;
    assert!(matches!(refused, Shadowed::Skipped("no_budget")), "it took what calls need");
    service.stop().await;
}
