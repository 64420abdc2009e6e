//! What becomes of a trial, and what stands against it.

use auth_host::administration::moment;
use auth_host::contract::Slot;
use auth_host::store::registry::Role;
use serde_json::{Value, json};

use super::{ROLLOUT, begin, change, login, pushed, tried};
use crate::support::{TestService, policy};

#[tokio::test]
async fn steps_are_paused_and_go_on_and_the_trial_is_promoted() {
    let service = TestService::start().await;
    let ann = service.admin("ann", Role::Operate).await;
    let (base, release) = (login(&ann).await["active"].clone(), pushed(&ann).await);
    let steps = json!([{ "percent": 10, "hold_seconds": 3600 }, { "percent": 100 }]);
    let candidate = tried(&ann, &release, json!({ "mode": "share", "steps": steps })).await;
    assert_eq!((&candidate["base"], &candidate["percent"]), (&base, &json!(10.0)));
    assert!(candidate["next_step_at"].is_string(), "{candidate}");

    change(&ann, "resume", &json!({})).await.refused(409, "steps_as_asked");
    let paused = change(&ann, "pause", &json!({ "message": "lunch" })).await;
    assert_eq!(paused.status, 200, "{}", paused.text());
    let told = &paused.json()["candidate"];
    assert_eq!(
        (&told["paused"]["by"], &told["paused"]["message"]),
        (&json!("ann"), &json!("lunch"))
    );
    assert_eq!(told["next_step_at"], Value::Null, "{told}");
    change(&ann, "pause", &json!({})).await.refused(409, "steps_as_asked");
    let resumed = change(&ann, "resume", &json!({})).await.json();
    assert_eq!(resumed["candidate"]["paused"], Value::Null, "{resumed}");
    assert!(resumed["candidate"]["next_step_at"].is_string(), "{resumed}");

    let freeze = json!({ "until": moment(service.clock.now() + 3_600_000), "message": "holidays" });
    let frozen = ann.ask("PUT", "/v1/places/login/freeze", &freeze).await.json();
    assert_eq!(frozen["candidate"]["release"], json!(release), "{frozen}");
    change(&ann, "promote", &json!({})).await.refused(423, "frozen");
    ann.send(ann.request("DELETE", "/v1/places/login/freeze")).await;

    let promoted = change(&ann, "promote", &json!({ "message": "it is good" })).await.json();
    assert_eq!((&promoted["active"], &promoted["candidate"]), (&json!(release), &Value::Null));
    assert!(promoted["probation_until"].is_string(), "{promoted}");
    let history = ann.get("/v1/history?place=login").await.json();
    let line = &history["lines"][0];
    assert_eq!((&line["action"], &line["who"]), (&json!("promoted"), &json!("ann")));
    assert_eq!((&line["from"], &line["to"]), (&base, &json!(release)));
    // What whoever promoted it could see.
    assert!(line["details"]["judgement"]["verdict"].is_string(), "{line}");
    service.stop().await;
}

#[tokio::test]
async fn one_candidate_at_a_time_and_the_same_one_may_grow() {
    let service = TestService::start().await;
    let ann = service.admin("ann", Role::Deploy).await;
    let (base, first, second) =
        (login(&ann).await["active"].clone(), pushed(&ann).await, pushed(&ann).await);
    let shadow = json!({ "mode": "shadow", "percent": 50 });
    assert_eq!(tried(&ann, &first, shadow.clone()).await["percent"], 50.0);
    for refused in [begin(&ann, &second, shadow).await, ann.deploy(&second).await] {
        refused.refused(409, "trying");
        assert!(refused.text().contains(&first), "{}", refused.text());
    }
    for percent in [5.0, 25.0] {
        let share = json!({ "mode": "share", "percent": percent });
        let candidate = tried(&ann, &first, share).await;
        assert_eq!((&candidate["percent"], &candidate["base"]), (&json!(percent), &base));
    }
    change(&ann, "pause", &json!({})).await.refused(409, "no_steps");
    // A rollback while people are on it takes it from them, and from nobody what they had.
    let number = number(&first);
    let path = "/v1/places/login/rollback";
    ann.ask("POST", path, &json!({ "from": number + 1 })).await.refused(409, "changed_meanwhile");
    let back = ann.ask("POST", path, &json!({ "from": number })).await.json();
    assert_eq!((&back["from"], &back["to"]), (&json!(first), &base));
    let place = login(&ann).await;
    assert_eq!((&place["candidate"], &place["active"]), (&Value::Null, &base));
    service.stop().await;
}

#[tokio::test]
async fn what_stands_against_a_trial_or_its_change_has_a_code_and_says_what_to_do() {
    let service = TestService::start().await;
    let ann = service.admin("ann", Role::Operate).await;
    let active = login(&ann).await["active"].as_str().unwrap().to_owned();
    let shadow = json!({ "mode": "shadow" });
    for what in ["pause", "resume", "promote", "abort"] {
        change(&ann, what, &json!({})).await.refused(409, "no_candidate");
        let elsewhere = format!("/v1/places/logout/rollout/{what}");
        ann.ask("POST", &elsewhere, &json!({})).await.refused(404, "unknown_place");
        for body in [json!({ "release": "43" }), json!({ "relaese": 43 }), json!([])] {
            change(&ann, what, &body).await.refused(400, "malformed_json");
        }
        for body in [json!({ "release": 0 }), json!({ "message": "x".repeat(1001) })] {
            change(&ann, what, &body).await.refused(400, "malformed_value");
        }
    }
    change(&ann, "advance", &json!({})).await.refused(404, "not_found");
    begin(&ann, &active, shadow.clone()).await.refused(409, "serves_already");
    begin(&ann, "login/99", shadow.clone()).await.refused(404, "no_release");
    // A component for another place makes no release, and a number is that of a place.
    let register = policy(Slot::Register);
    assert_eq!(ann.put(&register).await.status, 200);
    ann.add(Slot::Login, &register, &json!({})).await.refused(422, "other_place");
    let release = pushed(&ann).await;
    let elsewhere = release.replace("login", "register");
    begin(&ann, &elsewhere, shadow.clone()).await.refused(404, "no_release");

    let freeze = json!({ "until": moment(service.clock.now() + 3_600_000), "message": "holidays" });
    ann.ask("PUT", "/v1/places/login/freeze", &freeze).await;
    begin(&ann, &release, shadow.clone()).await.refused(423, "frozen");
    ann.send(ann.request("DELETE", "/v1/places/login/freeze")).await;

    // It is tried in one place, and what is expected of it must be so.
    tried(&ann, &release, shadow.clone()).await;
    for what in ["pause", "resume", "promote", "abort"] {
        let other = json!({ "release": number(&release) + 1 });
        let refused = change(&ann, what, &other).await;
        refused.refused(409, "changed_meanwhile");
        assert!(refused.text().contains(&release), "{}", refused.text());
        let elsewhere = format!("/v1/places/register/rollout/{what}");
        ann.ask("POST", &elsewhere, &json!({})).await.refused(409, "no_candidate");
    }
    ann.get("/v1/places/register/rollout").await.refused(404, "no_rollout");
    let aborted = change(&ann, "abort", &json!({ "release": number(&release) })).await;
    assert_eq!(aborted.json()["candidate"], Value::Null, "{}", aborted.text());
    change(&ann, "abort", &json!({ "release": number(&release) }))
        .await
        .refused(409, "no_candidate");

    // A replica of a version before trials would count it as deployed.
    let _silent = service.silent_replica().await;
    let refused = begin(&ann, &release, shadow).await;
    refused.refused(409, "old_replica");
    assert!(refused.text().contains("silent"), "{}", refused.text());
    ann.get(ROLLOUT).await.json();
    service.stop().await;
}

fn number(release: &str) -> i64 {
    release.split_once('/').unwrap().1.parse().unwrap()
}
