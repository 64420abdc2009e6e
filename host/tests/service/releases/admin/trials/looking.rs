//! What is told of a trial while it goes on, and when it is over.

use std::time::Duration;

use auth_host::store::registry::{DifferenceSample, NewDifferences, Role};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{ROLLOUT, change, login, pushed, tried};
use crate::support::{TestService, eventually};

/// As if a replica had compared that many of each kind, each with a sample.
async fn compared(service: &TestService, rollout: &Value, counts: &[(String, u64)]) {
    let store = service.app().services.store.clone();
    let (rollout, at) = (id(rollout), store.clock().now());
    for counts in counts.chunks(50) {
        let sample = |(kind, _): &(String, u64)| DifferenceSample {
            kind: kind.clone(),
            request_id: format!("request of {kind}"),
            at,
            replica: "one".to_owned(),
        };
        let samples = counts.iter().filter(|(kind, _)| kind != "same").map(sample).collect();
        let new = NewDifferences { rollout, counts: counts.to_vec(), samples };
        store.differences_add(&new).await.unwrap();
    }
}

fn id(rollout: &Value) -> Uuid {
    rollout.as_str().unwrap().parse().unwrap()
}

fn count(kind: &str, count: u64) -> (String, u64) {
    (kind.to_owned(), count)
}

#[tokio::test]
async fn a_trial_is_told_with_its_verdict_and_kinds_and_stays_known_when_it_is_over() {
    let service = TestService::start().await;
    let ann = service.admin("ann", Role::Deploy).await;
    let look = service.admin("looker", Role::Look).await;
    look.get(ROLLOUT).await.refused(404, "no_rollout");
    let (base, release) = (login(&ann).await["active"].clone(), pushed(&ann).await);
    let candidate = tried(&ann, &release, json!({ "mode": "shadow" })).await;
    assert_eq!((&candidate["mode"], &candidate["percent"]), (&json!("shadow"), &json!(100.0)));
    assert_eq!(candidate["judgement"]["verdict"], "not_enough", "{candidate}");
    assert!(candidate["judgement"]["why"].is_string(), "{candidate}");
    eventually("a replica that takes part", async || {
        (login(&look).await["candidate"]["replicas"] == 1).then_some(())
    })
    .await;

    let kinds = [
        count("same", 18_204),
        count("differs:accepted → captcha_required", 31),
        count("differs:accepted → closed_hours", 6),
        count("not_comparable:reads_a_write", 12),
        count("fault:panic", 2),
        count("skipped:queue_full", 1),
    ];
    compared(&service, &candidate["rollout"], &kinds).await;
    let told = look.get(ROLLOUT).await.json();
    assert_eq!((&told["rollout"], &told["place"]), (&candidate["rollout"], &json!("login")));
    assert_eq!((&told["release"], &told["base"]), (&json!(release), &base));
    for (member, expected) in
        [("same", 18_204), ("differ", 37), ("not_comparable", 12), ("faults", 2), ("skipped", 1)]
    {
        assert_eq!(told[member], expected, "{member}: {told}");
    }
    let first = json!({
        "what": "differs", "kind": "accepted → captcha_required", "count": 31,
        "samples": told["kinds"][0]["samples"],
    });
    assert_eq!(told["kinds"][0], first);
    let sample = &told["kinds"][0]["samples"][0];
    assert_eq!(sample["request_id"], "request of differs:accepted → captcha_required");
    assert_eq!(told["kinds"].as_array().unwrap().len(), 5);
    assert_eq!((&told["ending"], &told["ended_at"]), (&Value::Null, &Value::Null));
    assert_eq!(told["candidate"]["rollout"], candidate["rollout"]);

    change(&ann, "abort", &json!({ "message": "captcha for 31" })).await;
    let second = tried(&ann, &release, json!({ "mode": "shadow" })).await;
    let latest = look.get(ROLLOUT).await.json();
    assert_eq!((&latest["rollout"], &latest["same"]), (&second["rollout"], &json!(0)));
    let path = format!("{ROLLOUT}?rollout={}", candidate["rollout"].as_str().unwrap());
    let over = look.get(&path).await.json();
    assert_eq!((&over["ending"], &over["candidate"]), (&json!("aborted"), &Value::Null));
    assert!(over["ended_at"].is_string(), "{over}");
    assert_eq!((&over["kinds"], &over["differ"]), (&told["kinds"], &json!(37)));

    look.get(&format!("{ROLLOUT}?rollout={}", Uuid::nil())).await.refused(404, "no_rollout");
    look.get("/v1/places/logout/rollout").await.refused(404, "unknown_place");
    for query in ["rollout=x", "rollout=", "rolout=x", "limit=1"] {
        look.get(&format!("{ROLLOUT}?{query}")).await.refused(400, "malformed_value");
    }
    service.stop().await;
}

#[tokio::test]
async fn an_answer_is_bounded_however_many_kinds_and_samples_there_were() {
    let service = TestService::start().await;
    let ann = service.admin("ann", Role::Deploy).await;
    let release = pushed(&ann).await;
    let candidate = tried(&ann, &release, json!({ "mode": "shadow" })).await;
    let kinds: Vec<(String, u64)> =
        (0..400).map(|number| (format!("differs:accepted → code_{number}"), 1)).collect();
    for _ in 0..25 {
        compared(&service, &candidate["rollout"], &kinds).await;
    }
    let answer = ann.get(ROLLOUT).await;
    let told = answer.json();
    assert_eq!(told["differ"], 400 * 25, "none is lost: {told}");
    let kinds = told["kinds"].as_array().unwrap();
    assert!(kinds.len() <= 201, "{}", kinds.len());
    assert_eq!(kinds[0]["kind"], "other", "what is beyond the bound is the most frequent");
    let samples: Vec<usize> =
        kinds.iter().map(|kind| kind["samples"].as_array().unwrap().len()).collect();
    assert!(samples.iter().all(|count| *count <= 20), "{samples:?}");
    assert!(samples.iter().sum::<usize>() <= 1000, "{samples:?}");
    assert!(answer.body.len() < 512 * 1024, "{} bytes", answer.body.len());
    service.stop().await;
}

#[tokio::test]
async fn a_trial_that_is_over_is_forgotten_after_a_week() {
    let service = TestService::start().await;
    let ann = service.admin_for("ann", Role::Deploy, Duration::from_hours(24 * 30)).await;
    let release = pushed(&ann).await;
    tried(&ann, &release, json!({ "mode": "shadow" })).await;
    change(&ann, "abort", &json!({})).await;
    service.app().cleaner.prune_once().await.unwrap();
    assert_eq!(ann.get(ROLLOUT).await.json()["ending"], "aborted");
    service.clock.advance(Duration::from_hours(24 * 7 + 1));
    service.app().cleaner.prune_once().await.unwrap();
    ann.get(ROLLOUT).await.refused(404, "no_rollout");
    service.stop().await;
}
