//! `DELETE /v1/deployments/{id}`: a deployment ends without an activation.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Request;

use super::described::{BODY_ERRORS, Described, ERRORS, Takes};
use super::endpoint::{Answer, Endpoint};
use crate::administration::codes::NO_DEPLOYMENT;
use crate::administration::views::{DeploymentView, EndView};
use crate::http::openapi::Operation;
use crate::store::registry::Role;

pub(super) const OPERATION: Described = Described {
    operation: Operation {
        method: "delete",
        path: "/v1/deployments/{id}",
        tag: "releases",
        summary: "Cancel a deployment; what another token began needs the role `operate`",
        answers: &[(200, "The deployment as it ended")],
        schema: Some("DeploymentView"),
        errors: &[ERRORS, BODY_ERRORS, &[NO_DEPLOYMENT]],
        slot: None,
    },
    role: Role::Deploy,
    takes: Takes::JsonOrNothing("EndView"),
    query: &[],
};

pub(super) async fn answer(
    State(endpoint): State<Arc<Endpoint>>,
    Path(id): Path<String>,
    request: Request<Body>,
) -> Answer<DeploymentView> {
    let caller = endpoint.caller(&request, OPERATION.role).await?;
    let end: EndView = endpoint.read_or_default(request).await?;
    Ok(Json(endpoint.administration.cancel(&caller, &id, &end.message).await?))
}
