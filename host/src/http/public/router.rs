//! The route table of the public listener.

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;

use super::documents::Documents;
use super::endpoint::Endpoint;
use super::health::Health;
use super::metrics::Scrape;
use super::{documents, health, login, metrics, refresh, register};
use crate::decisions::Decisions;
use crate::errors::{ApiError, catalogue};
use crate::http::body::{Bodies, MAX_BODY};
use crate::http::held::HeldBytes;
use crate::http::metrics::{EndpointMetrics, HttpMetrics};
use crate::http::observe::{self, Observing};
use crate::http::server::{ServerPaths, refuse_if_full};
use crate::metrics::{Meter, MeterError};
use crate::policy::serving::Generations;

/// What the public endpoints work with.
pub struct Public {
    /// Answer registrations, logins and refreshes.
    pub decisions: Arc<Decisions>,
    /// Their manifests are part of the documentation.
    pub generations: Arc<Generations>,
    /// Whether the service should get requests.
    pub health: Arc<Health>,
    pub meter: Meter,
    /// Sets the metrics that are only looked at when somebody asks.
    pub measure: Box<dyn Fn() + Send + Sync>,
    /// What every request passes.
    pub observing: Observing,
    /// How long the body of a request may take to arrive.
    pub body_limit: std::time::Duration,
}

impl Public {
    /// Routes that machines ask all the time.
    pub const QUIET: &[&str] = &["/healthz", "/readyz", "/metrics", "/api/auth/metrics"];
    /// Among them is what is answered when there is no place for others. Refreshes come alone: the
    /// gateway opens a connection for each, and leaves it idle.
    pub const PATHS: ServerPaths = ServerPaths {
        free: &["/healthz"],
        spare: Self::QUIET,
        alone: &["/auth/refresh", "/api/auth/refresh"],
    };
    /// Where the files of Swagger UI are.
    pub const FOLDED: &[&str] = &["/api/auth/swagger"];

    /// All routes, as a caller sees them.
    pub fn router(self) -> Result<Router, MeterError> {
        let http = self.observing.metrics.clone();
        let bodies =
            Arc::new(Bodies { time: self.body_limit, most: MAX_BODY, held: HeldBytes::new() });
        let endpoint = |operation, name| self.endpoint(operation, name, &http, &bodies);
        let auth = Router::new()
            .route(
                "/register",
                post(register::answer).with_state(endpoint("register", "registers")?),
            )
            .route("/login", post(login::answer).with_state(endpoint("login", "logins")?))
            .route("/refresh", post(refresh::answer).with_state(endpoint("refresh", "refresh")?));
        let scrape =
            Arc::new(Scrape { meter: self.meter, measure: self.measure, held: HeldBytes::new() });
        let documents = Arc::new(Documents::new(self.generations));
        Ok(Router::new()
            .nest("/auth", auth.clone())
            .nest("/api/auth", auth)
            .route("/healthz", get(health::alive))
            .route("/readyz", get(health::ready).with_state(self.health))
            .route("/metrics", get(metrics::answer).with_state(Arc::clone(&scrape)))
            .route("/api/auth/metrics", get(metrics::answer).with_state(scrape))
            .route("/api/auth/openapi.json", get(documents::answer).with_state(documents))
            .merge(documents::swagger_ui())
            .fallback(|| async { ApiError::from(catalogue::NOT_FOUND) })
            .layer(CatchPanicLayer::custom(observe::panicked))
            .layer(from_fn(refuse_if_full))
            .layer(from_fn_with_state(Arc::new(self.observing), observe::observe)))
    }

    /// What an endpoint works with; its series are there before its first request.
    fn endpoint(
        &self,
        route: &str,
        name: &str,
        http: &HttpMetrics,
        bodies: &Arc<Bodies>,
    ) -> Result<Arc<Endpoint>, MeterError> {
        for prefix in ["/auth", "/api/auth"] {
            http.expect_post(&format!("{prefix}/{route}"));
        }
        Ok(Arc::new(Endpoint {
            decisions: Arc::clone(&self.decisions),
            metrics: EndpointMetrics::new(&self.meter, name)?,
            bodies: Arc::clone(bodies),
        }))
    }
}
