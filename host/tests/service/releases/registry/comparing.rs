//! What came of comparing two decisions: counted by all replicas, bounded, and forgotten.

use std::time::Duration;

use auth_host::store::registry::{
    DifferenceSample, Differences, NewDifferences, RolloutChange, RolloutPlan,
};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::trials::{shadow, share};
use super::{PROBATION, Registry, change};
use crate::support::in_time;

fn sample(kind: &str, at: i64) -> DifferenceSample {
    DifferenceSample {
        kind: kind.to_owned(),
        request_id: format!("request-{at}"),
        at,
        replica: "a1".to_owned(),
    }
}

fn counted(rollout: Uuid, kind: &str, count: u64) -> NewDifferences {
    NewDifferences { rollout, counts: vec![(kind.to_owned(), count)], samples: Vec::new() }
}

impl Registry {
    async fn trial(plan: &RolloutPlan) -> (Self, Uuid) {
        let (registry, number) = Self::with_two().await;
        let rollout = registry.tried(number, plan).await.rollout;
        (registry, rollout)
    }

    async fn adds(&self, new: &NewDifferences) {
        self.store.differences_add(new).await.unwrap();
    }

    async fn differences(&self, rollout: Uuid) -> Differences {
        self.store.differences(rollout).await.unwrap()
    }
}

#[tokio::test]
async fn differences_are_added_up_and_told_with_the_most_frequent_and_the_latest_first() {
    let (registry, rollout) = Registry::trial(&shadow()).await;
    assert_eq!(registry.differences(rollout).await, Differences::default());
    let kind = "differs:accepted → captcha_required";
    registry
        .adds(&NewDifferences {
            rollout,
            counts: vec![("same".to_owned(), 18_000), (kind.to_owned(), 2)],
            samples: vec![sample(kind, 10), sample(kind, 30)],
        })
        .await;
    registry
        .adds(&NewDifferences {
            rollout,
            counts: vec![(kind.to_owned(), 29), ("same".to_owned(), 204), ("same".to_owned(), 0)],
            samples: vec![sample("differs:a\0b", 20)],
        })
        .await;
    let told = registry.differences(rollout).await;
    assert_eq!(told.counts, [("same".to_owned(), 18_204), (kind.to_owned(), 31)]);
    let expected = [sample(kind, 30), sample("differs:a\u{fffd}b", 20), sample(kind, 10)];
    assert_eq!(told.samples, expected);
    assert_eq!(registry.differences(Uuid::new_v4()).await, Differences::default());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_add_at_once_lose_nothing_and_keep_the_bounds_together() {
    let (registry, rollout) = Registry::trial(&shadow()).await;
    let mut work = JoinSet::new();
    for replica in 0..4 {
        let store = registry.opened.another().await;
        work.spawn(async move {
            for round in 0..10_i64 {
                let kind = |each: i64| format!("differs:{replica}-{round}-{each}");
                let mut counts: Vec<_> = (0..20).map(|each| (kind(each), 1)).collect();
                counts.push(("same".to_owned(), 5));
                let samples = (0..60).map(|at| sample(&kind(at % 2), at)).collect();
                let new = NewDifferences { rollout, counts, samples };
                store.differences_add(&new).await.unwrap();
            }
        });
    }
    in_time("all of them", work.join_all()).await;
    let told = registry.differences(rollout).await;
    let total: u64 = told.counts.iter().map(|(_, count)| count).sum();
    assert_eq!(total, 4 * 10 * 25, "each is counted once, under whatever name");
    assert!(told.counts.len() <= 200, "{}", told.counts.len());
    let of = |kind: &str| told.counts.iter().find(|one| one.0 == kind).unwrap().1;
    assert_eq!(of("same"), 200);
    assert_eq!(of("differs:other"), 800 - 195);
    assert!(told.samples.len() <= 1000, "{}", told.samples.len());
    for (kind, _) in &told.counts {
        let samples = told.samples.iter().filter(|sample| sample.kind == *kind).count();
        assert!(samples <= 20, "{kind} has {samples}");
    }
}

#[tokio::test]
async fn what_a_policy_makes_of_kinds_is_bounded() {
    let (registry, rollout) = Registry::trial(&shadow()).await;
    let long = format!("differs:{}", "ü".repeat(100_000));
    let new = NewDifferences { samples: vec![sample(&long, 1)], ..counted(rollout, &long, 1) };
    registry.adds(&new).await;
    let told = registry.differences(rollout).await;
    assert_eq!(told.counts[0].0.chars().count(), 160);
    assert_eq!(told.samples[0].kind, told.counts[0].0);
    let counts = (0..500).map(|each| (format!("differs:{each}"), 1)).collect();
    registry.adds(&NewDifferences { rollout, counts, samples: Vec::new() }).await;
    // What is beyond keeps what sort of thing it is.
    for kind in ["same", "skipped:new", "fault:new", "not_comparable:new", "nonsense"] {
        registry.adds(&counted(rollout, kind, 3)).await;
    }
    let told = registry.differences(rollout).await;
    assert_eq!(told.counts.len(), 200);
    let of = |kind: &str| told.counts.iter().find(|one| one.0 == kind).map(|one| one.1);
    for kind in ["same", "skipped:other", "fault:other", "not_comparable:other"] {
        assert_eq!(of(kind), Some(3), "{kind}");
    }
    assert_eq!(of("differs:other"), Some(500 - 194 + 3));
}

#[tokio::test]
async fn the_latest_samples_stay_and_no_kind_drives_another_one_out() {
    let (registry, rollout) = Registry::trial(&shadow()).await;
    let samples = (0..50).map(|at| sample("differs:rare", at)).collect();
    registry.adds(&NewDifferences { rollout, counts: Vec::new(), samples }).await;
    let told = registry.differences(rollout).await;
    let times: Vec<i64> = told.samples.iter().map(|sample| sample.at).collect();
    assert_eq!(times, (30..50).rev().collect::<Vec<_>>());
    for kind in 0..100 {
        let samples = (100..120).map(|at| sample(&format!("differs:{kind}"), at)).collect();
        registry.adds(&NewDifferences { rollout, counts: Vec::new(), samples }).await;
    }
    let told = registry.differences(rollout).await;
    assert_eq!(told.samples.len(), 1000);
    let rare = told.samples.iter().filter(|sample| sample.kind == "differs:rare").count();
    assert!((9..=10).contains(&rare), "{rare}");
}

#[tokio::test]
async fn a_trial_is_forgotten_after_its_end_with_all_that_was_counted_of_it() {
    let (registry, rollout) = Registry::trial(&shadow()).await;
    let number = registry.candidate().await.unwrap().release;
    let clock = &registry.opened.clock;
    let now = clock.now();
    let new = counted(rollout, "same", 3);
    registry.adds(&NewDifferences { samples: vec![sample("same", now)], ..new.clone() }).await;
    clock.advance(Duration::from_hours(24));
    let forget = async |before| {
        let mut forgotten = 0;
        loop {
            match registry.store.rollouts_forget(before).await.unwrap() {
                0 => return forgotten,
                more => forgotten += more,
            }
        }
    };
    assert_eq!(forget(now).await, 0);
    assert_eq!(forget(clock.now()).await, 1, "an old sample of a trial that goes on");
    let told = registry.differences(rollout).await;
    assert_eq!((&told.counts[..], &told.samples[..]), (&new.counts[..], &[][..]));

    let (what, change) = (RolloutChange::Abort, change("bob"));
    registry.store.rollout_change("login", None, what, PROBATION, &change, None).await.unwrap();
    registry.adds(&new).await;
    assert_eq!(registry.differences(rollout).await.counts, [("same".to_owned(), 6)], "late ones");
    let second = registry.tried(number, &share(500)).await.rollout;
    registry.adds(&counted(second, "same", 1)).await;
    clock.advance(Duration::from_hours(1));
    assert_eq!(forget(clock.now()).await, 1);
    assert_eq!(registry.differences(rollout).await, Differences::default());
    assert_eq!(registry.endings().await, [(number, None)]);
    assert_eq!(registry.differences(second).await.counts.len(), 1);
    registry.adds(&new).await;
    assert_eq!(registry.differences(rollout).await, Differences::default(), "it is gone");
}
