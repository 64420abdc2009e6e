//! Trials through the admin API: what is asked wrongly, what becomes of them, what is told of them.

mod changing;
mod looking;
mod plans;

use auth_host::contract::Slot;
use serde_json::{Value, json};

use crate::support::{Admin, Answer, eventually, guest};

const ROLLOUT: &str = "/v1/places/login/rollout";

/// A release for logins that serves nowhere.
async fn pushed(admin: &Admin<'_>) -> String {
    let pushed = admin.push(Slot::Login, &guest("login_lengthens"), &json!({})).await;
    assert_eq!(pushed.status, 201, "{}", pushed.text());
    pushed.json()["release"].as_str().unwrap().to_owned()
}

/// Asks for a trial.
async fn begin(admin: &Admin<'_>, release: &str, rollout: Value) -> Answer {
    let body = json!({ "release": release, "message": "a test", "rollout": rollout });
    admin.ask("POST", "/v1/deployments", &body).await
}

/// How logins stand.
async fn login(admin: &Admin<'_>) -> Value {
    let status = admin.get("/v1/status").await.json();
    let places = status["places"].as_array().unwrap_or_else(|| panic!("{status}"));
    places.iter().find(|place| place["place"] == "login").unwrap().clone()
}

/// Begins a trial and waits for it; the candidate as the status tells it.
async fn tried(admin: &Admin<'_>, release: &str, rollout: Value) -> Value {
    let begun = begin(admin, release, rollout).await;
    assert_eq!(begun.status, 202, "{}", begun.text());
    let id = begun.json()["id"].clone();
    let path = format!("/v1/deployments/{}?wait=20", id.as_str().unwrap());
    let ended = eventually("the end of a deployment", async || {
        let deployment = admin.get(&path).await.json();
        (deployment["state"] != "preparing").then_some(deployment)
    })
    .await;
    assert_eq!(ended["state"], "activated", "{ended}");
    let candidate = login(admin).await["candidate"].clone();
    assert_eq!((&candidate["rollout"], &candidate["release"]), (&id, &json!(release)));
    candidate
}

/// What somebody wants of the trial.
async fn change(admin: &Admin<'_>, what: &str, body: &Value) -> Answer {
    admin.ask("POST", &format!("{ROLLOUT}/{what}"), body).await
}
