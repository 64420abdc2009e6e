//! Metrics: every part has a struct of its own, made with this meter at its start. Labels are
//! bounded: methods, route templates, codes, slots.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus::core::Collector;
use prometheus::{
    Encoder as _, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter,
    IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};

/// Buckets in seconds for what a caller waits for.
pub const SECONDS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

/// What a histogram's lines in a scrape are called, beside its own name.
const OF_A_HISTOGRAM: [&str; 3] = ["_bucket", "_sum", "_count"];

/// Makes metrics; each carries the label `service="auth"`. No two of them share a name of a line:
/// a histogram owns its `_bucket`, `_sum` and `_count`, which the registry does not know of.
#[derive(Debug, Clone)]
pub struct Meter {
    registry: Registry,
    taken: Arc<Mutex<HashSet<String>>>,
}

/// Why a metric cannot be made: its name is not valid, or taken.
pub type MeterError = prometheus::Error;

impl Meter {
    /// With the metrics of the process itself.
    pub fn new() -> Result<Self, MeterError> {
        let labels = [("service".to_owned(), "auth".to_owned())].into();
        let registry = Registry::new_custom(None, Some(labels))?;
        #[cfg(target_os = "linux")]
        registry.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
        Ok(Self { registry, taken: Arc::default() })
    }

    /// All metrics in Prometheus' text format.
    pub fn render(&self) -> Result<Vec<u8>, MeterError> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }

    /// Registers a metric; the names of its lines must be free.
    fn add<C: Collector + Clone + 'static>(
        &self,
        suffixes: &[&str],
        collector: C,
    ) -> Result<C, MeterError> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let names: Vec<String> = collector
            .desc()
            .iter()
            .flat_map(|metric| suffixes.iter().map(|suffix| format!("{}{suffix}", metric.fq_name)))
            .collect();
        if let Some(name) = names.iter().find(|name| taken.contains(*name)) {
            return Err(MeterError::Msg(format!("another metric has lines named {name}")));
        }
        self.registry.register(Box::new(collector.clone()))?;
        taken.extend(names);
        Ok(collector)
    }

    /// One of a single line that exists already, such as one that counts before there is a meter.
    pub fn add_line<C: Collector + Clone + 'static>(&self, collector: C) -> Result<C, MeterError> {
        self.add(&[""], collector)
    }

    fn add_histogram<C: Collector + Clone + 'static>(&self, collector: C) -> Result<C, MeterError> {
        let [bucket, sum, count] = OF_A_HISTOGRAM;
        self.add(&["", bucket, sum, count], collector)
    }

    /// Counts up.
    pub fn counter(&self, name: &str, help: &str) -> Result<IntCounter, MeterError> {
        self.add_line(IntCounter::new(name, help)?)
    }

    pub fn counters(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntCounterVec, MeterError> {
        self.add_line(IntCounterVec::new(Opts::new(name, help), labels)?)
    }

    /// A whole number that goes up and down.
    pub fn gauge(&self, name: &str, help: &str) -> Result<IntGauge, MeterError> {
        self.add_line(IntGauge::new(name, help)?)
    }

    /// A number that goes up and down.
    pub fn float_gauge(&self, name: &str, help: &str) -> Result<Gauge, MeterError> {
        self.add_line(Gauge::new(name, help)?)
    }

    pub fn gauges(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntGaugeVec, MeterError> {
        self.add_line(IntGaugeVec::new(Opts::new(name, help), labels)?)
    }

    /// A number that goes up and down, of each.
    pub fn float_gauges(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<GaugeVec, MeterError> {
        self.add_line(GaugeVec::new(Opts::new(name, help), labels)?)
    }

    /// How values are spread over buckets.
    pub fn histogram(
        &self,
        name: &str,
        help: &str,
        buckets: &[f64],
    ) -> Result<Histogram, MeterError> {
        self.add_histogram(Histogram::with_opts(
            HistogramOpts::new(name, help).buckets(buckets.to_vec()),
        )?)
    }

    pub fn histograms(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
        buckets: &[f64],
    ) -> Result<HistogramVec, MeterError> {
        self.add_histogram(HistogramVec::new(
            HistogramOpts::new(name, help).buckets(buckets.to_vec()),
            labels,
        )?)
    }
}

#[cfg(test)]
mod tests {
    use super::Meter;

    #[test]
    fn the_lines_of_a_histogram_are_its_own_whichever_comes_first() {
        let meter = Meter::new().unwrap();
        meter.histogram("first", "A histogram.", &[1.0]).unwrap();
        meter.counter("second_sum", "A counter.").unwrap();
        for name in ["first", "first_bucket", "first_sum", "first_count"] {
            meter.counter(name, "A counter.").unwrap_err();
            meter.gauges(name, "A gauge.", &["label"]).unwrap_err();
        }
        meter.histogram("second", "A histogram.", &[1.0]).unwrap_err();
        meter.histograms("first_sum", "A histogram.", &["label"], &[1.0]).unwrap_err();
        meter.counter("first_total", "A counter.").unwrap();
    }
}
