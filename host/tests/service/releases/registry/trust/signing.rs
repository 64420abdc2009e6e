//! Signatures of a component.

use std::time::Duration;

use auth_host::signatures::MOST_SIGNATURES;
use auth_host::store::registry::{RegistryRefusal, StoredSignature};
use serde_json::json;
use tokio::task::JoinSet;

use super::super::{Registry, change, component, refusal};
use super::signature;
use crate::support::in_time;

#[tokio::test]
async fn a_component_has_one_signature_of_each_key_and_the_last_one_counts() {
    let registry = Registry::new().await;
    let bobs = [signature("SHA256:bob", "{\"b\":1}"), signature("SHA256:ann", "{\"a\":1}")];
    assert_eq!(registry.signed(&bobs).await, 2);
    assert_eq!(registry.signed(&bobs).await, 0, "they are kept already");
    let anns = ["{\"a\":2}", "{\"a\":3}"].map(|line| signature("SHA256:ann", line));
    assert_eq!(registry.signed(&anns).await, 1);
    assert_eq!(registry.signed(&[]).await, 0);
    let pair = |key: &str, line: &str| (key.to_owned(), line.to_owned());
    let expected = [pair("SHA256:ann", "{\"a\":3}"), pair("SHA256:bob", "{\"b\":1}")];
    assert_eq!(registry.signatures().await, expected);
    let kept = registry.store.signatures("c0de").await.unwrap().remove(0);
    assert_eq!((&*kept.added_by, kept.added_at > 0), ("ann", true), "by the store's clock");
    let told = registry.told("signed").await;
    let first = json!({ "calls": 7, "component": "c0de", "keys": ["SHA256:ann", "SHA256:bob"] });
    assert_eq!(told[0], first);
    assert_eq!((told.len(), &told[1]["keys"]), (2, &json!(["SHA256:ann"])));
    let (none, change) = (signature("SHA256:ann", "{}"), change("ann"));
    let signed = registry.store.signatures_add("ffff", "login", &[none], &change).await;
    let digest = "ffff".to_owned();
    assert_eq!(refusal(signed), RegistryRefusal::NoComponent { digest });
    assert!(registry.store.signatures("ff\0ff").await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_has_sixteen_signatures_at_most_however_many_sign_at_once() {
    assert_eq!(StoredSignature::MOST, MOST_SIGNATURES, "as many as a file has");
    let registry = Registry::new().await;
    let of = |number: usize| signature(&format!("SHA256:{number:02}"), "{}");
    let many: Vec<_> = (0..=StoredSignature::MOST).map(of).collect();
    let signed = registry.store.signatures_add("c0de", "login", &many, &change("ann")).await;
    let too_many = |signatures| RegistryRefusal::TooManySignatures {
        digest: "c0de".to_owned(),
        signatures,
        most: 16,
    };
    assert_eq!(refusal(signed), too_many(17));
    assert!(registry.signatures().await.is_empty(), "all or none");
    let mut all = JoinSet::new();
    let others = [registry.opened.another().await, registry.opened.another().await];
    for (signature, store) in (0..20).map(of).zip(others.iter().cycle().cloned()) {
        all.spawn(async move {
            store.signatures_add("c0de", "login", &[signature], &change("ann")).await
        });
    }
    let (signed, others): (Vec<_>, Vec<_>) =
        in_time("all of them", all.join_all()).await.into_iter().partition(Result::is_ok);
    assert_eq!((signed.len(), others.len()), (16, 4));
    for other in others {
        assert_eq!(refusal(other), too_many(17));
    }
    let kept = registry.signatures().await;
    assert_eq!(kept.len(), 16);
    let again = signature(&kept[0].0, "{\"other\":1}");
    assert_eq!(registry.signed(&[again]).await, 1, "in place of its own");
    assert_eq!(registry.signatures().await.len(), 16);
}

#[tokio::test]
async fn signatures_stay_if_a_damaged_component_is_mended_and_go_with_it() {
    let registry = Registry::new().await;
    registry.signed(&[signature("SHA256:ann", "{}")]).await;
    let changed = "UPDATE {s}policy_components SET bytes = substr(bytes, 1, 2)";
    registry.opened.execute(changed).await.unwrap();
    assert!(registry.store.component_put(&component("c0de", b"\0asm")).await.unwrap());
    assert_eq!(registry.signatures().await.len(), 1);
    registry.opened.clock.advance(Duration::from_hours(24));
    let now = registry.opened.clock.now();
    let pruned = registry.store.registry_prune(1, now, &change("cleaner")).await.unwrap();
    assert_eq!(pruned.components, 1);
    assert!(registry.signatures().await.is_empty());
    registry.store.component_put(&component("c0de", b"\0asm")).await.unwrap();
    assert!(registry.signatures().await.is_empty(), "whoever brings it again signs it again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_signs_while_others_prune_is_heard_or_told_that_the_component_is_gone() {
    let registry = Registry::new().await;
    let mut work = JoinSet::new();
    for worker in 0..4 {
        let (store, clock) = (registry.opened.another().await, registry.opened.clock.clone());
        work.spawn(async move {
            for round in 0..10 {
                if worker % 2 == 0 {
                    let before = clock.now() + 1000;
                    store.registry_prune(1, before, &change("cleaner")).await.unwrap();
                    continue;
                }
                let digest = format!("{worker}{round}");
                store.component_put(&component(&digest, b"12345")).await.unwrap();
                let signed = [signature("SHA256:ann", "{}")];
                match store.signatures_add(&digest, "login", &signed, &change("ann")).await {
                    Ok(new) => assert_eq!(new, 1),
                    Err(error) => assert!(error.to_string().contains(&digest), "{error}"),
                }
            }
        });
    }
    in_time("all of them", work.join_all()).await;
}
