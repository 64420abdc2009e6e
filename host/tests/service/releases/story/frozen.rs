//! What is refused, and why.

use auth_host::contract::Slot;
use auth_host::hex;
use reqwest::Method;
use serde_json::{Value, json};

use super::Story;
use crate::support::policy;

pub(super) async fn a_frozen_place_takes_no_deploys_but_rollbacks(story: &Story) {
    story.chapter("a freeze");
    let operator = &story.operator;
    operator.done(&["deploy", "login/2"]).await;
    operator.done(&["freeze", "login", "--until", "2h", "-m", "holidays"]).await;
    let printed = operator.policy(&["deploy", "login/1"]).await;
    assert_eq!(printed.code, Some(1), "{}", printed.errors);
    let told = format!("{}{}", printed.text, printed.errors);
    assert!(told.contains("frozen") && told.contains("holidays"), "{told}");
    story.all_serve("login", 2).await;
    operator.done(&["rollback", "login", "-m", "it does not wait"]).await;
    story.all_serve("login", 1).await;
    operator.done(&["unfreeze", "login", "-m", "over"]).await;
}

pub(super) async fn each_refusal_has_its_reason(story: &Story) {
    story.chapter("refusals");
    let operator = &story.operator;
    let login = hex::sha256(&policy(Slot::Login));
    let refused = async |method: Method, path: &str, body: Value, status: u16, code: &str| {
        let answer = operator.ask(method, path, Some(&body)).await;
        assert_eq!((answer.0, answer.1["code"].as_str()), (status, Some(code)), "{}", answer.1);
    };
    let release = |place: &str, settings: Value| {
        let components = [&login];
        json!({ "place": place, "components": components, "settings": settings, "message": "x" })
    };
    let deployment = |release: &str| json!({ "release": release });
    let (post, put) = (Method::POST, Method::PUT);
    refused(post.clone(), "releases", release("register", json!({})), 422, "other_place").await;
    let other = release("login", json!({ "captcha-url": "https://x.example" }));
    refused(post.clone(), "releases", other, 422, "refused").await;
    let (missing, serving) = (deployment("login/99"), deployment("login/1"));
    refused(post.clone(), "deployments", missing, 404, "no_release").await;
    refused(post.clone(), "deployments", serving, 409, "serves_already").await;
    let never = json!({ "to": 3, "message": "a test" });
    refused(post.clone(), "places/login/rollback", never, 409, "never_served").await;
    let (status, body) = operator.bring(&"0".repeat(64), policy(Slot::Login)).await;
    assert_eq!((status, &body["code"]), (400, &json!("digest_mismatch")), "{body}");

    let looker = story.fleet.operator("a2", "looker", "look").await;
    looker.told("status").await;
    let freeze = json!({ "until": "2099-01-01T00:00:00Z", "message": "a test" });
    for (method, path, body) in
        [(post, "deployments", deployment("login/2")), (put, "places/login/freeze", freeze)]
    {
        let (status, body) = looker.ask(method, path, Some(&body)).await;
        assert_eq!((status, &body["code"]), (403, &json!("wrong_role")), "{body}");
    }
    story.all_serve("login", 1).await;
}
