//! A release that passes every check and fails for some people all the same.

use serde_json::json;
use sqlx::Row as _;

use super::Story;
use crate::support::{eventually, guest};

pub(super) async fn a_release_that_fails_for_some_falls_back_on_all(story: &Story) {
    story.chapter("a release that fails for every hundredth");
    let Story { fleet, crowd, operator } = story;
    crowd.expect_harm(true);
    let release = operator.push("register", guest("traps_for_some"), json!({})).await;
    assert_eq!(release, "register/2");
    operator.done(&["deploy", "register/2"]).await;
    eventually("the fall back", async || {
        crowd.is_good();
        (operator.place("register").await["active"] == "register/1").then_some(())
    })
    .await;
    story.all_serve("register", 1).await;
    crowd.expect_harm(false);
    story.crowd.more(super::REQUESTS).await;

    let line = operator.line("register", "fell_back").await;
    assert_eq!((&line["from"], &line["to"]), (&json!("register/2"), &json!("register/1")));
    for figure in ["calls", "faults", "replicas"] {
        assert!(line["details"][figure].as_u64().is_some_and(|figure| figure > 0), "{line}");
    }
    assert_eq!(fleet.sum("auth_policy_rolled_back_total", &[("place", "register")]).await, 1);
    let events = "SELECT payload FROM auth.outbox WHERE event_type = 'policy.rolled_back'";
    let mut connection = fleet.database.connection().await;
    let rows = sqlx::query(events).fetch_all(&mut connection).await.unwrap();
    assert_eq!(rows.len(), 1, "events of one fall back");
    let body: String = rows[0].get(0);
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["place"], "register", "{body}");
}
