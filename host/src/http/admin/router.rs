//! The route table of the admin listener.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state, map_response};
use axum::routing::{get, post, put};
use tower_http::catch_panic::CatchPanicLayer;

use super::endpoint::{self, Endpoint};
use super::{
    component_get, component_put, deployment_begin, deployment_cancel, deployment_show, documents,
    freeze, grants, health, history, host, prune, release_add, release_show, releases, rollback,
    rollout_change, rollout_show, signatures, status, unfreeze,
};
use crate::administration::{Access, Administration};
use crate::errors::{ApiError, catalogue};
use crate::http::body::Bodies;
use crate::http::held::HeldBytes;
use crate::http::observe::{self, Observing};
use crate::http::server::{ServerPaths, refuse_if_full};

/// The most bytes of a JSON body: settings may be long.
const MOST_JSON: usize = 1024 * 1024;

/// What the admin endpoints work with.
pub struct Admin {
    /// Answers what people ask of the registry.
    pub administration: Arc<Administration>,
    /// Says who is let in.
    pub access: Access,
    /// What every request passes.
    pub observing: Observing,
    /// How long a JSON body may take to arrive.
    pub body_limit: Duration,
    /// How long the bytes of a component may take to arrive.
    pub upload_limit: Duration,
}

impl Admin {
    /// Routes that machines ask all the time.
    pub const QUIET: &[&str] = &["/healthz"];
    /// Among them is what is answered when there is no place for others.
    pub const PATHS: ServerPaths =
        ServerPaths { free: &["/healthz"], spare: &["/healthz"], alone: &[] };
    /// Where the files of Swagger UI are.
    pub const FOLDED: &[&str] = &["/swagger"];
    /// What is read of a body after its answer: more than a component may have, so that who sends
    /// one that is too large sees why it is not taken.
    pub const MOST_LEFT: usize = 64 * 1024 * 1024;

    /// All routes.
    pub fn router(self) -> Router {
        let endpoint = Arc::new(Endpoint {
            administration: self.administration,
            access: self.access,
            bodies: Bodies { time: self.body_limit, most: MOST_JSON, held: HeldBytes::new() },
            upload_limit: self.upload_limit,
        });
        let v1 = Router::new()
            .route("/host", get(host::answer))
            .route("/status", get(status::answer))
            .route("/releases", get(releases::answer).post(release_add::answer))
            .route("/releases/{place}/{number}", get(release_show::answer))
            .route("/components/{digest}", get(component_get::answer).put(component_put::answer))
            .route("/components/{digest}/signatures", get(signatures::show).post(signatures::add))
            .route("/deployments", post(deployment_begin::answer))
            .route(
                "/deployments/{id}",
                get(deployment_show::answer).delete(deployment_cancel::answer),
            )
            .route("/places/{place}/rollback", post(rollback::answer))
            .route("/places/{place}/rollout", get(rollout_show::answer))
            .route("/places/{place}/rollout/pause", post(rollout_change::pause))
            .route("/places/{place}/rollout/resume", post(rollout_change::resume))
            .route("/places/{place}/rollout/promote", post(rollout_change::promote))
            .route("/places/{place}/rollout/abort", post(rollout_change::abort))
            .route("/places/{place}/grants", get(grants::show).post(grants::change))
            .route("/places/{place}/freeze", put(freeze::answer).delete(unfreeze::answer))
            .route("/history", get(history::answer))
            .route("/prune", post(prune::answer))
            .layer(map_response(endpoint::finish))
            .with_state(endpoint);
        Router::new()
            .nest("/v1", v1)
            .route("/healthz", get(health::alive))
            .route("/openapi.json", get(documents::answer).with_state(documents::document()))
            .merge(documents::swagger_ui())
            .fallback(|| async { ApiError::from(catalogue::NOT_FOUND) })
            .layer(map_response(documents::guard))
            .layer(CatchPanicLayer::custom(observe::panicked))
            .layer(from_fn(refuse_if_full))
            .layer(from_fn_with_state(Arc::new(self.observing), observe::observe))
    }
}
