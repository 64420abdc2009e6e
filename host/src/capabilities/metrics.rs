//! `metrics`: series of a policy's own, their number and names bounded.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry};

use super::CallState;
use super::types::Stop;
use super::values::cut;
use crate::policy::Slot;
use crate::policy::bindings::metrics;
use crate::policy::manifest::is_name;

const MAX_SERIES: usize = 100;

/// The metrics that policies have made so far.
pub struct PolicyMetrics {
    registry: Registry,
    slots: Mutex<HashMap<Slot, OfSlot>>,
}

#[derive(Default)]
struct OfSlot {
    metrics: HashMap<String, Metric>,
    series: HashSet<(String, Vec<String>)>,
}

struct Metric {
    labels: Vec<String>,
    kind: Kind,
}

enum Kind {
    Counter(IntCounterVec),
    Histogram(HistogramVec),
}

/// What a policy adds to a metric.
#[derive(Clone, Copy)]
enum Sample {
    Increment(u64),
    Observe(f64),
}

impl PolicyMetrics {
    /// Metrics are registered there.
    pub fn new(registry: Registry) -> Self {
        Self { registry, slots: Mutex::default() }
    }

    fn record(
        &self,
        slot: Slot,
        name: &str,
        mut labels: Vec<(String, String)>,
        sample: Sample,
    ) -> Result<(), Stop> {
        let good = |name: &str| is_name(name, '_', 48);
        if !good(name)
            || labels.len() > 4
            || !labels.iter().all(|(label, _)| good(label) && label != "service" && label != "le")
        {
            return Err(Stop::other(
                "names must be [a-z][a-z0-9_]{0,47}, with at most 4 labels; service and le are taken",
            ));
        }
        labels.sort();
        let (names, values): (Vec<String>, Vec<String>) =
            labels.into_iter().map(|(name, value)| (name, cut(&value, 64))).unzip();
        let mut slots = self.slots.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let of_slot = slots.entry(slot).or_default();
        let series = (name.to_owned(), values);
        if !of_slot.series.contains(&series) && of_slot.series.len() >= MAX_SERIES {
            return Err(Stop::limit(format!("at most {MAX_SERIES} series for a slot")));
        }
        if !of_slot.metrics.contains_key(name) {
            let metric = self
                .register(slot, name, &names, sample)
                .map_err(|fault| Stop::other(fault.to_string()))?;
            of_slot.metrics.insert(name.to_owned(), metric);
        }
        let misused = || Stop::other("a metric keeps the kind and the labels of its first use");
        let metric = of_slot
            .metrics
            .get(name)
            .filter(|metric| metric.labels == names)
            .ok_or_else(misused)?;
        match (&metric.kind, sample) {
            (Kind::Counter(counter), Sample::Increment(by)) => {
                counter.with_label_values(&series.1).inc_by(by)
            }
            (Kind::Histogram(histogram), Sample::Observe(value)) => {
                histogram.with_label_values(&series.1).observe(value)
            }
            _ => return Err(misused()),
        }
        of_slot.series.insert(series);
        Ok(())
    }

    fn register(
        &self,
        slot: Slot,
        name: &str,
        labels: &[String],
        sample: Sample,
    ) -> Result<Metric, prometheus::Error> {
        let (full, help) = (format!("auth_policy_{slot}_{name}"), "A metric of the policy's own.");
        let label_names: Vec<&str> = labels.iter().map(String::as_str).collect();
        let kind = match sample {
            Sample::Increment(_) => {
                let counter = IntCounterVec::new(Opts::new(full, help), &label_names)?;
                self.registry.register(Box::new(counter.clone()))?;
                Kind::Counter(counter)
            }
            Sample::Observe(_) => {
                let histogram = HistogramVec::new(HistogramOpts::new(full, help), &label_names)?;
                self.registry.register(Box::new(histogram.clone()))?;
                Kind::Histogram(histogram)
            }
        };
        Ok(Metric { labels: labels.to_vec(), kind })
    }
}

impl metrics::Host for CallState {
    fn increment(
        &mut self,
        name: String,
        labels: Vec<(String, String)>,
        by: u64,
    ) -> Result<(), Stop> {
        self.counted()?;
        self.services.policy_metrics.record(
            self.identity.slot,
            &name,
            labels,
            Sample::Increment(by),
        )
    }

    fn observe(
        &mut self,
        name: String,
        labels: Vec<(String, String)>,
        value: f64,
    ) -> Result<(), Stop> {
        self.counted()?;
        if !value.is_finite() {
            return Err(Stop::other("a value must be a finite number"));
        }
        self.services.policy_metrics.record(
            self.identity.slot,
            &name,
            labels,
            Sample::Observe(value),
        )
    }
}
