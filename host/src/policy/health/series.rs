//! The metrics of releases, made from their counts when somebody scrapes: a call pays nothing for
//! them, and a release that is not shown any more leaves no series behind. The registry of releases
//! adds them to its meter.

use std::fmt;
use std::sync::Arc;

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{CounterVec, Error, IntCounterVec, IntGaugeVec, Opts};

use super::cause::Cause;
use super::counts::{ReleaseCounts, read};

/// What is shown now.
type Shown = Arc<dyn Fn() -> Vec<Arc<ReleaseCounts>> + Send + Sync>;

/// The metrics of what is shown.
#[derive(Clone)]
pub(super) struct Series {
    shown: Shown,
    descriptions: Vec<Desc>,
}

impl Series {
    pub(super) fn new(shown: Shown) -> Result<Self, Error> {
        let descriptions = Family::new()?.descriptions();
        Ok(Self { shown, descriptions })
    }
}

impl fmt::Debug for Series {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Series").finish_non_exhaustive()
    }
}

impl Collector for Series {
    fn desc(&self) -> Vec<&Desc> {
        self.descriptions.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let Ok(family) = Family::new() else { return Vec::new() };
        for counts in (self.shown)() {
            family.fill(&counts);
        }
        family.collect()
    }
}

/// The metrics of one scrape.
struct Family {
    /// By outcome: `accepted`, `refused`, `failed`, `fault`.
    calls: IntCounterVec,
    faults: IntCounterVec,
    /// By the code that the manifest declares.
    refusals: IntCounterVec,
    cpu_seconds: CounterVec,
    host_seconds: CounterVec,
    host_calls: IntCounterVec,
    memory_peak: IntGaugeVec,
}

impl Family {
    fn new() -> Result<Self, Error> {
        let whole = |name: &str, help: &str, label: &str| {
            IntCounterVec::new(Opts::new(name, help), &["place", "release", label])
        };
        let seconds =
            |name: &str, help: &str| CounterVec::new(Opts::new(name, help), &["place", "release"]);
        Ok(Self {
            calls: whole(
                "auth_policy_release_calls_total",
                "Calls of a release by outcome: of what serves, and of the last two before.",
                "outcome",
            )?,
            faults: whole(
                "auth_policy_release_faults_total",
                "Calls that a release spoiled, by cause.",
                "cause",
            )?,
            refusals: whole(
                "auth_policy_release_refusals_total",
                "Refusals of a release, by code.",
                "code",
            )?,
            cpu_seconds: seconds(
                "auth_policy_release_cpu_seconds_total",
                "Processor time of a release's calls, the host's part of them included.",
            )?,
            host_seconds: seconds(
                "auth_policy_release_host_seconds_total",
                "Time in which a release's calls waited for the host: the database, hashes.",
            )?,
            host_calls: IntCounterVec::new(
                Opts::new(
                    "auth_policy_release_host_calls_total",
                    "Entries of a release's calls into the host.",
                ),
                &["place", "release"],
            )?,
            memory_peak: IntGaugeVec::new(
                Opts::new(
                    "auth_policy_release_memory_peak_bytes",
                    "The most memory that a call of a release had in this process.",
                ),
                &["place", "release"],
            )?,
        })
    }

    fn fill(&self, counts: &ReleaseCounts) {
        let (place, release) = (counts.place.as_str(), counts.release.to_string());
        let labels = [place, release.as_str()];
        let with = |last: &str| [place.to_owned(), release.clone(), last.to_owned()];
        let mut faults = 0;
        for (cause, count) in Cause::ALL.into_iter().zip(&counts.causes) {
            faults += read(count);
            self.faults.with_label_values(&with(cause.as_str())).inc_by(read(count));
        }
        let (accepted, refused) = (read(&counts.accepted), read(&counts.refused));
        let failed = read(&counts.failed);
        for (outcome, calls) in
            [("accepted", accepted), ("refused", refused), ("failed", failed), ("fault", faults)]
        {
            self.calls.with_label_values(&with(outcome)).inc_by(calls);
        }
        for (code, count) in &counts.refusals {
            self.refusals.with_label_values(&with(code)).inc_by(read(count));
        }
        let (cpu, host) = (&counts.processor_nanoseconds, &counts.host_nanoseconds);
        self.cpu_seconds.with_label_values(&labels).inc_by(seconds(read(cpu)));
        self.host_seconds.with_label_values(&labels).inc_by(seconds(read(host)));
        self.host_calls.with_label_values(&labels).inc_by(read(&counts.entries));
        let peak = i64::try_from(read(&counts.peak_memory)).unwrap_or(i64::MAX);
        self.memory_peak.with_label_values(&labels).set(peak);
    }

    fn parts(&self) -> [&dyn Collector; 7] {
        [
            &self.calls,
            &self.faults,
            &self.refusals,
            &self.cpu_seconds,
            &self.host_seconds,
            &self.host_calls,
            &self.memory_peak,
        ]
    }

    fn descriptions(&self) -> Vec<Desc> {
        self.parts().iter().flat_map(|part| part.desc()).cloned().collect()
    }

    /// One without a series is left out: the text format has no place for it.
    fn collect(&self) -> Vec<MetricFamily> {
        let families = self.parts().into_iter().flat_map(Collector::collect);
        families.filter(|family| !family.get_metric().is_empty()).collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "a metric in seconds")]
fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}
