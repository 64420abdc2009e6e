//! `GET /api/auth/openapi.json`, and Swagger UI, which reads it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::Value;
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::{health, login, metrics, refresh, register};
use crate::http::openapi::{self, Operation};
use crate::policy::serving::Generations;

/// The endpoints, in the order in which they are shown.
const OPERATIONS: [&Operation; 6] = [
    &register::OPERATION,
    &login::OPERATION,
    &refresh::OPERATION,
    &health::ALIVE,
    &health::READY,
    &metrics::OPERATION,
];

/// What the document is made from.
pub(super) struct Documents {
    pub(super) generations: Arc<Generations>,
}

pub(super) async fn answer(State(documents): State<Arc<Documents>>) -> Json<Value> {
    Json(openapi::document(&OPERATIONS, |slot| {
        documents.generations.current(slot).map(|generation| generation.identity.manifest.clone())
    }))
}

/// Swagger UI at `/api/auth/swagger/`.
pub(super) fn swagger_ui() -> SwaggerUi {
    SwaggerUi::new("/api/auth/swagger").config(Config::from("/api/auth/openapi.json"))
}
