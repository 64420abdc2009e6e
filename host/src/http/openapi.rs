//! The OpenAPI document: the host's part is written here; the request schemas and the refusals come
//! from the manifests of the policies that serve now, so that a swap changes the document.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use utoipa::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::app::App;
use crate::capabilities::Field;
use crate::error::ErrorBody;
use crate::policy::Slot;
use crate::policy::manifest::Manifest;
use crate::tokens::TokenPair;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "auth-host",
        description = "Registers users, logs them in and refreshes their tokens. What each endpoint takes and refuses is up to the policy that serves it now."
    ),
    components(schemas(TokenPair, ErrorBody, Field))
)]
struct Document;

/// Swagger UI at `/api/auth/swagger/`; it reads the document above.
pub(super) fn swagger_ui() -> SwaggerUi {
    SwaggerUi::new("/api/auth/swagger").config(Config::from("/api/auth/openapi.json"))
}

/// The document as of now.
pub(super) async fn document(State(app): State<Arc<App>>) -> Json<Value> {
    let mut document = serde_json::to_value(Document::openapi()).unwrap_or_default();
    for slot in Slot::ALL {
        let generation = app.generations.current(slot);
        document["paths"][format!("/api/auth/{slot}")] = json!({ "post": operation(slot, generation.as_deref().map(|generation| &generation.identity.manifest)) });
    }
    document["paths"]["/healthz"] = get("Whether the process lives", &[("200", "It does")]);
    document["paths"]["/readyz"] = get(
        "Whether it should get requests, and which policies serve",
        &[("200", "It should"), ("503", "It should not; `reasons` says why")],
    );
    document["paths"]["/api/auth/metrics"] =
        get("Metrics in Prometheus' text format", &[("200", "The metrics")]);
    Json(document)
}

fn get(summary: &str, answers: &[(&str, &str)]) -> Value {
    let responses: serde_json::Map<_, _> = answers
        .iter()
        .map(|(status, text)| ((*status).to_owned(), json!({ "description": text })))
        .collect();
    json!({ "get": { "tags": ["operations"], "summary": summary, "responses": responses } })
}

fn operation(slot: Slot, manifest: Option<&Manifest>) -> Value {
    let mut responses = serde_json::Map::new();
    responses.insert(
        "200".into(),
        json!({
            "description": "The tokens",
            "content": { "application/json": { "schema": { "$ref": "#/components/schemas/TokenPair" } } },
        }),
    );
    for (status, texts) in failures(slot, manifest) {
        let mut answer = json!({
            "description": texts.join("; "),
            "content": { "application/json": { "schema": { "$ref": "#/components/schemas/ErrorBody" } } },
        });
        if status == 429 || status == 503 {
            answer["headers"] = json!({ "Retry-After": { "description": "Seconds after which to try again", "schema": { "type": "integer" } } });
        }
        responses.insert(status.to_string(), answer);
    }
    let schema = manifest.map_or_else(
        || json!({ "type": "object" }),
        |manifest| Value::Object(manifest.request.clone()),
    );
    json!({
        "tags": ["auth"],
        "operationId": slot,
        "summary": match slot {
            Slot::Register => "Create an account",
            Slot::Login => "Log in",
            Slot::Refresh => "Replace a refresh token, and get a new access token",
        },
        "description": manifest.map(|manifest| format!("{} (policy `{}` {})", manifest.description, manifest.name, manifest.version)).unwrap_or_default(),
        "requestBody": { "required": true, "content": { "application/json": { "schema": schema } } },
        "responses": responses,
    })
}

/// Every status that is not 200, with what it means here: the host's own answers, and the policy's
/// refusals.
fn failures(slot: Slot, manifest: Option<&Manifest>) -> BTreeMap<u16, Vec<String>> {
    let mut failures: BTreeMap<u16, Vec<String>> = BTreeMap::new();
    let mut add = |status: u16, text: String| failures.entry(status).or_default().push(text);
    for (status, code, text) in [
        (400, "malformed_json", "the body is not a JSON object, or was not received whole"),
        (400, "missing_field", "a required member is missing"),
        (400, "wrong_type", "a required member is not a string"),
        (400, "duplicate_key", "a member is given twice"),
        (408, "timeout", "the request did not arrive in time"),
        (413, "body_too_large", "more than 64 KiB"),
        (415, "unsupported_media_type", "not application/json"),
        (500, "internal", "something is broken"),
        (503, "unavailable", "not able to serve now"),
        (503, "busy", "too many requests at the moment"),
        (503, "timeout", "it took too long"),
        (503, "policy_fault", "the policy came to no decision"),
        (503, "no_policy", "no policy serves"),
        (503, "conflict", "another request was first"),
    ] {
        add(status, format!("`{code}`: {text}"));
    }
    match slot {
        Slot::Register => add(409, "`already_exists`: user already registered".into()),
        Slot::Login => add(401, "`invalid_credentials`: invalid email or password".into()),
        Slot::Refresh => add(401, "`invalid_token`: invalid or expired refresh token".into()),
    }
    for (code, refusal) in manifest.into_iter().flat_map(|manifest| &manifest.refusals) {
        if slot == Slot::Login && code == "invalid_credentials" {
            continue;
        }
        add(
            refusal.status.unwrap_or_else(|| slot.default_refusal_status()),
            format!("`{code}`: {}", refusal.description),
        );
    }
    failures
}
