//! People who use the service meanwhile: what they were told must hold afterwards.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;
use tokio::task::JoinHandle;

use super::scene::Scene;
use crate::support::{Person, eventually};

/// A session refreshes less often than the limit of its rotations.
const REFRESH: Duration = Duration::from_millis(1200);
const REGISTER: Duration = Duration::from_millis(250);

/// Somebody who wanted to register.
pub(super) struct Attempt {
    email: String,
    /// What a 200 said.
    user_id: Option<i64>,
}

fn refresh_token(body: &Value) -> String {
    body["refresh_token"].as_str().unwrap().to_owned()
}

/// The refresh tokens of so many people who have registered.
pub(super) async fn sessions(scene: &Scene, number: usize) -> Vec<String> {
    let mut tokens = Vec::new();
    for number in 0..number {
        let person = Person::new(&format!("resident{number}"));
        let answer = scene.ask("residents", "/auth/register", Some(&person.form())).await;
        let (200, body) = answer.unwrap() else { panic!("a resident was not registered") };
        tokens.push(refresh_token(&body));
    }
    tokens
}

/// Refreshes again and again; the last token. What was not answered is asked again.
pub(super) fn refreshing(scene: &Scene, mut token: String) -> JoinHandle<String> {
    let scene = scene.clone();
    tokio::spawn(async move {
        while !scene.has_enough() {
            let body = json!({ "refresh_token": token });
            match scene.ask("refresh", "/auth/refresh", Some(&body)).await {
                Some((200, body)) => {
                    token = refresh_token(&body);
                    scene.pause(REFRESH).await;
                }
                _ => scene.pause(Duration::from_millis(100)).await,
            }
        }
        token
    })
}

/// Registers one person after the other.
pub(super) fn registering(scene: &Scene, worker: usize) -> JoinHandle<Vec<Attempt>> {
    let scene = scene.clone();
    tokio::spawn(async move {
        let mut attempts = Vec::new();
        while !scene.has_enough() {
            let person = Person::new(&format!("newcomer{worker}.{}", attempts.len()));
            let answer = scene.ask("register", "/auth/register", Some(&person.form())).await;
            let user_id = answer
                .filter(|(status, _)| *status == 200)
                .map(|(_, body)| body["user_id"].as_i64().unwrap());
            attempts.push(Attempt { email: person.email, user_id });
            scene.pause(REGISTER).await;
        }
        attempts
    })
}

/// What was promised and is not there: an account under its id, and its event, which may still be
/// on its way.
pub(super) async fn lost(attempts: &[Attempt], home: &Path) -> Vec<String> {
    let data = home.join("data");
    let file = SqliteConnectOptions::new().filename(data.join("auth.sqlite"));
    let mut database = file.read_only(true).connect().await.unwrap();
    let accounts: Vec<(String, i64)> = sqlx::query_as("SELECT email, user_id FROM accounts")
        .fetch_all(&mut database)
        .await
        .unwrap();
    let accounts: BTreeMap<String, i64> = accounts.into_iter().collect();
    eventually("an outbox without events that wait", async || {
        let waiting: i64 =
            sqlx::query_scalar("SELECT count(*) FROM outbox WHERE published_at IS NULL")
                .fetch_one(&mut database)
                .await
                .unwrap();
        (waiting == 0).then_some(())
    })
    .await;
    let events = std::fs::read_to_string(data.join("events.jsonl")).unwrap();
    let mut lost = Vec::new();
    for Attempt { email, user_id } in attempts {
        match (user_id, accounts.get(email)) {
            (Some(promised), Some(id)) if promised == id => {}
            (Some(_), _) => lost.push(format!("the account of {email}")),
            (None, _) => {}
        }
        let there = accounts.contains_key(email);
        if there != events.contains(&format!("\"{email}\"")) {
            lost.push(format!("the event of {email}"));
        }
    }
    lost
}

/// Tokens that do not refresh any more, and what came instead.
pub(super) async fn refused(scene: &Scene, tokens: Vec<String>) -> Vec<String> {
    let mut refused = Vec::new();
    for token in tokens {
        let body = json!({ "refresh_token": token });
        let answer = scene.ask("afterwards", "/auth/refresh", Some(&body)).await;
        if !matches!(answer, Some((200, _))) {
            refused.push(format!("{answer:?}"));
        }
    }
    refused
}
