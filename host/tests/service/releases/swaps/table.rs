//! What the swaps took, and what they cost the people who used the service meanwhile.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::{BESIDE, CALM, COMPILING, SWAPPING};
use crate::releases::crowd::{Tally, share_of};
use crate::releases::fleet::Fleet;

const DELAY: &str = "auth_policy_flip_delay_seconds";

#[derive(Default)]
pub(super) struct Table {
    /// In MiB.
    pub(super) memory_before: BTreeMap<&'static str, u64>,
    pub(super) memory_after: BTreeMap<&'static str, u64>,
    /// From the question until all replicas serve it.
    pub(super) swaps: Vec<Duration>,
    pub(super) rollbacks: Vec<Duration>,
    /// Until the rollback is answered.
    pub(super) rollback_answers: Vec<Duration>,
    pub(super) compilations: Vec<Duration>,
    /// Of all replicas together.
    pub(super) processor_swapping: Duration,
    pub(super) processor_calm: Duration,
    /// As the replicas counted them, from the change of the registry: so many, and so many within a
    /// time.
    delays: String,
}

impl Table {
    /// Asks the replicas how long they took to follow.
    pub(super) async fn delays(&mut self, fleet: &Fleet) {
        let all = fleet.sum(&format!("{DELAY}_count"), &[]).await;
        let _ = write!(self.delays, "{all} on all replicas");
        for bound in ["0.05", "0.1", "0.25", "0.5", "1"] {
            let within = fleet.sum(&format!("{DELAY}_bucket"), &[("le", bound)]).await;
            let _ = write!(self.delays, ", {within} within {bound} s");
        }
    }

    pub(super) fn text(&self, tally: &Tally) -> String {
        let mut text = format!("{}\n", tally.summary());
        for (with, without) in [(SWAPPING, CALM), (COMPILING, BESIDE)] {
            for endpoint in ["register", "login", "refresh"] {
                for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
                    let times =
                        (tally.time(with, endpoint, share), tally.time(without, endpoint, share));
                    let (Some(with_time), Some(without_time)) = times else { continue };
                    let ratio = with_time.as_secs_f64() / without_time.as_secs_f64();
                    let _ = writeln!(
                        text,
                        "{name} of {endpoint:<8} during {with:<13} {:>7.1} ms, {without:<11} \
                         {:>7.1} ms: ratio {ratio:.2}",
                        milliseconds(with_time),
                        milliseconds(without_time),
                    );
                }
            }
        }
        for (what, times) in [
            ("deploy until all serve", &self.swaps),
            ("rollback until answered", &self.rollback_answers),
            ("rollback until all serve", &self.rollbacks),
            ("deploy of a large component", &self.compilations),
        ] {
            let [median, late, last] =
                [0.5, 0.99, 1.0].map(|share| share_of(times, share).map_or(0.0, milliseconds));
            let _ = writeln!(
                text,
                "{what:<27} {:>5} times: median {median:.0} ms, p99 {late:.0} ms, longest \
                 {last:.0} ms",
                times.len()
            );
        }
        let _ = writeln!(
            text,
            "processor time of the replicas: during swaps {:.1} s, as long without {:.1} s",
            self.processor_swapping.as_secs_f64(),
            self.processor_calm.as_secs_f64()
        );
        let _ = writeln!(text, "from the registry's change until it is followed: {}", self.delays);
        let _ = writeln!(
            text,
            "memory in MiB: before {:?}, after {:?}",
            self.memory_before, self.memory_after
        );
        text
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
