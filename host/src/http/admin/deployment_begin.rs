//! `POST /v1/deployments`: all live replicas are asked whether they can serve a release.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::Request;
use axum::http::StatusCode;

use super::described::{BODY_ERRORS, Described, ERRORS, Takes};
use super::endpoint::Endpoint;
use crate::administration::codes::{
    DEPLOYING, EMPTY_PLACE, FROZEN, NO_RELEASE, NOT_GRANTED, OLD_REPLICA, SERVES_ALREADY, TRYING,
    UNKNOWN_PLACE, UNTRUSTED,
};
use crate::administration::views::{DeploymentView, NewDeploymentView};
use crate::errors::ApiError;
use crate::http::openapi::Operation;
use crate::store::registry::Role;

pub(super) const OPERATION: Described = Described {
    operation: Operation {
        method: "post",
        path: "/v1/deployments",
        tag: "releases",
        summary: "Deploy a release: it serves, or with `rollout` is tried, once all live replicas \
                  are ready, or nowhere",
        answers: &[(202, "The deployment; ask for it until it has ended")],
        schema: Some("DeploymentView"),
        errors: &[
            ERRORS,
            BODY_ERRORS,
            &[
                UNKNOWN_PLACE,
                EMPTY_PLACE,
                NO_RELEASE,
                SERVES_ALREADY,
                DEPLOYING,
                TRYING,
                OLD_REPLICA,
                FROZEN,
                NOT_GRANTED,
                UNTRUSTED,
            ],
        ],
        slot: None,
    },
    role: Role::Deploy,
    takes: Takes::Json("NewDeploymentView"),
    query: &[],
};

pub(super) async fn answer(
    State(endpoint): State<Arc<Endpoint>>,
    request: Request<Body>,
) -> Result<(StatusCode, Json<DeploymentView>), ApiError> {
    let caller = endpoint.caller(&request, OPERATION.role).await?;
    let new: NewDeploymentView = endpoint.read(request).await?;
    let deployment = endpoint.administration.deploy(&caller, &new).await?;
    Ok((StatusCode::ACCEPTED, Json(deployment)))
}
