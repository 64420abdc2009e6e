use super::*;
use crate::policy::judgement::{Budgets, bucket};
use crate::store::registry::RolloutMode;
use std::time::Duration;

mod evidence;

const SHARE: Evidence = Evidence::Trial(RolloutMode::Share);
const SHADOW: Evidence = Evidence::Trial(RolloutMode::Shadow);

/// Calls, faults, and as many people and networks as there are faults, up to 16.
fn counted(calls: u64, faults: u64) -> Counted {
    let some: Vec<u32> = (0..u32::try_from(faults.min(16)).unwrap()).collect();
    Counted {
        calls,
        faults,
        causes: [("panic".to_owned(), faults)].into(),
        failing: some.clone(),
        failing_networks: some,
        networks: 16,
        ..Counted::default()
    }
}

fn refused(calls: u64, codes: &[(&str, u64)]) -> Counted {
    let refusals = codes.iter().map(|(code, count)| ((*code).to_owned(), *count)).collect();
    let met = codes.iter().map(|(code, _)| ((*code).to_owned(), (0..5).collect())).collect();
    Counted { refusals, met, ..counted(calls, 0) }
}

/// All calls took so long, but for some.
fn timed(calls: u64, usual: u64, slow: u64, longer: u64) -> Counted {
    let mut times = vec![0; 29];
    times[bucket(Duration::from_millis(usual))] += calls - slow;
    times[bucket(Duration::from_millis(longer))] += slow;
    Counted { times, timed: vec![(0..5).collect(); 29], ..counted(calls, 0) }
}

fn judged_with(
    evidence: Evidence,
    budgets: &Budgets,
    candidate: &Counted,
    active: Option<&Counted>,
) -> (Verdict, Vec<MetricFigures>) {
    judge(&Judged { evidence, budgets, least_calls: 200, windows: 1, candidate, active })
}

fn word(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Good => "good".into(),
        Verdict::NotEnough { why } => format!("not enough: {why}"),
        Verdict::Bad(failing) => format!("bad {}", failing.metric),
    }
}

fn verdict(evidence: Evidence, candidate: &Counted, active: &Counted) -> String {
    word(&judged_with(evidence, &Budgets::default(), candidate, Some(active)).0)
}

#[track_caller]
fn assert_verdict(expected: &str, evidence: Evidence, candidate: &Counted, active: &Counted) {
    let verdict = verdict(evidence, candidate, active);
    assert!(verdict.starts_with(expected), "{verdict}, and not {expected}");
}

#[test]
fn faults_are_bad_if_they_are_certainly_more_than_the_active_ones() {
    let table = [
        ("not enough: it has decided 0 calls of at least 200", counted(0, 0), counted(0, 0)),
        ("not enough: it has decided 199 calls", counted(199, 0), counted(5000, 0)),
        ("good", counted(200, 0), counted(5000, 0)),
        ("good", counted(200, 0), counted(5000, 50)),
        ("not enough: faults: 0.50 % of its calls", counted(200, 1), counted(5000, 0)),
        ("good", counted(5000, 1), counted(5000, 0)),
        ("bad faults", counted(10, 10), counted(500, 0)),
        ("bad faults", counted(5000, 100), counted(5000, 0)),
        ("bad faults", counted(2000, 20), counted(20_000, 0)),
        ("not enough", counted(2000, 20), counted(20_000, 150)),
        ("good", counted(2000, 20), counted(20_000, 200)),
        ("not enough: the active release has decided no call", counted(300, 1), counted(0, 0)),
    ];
    for (expected, candidate, active) in table {
        assert_verdict(expected, SHARE, &candidate, &active);
    }
}

#[test]
fn time_outs_are_named_if_they_are_most_of_the_faults() {
    let mut candidate = counted(1000, 100);
    candidate.timeouts = 100;
    assert_verdict("bad timeouts", SHARE, &candidate, &counted(5000, 0));
    candidate.timeouts = 30;
    assert_verdict("bad faults", SHARE, &candidate, &counted(5000, 0));
    let budgets = "faults off".parse::<Budgets>().unwrap();
    let budgets = Budgets::default().with(&budgets.0);
    let (verdict, _) = judged_with(SHARE, &budgets, &candidate, Some(&counted(5000, 0)));
    let Verdict::Bad(failing) = verdict else { panic!("{verdict:?}") };
    assert_eq!((&*failing.metric, &*failing.cause), ("timeouts", "deadline"));
}

#[test]
fn who_has_few_addresses_or_one_network_takes_no_candidate_out() {
    let active = counted(5000, 0);
    let mut candidate = counted(1000, 500);
    assert_verdict("bad", SHARE, &candidate, &active);
    candidate.failing = vec![1, 2, 2, 1];
    assert_verdict("not enough: it spoils calls, but", SHARE, &candidate, &active);
    candidate.failing = vec![1, 2, 3];
    candidate.failing_networks = vec![9, 9, 8];
    assert_verdict("not enough: it spoils calls, but", SHARE, &candidate, &active);
    assert_verdict("not enough: it spoils calls, but", Evidence::Probation, &candidate, &active);
    candidate.failing_networks = vec![9, 8, 7];
    assert_verdict("bad", SHARE, &candidate, &active);
    // Where all calls come from few networks, they tell nobody apart.
    candidate.failing_networks = vec![9];
    candidate.networks = 15;
    assert_verdict("bad", SHARE, &candidate, &active);
}

#[test]
fn each_refusal_code_is_compared_and_may_have_a_budget_of_its_own() {
    let active = refused(9000, &[("wrong", 900), ("blocked", 90)]);
    let candidate = refused(1000, &[("wrong", 100), ("closed", 200)]);
    assert_verdict("bad refusals.closed", SHARE, &candidate, &active);
    // A code that replaces another one is more, and the other one less.
    assert_verdict("good", SHARE, &refused(1000, &[("wrong", 105)]), &active);
    let undecided =
        "not enough: refusals.wrong: 13.0 % of its calls, 10.0 % of those of the active";
    assert_verdict(undecided, SHARE, &refused(1000, &[("wrong", 130)]), &active);
    let own = ["refusals.closed off".parse().unwrap()];
    let budgets = Budgets::default().with(&own);
    let (verdict, figures) = judged_with(SHARE, &budgets, &candidate, Some(&active));
    assert_eq!(word(&verdict), "good");
    let closed = figures.iter().find(|one| one.metric == "refusals.closed").unwrap();
    assert_eq!((closed.state, &closed.limit), (MetricState::Told, &None));
    assert!((closed.candidate - 0.2).abs() < 1e-9 && closed.active == Some(0.0), "{closed:?}");
    assert!(closed.low > 0.1 && closed.high < 0.3, "{closed:?}");
}

#[test]
fn a_shadow_tells_of_refusals_and_judges_those_that_it_was_told_to() {
    let active = refused(5000, &[]);
    let candidate = refused(5000, &[("closed", 2500)]);
    assert_verdict("good", SHADOW, &candidate, &active);
    let own = ["refusals > +2%".parse().unwrap()];
    let (verdict, _) =
        judged_with(SHADOW, &Budgets::default().with(&own), &candidate, Some(&active));
    assert_eq!(word(&verdict), "bad refusals.closed");
    assert_verdict("bad faults", SHADOW, &counted(5000, 500), &active);
}

#[test]
fn a_candidate_is_slow_if_too_many_calls_take_longer_than_the_limit() {
    let active = timed(5000, 40, 40, 90);
    assert_verdict("good", SHARE, &timed(1000, 40, 10, 90), &active);
    assert_verdict("good", SHARE, &timed(1000, 40, 10, 2000), &active);
    assert_verdict("not enough: slower than the limit", SHARE, &timed(1000, 40, 30, 2000), &active);
    assert_verdict("bad p99", SHARE, &timed(1000, 40, 100, 2000), &active);
    // What nobody notices is not slow, but in a shadow, whose times are a machine's.
    let quick = timed(5000, 1, 0, 1);
    assert_verdict("good", SHARE, &timed(1000, 15, 0, 15), &quick);
    assert_verdict("bad p99", SHADOW, &timed(1000, 15, 0, 15), &quick);
    // Without times of the active release, nobody is held up.
    assert_verdict("good", SHARE, &timed(1000, 15, 0, 15), &counted(1000, 0));
    let own = ["p99 > +100ms".parse().unwrap()];
    let budgets = Budgets::default().with(&own);
    let (verdict, figures) = judged_with(SHARE, &budgets, &timed(1000, 80, 0, 80), Some(&active));
    assert_eq!(word(&verdict), "good");
    let p99 = figures.iter().find(|one| one.metric == "p99").unwrap();
    let near = |time: f64, expected: f64| (time - expected).abs() < 0.5;
    assert!(near(p99.candidate, 100.0) && near(p99.active.unwrap(), 50.0), "{p99:?}");
    assert_eq!(p99.limit.as_deref(), Some("+100ms"));
}

#[test]
fn on_probation_faults_alone_count_and_the_limit_stands_alone_if_nothing_failed_before() {
    let none = |candidate: &Counted| {
        word(&judged_with(Evidence::Probation, &Budgets::default(), candidate, None).0)
    };
    assert!(none(&counted(3, 3)).starts_with("bad faults"), "everything fails");
    assert!(none(&counted(2, 2)).starts_with("not enough"), "two people are not several");
    assert!(none(&counted(1000, 10)).starts_with("bad faults"), "every hundredth");
    assert!(none(&counted(2000, 1)).starts_with("good"));
    assert_verdict("bad faults", Evidence::Probation, &counted(3, 3), &counted(1, 0));
    // The release before was no better.
    let before = counted(5000, 50);
    assert_verdict("good", Evidence::Probation, &counted(1000, 10), &before);
    assert_verdict("bad", Evidence::Probation, &counted(1000, 100), &before);
    let stricter = refused(1000, &[("closed", 900)]);
    assert_verdict("good", Evidence::Probation, &stricter, &refused(5000, &[]));
}

#[test]
fn an_absolute_limit_needs_nothing_to_compare_with() {
    let own = ["faults > 0.1%".parse().unwrap(), "refusals.closed > 10%".parse().unwrap()];
    let budgets = Budgets::default().with(&own);
    let of = |candidate: &Counted| {
        word(&judged_with(SHARE, &budgets, candidate, Some(&counted(0, 0))).0)
    };
    assert_eq!(of(&counted(1000, 20)), "bad faults");
    assert_eq!(of(&refused(1000, &[("closed", 200)])), "bad refusals.closed");
    assert!(of(&counted(1000, 2)).contains("faults are 0.20 % of its calls, which is beyond 0.1%"));
}

#[test]
fn more_windows_want_more_certainty() {
    let (candidate, active) = (counted(620, 6), counted(50_000, 0));
    let verdict = |windows| {
        let budgets = Budgets::default();
        let judged = Judged {
            evidence: SHARE,
            budgets: &budgets,
            least_calls: 200,
            windows,
            candidate: &candidate,
            active: Some(&active),
        };
        let (verdict, figures) = judge(&judged);
        (word(&verdict), figures[0].low)
    };
    assert!(verdict(1).1 > verdict(20).1);
    assert_eq!(verdict(0), verdict(1));
    assert!(verdict(usize::MAX).0.starts_with("not enough"));
}

#[test]
fn a_bad_verdict_says_why() {
    let sentence = |candidate: &Counted, active: &Counted| match judged_with(
        SHARE,
        &Budgets::default(),
        candidate,
        Some(active),
    )
    .0
    {
        Verdict::Bad(failing) => failing.sentence,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        sentence(&counted(1000, 120), &counted(9000, 9)),
        "it spoiled 120 of 1,000 calls (12.0 %) of at least 16 people (panic 120), the active \
         release 9 of 9,000 (0.10 %): that is certainly beyond its limit, faults > +0.1%"
    );
    assert_eq!(
        sentence(&refused(1000, &[("closed", 300)]), &refused(9000, &[])),
        "it refused 300 of 1,000 calls (30.0 %) with closed, the active release 0 of 9,000 \
         (0.0 %): that is certainly beyond its limit, refusals.closed > +2%"
    );
    assert_eq!(
        sentence(&timed(1000, 40, 100, 2000), &timed(5000, 40, 40, 90)),
        "100 of its 1,000 calls (10.0 %) took longer than 75 ms, the active release 40 of 5,000 \
         (0.80 %): that is certainly beyond its limit, p99 > x1.5"
    );
}

#[test]
fn rubbish_is_judged_without_harm() {
    let rubbish = Counted {
        calls: u64::MAX,
        faults: u64::MAX,
        timeouts: u64::MAX,
        failed: u64::MAX,
        refusals: [("x".to_owned(), u64::MAX)].into(),
        causes: [("y".to_owned(), u64::MAX)].into(),
        times: vec![u64::MAX; 1000],
        failing: vec![7; 1000],
        failing_networks: Vec::new(),
        networks: u32::MAX,
        ..Counted::default()
    };
    let odd = Counted { calls: 0, faults: u64::MAX, ..rubbish.clone() };
    for (candidate, active) in [(&rubbish, &odd), (&odd, &rubbish), (&odd, &odd)] {
        for evidence in [SHARE, SHADOW, Evidence::Probation] {
            let (_, figures) = judged_with(evidence, &Budgets::default(), candidate, Some(active));
            for one in figures {
                assert!(one.low.is_finite() && one.high.is_finite(), "{one:?}");
            }
        }
    }
}
