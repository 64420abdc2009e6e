//! The admin listener of a service, as people and their scripts use it.

use std::time::Duration;

use auth_host::administration::new_token;
use auth_host::contract::Slot;
use auth_host::store::registry::{Beat, Role};
use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::{Answer, TestService};

/// Somebody with a token.
pub(crate) struct Admin<'a> {
    service: &'a TestService,
    url: String,
    pub(crate) token: String,
}

impl TestService {
    /// Where its admin API is.
    pub(crate) fn admin_url(&self) -> String {
        self.app().admin_url().expect("no admin listener")
    }

    /// Somebody with a new token of this name and role, which is never found on disk.
    pub(crate) async fn admin(&self, name: &str, role: Role) -> Admin<'_> {
        self.admin_for(name, role, Duration::from_hours(1)).await
    }

    /// The same, for that time.
    pub(crate) async fn admin_for(&self, name: &str, role: Role, time: Duration) -> Admin<'_> {
        let store = self.app().services.store.clone();
        let new = new_token(&store, name, role, time, "a test").await.unwrap();
        self.remember(&new.token);
        self.admin_with(&new.token)
    }

    /// Another replica by its word, which lives and never reports: deployments wait for it.
    pub(crate) async fn silent_replica(&self) -> SilentReplica {
        let store = self.app().services.store.clone();
        let beat = Beat {
            replica: uuid::Uuid::new_v4(),
            name: "silent".to_owned(),
            version: "0.0.0".to_owned(),
            wit_versions: Vec::new(),
            started_at: store.clock().now(),
            serving: Vec::new(),
        };
        store.replica_beat(&beat).await.unwrap();
        SilentReplica(tokio::spawn(async move {
            while store.replica_beat(&beat).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        }))
    }

    /// Somebody with this token, or what is taken for one.
    pub(crate) fn admin_with(&self, token: &str) -> Admin<'_> {
        Admin { service: self, url: self.admin_url(), token: token.to_owned() }
    }
}

/// It lives for as long as this is kept.
pub(crate) struct SilentReplica(tokio::task::JoinHandle<()>);

impl Drop for SilentReplica {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Admin<'_> {
    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.service
            .client
            .request(method.parse().unwrap(), format!("{}{path}", self.url))
            .bearer_auth(&self.token)
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        self.service.send(request).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request("GET", path)).await
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.send(self.request(method, path).json(body)).await
    }

    /// Brings a component.
    pub(crate) async fn put(&self, component: &[u8]) -> Answer {
        self.put_as(&hex(component), component.to_vec()).await
    }

    pub(crate) async fn put_as(&self, digest: &str, bytes: Vec<u8>) -> Answer {
        let request = self.request("PUT", &format!("/v1/components/{digest}"));
        self.send(request.header("content-type", "application/wasm").body(bytes)).await
    }

    /// Makes a release of a component that is brought, too.
    pub(crate) async fn push(&self, slot: Slot, component: &[u8], settings: &Value) -> Answer {
        let brought = self.put(component).await;
        assert_eq!(brought.status, 200, "{}", brought.text());
        self.add(slot, component, settings).await
    }

    /// Makes a release of a component that was brought.
    pub(crate) async fn add(&self, slot: Slot, component: &[u8], settings: &Value) -> Answer {
        let body = json!({
            "place": slot.as_str(),
            "components": [hex(component)],
            "settings": settings,
            "message": "a test",
        });
        self.ask("POST", "/v1/releases", &body).await
    }

    pub(crate) async fn deploy(&self, release: &str) -> Answer {
        self.ask("POST", "/v1/deployments", &json!({ "release": release, "message": "a test" }))
            .await
    }
}

impl Answer {
    /// What admission found; anything but its refusal fails the test.
    #[track_caller]
    pub(crate) fn reasons(&self) -> Vec<Value> {
        assert_eq!(self.status, 422, "{}", self.text());
        let body = self.json();
        assert_eq!(body["code"], "refused", "{body}");
        body["reasons"].as_array().unwrap_or_else(|| panic!("no reasons: {body}")).clone()
    }
}

/// SHA-256 in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    auth_host::hex::encode(digest(&SHA256, bytes).as_ref())
}
