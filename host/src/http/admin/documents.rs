//! `GET /openapi.json`, and Swagger UI, which reads it. They tell nothing that is not in the
//! program, and need no token.

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use serde_json::{Value, json};
use utoipa::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::described::Described;
use super::{
    component_get, component_put, deployment_begin, deployment_cancel, deployment_show, freeze,
    grants, health, history, host, prune, release_add, release_show, releases, rollback,
    rollout_change, rollout_show, signatures, status, unfreeze,
};
use crate::administration::views::{
    CandidateView, ComponentView, DeploymentView, DifferenceView, EndView, ErrorView, FieldView,
    FreezeView, GrantsView, HistoryLineView, HistoryView, HostView, JudgementView, MetricView,
    MovedView, NewDeploymentView, NewFreezeView, NewGrantsView, NewReleaseView, NewRolloutView,
    NewSignaturesView, PausedView, PlaceView, PruneView, PrunedView, ReasonView,
    ReleaseComponentView, ReleaseView, ReleasesView, ReplicaView, ReportView, RollbackView,
    RolloutChangeView, RolloutView, SampleView, ServingState, ServingView, SignatureView,
    SignaturesView, StatusView, StepView, TrustView,
};
use crate::http::openapi::plain_responses;

/// The endpoints, in the order in which they are shown.
const OPERATIONS: [&Described; 24] = [
    &host::OPERATION,
    &status::OPERATION,
    &releases::OPERATION,
    &release_show::OPERATION,
    &component_get::OPERATION,
    &deployment_show::OPERATION,
    &rollout_show::OPERATION,
    &grants::SHOW,
    &signatures::SHOW,
    &history::OPERATION,
    &component_put::OPERATION,
    &release_add::OPERATION,
    &signatures::ADD,
    &deployment_begin::OPERATION,
    &deployment_cancel::OPERATION,
    &rollout_change::PAUSE,
    &rollout_change::RESUME,
    &rollout_change::PROMOTE,
    &rollout_change::ABORT,
    &rollback::OPERATION,
    &grants::CHANGE,
    &freeze::OPERATION,
    &unfreeze::OPERATION,
    &prune::OPERATION,
];

#[derive(OpenApi)]
#[openapi(
    info(
        title = "auth-host, administration",
        description = "Releases of policies: bring them, deploy them to all replicas, try them \
                       beside what serves, go back. \
                       Tokens are made by: auth-host admin token add NAME --role deploy --for 90d. \
                       With ENV=local there is one in data/admin-token."
    ),
    components(schemas(
        CandidateView,
        ComponentView,
        DeploymentView,
        DifferenceView,
        EndView,
        ErrorView,
        FieldView,
        FreezeView,
        GrantsView,
        HistoryLineView,
        HistoryView,
        HostView,
        JudgementView,
        MetricView,
        MovedView,
        NewDeploymentView,
        NewFreezeView,
        NewGrantsView,
        NewReleaseView,
        NewRolloutView,
        NewSignaturesView,
        PausedView,
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
        RolloutChangeView,
        RolloutView,
        SampleView,
        ServingState,
        ServingView,
        SignatureView,
        SignaturesView,
        StatusView,
        StepView,
        TrustView,
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

/// No page of somebody else's shows them in a frame, in which a click is not what it seems to be,
/// and no browser takes them for something else than they say they are.
pub(super) async fn guard(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    let policy = HeaderValue::from_static("frame-ancestors 'none'");
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Swagger UI at `/swagger/`.
pub(super) fn swagger_ui() -> SwaggerUi {
    SwaggerUi::new("/swagger").config(Config::from("/openapi.json"))
}
