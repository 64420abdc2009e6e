//! The judgement of a fresh release, from what all replicas counted since it serves, beside what
//! they counted of the release before it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::policy::judgement::{
    Evidence, Judged, JudgementSettings, MetricFigures, Verdict, judge, sum,
};
use crate::store::registry::{Counted, PlaceState, Replica, Serving};

/// What all replicas counted together: for the log, the history and the event.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Calls that the policy decided or spoiled; one person counts for a few a minute only.
    pub calls: u64,
    pub faults: u64,
    pub refusals: u64,
    /// How many people the faults met, at least.
    pub people: usize,
    /// From how many networks they came, at least.
    pub networks: usize,
    pub replicas: usize,
    /// Faults by cause.
    pub causes: BTreeMap<String, u64>,
    /// Calls and faults of the release before, as far as this is known.
    pub before_calls: u64,
    pub before_faults: u64,
    pub metrics: Vec<MetricFigures>,
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

/// Judges a fresh release by what each replica counted of it.
pub fn judge_fresh(settings: &JudgementSettings, servings: &[Serving]) -> (Verdict, Figures) {
    let fresh = sum(servings.iter().map(|serving| &serving.judged));
    let befores: Vec<&Counted> =
        servings.iter().filter_map(|serving| serving.before.as_ref()).collect();
    let before = sum(befores.iter().copied());
    let (verdict, metrics) = judge(&Judged {
        evidence: Evidence::Probation,
        budgets: &settings.budgets,
        least_calls: settings.least_calls,
        windows: 1,
        candidate: &fresh,
        active: (!befores.is_empty()).then_some(&before),
    });
    let figures = Figures {
        calls: fresh.calls,
        faults: fresh.faults,
        refusals: fresh.refusals.values().fold(0, |sum, count| sum.saturating_add(*count)),
        people: fresh.failing.len(),
        networks: fresh.failing_networks.len(),
        replicas: servings.len(),
        causes: fresh.causes,
        before_calls: before.calls,
        before_faults: before.faults,
        metrics,
    };
    (verdict, figures)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::cause::Cause;
    use super::super::group::{CallOutcome, GroupCounts, Observed};
    use super::*;

    /// What a replica counted: calls, faults, and whose.
    fn replica(calls: u64, faults: u64, failing: &[u32]) -> Serving {
        let judged = Counted {
            calls,
            faults,
            failing: failing.to_vec(),
            causes: [("panic".to_owned(), faults)].into(),
            ..Counted::default()
        };
        Serving { place: "login".into(), release: Some(42), judged, ..Serving::default() }
    }

    fn verdict(servings: &[Serving]) -> &'static str {
        match judge_fresh(&JudgementSettings::default(), servings).0 {
            Verdict::Good => "good",
            Verdict::NotEnough { .. } => "not enough",
            Verdict::Bad(_) => "bad",
        }
    }

    #[test]
    fn a_release_is_judged_by_its_faults_its_calls_and_the_people_they_met() {
        let table: &[(&str, &str, &[Serving])] = &[
            ("nobody has called it", "not enough", &[]),
            ("it was called once", "not enough", &[replica(1, 0, &[])]),
            ("each call fails, but there are two", "not enough", &[replica(2, 2, &[1, 2])]),
            ("everything fails", "bad", &[replica(3, 3, &[1, 2, 3])]),
            ("every hundredth e-mail traps", "bad", &[replica(1000, 10, &[1, 2, 3, 4, 5])]),
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
                &[replica(100, 3, &[1]), replica(100, 3, &[2]), replica(100, 3, &[3])],
            ),
            ("just the share that it may", "good", &[replica(5000, 5, &[1, 2, 3])]),
            ("few faults in many calls", "good", &[replica(100_000, 16, &[1, 2, 3])]),
            ("too few calls to call it good", "not enough", &[replica(199, 0, &[])]),
            ("enough of them", "good", &[replica(100, 0, &[]), replica(100, 0, &[])]),
        ];
        for (what, expected, servings) in table {
            assert_eq!(verdict(servings), *expected, "{what}");
        }
    }

    #[test]
    fn a_stranger_with_three_invented_addresses_brings_no_fresh_release_down() {
        let attacked = |good: u32, own_networks: u32| {
            let group = GroupCounts::default();
            let count = |subject: u32, network: u32, outcome: CallOutcome<'_>| {
                let network = Some(network);
                group.count(&Observed { subject, network, outcome, time: Duration::ZERO });
            };
            for number in 0..good {
                count(number, number % 20, CallOutcome::Accepted);
            }
            // A thousand calls of each address, all spoiled.
            for number in 0..3000 {
                let (address, network) = (number % 3, number % own_networks);
                count(u32::MAX - address, 1000 + network, CallOutcome::Fault(Cause::Panic));
            }
            verdict(&[Serving { judged: group.figures(), ..Serving::default() }])
        };
        assert_eq!(attacked(300, 1), "not enough", "from his own network");
        assert_eq!(attacked(300, 2), "not enough", "and from another one");
        assert_eq!(attacked(10_000, 3), "good", "outweighed by what others do in a minute");
        // What is left: a quiet place, an input that trips the release, and three networks.
        assert_eq!(attacked(300, 3), "bad");
    }

    #[test]
    fn a_release_that_is_no_worse_than_the_one_before_stays() {
        let mut serving = replica(1000, 20, &[1, 2, 3]);
        assert_eq!(verdict(std::slice::from_ref(&serving)), "bad");
        serving.before = Some(Counted { calls: 5000, faults: 100, ..Counted::default() });
        // This one was started after the change, and knows nothing of the time before.
        let late = replica(1000, 20, &[1, 2, 3]);
        assert_eq!(verdict(&[serving.clone(), late]), "good");
        serving.before = Some(Counted { calls: 5000, faults: 0, ..Counted::default() });
        assert_eq!(verdict(&[serving]), "bad");
    }

    #[test]
    fn a_bad_verdict_says_why_with_its_figures() {
        let mut other = replica(400, 9, &[2, 3]);
        other.judged.causes = [("panic".to_owned(), 1), ("memory".to_owned(), 8)].into();
        let servings = [replica(100, 14, &[1, 2]), other];
        let (Verdict::Bad(failing), figures) =
            judge_fresh(&JudgementSettings::default(), &servings)
        else {
            panic!("it is bad");
        };
        assert_eq!(
            failing.sentence,
            "it spoiled 23 of 500 calls (4.6 %) of at least 3 people (panic 15, memory 8): that \
             is certainly beyond its limit, faults > +0.1%"
        );
        assert_eq!((&*failing.cause, &*failing.metric), ("panic", "faults"));
        let mut json = serde_json::to_value(&figures).unwrap();
        let metrics = json.as_object_mut().unwrap().remove("metrics").unwrap();
        assert_eq!(
            (&metrics[0]["metric"], &metrics[0]["state"]),
            (&"faults".into(), &"bad".into())
        );
        assert_eq!(
            json,
            serde_json::json!({
                "calls": 500, "faults": 23, "refusals": 0, "people": 3, "networks": 0,
                "replicas": 2, "causes": {"panic": 15, "memory": 8},
                "before_calls": 0, "before_faults": 0,
            })
        );
    }

    #[test]
    fn settings_move_the_bounds() {
        let of = |budgets: &str, serving: &Serving| {
            let given = budgets.parse().unwrap();
            let usual = JudgementSettings::default();
            let budgets = usual.budgets.over(&given);
            judge_fresh(&JudgementSettings { budgets, ..usual }, std::slice::from_ref(serving)).0
        };
        let rare = replica(100_000, 16, &[1, 2, 3]);
        assert!(matches!(of("faults > 0%", &rare), Verdict::Bad(_)));
        assert_eq!(of("faults > 20%", &replica(1000, 100, &[1, 2, 3])), Verdict::Good);
        assert_eq!(of("faults off", &replica(1000, 900, &[1, 2, 3])), Verdict::Good);
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
            grants: None,
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
