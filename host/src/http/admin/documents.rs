//! `GET /openapi.json`, and Swagger UI, which reads it. They tell nothing that is not in the
//! program, and need no token.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use serde_json::{Value, json};
use utoipa::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::described::Described;
use super::{
    component_get, component_put, deployment_begin, deployment_cancel, deployment_show, freeze,
    health, history, host, prune, release_add, release_show, releases, rollback, status, unfreeze,
};
use crate::administration::views::{
    ComponentView, DeploymentView, EndView, ErrorView, FieldView, FreezeView, HistoryLineView,
    HistoryView, HostView, MovedView, NewDeploymentView, NewFreezeView, NewReleaseView, PlaceView,
    PruneView, PrunedView, ReasonView, ReleaseComponentView, ReleaseView, ReleasesView,
    ReplicaView, ReportView, RollbackView, ServingState, ServingView, StatusView,
};
use crate::http::openapi::plain_responses;

/// The endpoints, in the order in which they are shown.
const OPERATIONS: [&Described; 15] = [
    &host::OPERATION,
    &status::OPERATION,
    &releases::OPERATION,
    &release_show::OPERATION,
    &component_get::OPERATION,
    &deployment_show::OPERATION,
    &history::OPERATION,
    &component_put::OPERATION,
    &release_add::OPERATION,
    &deployment_begin::OPERATION,
    &deployment_cancel::OPERATION,
    &rollback::OPERATION,
    &freeze::OPERATION,
    &unfreeze::OPERATION,
    &prune::OPERATION,
];

#[derive(OpenApi)]
#[openapi(
    info(
        title = "auth-host, administration",
        description = "Releases of policies: bring them, deploy them to all replicas, go back. \
                       Tokens are made by: auth-host admin token add NAME --role deploy --for 90d. \
                       With ENV=local there is one in data/admin-token."
    ),
    components(schemas(
        ComponentView,
        DeploymentView,
        EndView,
        ErrorView,
        FieldView,
        FreezeView,
        HistoryLineView,
        HistoryView,
        HostView,
        MovedView,
        NewDeploymentView,
        NewFreezeView,
        NewReleaseView,
        PlaceView,
        PruneView,
        PrunedView,
        ReasonView,
        ReleaseComponentView,
        ReleaseView,
        ReleasesView,
        ReplicaView,
        ReportView,
        RollbackView,
        ServingState,
        ServingView,
        StatusView,
    ))
)]
struct Document;

/// The document; all who read it share it, however slowly they do.
pub(super) fn document() -> Bytes {
    let mut document = serde_json::to_value(Document::openapi()).unwrap_or_default();
    for described in OPERATIONS {
        let operation = &described.operation;
        document["paths"][operation.path][operation.method] = described.value();
    }
    document["paths"][health::ALIVE.path][health::ALIVE.method] = json!({
        "tags": [health::ALIVE.tag],
        "summary": health::ALIVE.summary,
        "responses": Value::Object(plain_responses(&health::ALIVE)),
    });
    document["components"]["securitySchemes"]["bearer"] =
        json!({ "type": "http", "scheme": "bearer", "description": "A token of the admin API" });
    Bytes::from(document.to_string())
}

pub(super) async fn answer(State(document): State<Bytes>) -> Response {
    ([(CONTENT_TYPE, "application/json")], document).into_response()
}

/// Swagger UI at `/swagger/`.
pub(super) fn swagger_ui() -> SwaggerUi {
    SwaggerUi::new("/swagger").config(Config::from("/openapi.json"))
}
