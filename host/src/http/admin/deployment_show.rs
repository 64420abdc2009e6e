//! `GET /v1/deployments/{id}`: how far a deployment is.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Request;

use super::described::{Described, ERRORS, Takes};
use super::endpoint::{Answer, Endpoint};
use super::query::Query;
use crate::administration::codes::{MALFORMED_VALUE, NO_DEPLOYMENT};
use crate::administration::views::DeploymentView;
use crate::http::openapi::Operation;
use crate::store::registry::Role;

pub(super) const OPERATION: Described = Described {
    operation: Operation {
        method: "get",
        path: "/v1/deployments/{id}",
        tag: "look",
        summary: "How far a deployment is",
        answers: &[(200, "The deployment, with what the replicas reported")],
        schema: Some("DeploymentView"),
        errors: &[ERRORS, &[MALFORMED_VALUE, NO_DEPLOYMENT]],
        slot: None,
    },
    role: Role::Look,
    takes: Takes::Nothing,
    query: &[("wait", "Answer once it has ended, or after so many seconds; at most 60")],
};

pub(super) async fn answer(
    State(endpoint): State<Arc<Endpoint>>,
    Path(id): Path<String>,
    request: Request<Body>,
) -> Answer<DeploymentView> {
    endpoint.caller(&request, OPERATION.role).await?;
    let query = Query::read(request.uri(), OPERATION.query)?;
    Ok(Json(endpoint.administration.deployment(&id, query.number("wait")?).await?))
}
