//! What a query says. What nobody knows is refused: a misspelt `limit` would be left out in
//! silence.

use std::str::FromStr;

use axum::http::Uri;

use crate::administration::codes::MALFORMED_VALUE;
use crate::errors::ApiError;

/// The parameters of a request. None of ours needs an escape.
pub(super) struct Query<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Query<'a> {
    pub(super) fn read(uri: &'a Uri, known: &[(&str, &str)]) -> Result<Self, ApiError> {
        let mut found: Vec<(&str, &str)> = Vec::new();
        let parts = uri.query().unwrap_or_default().split('&').filter(|part| !part.is_empty());
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let shown: String = name.chars().take(64).collect();
            if !known.iter().any(|(known, _)| *known == name) {
                let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
                let names = if names.is_empty() { "none".into() } else { names.join(", ") };
                let message = format!("is not known; this takes {names}");
                return Err(ApiError::of_field(MALFORMED_VALUE, &shown, &message));
            }
            if found.iter().any(|(other, _)| *other == name) {
                return Err(ApiError::of_field(MALFORMED_VALUE, &shown, "is given twice"));
            }
            found.push((name, value));
        }
        Ok(Self(found))
    }

    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    pub(super) fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>, ApiError> {
        let wrong = |_| ApiError::of_field(MALFORMED_VALUE, name, "is not a whole number in range");
        self.text(name).map(|text| text.parse().map_err(wrong)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[(&str, &str)] = &[("place", ""), ("limit", "")];

    #[test]
    fn what_is_known_is_read_and_the_rest_is_refused() {
        let uri: Uri = "/x?place=login&limit=7".parse().unwrap();
        let query = Query::read(&uri, KNOWN).unwrap();
        assert_eq!(query.text("place"), Some("login"));
        assert_eq!(query.number::<u32>("limit").unwrap(), Some(7));
        assert_eq!(query.number::<u32>("place").unwrap_err().fields[0].field, "place");
        for wrong in ["/x?limmit=7", "/x?limit=7&limit=8", "/x?limit"] {
            let uri: Uri = wrong.parse().unwrap();
            let read = Query::read(&uri, KNOWN).and_then(|query| query.number::<u32>("limit"));
            assert_eq!(read.unwrap_err().code, "malformed_value", "{wrong}");
        }
    }
}
