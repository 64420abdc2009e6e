//! The promise, tried: thousands of histories, each looked at again and again as replicas do. The
//! generator has a seed, so that the table is the same on each run.

use std::fmt::Write as _;
use std::time::Duration;

use super::judge::ERROR;
use super::{Budgets, Evidence, Judged, TIMES, Verdict, bucket, judge};
use crate::store::registry::{Counted, RolloutMode};

/// Histories of each kind.
const HISTORIES: u32 = 200;
/// Calls of the candidate in each.
const CALLS: u32 = 5000;
/// So many of its calls lie between two looks.
const LOOK: u32 = 50;
/// The codes that a history has.
const CODES: [&str; 3] = ["invalid_credentials", "blocked", "closed_hours"];

/// SplitMix64: enough for a simulation, and always the same.
struct Dice {
    state: u64,
    /// How times spread: of a log-normal distribution whose p99 is three times its median.
    spreads: Vec<f64>,
}

impl Dice {
    fn new(seed: u64) -> Self {
        let mut dice = Self { state: seed, spreads: Vec::new() };
        dice.spreads = (0..1024)
            .map(|_| {
                let (radius, angle) = (dice.part().max(1e-9), dice.part() * std::f64::consts::TAU);
                (0.47 * (-2.0 * radius.ln()).sqrt() * angle.cos()).exp()
            })
            .collect();
        dice
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to 1.
    fn part(&mut self) -> f64 {
        let high = u32::try_from(self.next() >> 32).unwrap();
        f64::from(high) / f64::from(u32::MAX)
    }

    fn falls(&mut self, rate: f64) -> bool {
        self.part() < rate
    }
}

/// How a release decides at some moment.
#[derive(Clone, Copy)]
struct Release {
    faults: f64,
    /// Of each code.
    refusals: [f64; 3],
    /// The median of its times, in milliseconds.
    time: f64,
}

const USUAL: Release = Release { faults: 0.0002, refusals: [0.15, 0.01, 0.0], time: 30.0 };

/// What one call comes to, as [`crate::policy::health::GroupCounts`] counts it.
fn call(dice: &mut Dice, release: Release, group: &mut Counted, person: u32, times: u32) {
    let fault = dice.falls(release.faults);
    let mut refused = None;
    let mut left = dice.part();
    for (code, rate) in CODES.into_iter().zip(release.refusals) {
        if left < rate {
            refused = Some(code);
            break;
        }
        left -= rate;
    }
    let any = usize::try_from(dice.next() % 1024).unwrap();
    let spread = dice.spreads[any];
    let time = bucket(Duration::from_micros((release.time * spread * 1000.0) as u64));
    for _ in 0..times {
        group.calls += 1;
        if group.times.is_empty() {
            group.times = vec![0; TIMES.len() + 1];
        }
        if group.calls > 50 {
            group.times[time] += 1;
        }
        if fault {
            group.faults += 1;
            *group.causes.entry("panic".to_owned()).or_default() += 1;
            if group.failing.len() < 16 {
                group.failing.push(person);
                group.failing_networks.push(person);
            }
        } else if let Some(code) = refused {
            match group.refusals.get_mut(code) {
                Some(count) => *count += 1,
                None => drop(group.refusals.insert(code.to_owned(), 1)),
            }
        }
    }
    group.networks = 16;
}

/// A kind of history: at each moment of it, from 0 to 1, how both decide.
struct Kind {
    name: &'static str,
    /// May it be judged bad?
    is_bad: bool,
    evidence: Evidence,
    /// Calls of the active release for each of the candidate's.
    beside: u32,
    calls: u32,
    at: fn(f64) -> (Release, Release),
    /// The most calls of one person, one after the other, with the same outcome.
    again: u32,
}

const SHARE: Evidence = Evidence::Trial(RolloutMode::Share);
const SHADOW: Evidence = Evidence::Trial(RolloutMode::Shadow);
const KIND: Kind = Kind {
    name: "",
    is_bad: false,
    evidence: SHARE,
    beside: 2,
    calls: CALLS,
    at: |_| (USUAL, USUAL),
    again: 1,
};

fn kinds() -> Vec<Kind> {
    vec![
        Kind { name: "equal, a share", ..KIND },
        Kind { name: "equal, half of all", beside: 1, ..KIND },
        Kind { name: "equal, a shadow", evidence: SHADOW, beside: 1, ..KIND },
        Kind { name: "equal, on probation", evidence: Evidence::Probation, beside: 1, ..KIND },
        Kind { name: "equal, few calls", calls: 300, ..KIND },
        Kind { name: "equal, people ask thrice", again: 3, beside: 1, ..KIND },
        Kind {
            name: "equal, both fail for 1 %",
            at: |_| (Release { faults: 0.01, ..USUAL }, Release { faults: 0.01, ..USUAL }),
            ..KIND
        },
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
            beside: 1,
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
            beside: 1,
            ..KIND
        },
        Kind {
            name: "attackers, many addresses",
            at: |now| {
                let wrong = if (0.3..0.5).contains(&now) { 0.8 } else { 0.15 };
                let both = Release { refusals: [wrong, 0.01, 0.0], ..USUAL };
                (both, both)
            },
            beside: 1,
            ..KIND
        },
        Kind {
            // Its three calls a minute among two hundred, all in the candidate's group.
            name: "an attacker, one account",
            at: |_| (Release { refusals: [0.165, 0.01, 0.0], ..USUAL }, USUAL),
            ..KIND
        },
        Kind {
            name: "much worse: faults 2 %",
            is_bad: true,
            at: |_| (Release { faults: 0.02, ..USUAL }, USUAL),
            beside: 1,
            ..KIND
        },
        Kind {
            name: "much worse: faults 2 %, fresh",
            is_bad: true,
            evidence: Evidence::Probation,
            at: |_| (Release { faults: 0.02, ..USUAL }, USUAL),
            beside: 1,
            ..KIND
        },
        Kind {
            name: "much worse: each call, 20 calls",
            is_bad: true,
            calls: 20,
            at: |_| (Release { faults: 1.0, ..USUAL }, USUAL),
            beside: 1,
            ..KIND
        },
        Kind {
            name: "much worse: refusals +10 points",
            is_bad: true,
            at: |_| (Release { refusals: [0.25, 0.01, 0.0], ..USUAL }, USUAL),
            beside: 1,
            ..KIND
        },
        Kind {
            name: "much worse: a new code, 10 %",
            is_bad: true,
            at: |_| (Release { refusals: [0.15, 0.01, 0.1], ..USUAL }, USUAL),
            beside: 1,
            ..KIND
        },
        Kind {
            name: "much worse: three times as slow",
            is_bad: true,
            at: |_| (Release { time: 90.0, ..USUAL }, USUAL),
            beside: 1,
            ..KIND
        },
    ]
}

/// After how many of its calls a history is judged bad, if ever; and whether it was good at its end.
fn history(kind: &Kind, dice: &mut Dice) -> (Option<u64>, bool) {
    let budgets = Budgets::default();
    let (mut candidate, mut active) = (Counted::default(), Counted::default());
    let mut is_good = false;
    for number in 0..kind.calls {
        let now = f64::from(number) / f64::from(kind.calls);
        let (one, other) = (kind.at)(now);
        let again =
            |dice: &mut Dice| 1 + u32::try_from(dice.next() % u64::from(kind.again)).unwrap();
        let times = again(dice);
        call(dice, one, &mut candidate, number, times);
        for _ in 0..kind.beside {
            let times = again(dice);
            call(dice, other, &mut active, number, times);
        }
        if (number + 1) % LOOK.min(kind.calls / 5) != 0 {
            continue;
        }
        let (verdict, _) = judge(&Judged {
            evidence: kind.evidence,
            budgets: &budgets,
            least_calls: 200,
            windows: 1,
            candidate: &candidate,
            active: Some(&active),
        });
        is_good = match verdict {
            Verdict::Bad(_) => return (Some(candidate.calls), false),
            Verdict::Good => true,
            Verdict::NotEnough { .. } => false,
        };
    }
    (None, is_good)
}

/// The ends of the histories of each kind. A few threads share the work.
fn all_histories(kinds: &[Kind]) -> Vec<Vec<(Option<u64>, bool)>> {
    let of = |(seed, kind): (usize, &Kind)| {
        let mut dice = Dice::new(u64::try_from(seed).unwrap());
        (0..HISTORIES).map(|_| history(kind, &mut dice)).collect::<Vec<_>>()
    };
    std::thread::scope(|scope| {
        let work = kinds.iter().enumerate().map(|one| scope.spawn(move || of(one)));
        let work: Vec<_> = work.collect();
        work.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn false_alarms_and_misses_stay_below_what_the_docs_promise() {
    let mut table = format!("{:34} {:>5} {:>5}  {}\n", "history", "bad", "good", "median calls");
    let mut broken = Vec::new();
    let kinds = kinds();
    for (kind, ends) in kinds.iter().zip(all_histories(&kinds)) {
        let mut bad: Vec<u64> = ends.iter().filter_map(|(bad, _)| *bad).collect();
        let good = ends.iter().filter(|(_, good)| *good).count();
        bad.sort_unstable();
        let median = bad.get(bad.len() / 2).map_or_else(String::new, u64::to_string);
        writeln!(table, "{:34} {:5} {good:5}  {median}", kind.name, bad.len()).unwrap();
        let most = f64::from(HISTORIES) * ERROR;
        let alarms = f64::from(u32::try_from(bad.len()).unwrap());
        let wrong = if kind.is_bad { f64::from(HISTORIES) - alarms } else { alarms };
        if wrong >= most {
            broken.push(kind.name);
        }
    }
    println!("of {HISTORIES} histories each:\n{table}");
    assert!(broken.is_empty(), "the promise is broken by {broken:?}:\n{table}");
}
