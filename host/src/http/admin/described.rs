//! What the `OpenAPI` document says of an endpoint of the admin listener.

use serde_json::{Value, json};

use crate::administration::codes::{INVALID_ADMIN_TOKEN, TOO_MANY_ATTEMPTS, WRONG_ROLE};
use crate::errors::ErrorCode;
use crate::errors::catalogue::{
    BUSY, DUPLICATE_KEY, INTERNAL, MALFORMED_REQUEST, OUTCOME_UNKNOWN, REQUEST_TIMEOUT, TIMEOUT,
    UNAVAILABLE,
};
use crate::http::openapi::{Operation, plain_responses};
use crate::store::registry::Role;

/// The errors that each of them may answer with.
pub(super) const ERRORS: &[ErrorCode] = &[
    MALFORMED_REQUEST,
    INVALID_ADMIN_TOKEN,
    WRONG_ROLE,
    TOO_MANY_ATTEMPTS,
    INTERNAL,
    UNAVAILABLE,
    BUSY,
    TIMEOUT,
];

/// The errors of those that change something by a JSON body.
pub(super) const BODY_ERRORS: &[ErrorCode] = &[
    crate::administration::codes::MALFORMED_BODY,
    crate::administration::codes::MALFORMED_VALUE,
    DUPLICATE_KEY,
    REQUEST_TIMEOUT,
    crate::errors::catalogue::BODY_TOO_LARGE,
    crate::errors::catalogue::UNSUPPORTED_MEDIA_TYPE,
    OUTCOME_UNKNOWN,
];

/// An endpoint that needs a token.
pub(super) struct Described {
    pub(super) operation: Operation,
    pub(super) role: Role,
    pub(super) takes: Takes,
    /// Of the query: names, and what each means.
    pub(super) query: &'static [(&'static str, &'static str)],
}

/// What its body holds.
pub(super) enum Takes {
    Nothing,
    /// JSON of this schema.
    Json(&'static str),
    /// The same; it may be left out.
    JsonOrNothing(&'static str),
    Bytes,
}

impl Described {
    pub(super) fn value(&self) -> Value {
        let Self { operation, role, takes, query } = self;
        let mut value = json!({
            "tags": [operation.tag],
            "summary": operation.summary,
            "description": format!("Needs a token of the role `{}`.", word(*role)),
            "security": [{ "bearer": [] }],
            "parameters": parameters(operation.path, query),
            "responses": plain_responses(operation),
        });
        if let Some((media, schema, required)) = body(takes) {
            value["requestBody"] = json!({
                "required": required,
                "content": { media: { "schema": schema } },
            });
        }
        value
    }
}

fn body(takes: &Takes) -> Option<(&'static str, Value, bool)> {
    let schema = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    match takes {
        Takes::Nothing => None,
        Takes::Json(name) => Some(("application/json", schema(name), true)),
        Takes::JsonOrNothing(name) => Some(("application/json", schema(name), false)),
        Takes::Bytes => {
            Some(("application/wasm", json!({ "type": "string", "format": "binary" }), true))
        }
    }
}

/// Of a query, what is no number.
const TEXTS: [&str; 2] = ["place", "rollout"];

fn parameters(path: &str, query: &[(&str, &str)]) -> Vec<Value> {
    let of_path = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let of_path = of_path.map(|name| {
        json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } })
    });
    let of_query = query.iter().map(|(name, text)| {
        json!({
            "name": name,
            "in": "query",
            "description": text,
            "schema": { "type": if TEXTS.contains(name) { "string" } else { "integer" } },
        })
    });
    of_path.chain(of_query).collect()
}

fn word(role: Role) -> &'static str {
    match role {
        Role::Look => "look",
        Role::Deploy => "deploy",
        Role::Operate => "operate",
    }
}
