//! Plans that nobody should ask for: each is refused with the member at fault, and nothing begins.

use auth_host::store::registry::Role;
use serde_json::{Value, json};

use super::{begin, login, pushed, tried};
use crate::support::TestService;

#[tokio::test]
async fn a_wrong_plan_is_refused_with_the_member_at_fault_and_nothing_begins() {
    let service = TestService::start().await;
    let ann = service.admin("ann", Role::Deploy).await;
    let release = pushed(&ann).await;
    let before = ann.get("/v1/history").await.json();
    for (rollout, field, says) in wrong() {
        let answer = begin(&ann, &release, rollout.clone()).await;
        answer.refused(400, "malformed_value");
        let error = answer.json();
        assert_eq!(error["fields"][0]["field"], format!("rollout.{field}"), "{rollout}: {error}");
        let message = error["fields"][0]["message"].as_str().unwrap();
        assert!(message.contains(says), "{rollout}: {message}");
    }
    for rollout in malformed() {
        begin(&ann, &release, rollout).await.refused(400, "malformed_json");
    }
    assert_eq!(login(&ann).await["candidate"], Value::Null);
    assert_eq!(ann.get("/v1/history").await.json()["lines"], before["lines"]);
    service.stop().await;
}

/// Plans of the right form, the member at fault, and what is said of it.
fn wrong() -> Vec<(Value, &'static str, &'static str)> {
    let share = |steps: Value| json!({ "mode": "share", "steps": steps });
    let step = |percent: f64, hold: u64| json!({ "percent": percent, "hold_seconds": hold });
    let abort_if = |budgets: Value| json!({ "mode": "shadow", "abort_if": budgets });
    let percent = |mode: &str, percent: f64| json!({ "mode": mode, "percent": percent });
    let many: Vec<Value> = (1..=21).map(|number| step(f64::from(number), 1)).collect();
    let budgets: Vec<String> = (1..=21).map(|code| format!("refusals.c{code} > 1%")).collect();
    vec![
        (percent("share", 0.0), "percent", "abort it"),
        (percent("share", 100.0), "percent", "promote"),
        (percent("share", -1.0), "percent", "at most 100"),
        (percent("share", 100.5), "percent", "at most 100"),
        (percent("share", 1e300), "percent", "at most 100"),
        (percent("share", 0.001), "percent", "two decimals"),
        (percent("share", 33.333), "percent", "two decimals"),
        (percent("shadow", 0.0), "percent", "abort it"),
        (percent("shadow", 101.0), "percent", "at most 100"),
        (json!({ "mode": "share" }), "percent", "or steps must"),
        (
            json!({ "mode": "share", "percent": 5, "steps": [step(5.0, 0)] }),
            "percent",
            "beside steps",
        ),
        (json!({ "mode": "shadow", "steps": [step(5.0, 0)] }), "steps", "mode share"),
        (share(json!([step(10.0, 60), step(5.0, 0)])), "steps[1].percent", "step before it, 10"),
        (share(json!([step(10.0, 60), step(10.0, 0)])), "steps[1].percent", "step before"),
        (share(json!([step(0.0, 60), step(10.0, 0)])), "steps[0].percent", "is 0"),
        (share(json!([step(100.0, 0)])), "steps[0].percent", "is 100"),
        (share(json!([step(1.0, 60), step(100.0, 60), step(100.0, 0)])), "steps[1].percent", "100"),
        (share(json!([step(1.0, 0), step(100.0, 0)])), "steps[0].hold_seconds", "30 days"),
        (share(json!([step(1.0, 2_592_001), step(2.0, 0)])), "steps[0].hold_seconds", "30 days"),
        (share(json!([step(1.0, 60), step(2.0, 60)])), "steps[1].hold_seconds", "left out"),
        (share(json!(many)), "steps", "more than 20"),
        (abort_if(json!(["faults"])), "abort_if[0]", "budget"),
        (abort_if(json!(["faults > 0.1%", "nobody > 1%"])), "abort_if[1]", "budget"),
        (abort_if(json!(["p99 > 5%"])), "abort_if[0]", "p99"),
        (abort_if(json!(["faults > 0.1%", "faults > 1%"])), "abort_if[1]", "same metric"),
        (abort_if(json!(["x".repeat(201)])), "abort_if[0]", "200 characters"),
        (abort_if(json!(budgets)), "abort_if", "more than 20"),
        (json!({ "mode": "shadow", "least_calls": 0 }), "least_calls", "from 1"),
        (json!({ "mode": "shadow", "least_calls": 10_000_001 }), "least_calls", "10000000"),
    ]
}

fn malformed() -> Vec<Value> {
    vec![
        json!({}),
        json!([]),
        json!("shadow"),
        json!({ "mode": "canary", "percent": 5 }),
        json!({ "mode": "share", "percent": "5%" }),
        json!({ "mode": "share", "percent": 5, "sample": 5 }),
        json!({ "mode": "share", "steps": [{ "percent": 5, "hold": "10m" }] }),
        json!({ "mode": "share", "steps": [{ "hold_seconds": 5 }] }),
        json!({ "mode": "share", "steps": [{ "percent": 5, "hold_seconds": -5 }] }),
        json!({ "mode": "share", "percent": 5, "abort_if": "faults > 1%" }),
        json!({ "mode": "share", "percent": 5, "least_calls": 0.5 }),
    ]
}

#[tokio::test]
async fn a_plan_is_told_as_it_was_asked_for() {
    let service = TestService::start().await;
    let ann = service.admin("ann", Role::Deploy).await;
    let release = pushed(&ann).await;
    let steps = json!([
        { "percent": 0.01, "hold_seconds": 2_592_000 },
        { "percent": 12.34, "hold_seconds": 1 },
        { "percent": 100.0, "hold_seconds": 0 },
    ]);
    let abort_if = json!(["faults > 0.1%", "p99 > x3", "refusals.closed_hours > +5%"]);
    let rollout = json!({
        "mode": "share", "steps": steps, "abort_if": [" faults > 0.1% ", abort_if[1], abort_if[2]],
        "least_calls": 10_000_000,
    });
    let candidate = tried(&ann, &release, rollout).await;
    assert_eq!((&candidate["percent"], &candidate["step"]), (&json!(0.01), &json!(0)));
    assert_eq!((&candidate["steps"], &candidate["abort_if"]), (&steps, &abort_if));
    assert_eq!((&candidate["began_by"], &candidate["message"]), (&json!("ann"), &json!("a test")));
    let id = candidate["rollout"].as_str().unwrap();
    let deployment = ann.get(&format!("/v1/deployments/{id}")).await.json();
    let told = &deployment["rollout"];
    assert_eq!((&told["steps"], &told["abort_if"]), (&steps, &abort_if), "{deployment}");
    assert_eq!((&told["percent"], &told["least_calls"]), (&Value::Null, &json!(10_000_000)));
    // The last digit is not lost on the way.
    for percent in [0.29, 1.1, 64.03, 99.99] {
        let rollout = json!({ "mode": "share", "percent": percent });
        assert_eq!(tried(&ann, &release, rollout).await["percent"], percent);
    }
    service.stop().await;
}
