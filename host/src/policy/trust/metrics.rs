//! What is told of the trusted keys.

use prometheus::{IntGauge, IntGaugeVec};

use crate::metrics::{Meter, MeterError};

/// What is told of the trusted keys.
pub struct TrustMetrics {
    /// Keys of the file by state: `good`, `ended`, `withdrawn`.
    pub keys: IntGaugeVec,
    /// 1 while the file cannot be read, and no key counts.
    pub unreadable: IntGauge,
}

impl TrustMetrics {
    pub fn new(meter: &Meter) -> Result<Self, MeterError> {
        Ok(Self {
            keys: meter.gauges(
                "auth_policy_trusted_keys",
                "Keys that may sign policies, by whether they count.",
                &["state"],
            )?,
            unreadable: meter.gauge(
                "auth_policy_trusted_keys_unreadable",
                "1 while the file of trusted keys cannot be read, and no key counts.",
            )?,
        })
    }
}
