//! Metrics: every part has a struct of its own, made with this meter at its start. Labels are
//! bounded: methods, route templates, codes, slots.

use prometheus::{
    Encoder as _, Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec,
    IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};

/// Buckets in seconds for what a caller waits for.
pub const SECONDS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

/// Makes metrics; each carries the label `service="auth"`.
#[derive(Debug, Clone)]
pub struct Meter {
    registry: Registry,
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
        Ok(Self { registry })
    }

    /// All metrics in Prometheus' text format.
    pub fn render(&self) -> Result<Vec<u8>, MeterError> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }

    /// Registers a metric; its name must be free.
    pub fn add<C: prometheus::core::Collector + Clone + 'static>(
        &self,
        collector: C,
    ) -> Result<C, MeterError> {
        self.registry.register(Box::new(collector.clone()))?;
        Ok(collector)
    }

    /// Counts up.
    pub fn counter(&self, name: &str, help: &str) -> Result<IntCounter, MeterError> {
        self.add(IntCounter::new(name, help)?)
    }

    pub fn counters(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntCounterVec, MeterError> {
        self.add(IntCounterVec::new(Opts::new(name, help), labels)?)
    }

    /// A whole number that goes up and down.
    pub fn gauge(&self, name: &str, help: &str) -> Result<IntGauge, MeterError> {
        self.add(IntGauge::new(name, help)?)
    }

    /// A number that goes up and down.
    pub fn float_gauge(&self, name: &str, help: &str) -> Result<Gauge, MeterError> {
        self.add(Gauge::new(name, help)?)
    }

    pub fn gauges(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntGaugeVec, MeterError> {
        self.add(IntGaugeVec::new(Opts::new(name, help), labels)?)
    }

    /// How values are spread over buckets.
    pub fn histogram(
        &self,
        name: &str,
        help: &str,
        buckets: &[f64],
    ) -> Result<Histogram, MeterError> {
        self.add(Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec()))?)
    }

    pub fn histograms(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
        buckets: &[f64],
    ) -> Result<HistogramVec, MeterError> {
        self.add(HistogramVec::new(
            HistogramOpts::new(name, help).buckets(buckets.to_vec()),
            labels,
        )?)
    }
}
