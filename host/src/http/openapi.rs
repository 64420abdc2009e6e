//! The `OpenAPI` document. Each endpoint describes itself beside its handler ([`Operation`]); the
//! request schemas and the refusals come from the manifests of the policies that serve now, so that
//! a swap changes the document.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use crate::contract::{Manifest, Slot};
use crate::errors::{ErrorBody, ErrorCode, Field};
use crate::tokens::TokenPair;

/// What the document says of an endpoint, before a policy adds to it.
#[derive(Debug, Clone)]
pub struct Operation {
    /// In lower case.
    pub method: &'static str,
    /// As callers see it.
    pub path: &'static str,
    /// The heading under which Swagger UI shows it.
    pub tag: &'static str,
    /// In one line.
    pub summary: &'static str,
    /// What it answers besides errors: statuses, and what each means.
    pub answers: &'static [(u16, &'static str)],
    /// The schema of these answers, one of the document's components.
    pub schema: Option<&'static str>,
    /// The codes of the host's own errors.
    pub errors: &'static [&'static [ErrorCode]],
    /// The slot whose policy decides; its manifest says what the request holds.
    pub slot: Option<Slot>,
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "auth-host",
        description = "Registers users, logs them in and refreshes their tokens. What each \
                       endpoint takes and refuses is up to the policy that serves it now."
    ),
    components(schemas(TokenPair, ErrorBody, Field))
)]
struct Document;

/// The document as of now; `manifest` gives what a slot's policy says of itself.
pub(super) fn document(
    operations: &[&Operation],
    manifest: impl Fn(Slot) -> Option<Manifest>,
) -> Value {
    let mut document = serde_json::to_value(Document::openapi()).unwrap_or_default();
    for operation in operations {
        let described = match operation.slot {
            Some(slot) => decided(operation, slot, manifest(slot).as_ref()),
            None => plain(operation),
        };
        document["paths"][operation.path][operation.method] = described;
    }
    document
}

fn plain(operation: &Operation) -> Value {
    json!({
        "tags": [operation.tag],
        "summary": operation.summary,
        "responses": plain_responses(operation),
    })
}

/// An endpoint whose answer is up to a policy.
fn decided(operation: &Operation, slot: Slot, manifest: Option<&Manifest>) -> Value {
    let schema = manifest.map_or_else(
        || json!({ "type": "object" }),
        |manifest| Value::Object(manifest.request.clone()),
    );
    let description = manifest.map(|manifest| {
        let Manifest { description, name, version, .. } = manifest;
        format!("{description} (policy `{name}` {version})")
    });
    json!({
        "tags": [operation.tag],
        "operationId": slot,
        "summary": operation.summary,
        "description": description.unwrap_or_default(),
        "requestBody": {
            "required": true,
            "content": { "application/json": { "schema": schema } },
        },
        "responses": responses(operation, Some(slot), manifest),
    })
}

/// What an endpoint answers that no policy decides.
pub(super) fn plain_responses(operation: &Operation) -> Map<String, Value> {
    responses(operation, None, None)
}

fn responses(
    operation: &Operation,
    slot: Option<Slot>,
    manifest: Option<&Manifest>,
) -> Map<String, Value> {
    let mut responses = Map::new();
    for (status, text) in operation.answers {
        let plain = || json!({ "description": text });
        let answer = operation.schema.map_or_else(plain, |schema| with_schema(text, schema));
        responses.insert(status.to_string(), answer);
    }
    for (status, texts) in errors(operation, slot, manifest) {
        let mut answer = with_schema(&texts.join("; "), "ErrorBody");
        if status == 429 || status == 503 {
            answer["headers"] = json!({ "Retry-After": {
                "description": "Seconds after which to try again",
                "schema": { "type": "integer" },
            } });
        }
        responses.insert(status.to_string(), answer);
    }
    responses
}

fn with_schema(description: &str, schema: &str) -> Value {
    let reference = format!("#/components/schemas/{schema}");
    json!({
        "description": description,
        "content": { "application/json": { "schema": { "$ref": reference } } },
    })
}

/// Every status of an error, with what it means here: the host's own codes, and the policy's.
fn errors(
    operation: &Operation,
    slot: Option<Slot>,
    manifest: Option<&Manifest>,
) -> BTreeMap<u16, Vec<String>> {
    let mut errors: BTreeMap<u16, Vec<String>> = BTreeMap::new();
    let mut add = |status: u16, code: &str, text: &str| {
        errors.entry(status).or_default().push(format!("`{code}`: {text}"));
    };
    let own = operation.errors.concat();
    for error in &own {
        add(error.status, error.code, error.text);
    }
    for (code, refusal) in manifest.into_iter().flat_map(|manifest| &manifest.refusals) {
        // A code that both have is described once.
        if own.iter().all(|error| error.code != code) {
            let usual = slot.map_or(400, Slot::default_refusal_status);
            let status = refusal.status.unwrap_or(usual);
            add(status, code, &refusal.description);
        }
    }
    errors
}
