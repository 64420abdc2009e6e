//! How each release does: its metrics, its figures, and the judgement of a fresh one.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use auth_host::contract::Slot;
use auth_host::policy::health::{Figures, judge_fresh};
use auth_host::policy::judgement::{Failing, JudgementSettings, Verdict};
use auth_host::store::Store;
use auth_host::store::registry::{
    Component, ComponentInfo, Counted, NewRelease, PlaceState, ReleaseComponent, Serving, Source,
};
use serde_json::{Value, json};

use crate::support::{Person, TestService, eventually, guest, policy};

/// What the release that serves in a slot has come to since it serves.
fn figures(service: &TestService, slot: Slot) -> Serving {
    let counts = Arc::clone(&service.app().generations.current(slot).unwrap().counts);
    Serving { judged: counts.judged(), ..counts.figures() }
}

/// The judgement of a fresh release with the usual settings.
fn judged(serving: Serving) -> (Verdict, Figures) {
    judge_fresh(&JudgementSettings::default(), &[serving])
}

/// What was judged so bad that it has to go.
fn failing(judged: Counted) -> (Failing, Figures) {
    let (verdict, figures) = self::judged(Serving { judged, ..Serving::default() });
    let Verdict::Bad(failing) = verdict else { panic!("{verdict:?}") };
    (failing, figures)
}

/// Registers somebody of this name, whom `traps_for_some` may trap for.
async fn registers(service: &TestService, name: &str) {
    let answer = service.register(&Person::new(name).form()).await;
    if name.ends_with("00") {
        answer.refused(503, "policy_fault");
    } else {
        answer.tokens();
    }
}

/// A number of a scrape that need not be whole.
async fn fraction(service: &TestService, name: &str, place: &str) -> f64 {
    let text = service.get("/metrics").await.text();
    let label = format!("place=\"{place}\"");
    let line = text.lines().find(|line| line.starts_with(name) && line.contains(&label));
    let line = line.unwrap_or_else(|| panic!("no {name} of {place}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn what_a_release_came_to_and_took_is_counted_with_its_place_and_its_number() {
    let service = TestService::with().guest(Slot::Register, "traps_for_some").start().await;
    for name in ["ann", "ben", "trap00", "cat"] {
        registers(&service, name).await;
    }
    service.login(&Person::new("nobody")).await.refused(401, "invalid_credentials");
    let metrics = service.metrics().await;
    let release = |slot: &str| {
        let active = metrics.matching("auth_policy_active_info", &[("slot", slot)]);
        active[0].labels["release"].clone()
    };
    let calls = |place: &str, outcome: &str| {
        let labels = [("place", place), ("release", &release(place)), ("outcome", outcome)];
        metrics.sum("auth_policy_release_calls_total", &labels)
    };
    assert_eq!((calls("register", "accepted"), calls("register", "fault")), (3, 1));
    assert_eq!((calls("register", "refused"), calls("register", "failed")), (0, 0));
    assert_eq!((calls("login", "refused"), calls("login", "accepted")), (1, 0));
    let sum = |name: &str, labels: &[(&str, &str)]| metrics.sum(name, labels);
    let panics = [("place", "register"), ("cause", "panic")];
    assert_eq!(sum("auth_policy_release_faults_total", &panics), 1);
    assert_eq!(sum("auth_policy_release_faults_total", &[("place", "register")]), 1);
    let code = [("place", "login"), ("code", "invalid_credentials")];
    assert_eq!(sum("auth_policy_release_refusals_total", &code), 1);
    assert!(sum("auth_policy_release_host_calls_total", &[("place", "register")]) >= 4);
    let peak = sum("auth_policy_release_memory_peak_bytes", &[("place", "register")]);
    assert!((64 << 10..=16 << 20).contains(&peak), "{peak} bytes");
    assert!(fraction(&service, "auth_policy_release_cpu_seconds_total", "register").await > 0.0);
    // A login waits for the database and a hash; to register, this guest asks for nothing.
    assert!(fraction(&service, "auth_policy_release_host_seconds_total", "login").await > 0.0);
    let host = fraction(&service, "auth_policy_release_host_seconds_total", "register").await;
    assert!(host.abs() < f64::EPSILON, "{host} s");
    service.stop().await;
}

#[tokio::test]
async fn however_often_a_place_is_swapped_its_metrics_tell_of_three_releases() {
    let service = TestService::start().await;
    let (person, _) = service.newcomer("leo").await;
    let components = [guest("refuses_domain"), policy(Slot::Login)];
    for number in 0..10 {
        service.swap(Slot::Login, &components[number % 2]).await;
        service.login(&person).await.tokens();
    }
    let metrics = service.metrics().await;
    let current = service.app().generations.current(Slot::Login).unwrap().identity.release;
    for series in [
        "calls_total",
        "faults_total",
        "refusals_total",
        "cpu_seconds_total",
        "host_seconds_total",
        "host_calls_total",
        "memory_peak_bytes",
    ] {
        let name = format!("auth_policy_release_{series}");
        let series = metrics.matching(&name, &[("place", "login")]);
        let releases: BTreeSet<u64> =
            series.iter().map(|series| series.labels["release"].parse().unwrap()).collect();
        assert_eq!(releases.len(), 3, "{name}: {releases:?}");
        assert_eq!(releases.last(), Some(&current), "{name}");
    }
    let accepted = [("place", "login"), ("outcome", "accepted")];
    assert_eq!(metrics.sum("auth_policy_release_calls_total", &accepted), 3);
    service.stop().await;
}

#[tokio::test]
async fn a_release_that_traps_for_every_hundredth_address_is_bad_and_one_address_is_not_enough() {
    let service = TestService::with().guest(Slot::Register, "traps_for_some").start().await;
    let judged = || judged(figures(&service, Slot::Register));
    for number in 0..20 {
        registers(&service, &format!("good{number}x")).await;
        registers(&service, "one00").await;
    }
    assert!(matches!(judged().0, Verdict::NotEnough { .. }), "one address brings a release down");
    assert_eq!(figures(&service, Slot::Register).failing.len(), 1);
    for name in ["two00", "three00"] {
        registers(&service, name).await;
    }
    let (Verdict::Bad(failing), of_all) = judged() else { panic!("three people's calls fail") };
    // Of the one address only a few calls a minute count.
    let (calls, faults) = (of_all.calls, of_all.faults);
    assert!((25..42).contains(&calls) && faults == calls - 20, "{faults} of {calls}");
    assert_eq!((of_all.people, failing.cause.as_str()), (3, "panic"));
    assert_eq!(figures(&service, Slot::Register).calls_a_minute, 42);
    // The next release begins anew.
    service.swap(Slot::Register, &policy(Slot::Register)).await;
    assert_eq!(figures(&service, Slot::Register).calls, 0);
    assert!(matches!(judged().0, Verdict::NotEnough { .. }));
    service.stop().await;
}

#[tokio::test]
async fn replicas_know_a_person_by_one_name_that_only_their_secret_gives() {
    let mut names = Vec::new();
    for secret in [None, None, Some("another master secret, of another service altogether")] {
        let service = TestService::with().guest(Slot::Register, "traps_for_some");
        let service = match secret {
            Some(secret) => service.setting("AUTH_MASTER_SECRET", secret).own_cache(),
            None => service,
        };
        let service = service.start().await;
        registers(&service, "one00").await;
        names.push(figures(&service, Slot::Register).failing);
        service.stop().await;
    }
    assert_eq!(names[0].len(), 1);
    assert_eq!(names[0], names[1]);
    assert_ne!(names[0], names[2]);
}

#[tokio::test]
async fn what_a_busy_host_turns_away_is_no_fault_of_the_release() {
    let with = TestService::with()
        .setting("PASSWORD_HASH_THREADS", "1")
        .setting("PASSWORD_HASH_QUEUE", "1");
    let service = with.setting("HTTP_SERVER_TIMEOUT", "60s").start().await;
    let (person, _) = service.newcomer("leo").await;
    let busy = service.busy_hash_thread().await;
    let waiting = tokio::spawn(
        service.request("POST", "/auth/register").json(&Person::new("patient").form()).send(),
    );
    eventually("a full queue", async || {
        (service.app().services.passwords.waiting() == 1).then_some(())
    })
    .await;
    service.login(&person).await.refused(503, "busy");
    let login = figures(&service, Slot::Login);
    assert_eq!((login.calls, login.faults, login.failing.len()), (0, 0, 0));
    let failed = [("place", "login"), ("outcome", "failed")];
    assert_eq!(service.count("auth_policy_release_calls_total", &failed).await, 1);
    busy.await.unwrap();
    waiting.await.unwrap().unwrap();
    service.stop().await;
}

/// Activates a release in a place that no slot of the service follows.
async fn activate(store: &Store, place: &str) -> PlaceState {
    let (digest, wit) = ("0".repeat(64), "0.2.0".to_owned());
    let info = ComponentInfo {
        digest: digest.clone(),
        wit: wit.clone(),
        manifest: "{}".into(),
        size: 1,
        pushed_at: 0,
        pushed_by: "ann".into(),
    };
    store.component_put(&Component { info, bytes: vec![0].into() }).await.unwrap();
    let release = NewRelease {
        place: place.into(),
        components: vec![ReleaseComponent { wit, digest }],
        settings: "{}".into(),
        grants: "{}".into(),
        source: Source::Push,
        author: "ann".into(),
        message: "a change".into(),
        report: "{}".into(),
    };
    store.release_activate(&release, false, Duration::from_mins(10), None).await.unwrap();
    let mut places = store.places().await.unwrap().into_iter();
    places.find(|state| state.place == place).unwrap()
}

#[tokio::test]
async fn a_release_that_fails_falls_back_once_with_a_line_of_history_an_event_and_a_metric() {
    let service = TestService::start().await;
    let app = service.app();
    let store = &app.services.store;
    let health = &app.generations.current(Slot::Login).unwrap().profile.metrics.releases;
    activate(store, "trial").await;
    let state = activate(store, "trial").await;
    assert_eq!((state.active, state.previous.as_slice()), (2, [1].as_slice()));
    let (failing, figures) = failing(Counted {
        calls: 1000,
        faults: 10,
        failing: vec![1, 2, 3],
        causes: [("memory".to_owned(), 10)].into(),
        ..Counted::default()
    });
    let moved = health.fall_back(store, &state, &failing, &figures).await.unwrap().unwrap();
    assert_eq!((moved.from, moved.to), (Some(2), 1));
    // Another replica comes to the same verdict, too late.
    assert_eq!(health.fall_back(store, &state, &failing, &figures).await.unwrap(), None);
    let line = &store.history(Some("trial"), None, 1).await.unwrap()[0];
    assert_eq!((line.action.as_str(), line.who.as_str()), ("fell_back", "probation"));
    assert_eq!((line.from, line.to), (Some(2), Some(1)));
    assert_eq!(line.why, failing.sentence);
    let figures: Value = serde_json::from_str(&line.details).unwrap();
    assert_eq!((&figures["calls"], &figures["causes"]), (&json!(1000), &json!({ "memory": 10 })));
    let events = service.events().await;
    let told: Vec<_> =
        events.iter().filter(|event| event.to_string().contains("policy.rolled_back")).collect();
    assert_eq!(told.len(), 1, "{events:?}");
    assert!(told[0].to_string().contains(&failing.sentence), "{}", told[0]);
    let labels = [("place", "trial"), ("cause", "memory")];
    assert_eq!(service.count("auth_policy_rolled_back_total", &labels).await, 1);
    drop(app);
    service.stop().await;
}

#[tokio::test]
async fn a_release_that_nothing_served_before_stays_however_it_fails() {
    let service = TestService::start().await;
    let app = service.app();
    let store = &app.services.store;
    let health = &app.generations.current(Slot::Login).unwrap().profile.metrics.releases;
    let state = activate(store, "trial").await;
    let bad = Counted { calls: 5, faults: 5, failing: vec![1, 2, 3], ..Counted::default() };
    let (failing, figures) = failing(bad);
    assert_eq!(health.fall_back(store, &state, &failing, &figures).await.unwrap(), None);
    assert_eq!(store.places().await.unwrap().iter().find(|s| s.place == "trial"), Some(&state));
    drop(app);
    service.stop().await;
}
