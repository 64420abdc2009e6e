//! What is counted of policies: how they came to serve, and what their calls took.

use prometheus::{HistogramVec, IntCounterVec, IntGauge, IntGaugeVec};

use super::health::ReleaseHealth;
use crate::contract::Slot;
use crate::metrics::{Meter, MeterError};

/// What is counted of policies.
#[derive(Clone)]
pub struct PolicyMetrics {
    /// Wall-clock time of a policy call, its host calls included, in seconds.
    pub call_duration: HistogramVec,
    /// Processor time of policies, in ticks of 10 ms that a call was seen running in.
    pub cpu_ticks: IntCounterVec,
    /// Memory that a call's instance had at its end, in bytes.
    pub memory: HistogramVec,
    /// Memory charged to the budget of the process, in bytes: what all instances have, and what the
    /// pool keeps between calls.
    pub memory_charged: IntGauge,
    /// Components admitted and refused, by slot and result.
    pub admissions: IntCounterVec,
    /// The active generation: 1, with the policy's name, version and digest as labels.
    pub active: IntGaugeVec,
    /// 1 where what is placed does not serve, by slot and state (`in_admission`, `refused`,
    /// `other_settings`: its own of before, `not_kept`: the registry did not take it, `not_taken`:
    /// the registry has other releases).
    pub placed: IntGaugeVec,
    /// Compiled components by where they came from (`hit`: the cache, `miss`: compiled,
    /// `rejected`: a cache file that was not ours).
    pub cache: IntCounterVec,
    /// How each release does.
    pub releases: ReleaseHealth,
}

/// Buckets in seconds for a call: one that asks nothing takes some microseconds.
const CALL_SECONDS: &[f64] = &[
    0.000_025, 0.000_05, 0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
    0.25, 0.5, 1.0, 2.5,
];

impl PolicyMetrics {
    pub fn new(meter: &Meter) -> Result<Self, MeterError> {
        let memory_bytes = [17, 18, 19, 20, 21, 22, 23, 24].map(|power: i32| 2_f64.powi(power));
        let metrics = Self {
            call_duration: meter.histograms(
                "auth_policy_call_duration_seconds",
                "Time of a policy call with its host calls.",
                &["slot"],
                CALL_SECONDS,
            )?,
            cpu_ticks: meter.counters(
                "auth_policy_cpu_ticks_total",
                "Ticks of 10 ms that policies were seen running in.",
                &["slot"],
            )?,
            memory: meter.histograms(
                "auth_policy_memory_bytes",
                "Memory of a call's instance at its end.",
                &["slot"],
                &memory_bytes,
            )?,
            memory_charged: meter.gauge(
                "auth_policy_memory_charged_bytes",
                "Memory of all policy calls now, and what the pool keeps between them.",
            )?,
            admissions: meter.counters(
                "auth_policy_admissions_total",
                "Components by result of admission.",
                &["slot", "result"],
            )?,
            active: meter.gauges(
                "auth_policy_active_info",
                "The active generation of each slot.",
                &["slot", "policy", "version", "digest", "release"],
            )?,
            placed: meter.gauges(
                "auth_policy_placed_not_serving",
                "1 where what is placed in a slot is not what serves, by why it does not.",
                &["slot", "state"],
            )?,
            cache: meter.counters(
                "auth_policy_cache_total",
                "Compiled components by where they came from.",
                &["result"],
            )?,
            releases: ReleaseHealth::new(meter)?,
        };
        for slot in Slot::ALL {
            for result in ["admitted", "refused"] {
                metrics.admissions.with_label_values(&[slot.as_str(), result]);
            }
        }
        for origin in ["hit", "miss", "rejected"] {
            metrics.cache.with_label_values(&[origin]);
        }
        Ok(metrics)
    }
}
