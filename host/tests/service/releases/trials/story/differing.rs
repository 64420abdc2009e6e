//! A shadow under load: of all that people do it finds what was seeded, and nothing else. On a
//! machine that has no time left some calls are left out, and said to be: then it is tried again.

use serde_json::{Value, json};

use super::{REPLICAS, REQUESTS, Story, TRIES, kinds, left_out};
use crate::releases::crowd::Crowd;
use crate::support::{Person, eventually, guest};

const SEEDED: usize = 8;

pub(super) async fn a_disagreement_is_counted_exactly(story: &Story, crowd: &Crowd) {
    crowd.during("a shadow");
    let settings = json!({ "ending": "seeded" });
    let release = story.operator.push("login", guest("refuses_more"), settings).await;
    for number in 1..=TRIES {
        let rollout = json!({ "mode": "shadow", "abort_if": ["p99 off"] });
        let trial = story.try_out(&release, rollout).await;
        let shown = of_all_seeded(story, crowd, number, &trial).await;
        let is_whole = left_out(&shown) == 0;
        if is_whole {
            nothing_else_differs(story, &shown).await;
        }
        story.abort("login").await;
        if is_whole {
            return;
        }
        println!("calls were left out, another try: {:?}", kinds(&shown));
    }
    panic!("calls were left out in each of {TRIES} tries");
}

/// What is shown once all that was seeded is compared, or one call was left out.
async fn of_all_seeded(story: &Story, crowd: &Crowd, number: usize, trial: &Value) -> Value {
    let balancer = &story.fleet.balancer;
    for person in 0..SEEDED {
        let person = Person::new(&format!("{number}-{person}-seeded"));
        let body = json!({ "email": person.email, "password": person.password });
        balancer.post("a1", "register", &person.form()).await.tokens();
        for name in REPLICAS {
            balancer.post(name, "login", &body).await.tokens();
        }
    }
    crowd.more(REQUESTS).await;
    eventually("the differences that were seeded", async || {
        let shown = story.shown("login", trial).await;
        let of = |what: &str| shown[what].as_u64().unwrap();
        let all = of("differ") >= seeded() && of("same") > 0;
        (all || left_out(&shown) > 0).then_some(shown)
    })
    .await
}

/// Each replica was asked for each person.
const fn seeded() -> u64 {
    (SEEDED * REPLICAS.len()) as u64
}

async fn nothing_else_differs(story: &Story, shown: &Value) {
    println!("a shadow under load: {} same, {:?}", shown["same"], kinds(shown));
    assert_eq!((&shown["faults"], &shown["not_comparable"]), (&json!(0), &json!(0)), "{shown}");
    let mut differ = kinds(shown);
    differ.retain(|(kind, _)| !kind.starts_with("skipped:"));
    assert_eq!(differ, [("differs:accepted → closed_hours".to_owned(), seeded())], "{shown}");
    let told = story.operator.done(&["diff", "login"]).await;
    let line = format!("{0} differ: {0} accepted → closed_hours", seeded());
    assert!(told.contains(&line), "{told}");
    let kinds = shown["kinds"].as_array().unwrap().iter();
    let mut samples = kinds.filter_map(|kind| kind["samples"][0]["request_id"].as_str());
    assert!(samples.next().is_some(), "{shown}");
    let text = shown.to_string();
    assert!(!text.contains("seeded@") && !text.contains("example.com"), "{text}");
}
