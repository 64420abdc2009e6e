//! `metrics`: the series that policies have made, their number and names bounded.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use prometheus::{HistogramVec, IntCounterVec};

use crate::capabilities::forms::cut;
use crate::contract::names::is_name;
use crate::contract::{MetricLimits, PerSlot, Slot, TrappableFailure};
use crate::metrics::Meter;

/// The metrics that policies have made so far. They outlive generations: a metric keeps its kind
/// and its labels until the host restarts.
pub struct PolicySeries {
    meter: Meter,
    slots: PerSlot<Mutex<OfSlot>>,
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
pub enum Sample {
    /// Adds to a counter.
    Increment(u64),
    /// Adds to a histogram; seconds for times, bytes for sizes.
    Observe(f64),
}

impl PolicySeries {
    /// Metrics are registered there.
    pub fn new(meter: Meter) -> Self {
        Self { meter, slots: PerSlot::default() }
    }

    pub(crate) fn record(
        &self,
        slot: Slot,
        name: &str,
        labels: Vec<(String, String)>,
        sample: Sample,
        limits: &MetricLimits,
    ) -> Result<(), TrappableFailure> {
        check(name, &labels, sample, limits)?;
        let (names, values) = sorted(labels, limits);
        let mut of_slot = self.slots.get(slot).lock().unwrap_or_else(PoisonError::into_inner);
        let series = (name.to_owned(), values);
        if !of_slot.series.contains(&series) && of_slot.series.len() >= limits.series {
            return Err(too_many_series(limits));
        }
        if !of_slot.metrics.contains_key(name) {
            let metric = self.register(slot, name, &names, sample).map_err(|error| {
                TrappableFailure::other(format!("{error}; choose another name"))
            })?;
            of_slot.metrics.insert(name.to_owned(), metric);
        }
        let metric = of_slot.metrics.get(name).filter(|metric| metric.labels == names);
        match (metric.map(|metric| &metric.kind), sample) {
            (Some(Kind::Counter(counter)), Sample::Increment(by)) => {
                let counter = counter.with_label_values(&series.1);
                // A counter that overflows begins anew, which is a restart to those who read it.
                if counter.get().saturating_add(by) > limits.most {
                    return Err(TrappableFailure::limit(format!(
                        "a counter of at most {}",
                        limits.most
                    )));
                }
                counter.inc_by(by);
            }
            (Some(Kind::Histogram(histogram)), Sample::Observe(value)) => {
                histogram.with_label_values(&series.1).observe(value);
            }
            _ => return Err(other_kind()),
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
                Kind::Counter(self.meter.counters(&full, help, &label_names)?)
            }
            Sample::Observe(_) => Kind::Histogram(self.meter.histograms(
                &full,
                help,
                &label_names,
                prometheus::DEFAULT_BUCKETS,
            )?),
        };
        Ok(Metric { labels: labels.to_vec(), kind })
    }
}

/// For shadows: what [`PolicySeries::record`] would answer about the names and the value alone.
/// What series there are is not asked: the lock on them is one that real calls need.
pub fn check(
    name: &str,
    labels: &[(String, String)],
    sample: Sample,
    limits: &MetricLimits,
) -> Result<(), TrappableFailure> {
    check_names(name, labels, limits)?;
    check_value(sample, limits)
}

fn too_many_series(limits: &MetricLimits) -> TrappableFailure {
    TrappableFailure::limit(format!("at most {} series for a slot", limits.series))
}

fn other_kind() -> TrappableFailure {
    TrappableFailure::other("a metric keeps the kind and the labels of its first use")
}

fn check_names(
    name: &str,
    labels: &[(String, String)],
    limits: &MetricLimits,
) -> Result<(), TrappableFailure> {
    let good = |name: &str| is_name(name, '_', limits.name_bytes);
    // Each series of the host has `service`, each bucket of a histogram `le`.
    let free = |label: &str| label != "service" && label != "le";
    let once = |label: &str| labels.iter().filter(|(other, _)| other == label).count() == 1;
    let fits = good(name)
        && labels.len() <= limits.labels
        && labels.iter().all(|(label, _)| good(label) && free(label) && once(label));
    if fits {
        return Ok(());
    }
    Err(TrappableFailure::other(format!(
        "names must be [a-z][a-z0-9_]{{0,{}}}, with at most {} labels, each once; service and le \
         are taken",
        limits.name_bytes - 1,
        limits.labels
    )))
}

/// A sum that is no number any more would stay so until the host restarts.
fn check_value(sample: Sample, limits: &MetricLimits) -> Result<(), TrappableFailure> {
    #[expect(clippy::cast_precision_loss, reason = "a power of two")]
    let most = limits.most as f64;
    match sample {
        Sample::Observe(value) if !(0.0..=most).contains(&value) => {
            Err(TrappableFailure::other(format!("an observed value must be from 0 to {most}")))
        }
        // Refused before a series is made for it, which would be there without being counted.
        Sample::Increment(by) if by > limits.most => {
            Err(TrappableFailure::limit(format!("a counter of at most {}", limits.most)))
        }
        _ => Ok(()),
    }
}

/// Names and values, in an order that does not depend on how the policy gave them.
fn sorted(mut labels: Vec<(String, String)>, limits: &MetricLimits) -> (Vec<String>, Vec<String>) {
    labels.sort();
    labels.into_iter().map(|(name, value)| (name, cut(&value, limits.value_characters))).unzip()
}
