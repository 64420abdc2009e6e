//! The judgement of a fresh release, from what all replicas counted since it serves. It is a
//! function of figures alone.
//!
//! Bad is a release whose faults are many enough, a large enough part of its calls, and met
//! several people: who has one account cannot bring a release down.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::store::registry::{PlaceState, Replica, Serving};

/// Faults must meet so many people.
const LEAST_SUBJECTS: usize = 3;

/// When a fresh release counts as bad.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProbationSettings {
    /// `POLICY_PROBATION_FAULTS`: so many faults, on all replicas together.
    pub faults: u64,
    /// `POLICY_PROBATION_SHARE`: such a part of all calls, in percent.
    pub share_percent: f64,
}

impl Default for ProbationSettings {
    fn default() -> Self {
        Self { faults: 5, share_percent: 0.5 }
    }
}

/// What all replicas counted together: for the log, the history and the event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Calls that the policy decided or spoiled.
    pub calls: u64,
    pub faults: u64,
    pub refusals: u64,
    /// How many people the faults met, at least.
    pub people: usize,
    pub replicas: usize,
    /// Faults by cause.
    pub causes: BTreeMap<String, u64>,
}

/// What to think of a fresh release.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It was called enough, and few calls or none failed.
    Good,
    /// Too few calls, or too few people, to tell.
    NotEnough,
    /// It has to go.
    Bad(Failing),
}

/// Why a release has to go.
#[derive(Debug, Clone, PartialEq)]
pub struct Failing {
    /// For the log and the history.
    pub sentence: String,
    /// The most frequent cause.
    pub cause: String,
    pub figures: Figures,
}

/// What replicas serve of a place that can be judged: the live ones that follow it, at its
/// revision.
pub fn of_revision(state: &PlaceState, replicas: &[Replica]) -> Vec<Serving> {
    let follows = |serving: &&Serving| {
        serving.place == state.place
            && serving.release == Some(state.active)
            && serving.revision == state.revision
            && !serving.pinned
    };
    let live = replicas.iter().filter(|replica| replica.live);
    live.flat_map(|replica| replica.serving.iter().filter(follows)).cloned().collect()
}

/// Judges one release by what each replica counted of it.
pub fn judge(settings: ProbationSettings, servings: &[Serving]) -> Verdict {
    let figures = Figures::of(servings);
    let share = percent(figures.faults, figures.calls);
    let many = figures.faults >= settings.faults.max(1);
    if many && share >= settings.share_percent {
        if figures.people < LEAST_SUBJECTS {
            return Verdict::NotEnough;
        }
        return Verdict::Bad(figures.failing(share));
    }
    // With fewer calls, the share of faults that the settings name would have been too few faults.
    let enough = percent(settings.faults.max(1), figures.calls) <= settings.share_percent;
    if enough && figures.calls > 0 { Verdict::Good } else { Verdict::NotEnough }
}

impl Figures {
    fn of(servings: &[Serving]) -> Self {
        let mut figures = Self { replicas: servings.len(), ..Self::default() };
        let mut people = BTreeSet::<u32>::new();
        for serving in servings {
            figures.calls = figures.calls.saturating_add(serving.calls);
            figures.faults = figures.faults.saturating_add(serving.faults);
            figures.refusals = figures.refusals.saturating_add(serving.refusals);
            people.extend(&serving.failing);
            for (cause, faults) in &serving.causes {
                *figures.causes.entry(cause.clone()).or_default() += faults;
            }
        }
        figures.people = people.len();
        figures
    }

    fn failing(self, percent: f64) -> Failing {
        let Self { calls, faults, people, replicas, causes, .. } = &self;
        let mut by_number: Vec<(&String, &u64)> = causes.iter().collect();
        by_number.sort_by_key(|(_, faults)| std::cmp::Reverse(**faults));
        let named = by_number.iter().map(|(cause, faults)| format!("{cause} {faults}"));
        let named = named.collect::<Vec<_>>().join(", ");
        let cause = by_number.first().map_or_else(|| "unknown".to_owned(), |(c, _)| (*c).clone());
        let replica = if *replicas == 1 { "replica" } else { "replicas" };
        let sentence = format!(
            "it spoiled {faults} of {calls} calls ({percent:.1} %) of at least {people} people on \
             {replicas} {replica} ({named})"
        );
        Failing { sentence, cause, figures: self }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share needs no more than 50 bits")]
fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a replica counted: calls, faults, and whose.
    fn replica(calls: u64, faults: u64, failing: &[u32]) -> Serving {
        Serving {
            place: "login".into(),
            release: Some(42),
            calls,
            faults,
            failing: failing.to_vec(),
            causes: [("panic".to_owned(), faults)].into(),
            ..Serving::default()
        }
    }

    fn verdict(servings: &[Serving]) -> &'static str {
        match judge(ProbationSettings::default(), servings) {
            Verdict::Good => "good",
            Verdict::NotEnough => "not enough",
            Verdict::Bad(_) => "bad",
        }
    }

    #[test]
    fn a_release_is_judged_by_its_faults_its_calls_and_the_people_they_met() {
        let table: &[(&str, &str, &[Serving])] = &[
            ("nobody has called it", "not enough", &[]),
            ("it was called once", "not enough", &[replica(1, 0, &[])]),
            ("each call fails, but there are few", "not enough", &[replica(4, 4, &[1, 2, 3, 4])]),
            ("everything fails", "bad", &[replica(5, 5, &[1, 2, 3])]),
            ("every hundredth e-mail traps", "bad", &[replica(500, 5, &[1, 2, 3, 4, 5])]),
            ("one account, over and over", "not enough", &[replica(1000, 900, &[1])]),
            ("two accounts, over and over", "not enough", &[replica(1000, 900, &[1, 2])]),
            (
                "one attacker at three replicas",
                "not enough",
                &[replica(100, 90, &[1]), replica(100, 90, &[1]), replica(100, 90, &[1])],
            ),
            (
                "three people at three replicas",
                "bad",
                &[replica(100, 2, &[1]), replica(100, 2, &[2]), replica(100, 1, &[3])],
            ),
            ("just the share", "bad", &[replica(1000, 5, &[1, 2, 3])]),
            ("just less than the share", "good", &[replica(1001, 5, &[1, 2, 3])]),
            ("few faults in many calls", "good", &[replica(100_000, 16, &[1, 2, 3])]),
            ("too few calls to call it good", "not enough", &[replica(999, 0, &[])]),
            ("enough of them", "good", &[replica(500, 0, &[]), replica(500, 0, &[])]),
        ];
        for (what, expected, servings) in table {
            assert_eq!(verdict(servings), *expected, "{what}");
        }
    }

    #[test]
    fn a_bad_verdict_says_why_with_its_figures() {
        let mut other = replica(400, 3, &[2, 3]);
        other.causes = [("panic".to_owned(), 1), ("memory".to_owned(), 2)].into();
        let servings = [replica(100, 4, &[1, 2]), other];
        let Verdict::Bad(failing) = judge(ProbationSettings::default(), &servings) else {
            panic!("it is bad");
        };
        assert_eq!(
            failing.sentence,
            "it spoiled 7 of 500 calls (1.4 %) of at least 3 people on 2 replicas (panic 5, \
             memory 2)"
        );
        assert_eq!(failing.cause, "panic");
        let json = serde_json::to_value(&failing.figures).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "calls": 500, "faults": 7, "refusals": 0, "people": 3, "replicas": 2,
                "causes": {"panic": 5, "memory": 2},
            })
        );
    }

    #[test]
    fn settings_move_the_bounds() {
        let strict = ProbationSettings { faults: 1, share_percent: 0.0 };
        assert!(matches!(judge(strict, &[replica(100_000, 3, &[1, 2, 3])]), Verdict::Bad(_)));
        assert_eq!(judge(strict, &[replica(100_000, 0, &[])]), Verdict::NotEnough);
        let mild = ProbationSettings { faults: 50, share_percent: 20.0 };
        assert_eq!(judge(mild, &[replica(1000, 100, &[1, 2, 3])]), Verdict::Good);
    }

    #[test]
    fn only_live_replicas_that_follow_the_place_are_asked() {
        let state = PlaceState {
            place: "login".into(),
            active: 42,
            revision: 9,
            activated_at: 0,
            activated_by: "ann".into(),
            previous: vec![41],
            probation_until: None,
            freeze: None,
            candidate: None,
        };
        let serving = Serving { revision: 9, ..replica(1, 0, &[]) };
        let others = [
            Serving { place: "register".into(), ..serving.clone() },
            Serving { release: Some(41), ..serving.clone() },
            Serving { revision: 8, ..serving.clone() },
            Serving { pinned: true, ..serving.clone() },
        ];
        let of = |live: bool, serving: Vec<Serving>| Replica {
            replica: uuid::Uuid::nil(),
            name: "a1".into(),
            version: String::new(),
            wit_versions: Vec::new(),
            started_at: 0,
            last_seen: 0,
            live,
            serving,
        };
        let replicas = [
            of(true, vec![serving.clone()]),
            of(false, vec![serving.clone()]),
            of(true, others.into()),
        ];
        assert_eq!(of_revision(&state, &replicas), [serving]);
    }
}
