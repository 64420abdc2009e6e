//! Shadows in all places, of candidates that write in everything: what people do leaves the same
//! in every table as without them.

use serde_json::{Value, json};

use super::tables::Tables;
use super::{REPLICAS, Story, TRIES, kinds, left_out, tables};
use crate::support::{Person, eventually, guest, secret_text};

/// So many people visit each replica.
const PEOPLE: usize = 3;
const VISITS: u64 = (PEOPLE * REPLICAS.len()) as u64;

pub(super) async fn nothing_of_a_shadow_is_written(story: &Story) {
    let database = &story.fleet.database;
    let before = tables::all(database).await;
    visits(story, "without").await;
    let without = tables::grown(&before, &tables::all(database).await);
    assert!(without.len() > 4, "the visits left nothing: {without:?}");

    let mut releases = Vec::new();
    for (place, name, settings) in [
        ("register", "register_differs", json!({ "in": "events" })),
        ("login", "writes_everything", json!({})),
        ("refresh", "refresh_differs", json!({ "in": "revocation" })),
    ] {
        releases.push((place, story.operator.push(place, guest(name), settings).await));
    }
    for number in 1..=TRIES {
        if is_silent(story, &releases, &without, number).await {
            return;
        }
        println!("calls were left out, another try");
    }
    panic!("calls were left out in each of {TRIES} tries");
}

/// Nothing is left in any table, whatever was compared. False if not all was: on a machine that has
/// no time left.
async fn is_silent(
    story: &Story,
    releases: &[(&str, String)],
    without: &Tables,
    number: usize,
) -> bool {
    let database = &story.fleet.database;
    let mut trials = Vec::new();
    for (place, release) in releases {
        let rollout = json!({ "mode": "shadow", "abort_if": ["p99 off"] });
        trials.push((*place, story.try_out(release, rollout).await));
    }
    let before = tables::all(database).await;
    visits(story, &format!("with{number}")).await;
    let mut is_whole = true;
    for (place, trial) in &trials {
        let calls = if *place == "login" { 2 * VISITS } else { VISITS };
        let shown = all_compared(story, place, trial, calls).await;
        if left_out(&shown) == 0 {
            all_differ(place, &shown, calls);
        } else {
            is_whole = false;
        }
    }
    let with = tables::grown(&before, &tables::all(database).await);
    assert_eq!(&with, without, "a shadow left something");
    for name in REPLICAS {
        let metrics = story.fleet.metrics(name).await;
        let own = metrics.iter().find(|series| series.name.contains("_knock"));
        assert!(own.is_none(), "{name} shows a metric of a shadow");
    }
    for (place, _) in &trials {
        story.abort(place).await;
    }
    is_whole
}

fn all_differ(place: &str, shown: &Value, calls: u64) {
    assert_eq!(shown["differ"], calls, "{shown}");
    match place {
        "login" => {
            let told = "differs:claims + session + attributes + writes + events";
            let expected = [(told.to_owned(), VISITS), ("differs:writes".to_owned(), VISITS)];
            assert_eq!(kinds(shown), expected, "{shown}");
        }
        "refresh" => {
            let told = "differs:accepted → not_now".to_owned();
            assert_eq!(kinds(shown), [(told, VISITS)], "{shown}");
        }
        _ => {}
    }
}

/// What a trial has shown once so many calls are accounted for.
async fn all_compared(story: &Story, place: &str, trial: &Value, calls: u64) -> Value {
    eventually(&format!("{calls} calls of {place} compared"), async || {
        let shown = story.shown(place, trial).await;
        let parts = ["same", "differ", "faults", "not_comparable", "skipped"];
        let sum: u64 = parts.iter().map(|part| shown[part].as_u64().unwrap()).sum();
        (sum >= calls).then_some(shown)
    })
    .await
}

/// People register on each replica, refresh, log in, and mistake their password.
async fn visits(story: &Story, which: &str) {
    let balancer = &story.fleet.balancer;
    for name in REPLICAS {
        for number in 0..PEOPLE {
            let person = Person::new(&format!("{which}-{name}-{number}"));
            let Person { email, password } = &person;
            let tokens = balancer.post(name, "register", &person.form()).await.tokens();
            let body = json!({ "refresh_token": tokens.refresh });
            balancer.post(name, "refresh", &body).await.tokens();
            let body = json!({ "email": email, "password": password });
            balancer.post(name, "login", &body).await.tokens();
            let body = json!({ "email": email, "password": secret_text() });
            balancer.post(name, "login", &body).await.refused(401, "invalid_credentials");
        }
    }
}
