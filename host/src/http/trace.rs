//! W3C Trace Context: a request is a span of the caller's trace, or of a new one; its events carry
//! it on.

use axum::http::HeaderMap;

use crate::{hex, keys};

/// Our own `traceparent`: in the caller's trace if its header is one (version 00), with an id of
/// ours as the parent of what follows.
pub(super) fn continued(headers: &HeaderMap) -> String {
    let given = headers.get("traceparent").and_then(|value| value.to_str().ok()).and_then(parse);
    let span = hex::encode(&keys::random::<8>());
    match given {
        Some((trace, flags)) => format!("00-{trace}-{span}-{flags}"),
        None => format!("00-{}-{span}-00", hex::encode(&keys::random::<16>())),
    }
}

/// The id of the trace.
pub(super) fn id(traceparent: &str) -> &str {
    traceparent.get(3..35).unwrap_or_default()
}

/// The ids of a trace, and its flags.
fn parse(text: &str) -> Option<(&str, &str)> {
    let mut parts = text.split('-');
    let (version, trace, parent, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is = |part: &str, length| {
        part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let zero = |part: &str| part.bytes().all(|byte| byte == b'0');
    let good = version == "00"
        && parts.next().is_none()
        && is(trace, 32)
        && is(parent, 16)
        && is(flags, 2);
    (good && !zero(trace) && !zero(parent)).then_some((trace, flags))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(value: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", value.parse().unwrap());
        continued(&headers)
    }

    #[test]
    fn a_callers_trace_goes_on_with_a_span_of_ours() {
        let ours = with("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        assert!(
            ours.starts_with("00-0af7651916cd43dd8448eb211c80319c-") && ours.ends_with("-01"),
            "{ours}"
        );
        assert!(!ours.contains("b7ad6b7169203331"));
        assert_eq!(id(&ours), "0af7651916cd43dd8448eb211c80319c");
    }

    #[test]
    fn anything_else_begins_a_new_trace() {
        for wrong in [
            "",
            "00",
            "00-0-0-0",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        ] {
            let ours = with(wrong);
            assert!(parse(&ours).is_some(), "{ours}");
            assert!(!ours.contains("0af7651916cd43dd8448eb211c80319c"));
        }
    }
}
