//! Answers, and what every answer must keep.

use axum::http::HeaderMap;
use serde_json::Value;

/// What a caller got.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// The three members of a success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) user_id: i64,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|fault| panic!("no JSON ({fault}): {self:?}"))
    }

    /// The tokens of a success; anything else fails the test.
    #[track_caller]
    pub(crate) fn tokens(&self) -> Tokens {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        let body = self.json();
        let text = |name: &str| {
            body[name].as_str().unwrap_or_else(|| panic!("{name} is no string: {body}")).to_owned()
        };
        let user_id = body["user_id"]
            .as_i64()
            .filter(|id| *id > 0)
            .unwrap_or_else(|| panic!("user_id is no positive integer: {body}"));
        Tokens { access: text("access_token"), refresh: text("refresh_token"), user_id }
    }

    /// Whether this is our error with that status and code, in the one form that all errors have.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) -> &Self {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{text}");
        assert_eq!(self.header("content-type"), Some("application/json"), "{text}");
        let body = self.json();
        assert_eq!(body["code"], code, "{text}");
        assert!(body["error"].as_str().is_some_and(|error| !error.is_empty()), "{text}");
        assert_eq!(body["request_id"].as_str(), self.header("x-request-id"), "{text}");
        assert!(
            body.as_object()
                .unwrap()
                .keys()
                .all(|key| ["error", "code", "request_id", "fields"].contains(&key.as_str())),
            "{text}"
        );
        if [429, 503].contains(&status) {
            let seconds =
                self.header("retry-after").and_then(|seconds| seconds.parse::<u32>().ok());
            assert!(seconds.is_some(), "Retry-After is missing: {self:?}");
        }
        self
    }

    /// The faults of single members: their names and codes.
    #[track_caller]
    pub(crate) fn fields(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let body = self.json();
        let fields = body["fields"].as_array().cloned().unwrap_or_default();
        fields.iter().map(|field| (text(&field["field"]), text(&field["code"]))).collect()
    }

    /// The body with the request's id taken out: what must not differ between two cases that nobody
    /// may tell apart.
    pub(crate) fn without_request_id(&self) -> String {
        self.text().replace(self.header("x-request-id").unwrap(), "ID")
    }
}
