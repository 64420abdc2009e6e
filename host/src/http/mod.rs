//! HTTP: the route table, and what every request passes on its way to it.

mod body;
mod connection;
mod handlers;
mod observe;
mod openapi;
mod operations;
pub mod server;
mod trace;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;

use crate::app::App;
use crate::error::ApiError;

/// All routes, as a caller sees them.
pub fn router(app: &Arc<App>) -> Router {
    let auth = Router::new()
        .route("/register", post(handlers::register))
        .route("/login", post(handlers::login))
        .route("/refresh", post(handlers::refresh));
    Router::new()
        .nest("/auth", auth.clone())
        .nest("/api/auth", auth)
        .route("/healthz", get(operations::healthz))
        .route("/readyz", get(operations::readyz))
        .route("/metrics", get(operations::metrics))
        .route("/api/auth/metrics", get(operations::metrics))
        .route("/api/auth/openapi.json", get(openapi::document))
        .merge(openapi::swagger_ui())
        .fallback(|| async { ApiError::not_found() })
        .layer(CatchPanicLayer::custom(observe::panicked))
        .layer(from_fn_with_state(Arc::clone(app), observe::observe))
        .with_state(Arc::clone(app))
}
