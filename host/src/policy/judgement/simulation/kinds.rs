//! What may happen while a release is tried.

use super::calls::{Release, USUAL};
use crate::policy::judgement::Evidence;
use crate::store::registry::RolloutMode;

/// Calls of the candidate in each history.
const CALLS: u32 = 5000;

/// A kind of history: at each moment of it, from 0 to 1, how both decide.
pub(super) struct Kind {
    pub(super) name: &'static str,
    /// May it be judged bad?
    pub(super) is_bad: bool,
    pub(super) evidence: Evidence,
    /// Calls of the active release for each of the candidate's.
    pub(super) beside: u32,
    pub(super) calls: u32,
    pub(super) at: fn(f64) -> (Release, Release),
    /// The most calls of one person, one after the other, with the same outcome.
    pub(super) again: u32,
}

const SHARE: Evidence = Evidence::Trial(RolloutMode::Share);
const SHADOW: Evidence = Evidence::Trial(RolloutMode::Shadow);
const KIND: Kind = Kind {
    name: "",
    is_bad: false,
    evidence: SHARE,
    beside: 1,
    calls: CALLS,
    at: |_| (USUAL, USUAL),
    again: 1,
};

pub(super) fn kinds() -> Vec<Kind> {
    [equal(), no_worse(), much_worse()].into_iter().flatten().collect()
}

fn equal() -> Vec<Kind> {
    vec![
        Kind { name: "equal, a third of all", beside: 2, ..KIND },
        Kind { name: "equal, half of all", ..KIND },
        Kind { name: "equal, a shadow", evidence: SHADOW, ..KIND },
        Kind { name: "equal, on probation", evidence: Evidence::Probation, ..KIND },
        Kind { name: "equal, few calls", calls: 300, ..KIND },
        Kind { name: "equal, people ask thrice", again: 3, ..KIND },
        Kind {
            name: "equal, both fail for 1 %",
            at: |_| (Release { faults: 0.01, ..USUAL }, Release { faults: 0.01, ..USUAL }),
            ..KIND
        },
    ]
}

/// Not the same, and still within the limits; or both change.
fn no_worse() -> Vec<Kind> {
    vec![
        Kind {
            name: "slightly worse, within limits",
            at: |_| {
                let refusals = [0.165, 0.01, 0.005];
                (Release { faults: 0.001, refusals, time: 33.0 }, USUAL)
            },
            ..KIND
        },
        Kind {
            name: "a rare fault, within limits",
            at: |_| (Release { faults: 0.0011, ..USUAL }, USUAL),
            ..KIND
        },
        Kind {
            name: "a slow start of both",
            at: |now| {
                let time = if now < 0.1 { 300.0 } else { 30.0 };
                (Release { time, ..USUAL }, Release { time, ..USUAL })
            },
            ..KIND
        },
        Kind {
            name: "a busy hour changes both",
            at: |now| {
                let wave = (now * 9.0).sin().abs();
                let refusals = [0.05 + 0.3 * wave, 0.01 + 0.1 * wave, 0.0];
                let both = Release { faults: 0.0002, refusals, time: 30.0 + 100.0 * wave };
                (both, both)
            },
            ..KIND
        },
        Kind {
            name: "attackers, many addresses",
            at: |now| {
                let wrong = if (0.3..0.5).contains(&now) { 0.8 } else { 0.15 };
                let both = Release { refusals: [wrong, 0.01, 0.0], ..USUAL };
                (both, both)
            },
            ..KIND
        },
        Kind {
            // Its three calls a minute among two hundred, all in the candidate's group.
            name: "an attacker, one account",
            at: |_| (Release { refusals: [0.165, 0.01, 0.0], ..USUAL }, USUAL),
            ..KIND
        },
    ]
}

fn much_worse() -> Vec<Kind> {
    vec![
        Kind {
            name: "much worse: faults 2 %",
            is_bad: true,
            at: |_| (Release { faults: 0.02, ..USUAL }, USUAL),
            ..KIND
        },
        Kind {
            name: "much worse: faults 2 %, fresh",
            is_bad: true,
            evidence: Evidence::Probation,
            at: |_| (Release { faults: 0.02, ..USUAL }, USUAL),
            ..KIND
        },
        Kind {
            name: "much worse: each call, 20 calls",
            is_bad: true,
            calls: 20,
            at: |_| (Release { faults: 1.0, ..USUAL }, USUAL),
            ..KIND
        },
        Kind {
            name: "much worse: refusals +10 points",
            is_bad: true,
            at: |_| (Release { refusals: [0.25, 0.01, 0.0], ..USUAL }, USUAL),
            ..KIND
        },
        Kind {
            name: "much worse: a new code, 10 %",
            is_bad: true,
            at: |_| (Release { refusals: [0.15, 0.01, 0.1], ..USUAL }, USUAL),
            ..KIND
        },
        Kind {
            name: "much worse: three times as slow",
            is_bad: true,
            at: |_| (Release { time: 90.0, ..USUAL }, USUAL),
            ..KIND
        },
    ]
}
