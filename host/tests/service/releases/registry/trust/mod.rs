//! Who signed a component, and what places are granted.

mod granting;
mod signing;

use auth_host::store::registry::{RegistryRefusal, StoredSignature};
use serde_json::Value;

use super::{Registry, change, refusal};

fn items<const MANY: usize>(items: [&str; MANY]) -> Vec<String> {
    items.map(str::to_owned).to_vec()
}

fn signature(key: &str, line: &str) -> StoredSignature {
    StoredSignature {
        key: key.to_owned(),
        line: line.to_owned(),
        added_at: 0,
        added_by: "ann".to_owned(),
    }
}

impl Registry {
    async fn grants(&self) -> Option<Vec<String>> {
        self.store.grants("login").await.unwrap()
    }

    /// Whatever was granted before.
    async fn granted(&self, grants: &[String]) {
        let before = self.grants().await;
        self.store.grants_set("login", before.as_deref(), grants, &change("ann")).await.unwrap();
    }

    /// Signs `c0de`; how many signatures of it are new.
    async fn signed(&self, signatures: &[StoredSignature]) -> usize {
        let change = change("ann");
        self.store.signatures_add("c0de", "login", signatures, &change).await.unwrap()
    }

    /// Who signed `c0de`, and how.
    async fn signatures(&self) -> Vec<(String, String)> {
        let kept = self.store.signatures("c0de").await.unwrap();
        kept.into_iter().map(|signature| (signature.key, signature.line)).collect()
    }

    /// What history tells of lines of this action, oldest first.
    async fn told(&self, action: &str) -> Vec<Value> {
        let lines = self.lines().await.into_iter().filter(|line| line.action == action);
        lines.map(|line| serde_json::from_str(&line.details).unwrap()).collect()
    }
}

/// The registry as the version before signatures and grants had it.
const BACK: &str = "
    DROP TABLE {s}policy_signatures;
    ALTER TABLE {s}policy_places DROP COLUMN grants;
    DELETE FROM {s}_sqlx_migrations WHERE version = 5;";

#[tokio::test]
async fn a_registry_of_the_version_before_goes_on_and_nobody_ever_granted_anything_there() {
    let mut registry = Registry::new().await;
    registry.activated().await;
    let before = registry.login().await;
    registry.store.close().await;
    registry.opened.execute(BACK).await.unwrap();
    registry.opened.again().await;
    registry.store = registry.opened.store.clone();
    let after = registry.login().await;
    assert_eq!((&after.grants, &after), (&None, &before));
    let some = items(["interface:storage"]);
    registry.granted(&some).await;
    assert_eq!(registry.signed(&[signature("SHA256:ann", "{}")]).await, 1);
    // What the version before writes, which is still running beside it.
    let saves = "
        INSERT INTO {s}policy_places (place) VALUES ('login')
            ON CONFLICT (place) DO UPDATE SET newest = policy_places.newest;
        UPDATE {s}policy_places
           SET newest = 7, active = 1, revision = 7, activated_at = 1, activated_by = 'old',
               previous = previous, probation_until = NULL, frozen_until = NULL, frozen_by = '',
               frozen_why = '', candidate = NULL
         WHERE place = 'login';";
    registry.opened.execute(saves).await.unwrap();
    assert_eq!(registry.login().await.grants, Some(some));
    let nothing_before = RegistryRefusal::NothingBefore { place: "login".to_owned() };
    assert_eq!(refusal(registry.rolled_back(None).await), nothing_before);
}
