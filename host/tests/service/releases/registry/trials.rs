//! Trials: how they begin, and what stands against it.

use auth_host::store::registry::{
    Candidate, Deployment, DeploymentState, RegistryError, RegistryRefusal, ReportState,
    RolloutMode, RolloutPlan, RolloutStep, Serving,
};
use uuid::Uuid;

use super::{PATIENCE, Registry, beat, change, refusal};

fn place() -> String {
    "login".to_owned()
}

pub(crate) fn shadow() -> RolloutPlan {
    RolloutPlan { mode: RolloutMode::Shadow, share: 10_000, ..share(1) }
}

pub(super) fn share(share: u32) -> RolloutPlan {
    RolloutPlan {
        mode: RolloutMode::Share,
        share,
        steps: Vec::new(),
        budgets: vec!["faults > 0.1%".to_owned()],
        least_calls: Some(300),
    }
}

/// 1 % for ten minutes, 10 % for half an hour, then all.
pub(super) fn steps() -> RolloutPlan {
    let step = |share, minutes: i64| RolloutStep { share, hold_milliseconds: minutes * 60_000 };
    RolloutPlan { steps: vec![step(100, 10), step(1000, 30), step(10_000, 0)], ..share(100) }
}

impl Registry {
    /// With a release that serves, and one that is pushed; the second one's number.
    pub(super) async fn with_two() -> (Self, i64) {
        let registry = Self::new().await;
        registry.activated().await;
        let number = registry.pushed().await;
        (registry, number)
    }

    pub(super) async fn begins(
        &self,
        number: i64,
        plan: &RolloutPlan,
    ) -> Result<Deployment, RegistryError> {
        self.store.deploy_begin("login", number, PATIENCE, Some(plan), &change("ann")).await
    }

    /// All replicas are ready for a deployment.
    pub(super) async fn all_ready(&self, begun: &Deployment) -> Deployment {
        let replica = self.live("a1").await;
        for one in self.store.replicas().await.unwrap().iter().filter(|one| one.live) {
            self.reports(begun, one.replica, ReportState::Ready).await;
        }
        let ended = self.settled(begun).await.unwrap();
        self.store.replica_gone(replica).await.unwrap();
        ended
    }

    /// The trial of a release, begun.
    pub(super) async fn tried(&self, number: i64, plan: &RolloutPlan) -> Candidate {
        let begun = self.begins(number, plan).await.unwrap();
        assert_eq!(self.all_ready(&begun).await.state, DeploymentState::Activated);
        self.login().await.candidate.unwrap()
    }

    pub(super) async fn candidate(&self) -> Option<Candidate> {
        self.login().await.candidate
    }

    /// The trials of the place, the latest first: of which release, and how it ended.
    pub(super) async fn endings(&self) -> Vec<(i64, Option<String>)> {
        let trials = self.store.rollouts("login", 100).await.unwrap();
        trials.into_iter().map(|trial| (trial.release, trial.ending)).collect()
    }

    /// What happened last.
    pub(super) async fn last(&self) -> (String, Option<i64>, Option<i64>) {
        self.history().await.pop().unwrap()
    }
}

#[tokio::test]
async fn a_shadow_begins_once_all_are_ready_and_what_serves_goes_on() {
    let (registry, number) = Registry::with_two().await;
    let before = registry.login().await;
    let (first, second) = (registry.live("a1").await, registry.live("a2").await);
    let begun = registry.begins(number, &shadow()).await.unwrap();
    assert_eq!((begun.state, &begun.plan), (DeploymentState::Preparing, &Some(shadow())));
    assert_eq!(begun.waiting_for, ["a1", "a2"]);
    registry.reports(&begun, first, ReportState::Ready).await;
    assert_eq!(registry.settled(&begun).await, None);
    assert_eq!(registry.candidate().await, None);
    let open = registry.store.open_deployments().await.unwrap();
    assert_eq!((open.len(), &open[0].plan), (1, &Some(shadow())));
    registry.reports(&begun, second, ReportState::Ready).await;
    let ended = registry.settled(&begun).await.unwrap();
    assert_eq!((ended.state, ended.plan), (DeploymentState::Activated, Some(shadow())));
    assert!(registry.store.open_deployments().await.unwrap().is_empty());

    let mut at = registry.login().await;
    let candidate = at.candidate.take().unwrap();
    assert_eq!(at, before, "nothing else has changed");
    assert_eq!((candidate.rollout, candidate.release, candidate.base), (begun.id, number, 1));
    assert_eq!((candidate.base_revision, candidate.turn, candidate.step), (1, 1, 0));
    assert_eq!((candidate.share, &candidate.plan), (10_000, &shadow()));
    assert_eq!((&*candidate.began_by, &*candidate.why), ("ann", "because"));
    assert!(candidate.turn_since == candidate.began_at && candidate.began_at >= begun.asked_at);
    let release = registry.store.release("login", number).await.unwrap().unwrap();
    assert_eq!(release.first_active_at, None, "it never served");
    let line = registry.lines().await.pop().unwrap();
    assert_eq!((&*line.action, line.from, line.to), ("shadow_began", Some(1), Some(number)));
    assert!(line.details.contains(&second.to_string()), "{}", line.details);
    let trial = registry.store.rollouts("login", 9).await.unwrap().pop().unwrap();
    assert_eq!((trial.rollout, trial.release, trial.base), (begun.id, number, 1));
    assert_eq!((trial.mode, trial.began_at), (RolloutMode::Shadow, candidate.began_at));
    assert_eq!((trial.ended_at, trial.ending), (None, None));
    assert!(registry.store.rollouts("register", 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn one_refusal_begins_no_trial() {
    let (registry, number) = Registry::with_two().await;
    let replica = registry.live("a1").await;
    let begun = registry.begins(number, &share(500)).await.unwrap();
    registry.reports(&begun, replica, ReportState::Refused).await;
    assert_eq!(registry.settled(&begun).await.unwrap().state, DeploymentState::Refused);
    assert_eq!(registry.candidate().await, None);
    assert_eq!(registry.last().await.0, "deploy_refused");
    assert!(registry.endings().await.is_empty());
}

#[tokio::test]
async fn a_trial_needs_something_that_serves_and_a_release_that_does_not() {
    let registry = Registry::new().await;
    let number = registry.pushed().await;
    let empty = registry.begins(number, &shadow()).await;
    assert_eq!(refusal(empty), RegistryRefusal::EmptyPlace { place: place() });
    let number = registry.activated().await;
    let serves = registry.begins(number, &shadow()).await;
    assert_eq!(refusal(serves), RegistryRefusal::ServesAlready { place: place(), number });
    let none = registry.begins(99, &shadow()).await;
    assert_eq!(refusal(none), RegistryRefusal::NoRelease { place: place(), number: 99 });
}

#[tokio::test]
async fn a_place_tries_one_release_at_a_time() {
    let (registry, number) = Registry::with_two().await;
    let other = registry.pushed().await;
    let open = registry.begins(number, &shadow()).await.unwrap();
    let refused = RegistryRefusal::Deploying { place: place(), release: number, who: "ann".into() };
    assert_eq!(refusal(registry.begins(other, &shadow()).await), refused);
    registry.all_ready(&open).await;
    let refused = RegistryRefusal::Trying { place: place(), release: number, who: "ann".into() };
    assert_eq!(refusal(registry.begins(other, &share(100)).await), refused);
    let full = registry.store.deploy_begin("login", other, PATIENCE, None, &change("bob")).await;
    assert_eq!(refusal(full), refused, "also one that is to serve all");
    assert_eq!(registry.candidate().await.unwrap().rollout, open.id);
}

#[tokio::test]
async fn a_replica_that_knows_of_no_candidates_stands_against_trials_while_it_lives() {
    let (registry, number) = Registry::with_two().await;
    registry.live("a1").await;
    let old = Uuid::new_v4();
    let mut beat = beat(5, old, "a2", Some(1));
    beat.serving = vec![Serving { place: place(), ..Serving::default() }];
    registry.store.replica_beat(&beat).await.unwrap();
    let refused = RegistryRefusal::OldReplica { replica: "a2".to_owned() };
    for plan in [shadow(), share(100)] {
        assert_eq!(refusal(registry.begins(number, &plan).await), refused);
    }
    let full = registry.begun(number).await;
    registry.store.deploy_cancel(full.id, &change("ann")).await.unwrap();
    registry.store.replica_gone(old).await.unwrap();
    let begun = registry.begins(number, &shadow()).await.unwrap();
    let cancelled = registry.store.deploy_cancel(begun.id, &change("bob")).await.unwrap();
    assert_eq!((cancelled.state, registry.candidate().await), (DeploymentState::Cancelled, None));
    registry.begins(number, &shadow()).await.unwrap();
}

#[tokio::test]
async fn a_shadow_becomes_a_share_and_a_share_grows_each_with_a_turn_of_its_own() {
    let (registry, number) = Registry::with_two().await;
    let first = registry.tried(number, &shadow()).await;
    let second = registry.tried(number, &share(500)).await;
    let third = registry.tried(number, &steps()).await;
    assert_eq!((first.turn, second.turn, third.turn), (1, 2, 3));
    assert_eq!((second.share, third.share), (500, 100));
    assert_ne!(first.rollout, second.rollout);
    assert_eq!(registry.login().await.revision, 1);
    let replaced = || (number, Some("replaced".to_owned()));
    assert_eq!(registry.endings().await, [(number, None), replaced(), replaced()]);
    assert_eq!(registry.last().await.0, "share_began");
    let trials = registry.store.rollouts("login", 1).await.unwrap();
    assert_eq!((trials.len(), trials[0].rollout), (1, third.rollout), "the latest first");
}

#[tokio::test]
async fn what_is_tried_serves_all_once_it_is_deployed() {
    let (registry, number) = Registry::with_two().await;
    registry.tried(number, &share(500)).await;
    let begun = registry.begun(number).await;
    assert_eq!(registry.all_ready(&begun).await.state, DeploymentState::Activated);
    let at = registry.login().await;
    assert_eq!((at.active, at.revision, at.candidate), (number, 2, None));
    assert_eq!(registry.last().await, ("activated".to_owned(), Some(1), Some(number)));
    assert_eq!(registry.endings().await, [(number, Some("promoted".to_owned()))]);
    let other = registry.pushed().await;
    assert_eq!(registry.tried(other, &shadow()).await.turn, 1, "of another release");
}

#[tokio::test]
async fn an_older_version_does_not_take_what_is_to_be_tried_for_what_is_to_serve_all() {
    let (registry, number) = Registry::with_two().await;
    let begun = registry.begins(number, &shadow()).await.unwrap();
    // It asks for deployments in this state only, and ends none in another.
    registry
        .opened
        .execute(
            "UPDATE {s}policy_places SET active = 2, revision = 2
          WHERE EXISTS (SELECT 1 FROM {s}policy_deployments WHERE state = 'preparing')",
        )
        .await
        .unwrap();
    assert_eq!(registry.login().await.active, 1);
    let begins_beside = format!(
        "INSERT INTO {{s}}policy_deployments
                (deployment, place, number, state, who, why, asked_at, deadline)
         VALUES ('{}', 'login', 2, 'preparing', 'old', '', 0, 0)",
        Uuid::new_v4()
    );
    registry.opened.execute(&begins_beside).await.unwrap_err();
    // It freezes the place without a look at what is being prepared.
    let until = registry.opened.clock.now() + 60_000;
    let frozen = format!("UPDATE {{s}}policy_places SET frozen_until = {until}");
    registry.opened.execute(&frozen).await.unwrap();
    assert_eq!(registry.all_ready(&begun).await.state, DeploymentState::Cancelled);
    assert_eq!(registry.candidate().await, None);
    assert_eq!(registry.last().await.0, "deploy_cancelled");
}
