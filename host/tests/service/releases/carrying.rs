//! What goes along with a release that is exported to another environment.

use auth_host::contract::Slot;
use auth_host::hex;
use auth_host::signatures::{PrivateKey, Statement};
use serde_json::{Value, json};

use super::commands::{Shop, holds};
use crate::support::policy;

/// The signatures of the login policy that is in the policy directory, as the admin API knows them.
struct Signatures {
    url: String,
    token: String,
}

impl Signatures {
    fn of(shop: &Shop) -> Self {
        let token = std::fs::read_to_string(format!("{}/admin-token", shop.settings["DATA_DIR"]));
        let digest = hex::sha256(&policy(Slot::Login));
        Self {
            url: format!("{}/v1/components/{digest}/signatures", shop.settings["ADMIN_URL"]),
            token: token.unwrap().trim().to_owned(),
        }
    }

    async fn shown(&self) -> Value {
        let shown = reqwest::Client::new().get(&self.url).bearer_auth(&self.token).send().await;
        shown.unwrap().json().await.unwrap()
    }

    async fn lines(&self) -> Vec<String> {
        let shown = self.shown().await;
        let lines = shown["signatures"].as_array().unwrap().iter();
        lines.map(|signature| signature["line"].as_str().unwrap().to_owned()).collect()
    }

    /// Has this many new keys sign it.
    async fn sign(&self, many: usize) {
        let shown = self.shown().await;
        let text = |member: &str| shown[member].as_str().unwrap().to_owned();
        let statement = Statement {
            component: text("component"),
            place: text("place"),
            name: text("name"),
            version: text("version"),
        };
        let sign = |_| PrivateKey::generate().sign(&statement).line();
        let body = json!({ "signatures": (0..many).map(sign).collect::<Vec<_>>() });
        let asked = reqwest::Client::new().post(&self.url).bearer_auth(&self.token).json(&body);
        let answer = asked.send().await.unwrap();
        assert!(answer.status().is_success(), "{:?}", answer.text().await);
    }
}

#[tokio::test]
async fn signatures_go_with_an_exported_release_to_where_it_is_imported() {
    let (shop, next) = (Shop::open().await, Shop::open().await);
    let (here, there) = (Signatures::of(&shop), Signatures::of(&next));
    let file = shop.file("login-1.release", "");
    shop.told(0, &["export", "login/1", "-o", &file]).await;
    let unsigned = next.document(0, &["import", &file]).await;
    assert_eq!(unsigned["signatures"], 0);

    here.sign(2).await;
    let told = shop.document(0, &["export", "login/1", "-o", &file]).await;
    assert_eq!(told["components"][0]["signatures"], json!(here.lines().await));
    let imported = next.told(0, &["import", &file]).await;
    holds(&imported, &["release login/3 ", "2 signatures came along"]);
    assert_eq!(there.lines().await, here.lines().await);
    assert_eq!(next.document(0, &["import", &file]).await["signatures"], 2);
    assert_eq!(there.lines().await.len(), 2, "they are the same");
    let history = next.document(0, &["history", "login"]).await.to_string();
    assert_eq!(history.matches("\"signed\"").count(), 1, "{history}");

    there.sign(14).await;
    here.sign(1).await;
    shop.told(0, &["export", "login/1", "-o", &file]).await;
    let refused = next.told(1, &["import", &file]).await;
    holds(&refused, &["would have 17 signatures, and 16 are kept at most"]);
    next.told(1, &["show", "login/5"]).await;
    assert_eq!(there.lines().await.len(), 16);
    next.close().await;
    shop.close().await;
}
