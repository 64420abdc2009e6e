//! How the registry's types are written into columns of JSON.

use serde::Serialize;

/// What `rows` reads. Nothing of the registry's is a map with keys that are no texts, or anything
/// else that JSON lacks.
pub(in crate::store) fn as_json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
