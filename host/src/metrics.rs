//! Every metric of the host. A field's documentation is the metric's; labels are bounded: methods,
//! route templates, codes, slots.

use prometheus::{
    Encoder as _, Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec,
    IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};

use crate::policy::Slot;
use crate::policy::fault::CAUSES;
use crate::store::DatabaseMetrics;

/// Reasons that dashboards know from the first scrape on.
const REASONS: [&str; 5] =
    ["invalid_credentials", "not_found", "already_exists", "invalid_token", "internal"];

/// The counters of one endpoint.
pub struct Endpoint {
    /// Calls that were answered with tokens.
    pub success: IntCounter,
    /// Calls that were not, by the `code` of the answer.
    pub failed: IntCounterVec,
}

/// All metrics; each carries the label `service="auth"`.
pub struct Metrics {
    registry: Registry,
    /// Requests by method, route template and status.
    pub http_requests: IntCounterVec,
    /// Time from the head of a request to its answer, in seconds.
    pub http_request_duration: HistogramVec,
    /// `POST /auth/register`.
    pub register: Endpoint,
    /// `POST /auth/login`.
    pub login: Endpoint,
    /// `POST /auth/refresh`.
    pub refresh: Endpoint,
    /// Policy calls by slot and outcome (`accepted`, `refused`, `failed`, `fault`).
    pub policy_calls: IntCounterVec,
    /// Calls that a policy spoiled, by slot and cause.
    pub policy_faults: IntCounterVec,
    /// Wall-clock time of a policy call, its host calls included, in seconds.
    pub policy_call_duration: HistogramVec,
    /// Processor time of policies, in ticks of 10 ms that a call was seen running in.
    pub policy_cpu_ticks: IntCounterVec,
    /// Memory that a call's instance had at its end, in bytes.
    pub policy_memory: HistogramVec,
    /// Components admitted and refused, by slot and result.
    pub policy_admissions: IntCounterVec,
    /// The active generation: 1, with the policy's name, version and digest as labels.
    pub policy_active: IntGaugeVec,
    /// Compiled components by where they came from (`hit`: the cache, `miss`: compiled, `rejected`:
    /// a cache file that was not ours).
    pub policy_cache: IntCounterVec,
    /// Log lines of policies that were dropped, beyond the bound of a call.
    pub policy_log_dropped: IntCounterVec,
    /// Hashes that wait for a thread now.
    pub password_hash_queued: IntGauge,
    /// Time that a hash waited for a thread, in seconds.
    pub password_hash_wait: Histogram,
    /// Time that a hash took, in seconds.
    pub password_hash_seconds: Histogram,
    /// Hashes made and verified, by algorithm (`argon2id`, `bcrypt`).
    pub password_hashes: IntCounterVec,
    /// Refresh calls that got the stored answer of the grace window.
    pub refresh_repeats: IntCounter,
    /// Sessions revoked because a replaced refresh token came back.
    pub refresh_reuse: IntCounter,
    /// Refresh tokens of the old service that were accepted.
    pub refresh_legacy: IntCounter,
    /// Events that wait for publication.
    pub outbox_pending: IntGauge,
    /// Age of the oldest event that waits, in seconds.
    pub outbox_oldest_age: Gauge,
    /// Events that were given up and wait for an operator.
    pub outbox_dead: IntGauge,
    /// Events that this replica gave up.
    pub outbox_dead_total: IntCounter,
    /// Publications, by result.
    pub outbox_publish: IntCounterVec,
    /// Time from handing a batch to the sink to its last confirm, in seconds.
    pub outbox_publish_seconds: Histogram,
    /// Time from commit to confirm, in seconds.
    pub outbox_commit_to_ack: Histogram,
    /// Attempts that an event took: one, and one for each failure of its own.
    pub outbox_attempts: Histogram,
    /// Events in a batch.
    pub outbox_batch_size: Histogram,
    /// Events whose lease had ended before they were marked as published.
    pub outbox_leases_lost: IntCounter,
    /// Whether there is a connection to RabbitMQ.
    pub relay_connected: IntGauge,
    /// Whether RabbitMQ blocks publishers.
    pub relay_blocked: IntGauge,
    /// Connections to RabbitMQ that were made.
    pub relay_reconnects: IntCounter,
    /// Times that the queue was gone and was declared again.
    pub relay_topology_mended: IntCounter,
    /// Whether the database answered when it was last asked.
    pub database_up: IntGauge,
    /// What is counted of PostgreSQL.
    pub database: DatabaseMetrics,
    /// Open client connections.
    pub http_connections: IntGauge,
}

impl Metrics {
    /// Registers everything; the series of the contract are there, at 0, before the first event.
    pub fn new() -> Result<Self, prometheus::Error> {
        let labels = [("service".to_owned(), "auth".to_owned())].into();
        let registry = Registry::new_custom(None, Some(labels))?;
        #[cfg(target_os = "linux")]
        registry.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
        let make = Make { registry: &registry };
        let fast =
            &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];
        let tiny = &[
            0.000_025, 0.000_05, 0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
            0.1, 0.25, 0.5, 1.0, 2.5,
        ];
        let memory = [17, 18, 19, 20, 21, 22, 23, 24].map(|power: i32| 2_f64.powi(power));
        let metrics = Self {
            http_requests: make.counters(
                "http_requests_total",
                "Requests by method, route and status.",
                &["method", "path", "status"],
            )?,
            http_request_duration: make.histograms(
                "http_request_duration_seconds",
                "Time to answer a request.",
                &["method", "path"],
                fast,
            )?,
            register: make.endpoint("registers")?,
            login: make.endpoint("logins")?,
            refresh: make.endpoint("refresh")?,
            policy_calls: make.counters(
                "auth_policy_calls_total",
                "Policy calls by slot and outcome.",
                &["slot", "outcome"],
            )?,
            policy_faults: make.counters(
                "auth_policy_faults_total",
                "Calls that a policy spoiled, by cause.",
                &["slot", "cause"],
            )?,
            policy_call_duration: make.histograms(
                "auth_policy_call_duration_seconds",
                "Time of a policy call with its host calls.",
                &["slot"],
                tiny,
            )?,
            policy_cpu_ticks: make.counters(
                "auth_policy_cpu_ticks_total",
                "Ticks of 10 ms that policies were seen running in.",
                &["slot"],
            )?,
            policy_memory: make.histograms(
                "auth_policy_memory_bytes",
                "Memory of a call's instance at its end.",
                &["slot"],
                &memory,
            )?,
            policy_admissions: make.counters(
                "auth_policy_admissions_total",
                "Components by result of admission.",
                &["slot", "result"],
            )?,
            policy_active: make.gauges(
                "auth_policy_active_info",
                "The active generation of each slot.",
                &["slot", "policy", "version", "digest", "generation"],
            )?,
            policy_cache: make.counters(
                "auth_policy_cache_total",
                "Compiled components by where they came from.",
                &["result"],
            )?,
            policy_log_dropped: make.counters(
                "auth_policy_log_dropped_total",
                "Log lines of policies beyond the bound of a call.",
                &["slot"],
            )?,
            password_hash_queued: make
                .gauge("auth_password_hash_queued", "Hashes that wait for a thread now.")?,
            password_hash_wait: make.histogram(
                "auth_password_hash_wait_seconds",
                "Time that a hash waited for a thread.",
                fast,
            )?,
            password_hash_seconds: make.histogram(
                "auth_password_hash_seconds",
                "Time that a hash took.",
                fast,
            )?,
            password_hashes: make.counters(
                "auth_password_hash_total",
                "Hashes made and verified, by algorithm.",
                &["algorithm"],
            )?,
            refresh_repeats: make.counter(
                "auth_refresh_repeats_total",
                "Refreshes that got the stored answer of the grace window.",
            )?,
            refresh_reuse: make.counter(
                "auth_refresh_reuse_detected_total",
                "Sessions revoked because a replaced token came back.",
            )?,
            refresh_legacy: make.counter(
                "auth_refresh_legacy_total",
                "Refresh tokens of the old service that were accepted.",
            )?,
            outbox_pending: make
                .gauge("auth_outbox_pending", "Events that wait for publication.")?,
            outbox_oldest_age: make.float_gauge(
                "auth_outbox_oldest_pending_age_seconds",
                "Age of the oldest event that waits.",
            )?,
            outbox_dead: make
                .gauge("auth_outbox_dead", "Events that were given up and wait for an operator.")?,
            outbox_dead_total: make
                .counter("auth_outbox_dead_total", "Events that this replica gave up.")?,
            outbox_publish: make.counters(
                "auth_outbox_publish_total",
                "Publications, by result.",
                &["result"],
            )?,
            outbox_publish_seconds: make.histogram(
                "auth_outbox_publish_seconds",
                "Time from a batch to its last confirm.",
                fast,
            )?,
            outbox_commit_to_ack: make.histogram(
                "auth_outbox_commit_to_ack_seconds",
                "Time from commit to confirm.",
                fast,
            )?,
            outbox_attempts: make.histogram(
                "auth_outbox_attempts",
                "Attempts that an event took.",
                &[1.0, 2.0, 3.0, 5.0, 10.0],
            )?,
            outbox_batch_size: make.histogram(
                "auth_outbox_batch_size",
                "Events in a batch.",
                &[1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0],
            )?,
            outbox_leases_lost: make.counter(
                "auth_outbox_leases_lost_total",
                "Events whose lease had ended before they were marked as published.",
            )?,
            relay_connected: make
                .gauge("auth_relay_connected", "Whether there is a connection to RabbitMQ.")?,
            relay_blocked: make
                .gauge("auth_relay_blocked", "Whether RabbitMQ blocks publishers.")?,
            relay_reconnects: make.counter(
                "auth_relay_reconnects_total",
                "Connections to RabbitMQ that were made.",
            )?,
            relay_topology_mended: make.counter(
                "auth_relay_topology_mended_total",
                "Times that the queue was gone and was declared again.",
            )?,
            database_up: make.gauge(
                "auth_database_up",
                "Whether the database answered when it was last asked.",
            )?,
            database: DatabaseMetrics {
                acquire: make.histograms(
                    "auth_database_acquire_seconds",
                    "Time to get a connection.",
                    &["pool"],
                    fast,
                )?,
                errors: make.counters(
                    "auth_database_errors_total",
                    "What went wrong with PostgreSQL.",
                    &["kind"],
                )?,
                connections: make.gauges(
                    "auth_database_connections",
                    "Open connections to PostgreSQL.",
                    &["pool", "state"],
                )?,
            },
            http_connections: make.gauge("auth_http_connections", "Open client connections.")?,
            registry,
        };
        metrics.start_from_zero();
        Ok(metrics)
    }

    /// The counters of a slot's endpoint.
    pub fn endpoint(&self, slot: Slot) -> &Endpoint {
        match slot {
            Slot::Register => &self.register,
            Slot::Login => &self.login,
            Slot::Refresh => &self.refresh,
        }
    }

    /// All metrics in Prometheus' text format.
    pub fn render(&self) -> Result<Vec<u8>, prometheus::Error> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }

    /// Where policies' own metrics are registered.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    fn start_from_zero(&self) {
        for slot in Slot::ALL {
            for reason in REASONS {
                self.endpoint(slot).failed.with_label_values(&[reason]);
            }
            for path in [format!("/auth/{slot}"), format!("/api/auth/{slot}")] {
                self.http_request_duration.with_label_values(&["POST", path.as_str()]);
                for status in ["200", "400", "401", "409", "429", "500", "503"] {
                    self.http_requests.with_label_values(&["POST", path.as_str(), status]);
                }
            }
            for outcome in ["accepted", "refused", "failed", "fault"] {
                self.policy_calls.with_label_values(&[slot.as_str(), outcome]);
            }
            for cause in CAUSES {
                self.policy_faults.with_label_values(&[slot.as_str(), cause]);
            }
            for result in ["admitted", "refused"] {
                self.policy_admissions.with_label_values(&[slot.as_str(), result]);
            }
        }
        for origin in ["hit", "miss", "rejected"] {
            self.policy_cache.with_label_values(&[origin]);
        }
        for algorithm in ["argon2id", "bcrypt"] {
            self.password_hashes.with_label_values(&[algorithm]);
        }
        for result in ["ack", "nack", "returned", "timeout", "error"] {
            self.outbox_publish.with_label_values(&[result]);
        }
        for kind in ["unavailable", "timeout", "outcome_unknown"] {
            self.database.errors.with_label_values(&[kind]);
        }
        for pool in ["requests", "background"] {
            self.database.acquire.with_label_values(&[pool]);
            for state in ["idle", "used"] {
                self.database.connections.with_label_values(&[pool, state]);
            }
        }
    }
}

struct Make<'a> {
    registry: &'a Registry,
}

impl Make<'_> {
    fn add<C: prometheus::core::Collector + Clone + 'static>(
        &self,
        collector: C,
    ) -> Result<C, prometheus::Error> {
        self.registry.register(Box::new(collector.clone()))?;
        Ok(collector)
    }

    fn counter(&self, name: &str, help: &str) -> Result<IntCounter, prometheus::Error> {
        self.add(IntCounter::new(name, help)?)
    }

    fn counters(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntCounterVec, prometheus::Error> {
        self.add(IntCounterVec::new(Opts::new(name, help), labels)?)
    }

    fn gauge(&self, name: &str, help: &str) -> Result<IntGauge, prometheus::Error> {
        self.add(IntGauge::new(name, help)?)
    }

    fn float_gauge(&self, name: &str, help: &str) -> Result<Gauge, prometheus::Error> {
        self.add(Gauge::new(name, help)?)
    }

    fn gauges(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntGaugeVec, prometheus::Error> {
        self.add(IntGaugeVec::new(Opts::new(name, help), labels)?)
    }

    fn histogram(
        &self,
        name: &str,
        help: &str,
        buckets: &[f64],
    ) -> Result<Histogram, prometheus::Error> {
        self.add(Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec()))?)
    }

    fn histograms(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
        buckets: &[f64],
    ) -> Result<HistogramVec, prometheus::Error> {
        self.add(HistogramVec::new(
            HistogramOpts::new(name, help).buckets(buckets.to_vec()),
            labels,
        )?)
    }

    fn endpoint(&self, name: &str) -> Result<Endpoint, prometheus::Error> {
        Ok(Endpoint {
            success: self.counter(
                &format!("auth_{name}_success_total"),
                "Calls that were answered with tokens.",
            )?,
            failed: self.counters(
                &format!("auth_{name}_failed_total"),
                "Calls that were not, by the code of the answer.",
                &["reason"],
            )?,
        })
    }
}
