//! `GET /api/auth/openapi.json`, and Swagger UI, which reads it.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::{health, login, metrics, refresh, register};
use crate::contract::Slot;
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
    generations: Arc<Generations>,
    /// As it was last made: all who read it share it, however slowly they do.
    made: Mutex<Option<(Numbers, Bytes)>>,
}

/// The numbers of the generations that a document tells of.
type Numbers = [Option<u64>; 3];

impl Documents {
    pub(super) fn new(generations: Arc<Generations>) -> Self {
        Self { generations, made: Mutex::new(None) }
    }

    /// The document of what serves now.
    fn current(&self) -> Bytes {
        let serving = Slot::ALL.map(|slot| self.generations.current(slot));
        let numbers = serving.each_ref().map(|one| one.as_ref().map(|one| one.identity.release));
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, document)) = &*made
            && *of == numbers
        {
            return document.clone();
        }
        let document = openapi::document(&OPERATIONS, |slot| {
            let of_slot = serving.iter().flatten().find(|one| one.identity.slot == slot);
            of_slot.map(|generation| generation.identity.manifest.clone())
        });
        let document = Bytes::from(document.to_string());
        *made = Some((numbers, document.clone()));
        document
    }
}

pub(super) async fn answer(State(documents): State<Arc<Documents>>) -> Response {
    ([(CONTENT_TYPE, "application/json")], documents.current()).into_response()
}

/// Swagger UI at `/api/auth/swagger/`. Its files are part of the program, and all share them.
pub(super) fn swagger_ui() -> SwaggerUi {
    SwaggerUi::new("/api/auth/swagger").config(Config::from("/api/auth/openapi.json"))
}
