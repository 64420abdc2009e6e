//! What is pruned, and what never is.

use std::time::Duration;

use auth_host::store::registry::{Pruned, ReportState, Source};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{Registry, change, component, release};
use crate::support::in_time;

impl Registry {
    async fn pruned(&self, keep: u32) -> Pruned {
        let now = self.opened.clock.now();
        self.store.registry_prune(keep, now, &change("cleaner")).await.unwrap()
    }

    async fn numbers(&self) -> Vec<i64> {
        let mut kept = self.store.releases(Some("login"), None, 1000).await.unwrap();
        kept.reverse();
        kept.into_iter().map(|release| release.number).collect()
    }

    fn day_later(&self) {
        self.opened.clock.advance(Duration::from_hours(24));
    }
}

#[tokio::test]
async fn what_is_named_anywhere_is_never_pruned() {
    let registry = Registry::new().await;
    let mut own = release("login");
    own.source = Source::Directory;
    registry.store.release_activate(&own, false, super::PROBATION, None).await.unwrap();
    for _ in 2..=9 {
        registry.activated().await;
    }
    let (deployed, served) = (registry.pushed().await, registry.pushed().await);
    assert_eq!((deployed, served), (10, 11));
    for _ in 12..=15 {
        registry.pushed().await;
    }
    registry.day_later();
    registry.begun(deployed).await;
    registry.beat(Uuid::new_v4(), "a1", Some(served)).await;
    let pruned = registry.pruned(2).await;
    // 1 is what the directory brought last, 9 serves, 4 to 8 are kept ready, 10 is being deployed,
    // 11 serves on a replica, and 14 and 15 are the newest.
    assert_eq!(registry.numbers().await, [1, 4, 5, 6, 7, 8, 9, 10, 11, 14, 15]);
    assert_eq!(pruned, Pruned { releases: 4, components: 0, bytes: 0 });
    let line = registry.lines().await.pop().unwrap();
    assert_eq!((&*line.action, &*line.who), ("pruned", "cleaner"));
    assert_eq!(line.details, r#"{"releases":[2,3,12,13]}"#);
    assert_eq!(registry.pruned(2).await, Pruned::default(), "and nothing is left");
    assert_eq!(registry.rolled_back(Some(4)).await.unwrap().to, 4);
    assert_eq!(registry.pushed().await, 16);
}

#[tokio::test]
async fn components_that_no_release_names_are_pruned_when_they_are_old() {
    let registry = Registry::new().await;
    registry.activated().await;
    let put = async |digest| {
        registry.store.component_put(&component(digest, b"12345")).await.unwrap();
    };
    put("01d").await;
    put("a9a1").await;
    registry.day_later();
    // Somebody pushes it again, and is about to name it.
    put("a9a1").await;
    put("0e3").await;
    let before = registry.opened.clock.now() - 3_600_000;
    let pruned = registry.store.registry_prune(1, before, &change("cleaner")).await.unwrap();
    assert_eq!(pruned, Pruned { releases: 0, components: 1, bytes: 5 });
    for (digest, is_kept) in [("c0de", true), ("01d", false), ("a9a1", true), ("0e3", true)] {
        let kept = registry.store.component_info(digest).await.unwrap();
        assert_eq!(kept.is_some(), is_kept, "{digest}");
    }
}

#[tokio::test]
async fn a_component_goes_with_the_last_release_that_names_it_and_no_number_is_given_twice() {
    let registry = Registry::new().await;
    let mut other = release("login");
    other.components[0].digest = "07e4".to_owned();
    registry.store.component_put(&component("07e4", b"123")).await.unwrap();
    registry.store.release_add(&other).await.unwrap();
    let number = registry.pushed().await;
    registry.day_later();
    assert_eq!(registry.pruned(0).await, Pruned { releases: 1, components: 1, bytes: 3 });
    assert_eq!(registry.numbers().await, [number], "the newest always stays");
    assert_eq!(registry.pushed().await, number + 1);
}

#[tokio::test]
async fn of_deployments_that_have_ended_the_last_hundred_stay() {
    let registry = Registry::new().await;
    registry.activated().await;
    let number = registry.pushed().await;
    let mut ended = Vec::new();
    for _ in 0..102 {
        let begun = registry.begun(number).await;
        registry.reports(&begun, Uuid::new_v4(), ReportState::Ready).await;
        registry.store.deploy_cancel(begun.id, &change("ann")).await.unwrap();
        ended.push(begun.id);
        registry.opened.clock.advance(Duration::from_secs(1));
    }
    let open = registry.begun(number).await;
    registry.pruned(10).await;
    for (index, id) in ended.into_iter().enumerate() {
        let kept = registry.store.deployment(id).await.unwrap();
        assert_eq!(kept.is_some(), index >= 2, "{index}");
    }
    assert!(registry.store.deployment(open.id).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pushes_while_others_prune_are_kept_whole_or_told_that_a_component_is_missing() {
    let registry = Registry::new().await;
    let mut work = JoinSet::new();
    for worker in 0..4 {
        let (store, clock) = (registry.opened.another().await, registry.opened.clock.clone());
        work.spawn(async move {
            for round in 0..15 {
                if worker % 2 == 0 {
                    let before = clock.now() + 1000;
                    store.registry_prune(1, before, &change("cleaner")).await.unwrap();
                    continue;
                }
                let digest = format!("{worker}{round}");
                store.component_put(&component(&digest, b"12345")).await.unwrap();
                let mut own = release("login");
                own.components[0].digest.clone_from(&digest);
                match store.release_add(&own).await {
                    // It may be pruned already, but never in part.
                    Ok(_) => {}
                    Err(error) => assert!(error.to_string().contains(&digest), "{error}"),
                }
            }
        });
    }
    in_time("all of them", work.join_all()).await;
    for kept in registry.store.releases(None, None, 1000).await.unwrap() {
        for component in kept.components {
            assert!(registry.store.component(&component.digest).await.unwrap().is_some());
        }
    }
}
