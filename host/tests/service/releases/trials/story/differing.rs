//! A shadow under load: of all that people do it finds what was seeded, and nothing else.

use serde_json::json;

use super::{REPLICAS, REQUESTS, Story, kinds};
use crate::releases::crowd::Crowd;
use crate::support::{Person, eventually, guest};

const SEEDED: usize = 8;

pub(super) async fn a_disagreement_is_counted_exactly(story: &Story, crowd: &Crowd) {
    crowd.during("a shadow");
    let Story { fleet, operator } = story;
    let release =
        operator.push("login", guest("refuses_more"), json!({ "ending": "seeded" })).await;
    let rollout = json!({ "mode": "shadow", "abort_if": ["p99 off"] });
    let trial = story.try_out(&release, rollout).await;
    for number in 0..SEEDED {
        let person = Person::new(&format!("{number}-seeded"));
        let body = json!({ "email": person.email, "password": person.password });
        fleet.balancer.post("a1", "register", &person.form()).await.tokens();
        for name in REPLICAS {
            fleet.balancer.post(name, "login", &body).await.tokens();
        }
    }
    crowd.more(REQUESTS).await;
    let seeded = (SEEDED * REPLICAS.len()) as u64;
    // On a machine that has no time left some calls are left out, and said to be.
    let shown = eventually("the differences that were seeded", async || {
        let shown = story.shown("login", &trial).await;
        let of = |what: &str| shown[what].as_u64().unwrap();
        (of("differ") + of("skipped") >= seeded && of("same") > 0).then_some(shown)
    })
    .await;
    println!("a shadow under load: {} same, {:?}", shown["same"], kinds(&shown));
    assert_eq!((&shown["faults"], &shown["not_comparable"]), (&json!(0), &json!(0)), "{shown}");
    if shown["skipped"] == 0 {
        let kind = "differs:accepted → closed_hours".to_owned();
        assert_eq!(kinds(&shown), [(kind, seeded)], "{shown}");
        let told = operator.done(&["diff", "login"]).await;
        let line = format!("{seeded} differ: {seeded} accepted → closed_hours");
        assert!(told.contains(&line), "{told}");
    } else {
        assert!(shown["differ"].as_u64().unwrap() <= seeded, "{shown}");
    }
    let samples = shown["kinds"][0]["samples"].as_array().unwrap();
    assert!(!samples.is_empty() && samples[0]["request_id"].is_string(), "{shown}");
    let text = shown.to_string();
    assert!(!text.contains("seeded@") && !text.contains("example.com"), "{text}");
    story.abort("login").await;
}
