//! Every code that the host itself answers with. The answers, the codes that a manifest may not
//! use, the `OpenAPI` document and the authors' page follow from this list.

use std::time::Duration;

/// A code, with what it means to a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorCode {
    /// Stable, for machines; also the reason in the metrics.
    pub code: &'static str,
    /// The status that it is answered with.
    pub status: u16,
    /// For people, if nothing more precise is known.
    pub text: &'static str,
    /// Whether the same request may be sent again.
    pub retry: Retry,
    /// Whether a policy may refuse with this code, too.
    pub shared_with_policies: bool,
}

/// Whether the same request may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It would get the same answer.
    No,
    /// After so long (`Retry-After`).
    After(Duration),
    /// Nobody knows whether it was done: look first.
    LookFirst,
}

const fn code(code: &'static str, status: u16, text: &'static str) -> ErrorCode {
    ErrorCode { code, status, text, retry: Retry::No, shared_with_policies: false }
}

const fn later(seconds: u64, error: ErrorCode) -> ErrorCode {
    ErrorCode { retry: Retry::After(Duration::from_secs(seconds)), ..error }
}

/// The body is not JSON of the form asked for.
pub const MALFORMED_JSON: ErrorCode =
    code("malformed_json", 400, "the body is not a JSON object, or was not received whole");
/// The request's head means different things to different readers.
pub const MALFORMED_REQUEST: ErrorCode =
    code("malformed_request", 400, "the head of the request is not valid HTTP");
/// A member of the body is not there.
pub const MISSING_FIELD: ErrorCode = code("missing_field", 400, "a required member is missing");
/// A member of the body is of another JSON type.
pub const WRONG_TYPE: ErrorCode = code("wrong_type", 400, "a required member is not a string");
/// Two readers of such a body may see two different values.
pub const DUPLICATE_KEY: ErrorCode = code("duplicate_key", 400, "a member is given more than once");
/// The same for an unknown address, a wrong password and a disabled account.
pub const INVALID_CREDENTIALS: ErrorCode = ErrorCode {
    shared_with_policies: true,
    ..code("invalid_credentials", 401, "invalid email or password")
};
/// The refresh token is none of ours, or good for nothing any more.
pub const INVALID_TOKEN: ErrorCode = code("invalid_token", 401, "invalid or expired refresh token");
pub const NOT_FOUND: ErrorCode = code("not_found", 404, "there is nothing at this path");
/// The route has other methods.
pub const METHOD_NOT_ALLOWED: ErrorCode =
    code("method_not_allowed", 405, "this path does not take this method");
/// The client did not send its request in time.
pub const REQUEST_TIMEOUT: ErrorCode = code("timeout", 408, "the request did not arrive in time");
/// The e-mail address has an account.
pub const ALREADY_EXISTS: ErrorCode = code("already_exists", 409, "user already registered");
/// One session was refreshed too often. The default policies say the same of too many attempts.
pub const THROTTLED: ErrorCode = ErrorCode {
    shared_with_policies: true,
    ..later(1, code("throttled", 429, "too many refreshes of this session; try again later"))
};
/// The body is larger than the bound.
pub const BODY_TOO_LARGE: ErrorCode =
    code("body_too_large", 413, "the body has more than 65536 bytes");
/// The body is not declared as JSON.
pub const UNSUPPORTED_MEDIA_TYPE: ErrorCode = code(
    "unsupported_media_type",
    415,
    "the body must be sent with Content-Type: application/json",
);
pub const INTERNAL: ErrorCode = code("internal", 500, "internal error");
/// The database was lost while it committed: it may have been done, or not.
pub const OUTCOME_UNKNOWN: ErrorCode = ErrorCode {
    retry: Retry::LookFirst,
    ..code(
        "outcome_unknown",
        500,
        "it is not known whether this was done; look before you repeat it",
    )
};
/// We did not answer in time.
pub const TIMEOUT: ErrorCode =
    later(1, code("timeout", 503, "the request took too long; try again"));
/// All hash threads are busy, or there is no room for one more policy call.
pub const BUSY: ErrorCode =
    later(1, code("busy", 503, "too many requests at the moment; try again"));
/// The database or another part is away.
pub const UNAVAILABLE: ErrorCode =
    later(1, code("unavailable", 503, "the service is not available at the moment; try again"));
/// The policy came to no decision that can be carried out.
pub const POLICY_FAULT: ErrorCode =
    later(1, code("policy_fault", 503, "the request could not be decided; try again"));
/// Nothing serves in the slot.
pub const NO_POLICY: ErrorCode =
    later(5, code("no_policy", 503, "the service is not set up for this request; try again later"));
/// What the decision rested on has changed meanwhile.
pub const CONFLICT: ErrorCode =
    later(0, code("conflict", 503, "another request was first; try again"));

/// All of them, by status.
pub const ALL: [ErrorCode; 22] = [
    MALFORMED_JSON,
    MALFORMED_REQUEST,
    MISSING_FIELD,
    WRONG_TYPE,
    DUPLICATE_KEY,
    INVALID_CREDENTIALS,
    INVALID_TOKEN,
    NOT_FOUND,
    METHOD_NOT_ALLOWED,
    REQUEST_TIMEOUT,
    ALREADY_EXISTS,
    BODY_TOO_LARGE,
    UNSUPPORTED_MEDIA_TYPE,
    THROTTLED,
    INTERNAL,
    OUTCOME_UNKNOWN,
    TIMEOUT,
    BUSY,
    UNAVAILABLE,
    POLICY_FAULT,
    NO_POLICY,
    CONFLICT,
];

/// Whether a policy must not refuse with this code: a caller could not tell who said it.
pub fn is_reserved(code: &str) -> bool {
    ALL.iter().any(|known| known.code == code && !known.shared_with_policies)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operators_page_lists_every_code_under_its_status() {
        let text = include_str!("../../../docs/operators/running.md");
        for error in ALL {
            let (status, code) = (format!("| {} |", error.status), format!("`{}`", error.code));
            let row = text.lines().find(|line| line.starts_with(&status)).unwrap_or_default();
            assert!(row.contains(&code), "docs/operators/running.md lacks {status} {code}");
        }
    }

    #[test]
    fn what_may_be_sent_again_is_told_by_a_429_or_503_with_a_wait_and_nothing_else() {
        for error in ALL {
            let has_wait = matches!(error.retry, Retry::After(_));
            assert_eq!(has_wait, [429, 503].contains(&error.status), "{}", error.code);
        }
    }
}
