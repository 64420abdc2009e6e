//! A candidate that fails for some people: it is judged bad, and out on all replicas by itself.

use serde_json::json;
use sqlx::Row as _;

use super::{REPLICAS, REQUESTS, Story, number};
use crate::releases::crowd::Crowd;
use crate::support::{Person, eventually, guest};

pub(super) async fn a_candidate_that_fails_is_out_on_all_by_itself(story: &Story, crowd: &Crowd) {
    crowd.during("a candidate that fails");
    let Story { fleet, operator } = story;
    let release = operator.push("register", guest("traps_for_some"), json!({})).await;
    crowd.expect_harm(true);
    let rollout = json!({ "mode": "share", "percent": 50, "abort_if": ["p99 off"] });
    story.begin(&release, rollout).await;
    // More of those whom it fails than a crowd has.
    let mut came = 0;
    let mut harmed = 0;
    eventually("the end of the trial", async || {
        let name = REPLICAS[came % REPLICAS.len()];
        let person = Person::new(&format!("marked-{came}-00"));
        let answer = fleet.balancer.post(name, "register", &person.form()).await;
        if answer.status == 503 {
            answer.refused(503, "policy_fault");
            harmed += 1;
        } else {
            answer.tokens();
        }
        came += 1;
        operator.place("register").await["candidate"].is_null().then_some(())
    })
    .await;
    let began = tokio::time::Instant::now();
    story.nobody_tries("register").await;
    println!(
        "out on all {} ms after it was seen to be taken out, having failed {harmed} of {came}",
        began.elapsed().as_millis()
    );
    crowd.more(REQUESTS).await;
    crowd.expect_harm(false);
    for index in 0..30 {
        let person = Person::new(&format!("safe-{index}-00"));
        let name = REPLICAS[index % REPLICAS.len()];
        fleet.balancer.post(name, "register", &person.form()).await.tokens();
    }
    assert!(harmed > 0, "nobody met the candidate that fails");
    is_told(story, &release).await;
}

/// In the history with the figures, as an event, and in the metrics, once.
async fn is_told(story: &Story, release: &str) {
    let Story { fleet, operator } = story;
    let line = operator.line("register", "taken_out").await;
    assert_eq!(line["who"], "judgement", "{line}");
    let figures = &line["details"];
    let judgement = &figures["judgement"];
    assert_eq!((&judgement["verdict"], &judgement["metric"]), (&json!("bad"), &json!("faults")));
    assert!(figures["calls"].as_u64().is_some_and(|calls| calls > 0), "{line}");
    assert_eq!(operator.place("register").await["active"], "register/1");
    let labels = [("place", "register"), ("metric", "faults")];
    assert_eq!(fleet.sum("auth_policy_taken_out_total", &labels).await, 1);
    let events = "SELECT payload FROM auth.outbox WHERE event_type = 'policy.rolled_back'";
    let mut connection = fleet.database.connection().await;
    let rows = sqlx::query(events).fetch_all(&mut connection).await.unwrap();
    assert_eq!(rows.len(), 1, "events of one candidate that was taken out");
    let body: String = rows[0].get(0);
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (&body["place"], &body["from"]),
        (&json!("register"), &json!(number(release))),
        "{body}"
    );
}
