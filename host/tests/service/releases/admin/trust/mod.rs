//! Grants and signatures through the admin API, and what is refused without them.

mod grants;
mod signatures;

use serde_json::Value;

use crate::support::{Admin, Answer, eventually};

/// What a release that was pushed is called.
fn named(pushed: &Answer) -> String {
    assert_eq!(pushed.status, 201, "{}", pushed.text());
    pushed.json()["release"].as_str().unwrap().to_owned()
}

/// Deploys what must be let in.
async fn deployed(admin: &Admin<'_>, release: &str) {
    let begun = admin.deploy(release).await;
    assert_eq!(begun.status, 202, "{}", begun.text());
    let path = format!("/v1/deployments/{}?wait=20", begun.json()["id"].as_str().unwrap());
    let ended = eventually("the end of a deployment", async || {
        let deployment = admin.get(&path).await.json();
        (deployment["state"] != "preparing").then_some(deployment)
    })
    .await;
    assert_eq!(ended["state"], "activated", "{ended}");
}

/// The newest line of the history of logins of this kind.
async fn line(admin: &Admin<'_>, action: &str) -> Value {
    let history = admin.get("/v1/history?place=login").await.json();
    let lines = history["lines"].as_array().unwrap().iter();
    let line = lines.clone().find(|line| line["action"] == action);
    line.unwrap_or_else(|| panic!("no line {action}: {history}")).clone()
}

/// What the status says of logins.
async fn login(admin: &Admin<'_>) -> Value {
    let status = admin.get("/v1/status").await.json();
    let places = status["places"].as_array().unwrap_or_else(|| panic!("{status}"));
    places.iter().find(|place| place["place"] == "login").unwrap().clone()
}

/// What stands against it, of an answer of this status and code.
#[track_caller]
fn barred(answer: &Answer, status: u16, code: &str) -> Vec<Value> {
    assert_eq!(answer.status, status, "{}", answer.text());
    let body = answer.json();
    assert_eq!(body["code"], code, "{body}");
    let reasons = body["reasons"].as_array().unwrap_or_else(|| panic!("no reasons: {body}"));
    assert!(!reasons.is_empty(), "{body}");
    reasons.clone()
}
