//! `POST /v1/places/{place}/rollout/{pause,resume,promote,abort}`: what becomes of a trial. They
//! differ in a word.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Request;

use super::described::{BODY_ERRORS, Described, ERRORS, Takes};
use super::endpoint::{Answer, Endpoint};
use crate::administration::codes::{
    CHANGED_MEANWHILE, FROZEN, NO_CANDIDATE, NO_STEPS, NOT_GRANTED, STEPS_AS_ASKED, UNKNOWN_PLACE,
    UNTRUSTED,
};
use crate::administration::views::{PlaceView, RolloutChangeView};
use crate::errors::ErrorCode;
use crate::http::openapi::Operation;
use crate::store::registry::{Role, RolloutChange};

type Place = State<Arc<Endpoint>>;

const OF_STEPS: &[&[ErrorCode]] = &[
    ERRORS,
    BODY_ERRORS,
    &[UNKNOWN_PLACE, NO_CANDIDATE, NO_STEPS, STEPS_AS_ASKED, CHANGED_MEANWHILE],
];

pub(super) const PAUSE: Described = described(
    "/v1/places/{place}/rollout/pause",
    "The steps of a share do not go on by themselves; it is judged all the same",
    OF_STEPS,
);

pub(super) const RESUME: Described = described(
    "/v1/places/{place}/rollout/resume",
    "The steps go on; the time of the current one begins anew",
    OF_STEPS,
);

pub(super) const PROMOTE: Described = described(
    "/v1/places/{place}/rollout/promote",
    "What is tried serves all from now on, whatever the judgement says, and is on probation",
    &[
        ERRORS,
        BODY_ERRORS,
        &[UNKNOWN_PLACE, NO_CANDIDATE, CHANGED_MEANWHILE, FROZEN, NOT_GRANTED, UNTRUSTED],
    ],
);

pub(super) const ABORT: Described = described(
    "/v1/places/{place}/rollout/abort",
    "What is tried is taken out; what is active serves all again",
    &[ERRORS, BODY_ERRORS, &[UNKNOWN_PLACE, NO_CANDIDATE, CHANGED_MEANWHILE]],
);

pub(super) async fn pause(
    endpoint: Place,
    place: Path<String>,
    request: Request<Body>,
) -> Answer<PlaceView> {
    change(endpoint, place, request, RolloutChange::Pause).await
}

pub(super) async fn resume(
    endpoint: Place,
    place: Path<String>,
    request: Request<Body>,
) -> Answer<PlaceView> {
    change(endpoint, place, request, RolloutChange::Resume).await
}

pub(super) async fn promote(
    endpoint: Place,
    place: Path<String>,
    request: Request<Body>,
) -> Answer<PlaceView> {
    change(endpoint, place, request, RolloutChange::Promote).await
}

pub(super) async fn abort(
    endpoint: Place,
    place: Path<String>,
    request: Request<Body>,
) -> Answer<PlaceView> {
    change(endpoint, place, request, RolloutChange::Abort).await
}

async fn change(
    State(endpoint): Place,
    Path(place): Path<String>,
    request: Request<Body>,
    what: RolloutChange,
) -> Answer<PlaceView> {
    let caller = endpoint.caller(&request, PAUSE.role).await?;
    let asked: RolloutChangeView = endpoint.read_or_default(request).await?;
    Ok(Json(endpoint.administration.change_rollout(&caller, &place, what, &asked).await?))
}

const fn described(
    path: &'static str,
    summary: &'static str,
    errors: &'static [&'static [ErrorCode]],
) -> Described {
    Described {
        operation: Operation {
            method: "post",
            path,
            tag: "places",
            summary,
            answers: &[(200, "The place as it stands now")],
            schema: Some("PlaceView"),
            errors,
            slot: None,
        },
        role: Role::Deploy,
        takes: Takes::JsonOrNothing("RolloutChangeView"),
        query: &[],
    }
}
