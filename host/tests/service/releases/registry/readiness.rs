//! What is tried serves all only once all replicas take part, also those that came meanwhile.

use std::time::Duration;

use auth_host::store::registry::{
    Candidate, RegistryError, RegistryRefusal, RolloutChange, Serving, TrialFigures, Unready,
};
use uuid::Uuid;

use super::trials::{shadow, share, steps};
use super::{PROBATION, Registry, beat, change, refusal};

impl Registry {
    /// What a replica says of a trial.
    async fn says(&self, replica: Uuid, name: &str, serving: Serving) {
        let mut beat = beat(5, replica, name, Some(1));
        beat.serving = vec![Serving { place: "login".into(), rollouts: true, ..serving }];
        self.store.replica_beat(&beat).await.unwrap();
    }

    async fn asked(&self, what: RolloutChange, seen: &Candidate) -> Result<i64, RegistryError> {
        let (seen, change) = (Some((seen.rollout, seen.turn)), change("bob"));
        let at = self.store.rollout_change("login", seen, what, PROBATION, &change, None).await?;
        Ok(at.active)
    }
}

fn runs(candidate: &Candidate, turn: i64) -> Serving {
    let rollout = candidate.rollout;
    let trial = TrialFigures { rollout, turn, runs: true, ..TrialFigures::default() };
    Serving { trial: Some(trial), ..Serving::default() }
}

fn cannot(candidate: &Candidate) -> Serving {
    let (rollout, turn) = (candidate.rollout, candidate.turn);
    let why = Some("it cannot run login/2: no memory".to_owned());
    let trial = TrialFigures { rollout, turn, why, ..TrialFigures::default() };
    Serving { trial: Some(trial), ..Serving::default() }
}

fn not_ready(candidate: &Candidate, replica: &str, why: Option<&str>) -> RegistryRefusal {
    let unready = Unready { replica: replica.to_owned(), why: why.map(str::to_owned) };
    let (place, release) = ("login".to_owned(), candidate.release);
    RegistryRefusal::NotAllReady { place, release, unready }
}

#[tokio::test]
async fn what_is_tried_is_promoted_only_once_every_live_replica_takes_part() {
    for plan in [share(500), shadow()] {
        let (registry, number) = Registry::with_two().await;
        let seen = registry.tried(number, &plan).await;
        let (first, late) = (Uuid::new_v4(), Uuid::new_v4());
        registry.says(first, "a1", runs(&seen, 1)).await;
        // It has begun since, and knows of nothing yet.
        registry.says(late, "a2", Serving::default()).await;
        let promote = RolloutChange::Promote;
        let yet = not_ready(&seen, "a2", None);
        assert_eq!(refusal(registry.asked(promote, &seen).await), yet);
        registry.says(late, "a2", cannot(&seen)).await;
        registry.says(first, "a1", Serving::default()).await;
        let why = Some("it cannot run login/2: no memory");
        assert_eq!(refusal(registry.asked(promote, &seen).await), not_ready(&seen, "a2", why));
        registry.says(first, "a1", runs(&seen, 1)).await;
        assert_eq!(registry.candidate().await, Some(seen.clone()), "nothing has changed");
        registry.says(late, "a2", runs(&seen, 1)).await;
        assert_eq!(registry.asked(promote, &seen).await.unwrap(), number);
    }
}

#[tokio::test]
async fn a_pinned_or_a_dead_replica_holds_nothing_and_an_abort_asks_nobody() {
    let (registry, number) = Registry::with_two().await;
    let seen = registry.tried(number, &share(500)).await;
    registry.says(Uuid::new_v4(), "dead", cannot(&seen)).await;
    registry.opened.clock.advance(Duration::from_mins(1));
    registry.says(Uuid::new_v4(), "a1", cannot(&seen)).await;
    registry.asked(RolloutChange::Abort, &seen).await.unwrap();

    registry.opened.clock.advance(Duration::from_mins(1));
    let seen = registry.tried(number, &share(500)).await;
    let pinned = Serving { pinned: true, ..cannot(&seen) };
    registry.says(Uuid::new_v4(), "pinned", pinned).await;
    assert_eq!(registry.asked(RolloutChange::Promote, &seen).await.unwrap(), number);
}

#[tokio::test]
async fn the_last_step_waits_for_all_replicas_whichever_turn_they_told_of_last() {
    let (registry, number) = Registry::with_two().await;
    let first = registry.tried(number, &steps()).await;
    registry.opened.clock.advance(Duration::from_mins(10));
    let advance = RolloutChange::Advance;
    registry.asked(advance, &first).await.unwrap();
    let second = registry.candidate().await.unwrap();
    registry.opened.clock.advance(Duration::from_mins(30));
    let (one, other) = (Uuid::new_v4(), Uuid::new_v4());
    registry.says(one, "a1", runs(&second, first.turn)).await;
    registry.says(other, "a2", cannot(&second)).await;
    let why = Some("it cannot run login/2: no memory");
    assert_eq!(refusal(registry.asked(advance, &second).await), not_ready(&second, "a2", why));
    assert_eq!(registry.login().await.active, 1);
    registry.store.replica_gone(other).await.unwrap();
    assert_eq!(registry.asked(advance, &second).await.unwrap(), number);
}
