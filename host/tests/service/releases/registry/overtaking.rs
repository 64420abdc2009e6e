//! Trials that end because what serves has changed, and what is pruned meanwhile.

use std::time::Duration;

use auth_host::store::registry::{Expected, RolloutChange};

use super::trials::{shadow, share, steps};
use super::{PROBATION, Registry, change, release};

impl Registry {
    /// What an older version does: it knows nothing of candidates.
    async fn moved_by_an_older_version(&self, to: i64) {
        let moved = format!("UPDATE {{s}}policy_places SET active = {to}, revision = revision + 1");
        self.opened.execute(&moved).await.unwrap();
    }

    async fn overtaken(&self, number: i64) {
        assert_eq!(self.candidate().await, None);
        assert_eq!(self.endings().await[0], (number, Some("overtaken".to_owned())));
        let active = self.login().await.active;
        let told = self.history().await;
        assert!(told.contains(&("overtaken".to_owned(), Some(number), Some(active))), "{told:?}");
    }
}

#[tokio::test]
async fn a_trial_is_over_when_the_directory_brings_another_release() {
    let (registry, number) = Registry::with_two().await;
    registry.tried(number, &shadow()).await;
    registry.activated().await;
    registry.overtaken(number).await;
    let told: Vec<String> = registry.history().await.into_iter().map(|line| line.0).collect();
    assert_eq!(told[told.len() - 2..], ["overtaken", "activated"]);
}

#[tokio::test]
async fn a_trial_is_over_when_what_serves_is_rolled_back_or_falls_back() {
    let (registry, number) = Registry::with_two().await;
    registry.activated().await;
    registry.tried(number, &share(500)).await;
    assert_eq!(registry.rolled_back(Some(1)).await.unwrap().to, 1);
    registry.overtaken(number).await;

    registry.activated().await;
    registry.tried(number, &shadow()).await;
    assert_eq!(registry.rolled_back(None).await.unwrap().to, 1);
    registry.overtaken(number).await;

    registry.activated().await;
    registry.tried(number, &share(500)).await;
    let (change, expected) = (change("auth-host"), registry.login().await.revision);
    let expected = Expected::Probation(expected);
    let moved = registry.store.rollback("login", None, expected, &change, None).await.unwrap();
    assert_eq!(moved.to, 1, "not the candidate: the one on probation");
    registry.overtaken(number).await;
    assert_eq!(registry.last().await.0, "fell_back");
    assert_eq!(registry.endings().await.len(), 3);
}

#[tokio::test]
async fn a_place_that_an_older_version_moved_tries_nothing_and_may_try_again() {
    let (registry, number) = Registry::with_two().await;
    let other = registry.activated().await;
    registry.tried(number, &steps()).await;
    registry.moved_by_an_older_version(1).await;
    assert_eq!(registry.candidate().await, None);
    assert_eq!(registry.endings().await, [(number, None)], "nobody has noted it yet");
    let change = change("bob");
    let what = RolloutChange::Promote;
    let promoted = registry.store.rollout_change("login", None, what, PROBATION, &change, None);
    promoted.await.unwrap_err();
    let begun = registry.begins(other, &shadow()).await.unwrap();
    registry.overtaken(number).await;
    registry.all_ready(&begun).await;
    assert_eq!(registry.candidate().await.unwrap().release, other);
}

#[tokio::test]
async fn a_trial_that_an_older_version_overtook_is_ended_by_the_cleaner() {
    let (registry, number) = Registry::with_two().await;
    registry.activated().await;
    registry.tried(number, &share(500)).await;
    registry.moved_by_an_older_version(1).await;
    let before = registry.opened.clock.now() - 86_400_000;
    registry.store.registry_prune(10, before, &change("cleaner")).await.unwrap();
    registry.overtaken(number).await;
}

#[tokio::test]
async fn what_is_tried_and_what_is_being_prepared_for_it_is_never_pruned() {
    let (registry, tried) = Registry::with_two().await;
    for _ in 3..=8 {
        registry.pushed().await;
    }
    let prune = async || {
        registry.opened.clock.advance(Duration::from_hours(24));
        let before = registry.opened.clock.now();
        registry.store.registry_prune(1, before, &change("cleaner")).await.unwrap();
        let mut kept = registry.store.releases(Some("login"), None, 1000).await.unwrap();
        kept.reverse();
        kept.into_iter().map(|release| release.number).collect::<Vec<_>>()
    };
    registry.tried(tried, &shadow()).await;
    let change = change("bob");
    let (what, probation) = (RolloutChange::Abort, PROBATION);
    registry.begins(tried, &share(100)).await.unwrap();
    assert_eq!(prune().await, [1, tried, 8]);
    registry.store.rollout_change("login", None, what, probation, &change, None).await.unwrap();
    assert_eq!(prune().await, [1, 8], "it is tried no more");
    registry.begins(8, &share(100)).await.unwrap();
    registry.pushed().await;
    assert_eq!(prune().await, [1, 8, 9], "it is being prepared");
}

#[tokio::test]
async fn a_candidate_that_cannot_be_read_is_not_tried_and_stands_in_nobodys_way() {
    let (registry, number) = Registry::with_two().await;
    registry.tried(number, &shadow()).await;
    let damage = "UPDATE {s}policy_places SET candidate = '{\"of\": \"a later version\"}'";
    registry.opened.execute(damage).await.unwrap();
    let at = registry.login().await;
    assert_eq!((at.active, at.candidate), (1, None));
    registry.store.release_activate(&release("login"), false, PROBATION, None).await.unwrap();
    assert_eq!(registry.rolled_back(None).await.unwrap().to, 1);
    registry.tried(number, &shadow()).await;
}

#[tokio::test]
async fn a_candidate_of_a_later_version_outlives_what_others_change_and_its_trial_ends_some_time() {
    let (registry, number) = Registry::with_two().await;
    let id = registry.tried(number, &shadow()).await.rollout;
    let later = format!(r#"{{"later": "{id}"}}"#);
    let written = format!("UPDATE {{s}}policy_places SET candidate = '{later}'");
    registry.opened.execute(&written).await.unwrap();
    registry.pushed().await;
    let until = registry.opened.clock.now() + 60_000;
    registry.store.freeze("login", until, &change("ann")).await.unwrap();
    registry.store.unfreeze("login", &change("ann")).await.unwrap();
    // It fails if the column is another one.
    let is_kept = format!(
        "UPDATE {{s}}policy_places SET newest = CASE WHEN candidate = '{later}' THEN 99 ELSE 0 END"
    );
    registry.opened.execute(&is_kept).await.unwrap();
    assert_eq!(registry.pushed().await, 100, "it is still there");

    registry.opened.clock.advance(Duration::from_hours(24));
    let forget = async || {
        let now = registry.opened.clock.now();
        while registry.store.rollouts_forget(now).await.unwrap() > 0 {}
    };
    forget().await;
    assert_eq!(registry.endings().await, [(number, None)], "some replica knows it");
    registry.store.release_activate(&release("login"), false, PROBATION, None).await.unwrap();
    forget().await;
    assert_eq!(registry.endings().await, [(number, Some("overtaken".to_owned()))]);
}
