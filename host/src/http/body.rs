//! Request bodies: at most 64 KiB of JSON, one object, no key twice.

use std::cell::RefCell;
use std::fmt;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Request};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::error::ApiError;

/// The most bytes of a body.
pub(super) const MAX_BODY: usize = 64 * 1024;

/// Reads the JSON object that a request carries.
pub(super) async fn read_object(request: Request<Body>, time: Duration) -> Result<Map<String, Value>, ApiError> {
    if !is_json(request.headers()) {
        return Err(ApiError::unsupported_media_type());
    }
    let bytes =
        tokio::time::timeout(time, Limited::new(request.into_body(), MAX_BODY).collect()).await.map_err(|_| ApiError::request_timeout())?;
    let bytes = bytes.map_err(|error| {
        if error.is::<LengthLimitError>() {
            ApiError::body_too_large()
        } else {
            ApiError::malformed_json("the body was not received whole")
        }
    })?;
    parse(&zeroize::Zeroizing::new(bytes.to_bytes().to_vec()))
}

/// A member that must be there and a text.
pub(super) fn take_text(object: &mut Map<String, Value>, name: &str) -> Result<String, ApiError> {
    match object.remove(name) {
        None => Err(ApiError::field("missing_field", name, "is required")),
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(ApiError::field("wrong_type", name, "must be a string")),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

fn parse(bytes: &[u8]) -> Result<Map<String, Value>, ApiError> {
    let faults = Faults::default();
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Strict(&faults).deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    // serde_json's sentence names the place and what it expected there, never what stood there.
    let value = value.map_err(|fault| ApiError::malformed_json(&format!("the body is not JSON: {fault}")))?;
    if let Some(key) = faults.duplicate.take() {
        return Err(ApiError::field("duplicate_key", &key, "is given more than once"));
    }
    if faults.nul.get() {
        return Err(ApiError::malformed_json("the body holds the character U+0000, which is not allowed"));
    }
    match value {
        Value::Object(object) => Ok(object),
        _ => Err(ApiError::malformed_json("the body is not a JSON object")),
    }
}

/// What JSON itself allows and we do not.
#[derive(Default)]
struct Faults {
    duplicate: RefCell<Option<String>>,
    nul: std::cell::Cell<bool>,
}

/// Reads a JSON value and notes what is wrong with it.
#[derive(Clone, Copy)]
struct Strict<'a>(&'a Faults);

impl Strict<'_> {
    fn text(self, text: String) -> String {
        self.0.nul.set(self.0.nul.get() || text.contains('\0'));
        text
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        Ok(self.text(text.to_owned()).into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(self.text(text).into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(self)? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            let value = members.next_value_seed(self)?;
            let key = self.text(key);
            if object.contains_key(&key) {
                self.0.duplicate.borrow_mut().get_or_insert(key.chars().filter(|c| !c.is_control()).take(64).collect());
            }
            object.insert(key, value);
        }
        Ok(object.into())
    }
}
