//! Whoever ships policies: by the command line, and by the admin API beneath it.

use auth_host::hex;
use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Printed, Process, eventually};

pub(super) struct Operator {
    url: String,
    token: String,
    client: reqwest::Client,
    settings: HashMap<String, String>,
    folder: TempDir,
}

impl Operator {
    pub(super) fn new(url: String, token: &str) -> Self {
        let settings = [("ADMIN_URL", url.as_str()), ("ADMIN_TOKEN", token)];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_mins(3));
        let (client, folder) = (client.build().unwrap(), TempDir::new().unwrap());
        Self { url, token: token.to_owned(), client, settings, folder }
    }

    /// A file of the operator's.
    pub(super) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let file: PathBuf = self.folder.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        file.to_str().unwrap().to_owned()
    }

    /// Runs `auth-host policy` with these words.
    pub(super) async fn policy(&self, words: &[&str]) -> Printed {
        Process::command(&self.settings, &[&["policy"], words].concat()).await
    }

    /// The same, where it must succeed; what it printed.
    #[track_caller]
    pub(super) fn done(&self, words: &[&str]) -> impl Future<Output = String> {
        let place = std::panic::Location::caller();
        async move {
            let Printed { code, text, errors } = self.policy(words).await;
            assert_eq!(code, Some(0), "{place}: policy {words:?}: {text}\n{errors}");
            text
        }
    }

    /// Asks the API; status and body.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> (u16, Value) {
        let mut request = self.client.request(method, format!("{}/v1/{path}", self.url));
        request = request.bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    /// Something that the API tells.
    pub(super) async fn told(&self, path: &str) -> Value {
        let (status, body) = self.ask(Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// Brings a component.
    pub(super) async fn bring(&self, digest: &str, bytes: Vec<u8>) -> (u16, Value) {
        let url = format!("{}/v1/components/{digest}", self.url);
        let request = self.client.put(url).bearer_auth(&self.token).body(bytes);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    /// Makes a release of a component; what it is called.
    pub(super) async fn push(&self, place: &str, bytes: Vec<u8>, settings: Value) -> String {
        let digest = hex::sha256(&bytes);
        let (status, body) = self.bring(&digest, bytes).await;
        assert!(status == 200 || status == 201, "{status} {body}");
        let new = json!({
            "place": place, "components": [digest], "settings": settings, "message": "a test",
        });
        let (status, body) = self.ask(Method::POST, "releases", Some(&new)).await;
        assert_eq!(status, 201, "{body}");
        body["release"].as_str().unwrap().to_owned()
    }

    /// Begins a deployment.
    pub(super) async fn begin(&self, release: &str) -> (u16, Value) {
        let body = json!({ "release": release, "message": "a test" });
        self.ask(Method::POST, "deployments", Some(&body)).await
    }

    /// Waits for the end of a deployment.
    pub(super) async fn ended(&self, id: &str) -> Value {
        eventually("the end of a deployment", async || {
            let deployment = self.told(&format!("deployments/{id}?wait=5")).await;
            (deployment["state"] != "preparing").then_some(deployment)
        })
        .await
    }

    /// Deploys a release and waits until it is activated.
    pub(super) async fn deploy(&self, release: &str) -> Value {
        let (status, body) = self.begin(release).await;
        assert_eq!(status, 202, "{body}");
        let deployment = self.ended(body["id"].as_str().unwrap()).await;
        assert_eq!(deployment["state"], "activated", "{deployment}");
        deployment
    }

    /// How a place stands.
    pub(super) async fn place(&self, place: &str) -> Value {
        let status = self.told("status").await;
        let places = status["places"].as_array().unwrap();
        places.iter().find(|state| state["place"] == place).unwrap().clone()
    }

    /// The newest line of a place's history of this kind.
    pub(super) async fn line(&self, place: &str, action: &str) -> Value {
        let history = self.told(&format!("history?place={place}")).await;
        let lines = history["lines"].as_array().unwrap();
        let line = lines.iter().find(|line| line["action"] == action);
        line.unwrap_or_else(|| panic!("{place} has no line {action}: {history}")).clone()
    }
}
