//! `GET /healthz` and `GET /readyz`: whether the process lives, and whether it should get requests.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use crate::contract::Slot;
use crate::http::openapi::Operation;
use crate::outbox::{RelayMetrics, Sink};
use crate::policy::releases::Standing;
use crate::policy::serving::Generations;
use crate::shutdown::StopDeadline;
use crate::store::{Outage, Store};
use crate::telemetry::rarely;

pub(super) const ALIVE: Operation = Operation {
    method: "get",
    path: "/healthz",
    tag: "operations",
    summary: "Whether the process lives",
    answers: &[(200, "It does")],
    schema: None,
    errors: &[],
    slot: None,
};

pub(super) const READY: Operation = Operation {
    method: "get",
    path: "/readyz",
    tag: "operations",
    summary: "Whether it should get requests, and which policies serve",
    answers: &[(200, "It should"), (503, "It should not; `reasons` says why")],
    schema: None,
    errors: &[],
    slot: None,
};

/// What is asked for the service's health.
pub struct Health {
    /// Whether the service is stopping.
    pub stopping: StopDeadline,
    /// Whether each slot has a policy.
    pub generations: Arc<Generations>,
    /// Whether this replica serves what is active.
    pub standing: Arc<Standing>,
    /// Whether the database answers.
    pub store: Store,
    pub sink: Sink,
    pub relay: Arc<RelayMetrics>,
}

impl Health {
    /// Why the service should get no requests now; empty if it should.
    async fn reasons(&self) -> Vec<String> {
        let empty = self.generations.empty();
        let why = |slot: &Slot| match self.standing.behind(*slot) {
            Some(why) => format!("no policy serves in the slot {slot}: {why}"),
            None => format!("no policy serves in the slot {slot}"),
        };
        let mut reasons: Vec<String> = empty.iter().map(why).collect();
        if self.stopping.has_begun() {
            reasons.push("the service is stopping".into());
        }
        let answered = self.store.ping().await;
        // What writes met, too: a database that only answers serves nobody.
        if let Some(outage) = self.store.outage() {
            reasons.push(outage.sentence().into());
        } else if let Err(error) = answered {
            rarely!(error, %error, "the database does not answer");
            reasons.push(Outage::Away.sentence().into());
        }
        reasons
    }

    fn policies(&self) -> Vec<Value> {
        let serving = Slot::ALL.into_iter().filter_map(|slot| self.generations.current(slot));
        let describe = |identity: &crate::contract::Identity| {
            json!({
                "slot": identity.slot,
                "name": identity.manifest.name,
                "version": identity.manifest.version,
                "digest": identity.digest,
                "release": identity.release,
            })
        };
        serving.map(|generation| describe(&generation.identity)).collect()
    }

    /// Where events go, and what waits. A broker that is away is no reason to take the service out:
    /// it serves, and the events wait.
    fn events(&self) -> Value {
        let mut status = self.sink.status();
        status["pending"] = json!(self.relay.pending.get());
        status["oldest_pending_seconds"] = json!(self.relay.oldest_age.get());
        status["dead"] = json!(self.relay.dead.get());
        status
    }
}

pub(super) async fn alive() -> Response {
    Json(json!({ "status": "alive" })).into_response()
}

pub(super) async fn ready(State(health): State<Arc<Health>>) -> Response {
    let reasons = health.reasons().await;
    let is_ready = reasons.is_empty();
    let body = Json(json!({
        "status": if is_ready { "ready" } else { "not ready" },
        "reasons": reasons,
        "policies": health.policies(),
        "placed_not_serving": health.generations.placed(),
        "behind": health.standing.describe_behind(),
        "pinned": health.standing.describe_pinned(),
        "events": health.events(),
    }));
    if is_ready {
        body.into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "1")], body).into_response()
    }
}
