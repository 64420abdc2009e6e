//! Trials: steps, and how people and the judgement end them.

use std::time::Duration;

use auth_host::events::NewEvent;
use auth_host::store::registry::{
    Candidate, DeploymentState, Expected, PlaceState, RegistryError, RegistryRefusal, RolloutChange,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::trials::{shadow, share, steps};
use super::{PROBATION, Registry, change, refusal};
use crate::support::in_time;

fn place() -> String {
    "login".to_owned()
}

fn changed(active: i64) -> RegistryRefusal {
    RegistryRefusal::ChangedMeanwhile { place: place(), active }
}

impl Registry {
    /// As somebody does who does not say what is tried.
    async fn turned(&self, what: RolloutChange) -> Result<PlaceState, RegistryError> {
        let change = change("bob");
        self.store.rollout_change("login", None, what, PROBATION, &change, None).await
    }

    /// As a replica does that has judged what it saw.
    async fn judged(
        &self,
        what: RolloutChange,
        seen: &Candidate,
    ) -> Result<PlaceState, RegistryError> {
        let (expected, change) = (Some((seen.rollout, seen.turn)), change("judgement"));
        self.store.rollout_change("login", expected, what, PROBATION, &change, None).await
    }

    fn minutes_later(&self, minutes: u64) {
        self.opened.clock.advance(Duration::from_mins(minutes));
    }
}

#[tokio::test]
async fn steps_go_on_each_when_its_time_is_over_and_the_last_serves_all() {
    let (registry, number) = Registry::with_two().await;
    let first = registry.tried(number, &steps()).await;
    assert_eq!((first.share, first.step, first.turn), (100, 0, 1));
    assert_eq!(refusal(registry.judged(RolloutChange::Advance, &first).await), changed(1));
    registry.minutes_later(10);
    let at = registry.judged(RolloutChange::Advance, &first).await.unwrap();
    let second = at.candidate.unwrap();
    assert_eq!((second.share, second.step, second.turn), (1000, 1, 2));
    assert!(second.turn_since >= first.turn_since + 600_000);
    assert_eq!((second.rollout, second.began_at), (first.rollout, first.began_at));
    let line = registry.lines().await.pop().unwrap();
    assert_eq!((&*line.action, line.from, line.to), ("advanced", Some(1), Some(number)));
    let told: Value = serde_json::from_str(&line.details).unwrap();
    let expected = json!({ "calls": 7, "rollout": first.rollout, "turn": 1, "share": 100 });
    assert_eq!(told, expected, "the figures, and where it was");
    assert_eq!(refusal(registry.judged(RolloutChange::Advance, &first).await), changed(1));
    registry.minutes_later(30);
    let at = registry.judged(RolloutChange::Advance, &second).await.unwrap();
    assert_eq!((at.active, at.revision, at.candidate), (number, 2, None));
    assert_eq!(at.probation_until, Some(at.activated_at + 600_000));
    assert_eq!(&*at.activated_by, "judgement");
    assert_eq!(registry.last().await, ("promoted".to_owned(), Some(1), Some(number)));
    assert_eq!(registry.endings().await, [(number, Some("promoted".to_owned()))]);
}

#[tokio::test]
async fn paused_steps_do_not_go_on_and_the_current_one_begins_anew() {
    let (registry, number) = Registry::with_two().await;
    let first = registry.tried(number, &steps()).await;
    let as_asked = RegistryRefusal::StepsAsAsked { place: place() };
    assert_eq!(refusal(registry.turned(RolloutChange::Resume).await), as_asked);
    let paused = registry.turned(RolloutChange::Pause).await.unwrap().candidate.unwrap();
    let pause = paused.paused.clone().unwrap();
    assert_eq!((&*pause.by, &*pause.why, paused.turn), ("bob", "because", 1));
    assert_eq!(registry.last().await.0, "paused");
    assert_eq!(refusal(registry.turned(RolloutChange::Pause).await), as_asked);
    registry.minutes_later(10);
    // A replica that has not heard of the pause.
    assert_eq!(refusal(registry.judged(RolloutChange::Advance, &first).await), as_asked);
    let resumed = registry.turned(RolloutChange::Resume).await.unwrap().candidate.unwrap();
    assert_eq!((resumed.paused, resumed.turn, resumed.share), (None, 1, 100));
    assert!(resumed.turn_since >= first.turn_since + 600_000);
    assert_eq!(registry.last().await.0, "resumed");
    assert_eq!(refusal(registry.judged(RolloutChange::Advance, &first).await), changed(1));
    registry.minutes_later(10);
    registry.judged(RolloutChange::Advance, &first).await.unwrap();
}

#[tokio::test]
async fn what_has_no_steps_is_neither_paused_nor_goes_on_and_what_is_not_there_is_not_changed() {
    let (registry, number) = Registry::with_two().await;
    let all = [
        RolloutChange::Pause,
        RolloutChange::Resume,
        RolloutChange::Promote,
        RolloutChange::Abort,
        RolloutChange::TakeOut,
        RolloutChange::Advance,
    ];
    let none = RegistryRefusal::NoCandidate { place: place() };
    for what in all {
        assert_eq!(refusal(registry.turned(what).await), none, "{what:?}");
    }
    let (seen, what, change) = (Some((Uuid::new_v4(), 1)), RolloutChange::Abort, change("bob"));
    let elsewhere = registry.store.rollout_change("nowhere", seen, what, PROBATION, &change, None);
    assert_eq!(refusal(elsewhere.await), RegistryRefusal::NoCandidate { place: "nowhere".into() });
    for plan in [shadow(), share(500)] {
        registry.tried(number, &plan).await;
        for what in [RolloutChange::Pause, RolloutChange::Resume, RolloutChange::Advance] {
            let refused = refusal(registry.turned(what).await);
            assert_eq!(refused, RegistryRefusal::NoSteps { place: place() }, "{what:?}");
        }
    }
}

#[tokio::test]
async fn what_is_promoted_serves_all_and_what_is_aborted_is_gone() {
    let (registry, number) = Registry::with_two().await;
    registry.tried(number, &share(500)).await;
    let at = registry.turned(RolloutChange::Abort).await.unwrap();
    assert_eq!((at.active, at.revision, at.candidate), (1, 1, None));
    assert_eq!(registry.last().await, ("aborted".to_owned(), Some(number), Some(1)));
    registry.tried(number, &shadow()).await;
    let at = registry.turned(RolloutChange::Promote).await.unwrap();
    assert_eq!(
        (at.active, at.revision, &at.previous[..], at.candidate),
        (number, 2, &[1][..], None)
    );
    assert_eq!(&*at.activated_by, "bob");
    assert_eq!(registry.last().await, ("promoted".to_owned(), Some(1), Some(number)));
    let ended = |ending: &str| (number, Some(ending.to_owned()));
    assert_eq!(registry.endings().await, [ended("promoted"), ended("aborted")]);
    assert_eq!(registry.rolled_back(None).await.unwrap().to, 1, "it has served now");
    assert_eq!(registry.rolled_back(Some(number)).await.unwrap().to, number);
}

#[tokio::test]
async fn what_is_aborted_is_not_begun_again_by_what_was_being_prepared() {
    let (registry, number) = Registry::with_two().await;
    registry.tried(number, &share(500)).await;
    let open = registry.begins(number, &share(2500)).await.unwrap();
    registry.turned(RolloutChange::Abort).await.unwrap();
    let ended = registry.store.deployment(open.id).await.unwrap().unwrap();
    assert_eq!(ended.state, DeploymentState::Cancelled);
    assert_eq!(registry.settled(&open).await, None);
    assert_eq!(registry.candidate().await, None);
}

fn taken_out() -> NewEvent {
    NewEvent {
        event_type: "policy.rolled_back".to_owned(),
        data: json!({ "place": "login" }).as_object().unwrap().clone(),
        ordering_key: Some("policy:login".to_owned()),
        traceparent: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_replicas_that_take_a_candidate_out_at_once_one_does_with_one_event() {
    let (registry, number) = Registry::with_two().await;
    let seen = registry.tried(number, &share(500)).await;
    let (change, event) = (change("judgement"), taken_out());
    let stores = [registry.store.clone(), registry.opened.another().await, registry.store.clone()];
    let (seen, what) = (Some((seen.rollout, seen.turn)), RolloutChange::TakeOut);
    let all = stores
        .iter()
        .map(|store| store.rollout_change("login", seen, what, PROBATION, &change, Some(&event)));
    let answers = in_time("all of them", futures_util::future::join_all(all)).await;
    let (done, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((done.len(), refused.len()), (1, 2), "{refused:?}");
    for answer in refused {
        assert_eq!(refusal(answer), changed(1));
    }
    let told = registry.history().await;
    let told: Vec<_> = told.iter().filter(|line| line.0 == "taken_out").collect();
    assert_eq!(told, [&("taken_out".to_owned(), Some(number), Some(1))]);
    let events = registry.opened.rows().await;
    assert_eq!((events.len(), &*events[0].event_type), (1, "policy.rolled_back"));
    assert_eq!(registry.endings().await, [(number, Some("taken_out".to_owned()))]);
    assert_eq!(registry.candidate().await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_replicas_that_take_a_step_at_once_one_does() {
    let (registry, number) = Registry::with_two().await;
    let seen = registry.tried(number, &steps()).await;
    registry.minutes_later(60);
    let other = registry.opened.another().await;
    let (change, seen) = (change("judgement"), Some((seen.rollout, seen.turn)));
    let all = [&registry.store, &other, &registry.store].map(|store| {
        let what = RolloutChange::Advance;
        store.rollout_change("login", seen, what, PROBATION, &change, None)
    });
    let answers = in_time("all of them", futures_util::future::join_all(all)).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
    let candidate = registry.candidate().await.unwrap();
    assert_eq!((candidate.step, candidate.turn, candidate.share), (1, 2, 1000));
}

#[tokio::test]
async fn a_step_back_during_a_share_takes_the_candidate_out_and_leaves_what_serves() {
    let (registry, number) = Registry::with_two().await;
    registry.activated().await;
    let rollout = registry.tried(number, &share(500)).await.rollout;
    let back = async |expected| {
        registry.store.rollback("login", None, expected, &change("bob"), None).await
    };
    let tried = |from| RegistryRefusal::TriedMeanwhile { place: place(), candidate: number, from };
    assert_eq!(refusal(back(Expected::Release(3)).await), tried(3));
    let moved = back(Expected::Release(number)).await.unwrap();
    assert_eq!((moved.from, moved.to, moved.revision), (Some(number), 3, 2));
    let at = registry.login().await;
    assert_eq!((at.active, at.revision, at.candidate), (3, 2, None));
    assert_eq!(registry.last().await, ("rolled_back".to_owned(), Some(number), Some(3)));
    let line = registry.lines().await.pop().unwrap();
    let told: Value = serde_json::from_str(&line.details).unwrap();
    assert_eq!(told, json!({ "calls": 7, "rollout": rollout, "turn": 1, "share": 500 }));
    assert_eq!(registry.endings().await, [(number, Some("aborted".to_owned()))]);
    assert_eq!(refusal(back(Expected::Release(number)).await), changed(3));

    registry.tried(number, &share(500)).await;
    let event = |_: &auth_host::store::registry::Moved| taken_out();
    let anything = Expected::Anything;
    let change = change("bob");
    registry.store.rollback("login", None, anything, &change, Some(&event)).await.unwrap();
    assert_eq!(registry.opened.rows().await.len(), 1);
    registry.tried(number, &shadow()).await;
    assert_eq!(back(Expected::Release(3)).await.unwrap().to, 1, "a shadow decides about nobody");
}

#[tokio::test]
async fn a_frozen_place_tries_on_what_it_tries_and_lets_it_go_but_not_on() {
    let (registry, number) = Registry::with_two().await;
    let seen = registry.tried(number, &steps()).await;
    registry.minutes_later(60);
    let until = registry.opened.clock.now() + 3_600_000;
    let frozen = registry.store.freeze("login", until, &change("ann")).await.unwrap();
    assert_eq!(frozen.candidate, Some(seen.clone()));
    let refused = RegistryRefusal::Frozen {
        place: place(),
        until,
        who: "ann".to_owned(),
        why: "because".to_owned(),
    };
    assert_eq!(refusal(registry.judged(RolloutChange::Advance, &seen).await), refused);
    assert_eq!(refusal(registry.turned(RolloutChange::Promote).await), refused);
    assert_eq!(refusal(registry.begins(number, &share(2500)).await), refused);
    registry.turned(RolloutChange::Pause).await.unwrap();
    registry.turned(RolloutChange::Resume).await.unwrap();
    let at = registry.judged(RolloutChange::TakeOut, &seen).await.unwrap();
    assert!(at.candidate.is_none() && at.freeze.is_some());
}
