//! Every code that only the admin API answers with, beside those of `errors::catalogue`. Each text
//! says what to do, unless a more precise sentence does.

use std::time::Duration;

use crate::errors::{ErrorCode, Retry};

const fn code(code: &'static str, status: u16, text: &'static str) -> ErrorCode {
    ErrorCode { code, status, text, retry: Retry::No, shared_with_policies: false }
}

const fn later(seconds: u64, error: ErrorCode) -> ErrorCode {
    ErrorCode { retry: Retry::After(Duration::from_secs(seconds)), ..error }
}

/// The body is no JSON object of the form asked for.
pub const MALFORMED_BODY: ErrorCode =
    code("malformed_json", 400, "the body is not of the form that /openapi.json describes");
/// A value of the path, of the query or of the body.
pub const MALFORMED_VALUE: ErrorCode =
    code("malformed_value", 400, "a value is not of the form that /openapi.json describes");
/// The bytes are others than those that the path names.
pub const DIGEST_MISMATCH: ErrorCode = code(
    "digest_mismatch",
    400,
    "the bytes have another SHA-256 than the path says: they were changed on their way, or the \
     wrong file was sent. Nothing was kept; send the file again",
);
/// One answer for every token that is not taken.
pub const INVALID_ADMIN_TOKEN: ErrorCode = code(
    "invalid_admin_token",
    401,
    "the admin token is missing, wrong, expired or revoked. Send it as Authorization: Bearer; a \
     new one is made by: auth-host admin token add NAME --role deploy --for 90d",
);
/// The token is good, for less.
pub const WRONG_ROLE: ErrorCode = code("wrong_role", 403, "the token's role does not allow it");
/// The release asks for what its place is not granted; `reasons` says all of it.
pub const NOT_GRANTED: ErrorCode =
    code("not_granted", 403, "the release asks for what its place is not granted");
/// Too few trusted keys have signed it; `reasons` says why.
pub const UNTRUSTED: ErrorCode =
    code("untrusted", 403, "the release is not signed by those who are trusted");
/// A place that there is not.
pub const UNKNOWN_PLACE: ErrorCode = code("unknown_place", 404, "there is no such place");
pub const NO_RELEASE: ErrorCode = code("no_release", 404, "there is no such release");
/// None in the last week, or not that one.
pub const NO_ROLLOUT: ErrorCode = code("no_rollout", 404, "nothing was tried there lately");
pub const NO_COMPONENT: ErrorCode = code("no_component", 404, "there is no such component");
/// There is none, or it has ended.
pub const NO_DEPLOYMENT: ErrorCode = code("no_deployment", 404, "there is no such deployment");
pub const EMPTY_PLACE: ErrorCode = code("empty_place", 404, "nothing was ever deployed there");
pub const SERVES_ALREADY: ErrorCode = code("serves_already", 409, "the release serves already");
/// Another deployment of the place is on its way.
pub const DEPLOYING: ErrorCode = code("deploying", 409, "another release is being deployed there");
/// Another release of the place is being tried.
pub const TRYING: ErrorCode = code("trying", 409, "another release is being tried there");
pub const NO_CANDIDATE: ErrorCode = code("no_candidate", 409, "nothing is being tried there");
pub const NO_STEPS: ErrorCode = code("no_steps", 409, "the trial has no steps");
pub const STEPS_AS_ASKED: ErrorCode =
    code("steps_as_asked", 409, "the steps are paused already, or go on already");
/// A replica of a version that knows of no candidates.
pub const OLD_REPLICA: ErrorCode = code("old_replica", 409, "a replica cannot try candidates");
/// What is tried would not serve on some replica.
pub const NOT_ALL_READY: ErrorCode =
    code("not_all_ready", 409, "not all replicas have what is tried ready");
pub const NEVER_SERVED: ErrorCode = code("never_served", 409, "the release never served");
pub const NOTHING_BEFORE: ErrorCode = code("nothing_before", 409, "no release served before");
/// Somebody else was faster.
pub const CHANGED_MEANWHILE: ErrorCode =
    code("changed_meanwhile", 409, "the place was changed meanwhile; look, and ask again");
/// A component has as many as are kept.
pub const TOO_MANY_SIGNATURES: ErrorCode =
    code("too_many_signatures", 409, "the component has as many signatures as are kept");
/// A component beyond its bound.
pub const COMPONENT_TOO_LARGE: ErrorCode = code(
    "component_too_large",
    413,
    "the component has more than 33554432 bytes (32 MiB). Build it for release, optimised for \
     size and without debug information",
);
/// Admission found something; `reasons` says all of it.
pub const REFUSED: ErrorCode = code("refused", 422, "it does not pass; see the reasons");
/// A signature that does not hold for the component; `reasons` says why.
pub const BAD_SIGNATURE: ErrorCode =
    code("bad_signature", 422, "a signature does not hold for the component");
/// A component is for another place than the release.
pub const OTHER_PLACE: ErrorCode = code("other_place", 422, "a component is for another place");
/// What the registry keeps is not what was brought: somebody changed its rows, or a disk did.
pub const DAMAGED: ErrorCode = code(
    "damaged",
    500,
    "the registry holds something else than was brought; push it again from its sources",
);
/// Deployments are stopped; rollbacks are not.
pub const FROZEN: ErrorCode = code("frozen", 423, "the place is frozen");
/// Wrong tokens, from there or from everywhere.
pub const TOO_MANY_ATTEMPTS: ErrorCode =
    later(6, code("too_many_attempts", 429, "too many wrong admin tokens; try again later"));
/// Other components take the memory that there is for them.
pub const BUSY_WITH_COMPONENTS: ErrorCode = later(
    2,
    code("busy", 503, "other components are being sent or fetched at the moment; try again"),
);
/// What was not begun is left.
pub const STOPPING: ErrorCode =
    later(1, code("unavailable", 503, "this replica is stopping; ask another, or try again"));
