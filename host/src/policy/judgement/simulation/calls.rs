//! Simulated calls, as [`crate::policy::health::GroupCounts`] counts them.

use std::time::Duration;

use crate::policy::judgement::{TIMES, bucket};
use crate::store::registry::Counted;

/// The codes that a history has.
pub(super) const CODES: [&str; 3] = ["invalid_credentials", "blocked", "closed_hours"];

/// `SplitMix64`: enough for a simulation, and always the same.
pub(super) struct Dice {
    state: u64,
    /// How times spread: of a log-normal distribution whose p99 is three times its median.
    spreads: Vec<f64>,
}

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        let mut dice = Self { state: seed, spreads: Vec::new() };
        dice.spreads = (0..1024)
            .map(|_| {
                let (radius, angle) = (dice.part().max(1e-9), dice.part() * std::f64::consts::TAU);
                (0.47 * (-2.0 * radius.ln()).sqrt() * angle.cos()).exp()
            })
            .collect();
        dice
    }

    pub(super) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to 1.
    pub(super) fn part(&mut self) -> f64 {
        let high = u32::try_from(self.next() >> 32).unwrap();
        f64::from(high) / f64::from(u32::MAX)
    }

    pub(super) fn falls(&mut self, rate: f64) -> bool {
        self.part() < rate
    }
}

/// How a release decides at some moment.
#[derive(Clone, Copy)]
pub(super) struct Release {
    pub(super) faults: f64,
    /// Of each code.
    pub(super) refusals: [f64; 3],
    /// The median of its times, in milliseconds.
    pub(super) time: f64,
}

pub(super) const USUAL: Release =
    Release { faults: 0.0002, refusals: [0.15, 0.01, 0.0], time: 30.0 };

/// What one call comes to, as [`crate::policy::health::GroupCounts`] counts it.
pub(super) fn call(
    dice: &mut Dice,
    release: Release,
    group: &mut Counted,
    person: u32,
    times: u32,
) {
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
    let time = bucket(Duration::from_secs_f64(release.time * spread / 1000.0));
    for _ in 0..times {
        group.calls += 1;
        if group.times.is_empty() {
            group.times = vec![0; TIMES.len() + 1];
        }
        if group.calls > 50 {
            group.times[time] += 1;
            group.timed.resize(TIMES.len() + 1, Vec::new());
            if group.timed[time].len() < 5 {
                group.timed[time].push(person);
            }
        }
        if fault {
            group.faults += 1;
            *group.causes.entry("panic".to_owned()).or_default() += 1;
            if group.failing.len() < 16 {
                group.failing.push(person);
                group.failing_networks.push(person);
            }
        } else if let Some(code) = refused {
            if let Some(met) = group.met.get_mut(code) {
                if met.len() < 5 && !met.contains(&person) {
                    met.push(person);
                }
            } else {
                group.met.insert(code.to_owned(), vec![person]);
            }
            if let Some(count) = group.refusals.get_mut(code) {
                *count += 1;
            } else {
                group.refusals.insert(code.to_owned(), 1);
            }
        }
    }
    group.networks = 16;
}
