//! What the store keeps, in the forms of the wire.

use serde_json::{Map, Value};

use super::moments::moment;
use super::views::{
    ComponentView, DeploymentView, FreezeView, HistoryLineView, MovedView, PlaceView,
    ReleaseComponentView, ReleaseView, ReplicaView, ReportView, ServingState, ServingView,
};
use super::{codes, plan};
use crate::errors::ApiError;
use crate::store::registry::{
    ComponentInfo, Deployment, HistoryLine, Moved, PlaceState, Release, Replica, Report, Serving,
};

/// `login/42`.
pub(super) fn name(place: &str, number: i64) -> String {
    format!("{place}/{number}")
}

/// What the registry keeps is not what was brought.
pub(super) fn damaged(message: String) -> ApiError {
    tracing::error!(message, "the registry is damaged");
    ApiError::with_message(codes::DAMAGED, message)
}

/// A text that is an object: ours are, or the release is said to be damaged.
pub(super) fn object(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap_or_default()
}

pub(super) fn release(release: Release, places: &[PlaceState]) -> ReleaseView {
    let active =
        places.iter().any(|state| state.place == release.place && state.active == release.number);
    let damaged = release.damage();
    let components = release.components.into_iter();
    ReleaseView {
        damaged,
        release: name(&release.place, release.number),
        number: release.number,
        components: components
            .map(|component| ReleaseComponentView { wit: component.wit, digest: component.digest })
            .collect(),
        settings: object(&release.settings),
        settings_digest: release.settings_digest,
        grants: object(&release.grants),
        source: release.source,
        author: release.author,
        message: release.message,
        report: object(&release.report),
        created_at: moment(release.created_at),
        first_active_at: release.first_active_at.map(moment),
        active,
        asks: Vec::new(),
        missing: Vec::new(),
        trust: None,
        place: release.place,
    }
}

pub(super) fn component(info: ComponentInfo, new: bool) -> ComponentView {
    ComponentView {
        digest: info.digest,
        wit: info.wit,
        manifest: object(&info.manifest),
        size: info.size,
        pushed_at: moment(info.pushed_at),
        pushed_by: info.pushed_by,
        new,
    }
}

/// Without what is tried there.
pub(super) fn place(state: PlaceState) -> PlaceView {
    PlaceView {
        active: name(&state.place, state.active),
        revision: state.revision,
        activated_at: moment(state.activated_at),
        activated_by: state.activated_by,
        previous: state.previous.iter().map(|number| name(&state.place, *number)).collect(),
        probation_until: state.probation_until.map(moment),
        freeze: state.freeze.map(|freeze| FreezeView {
            until: moment(freeze.until),
            by: freeze.by,
            message: freeze.why,
        }),
        candidate: None,
        untrusted: Vec::new(),
        place: state.place,
    }
}

pub(super) fn replica(replica: Replica, places: &[PlaceState]) -> ReplicaView {
    let serving = replica.serving.into_iter();
    ReplicaView {
        id: replica.replica,
        name: replica.name,
        version: replica.version,
        wit_versions: replica.wit_versions,
        started_at: moment(replica.started_at),
        last_seen: moment(replica.last_seen),
        live: replica.live,
        serving: serving.map(|one| self::serving(one, places)).collect(),
    }
}

fn serving(serving: Serving, places: &[PlaceState]) -> ServingView {
    let active = places.iter().find(|state| state.place == serving.place);
    let is_active = active.is_some_and(|state| Some(state.active) == serving.release);
    let state = if serving.pinned {
        ServingState::Pinned
    } else if is_active && serving.behind.is_none() {
        ServingState::Current
    } else {
        ServingState::Behind
    };
    ServingView {
        release: serving.release.map(|number| name(&serving.place, number)),
        revision: serving.revision,
        since: moment(serving.since),
        state,
        behind: serving.behind,
        calls: serving.calls,
        faults: serving.faults,
        refusals: serving.refusals,
        calls_a_minute: serving.calls_a_minute,
        causes: serving.causes,
        refusals_by_code: serving.refusals_by_code,
        failed: serving.failed,
        processor_microseconds: serving.processor_microseconds,
        host_microseconds: serving.host_microseconds,
        host_calls: serving.host_calls,
        peak_memory_bytes: serving.peak_memory_bytes,
        place: serving.place,
    }
}

pub(super) fn deployment(deployment: Deployment) -> DeploymentView {
    DeploymentView {
        id: deployment.id,
        release: name(&deployment.place, deployment.release),
        state: deployment.state,
        who: deployment.who,
        message: deployment.why,
        asked_at: moment(deployment.asked_at),
        deadline: moment(deployment.deadline),
        ended_at: deployment.ended_at.map(moment),
        reports: deployment.reports.into_iter().map(report).collect(),
        rollout: deployment.plan.as_ref().map(plan::asked),
        waiting_for: deployment.waiting_for,
        place: deployment.place,
    }
}

fn report(report: Report) -> ReportView {
    ReportView {
        replica: report.replica,
        name: report.name,
        state: report.state,
        reasons: report.reasons,
        milliseconds: report.milliseconds,
        at: moment(report.at),
    }
}

pub(super) fn moved(moved: Moved) -> MovedView {
    MovedView {
        from: moved.from.map(|number| name(&moved.place, number)),
        to: name(&moved.place, moved.to),
        revision: moved.revision,
        untrusted: Vec::new(),
        place: moved.place,
    }
}

pub(super) fn line(line: HistoryLine) -> HistoryLineView {
    HistoryLineView {
        sequence: line.sequence,
        at: moment(line.at),
        who: line.who,
        action: line.action,
        from: line.from.map(|number| name(&line.place, number)),
        to: line.to.map(|number| name(&line.place, number)),
        message: line.why,
        details: object(&line.details),
        place: line.place,
    }
}
