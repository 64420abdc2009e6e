//! A candidate that is as good as what serves: its steps go on by themselves, until it serves all.

use auth_host::contract::Slot;
use serde_json::json;

use super::{REPLICAS, REQUESTS, Story, number};
use crate::releases::crowd::Crowd;
use crate::support::{eventually, policy};

pub(super) async fn steps_go_on_by_themselves(story: &Story, crowd: &Crowd) {
    crowd.during("steps");
    let Story { fleet, operator } = story;
    let settings = json!({ "session-idle-seconds": 86_400 });
    let release = operator.push("refresh", policy(Slot::Refresh), settings).await;
    let steps = [(30, 1), (60, 1), (100, 0)];
    let steps =
        steps.map(|(percent, seconds)| json!({ "percent": percent, "hold_seconds": seconds }));
    let rollout = json!({
        "mode": "share", "steps": steps, "least_calls": 20, "abort_if": ["p99 off"],
    });
    story.begin(&release, rollout).await;
    eventually("the last step", async || {
        crowd.is_good();
        let place = operator.place("refresh").await;
        (place["active"] == release.as_str() && place["candidate"].is_null()).then_some(())
    })
    .await;
    fleet.serve(&REPLICAS, "refresh", number(&release)).await;
    story.nobody_tries("refresh").await;
    crowd.more(REQUESTS).await;

    let history = operator.told("history?place=refresh").await;
    let lines = history["lines"].as_array().unwrap();
    let of = |action: &str| {
        let lines: Vec<_> = lines.iter().filter(|line| line["action"] == action).collect();
        assert_eq!(lines.len(), 1, "{action}: {history}");
        lines[0].clone()
    };
    of("share_began");
    for action in ["advanced", "promoted"] {
        let line = of(action);
        assert!(line["details"].as_object().is_some_and(|told| !told.is_empty()), "{line}");
    }
}
