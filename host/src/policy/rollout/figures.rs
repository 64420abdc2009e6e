//! What all replicas counted of a trial together.

use crate::policy::judgement::sum;
use crate::store::registry::{Candidate, Counted, Replica, Serving, TrialFigures};

/// What all replicas counted together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrialSum {
    pub active: Counted,
    pub candidate: Counted,
    /// So many live replicas take part.
    pub replicas: usize,
    /// The names of the live ones that do not, with why.
    pub missing: Vec<(String, String)>,
}

/// The figures of a candidate of this place, at its turn: of the live replicas.
pub fn of_trial(place: &str, candidate: &Candidate, replicas: &[Replica]) -> TrialSum {
    let (mut parts, mut missing) = (Vec::new(), Vec::new());
    for replica in replicas.iter().filter(|replica| replica.live) {
        let serving = replica.serving.iter().find(|serving| serving.place == place);
        match figures(serving, candidate) {
            Ok(figures) => parts.push(figures),
            Err(why) => missing.push((replica.name.clone(), why)),
        }
    }
    TrialSum {
        active: sum(parts.iter().map(|figures| &figures.active)),
        candidate: sum(parts.iter().map(|figures| &figures.candidate)),
        replicas: parts.len(),
        missing,
    }
}

/// What one replica has of it, or why it has nothing.
fn figures<'s>(
    serving: Option<&'s Serving>,
    candidate: &Candidate,
) -> Result<&'s TrialFigures, String> {
    let none = || "it has not heard of it yet".to_owned();
    let serving = serving.ok_or_else(none)?;
    if !serving.rollouts {
        return Err("its version knows of no candidates: upgrade it".to_owned());
    }
    let is_this = |figures: &&TrialFigures| {
        figures.rollout == candidate.rollout && figures.turn == candidate.turn
    };
    let figures = serving.trial.as_ref().filter(is_this).ok_or_else(none)?;
    if figures.runs {
        return Ok(figures);
    }
    Err(figures.why.clone().unwrap_or_else(none))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::store::registry::{RolloutMode, RolloutPlan};

    fn candidate() -> Candidate {
        Candidate {
            rollout: Uuid::from_u128(7),
            release: 2,
            base: 1,
            base_revision: 1,
            plan: RolloutPlan {
                mode: RolloutMode::Share,
                share: 1000,
                steps: Vec::new(),
                budgets: Vec::new(),
                least_calls: None,
            },
            step: 0,
            share: 1000,
            turn: 3,
            turn_since: 0,
            began_at: 0,
            began_by: "ann".into(),
            why: String::new(),
            paused: None,
        }
    }

    fn replica(name: &str, rollouts: bool, trial: Option<TrialFigures>) -> Replica {
        let serving = Serving { place: "login".into(), rollouts, trial, ..Serving::default() };
        Replica {
            replica: Uuid::new_v4(),
            name: name.into(),
            version: String::new(),
            wit_versions: Vec::new(),
            started_at: 0,
            last_seen: 0,
            live: true,
            serving: vec![serving],
        }
    }

    fn counted(turn: i64, calls: u64, failing: u32) -> TrialFigures {
        let candidate = Counted {
            calls,
            refusals: [("blocked".to_owned(), 1)].into(),
            times: vec![calls, 1],
            failing: vec![5, failing],
            networks: failing,
            ..Counted::default()
        };
        let rollout = Uuid::from_u128(7);
        TrialFigures { rollout, turn, runs: true, candidate, ..TrialFigures::default() }
    }

    #[test]
    fn figures_of_the_same_turn_are_added_and_who_has_none_is_named() {
        let why = Some("it serves a pinned release".to_owned());
        let pinned = TrialFigures { runs: false, why, ..counted(3, 1, 0) };
        let mut dead = replica("a7", true, Some(counted(3, 1000, 9)));
        dead.live = false;
        let replicas = [
            replica("a1", true, Some(counted(3, 10, 6))),
            replica("a2", true, Some(counted(3, 20, 4))),
            replica("a3", true, Some(counted(2, 100, 7))),
            replica("a4", false, None),
            replica("a5", true, Some(pinned)),
            replica("a6", true, None),
            dead,
        ];
        let sum = of_trial("login", &candidate(), &replicas);
        assert_eq!(sum.replicas, 2);
        let expected = Counted {
            calls: 30,
            refusals: [("blocked".to_owned(), 2)].into(),
            times: vec![30, 2],
            failing: vec![4, 5, 6],
            networks: 6,
            ..Counted::default()
        };
        assert_eq!(sum.candidate, expected);
        assert_eq!(sum.active, Counted::default());
        let missing: Vec<_> =
            sum.missing.iter().map(|(name, why)| (name.as_str(), why.as_str())).collect();
        let yet = "it has not heard of it yet";
        assert_eq!(
            missing,
            [
                ("a3", yet),
                ("a4", "its version knows of no candidates: upgrade it"),
                ("a5", "it serves a pinned release"),
                ("a6", yet),
            ]
        );
    }
}
