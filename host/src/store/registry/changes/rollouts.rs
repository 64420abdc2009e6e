//! Trials: begun by a deployment with a plan, changed by people and by the judgement.

use std::time::Duration;

use uuid::Uuid;

use super::super::candidate::{Candidate, Pause, RolloutChange, RolloutPlan, WHOLE};
use super::super::deployment::Deployment;
use super::super::place::{Change, PlaceState};
use super::super::place_row::PlaceRow;
use super::super::readiness::unready;
use super::super::refused::{RegistryError, RegistryRefusal};
use super::super::transaction::{NewLine, Registry};
use super::moving::{arrive, cancel_open, details, overtaken, probation_until};
use crate::clock::Timestamp;
use crate::events::NewEvent;
use crate::store::StoreError;

/// Begins the trial of what all replicas are ready for. False if that cannot be any more: an older
/// version moves and freezes a place without a look at what is prepared for a trial.
pub(super) async fn begin<R: Registry>(
    registry: &mut R,
    row: &mut PlaceRow,
    deployment: &Deployment,
    plan: &RolloutPlan,
) -> Result<bool, StoreError> {
    let now = registry.now();
    if overtaken(registry, row, &deployment.who).await? {
        registry.save(row).await?;
    }
    let base = match row.active {
        Some(base) if base != deployment.release && row.thawed(now).is_ok() => base,
        _ => return Ok(false),
    };
    let before = row.candidate.take();
    if let Some(before) = &before {
        registry.end_rollout(before.rollout, "replaced").await?;
    }
    let candidate = Candidate {
        rollout: deployment.id,
        release: deployment.release,
        base,
        base_revision: row.revision,
        plan: plan.clone(),
        step: 0,
        share: plan.share,
        turn: before.map_or(1, |before| before.turn + 1),
        turn_since: now,
        began_at: now,
        began_by: deployment.who.clone(),
        why: deployment.why.clone(),
        paused: None,
    };
    registry.add_rollout(&row.place, &candidate).await?;
    row.candidate = Some(candidate);
    registry.save(row).await?;
    Ok(true)
}

/// What a change makes of a candidate.
enum Fate {
    /// It is tried on.
    Stays(&'static str),
    /// It serves all.
    Serves,
    /// It is tried no more.
    Leaves(&'static str),
}

pub(in crate::store) async fn change<R: Registry>(
    registry: &mut R,
    place: &str,
    expected: Option<(Uuid, i64)>,
    what: RolloutChange,
    probation: Duration,
    change: &Change,
    event: Option<&NewEvent>,
) -> Result<PlaceState, RegistryError> {
    let (mut row, now) = (registry.lock(place).await?, registry.now());
    let mut candidate = as_expected(&row, expected)?;
    // As it was when it was judged: an advance makes another turn of it.
    let details = details(&candidate, &change.details);
    let fate = decide(&row, &mut candidate, what, change, now)?;
    let (release, place, who) = (candidate.release, row.place.clone(), &*change.who);
    let (action, from, to) = match fate {
        Fate::Stays(action) => {
            row.candidate = Some(candidate);
            registry.save(&row).await?;
            (action, row.active, Some(release))
        }
        Fate::Serves => {
            if registry.release(&place, release).await?.is_none() {
                return Err(RegistryRefusal::NoRelease { place, number: release }.into());
            }
            if let Some(unready) = unready(&place, &candidate, &registry.replicas().await?) {
                return Err(RegistryRefusal::NotAllReady { place, release, unready }.into());
            }
            cancel_open(registry, &place, who, "what was tried serves meanwhile").await?;
            let moved = row.activate(release, who, now, probation_until(now, probation));
            arrive(registry, &mut row, &moved, who).await?;
            ("promoted", moved.from, Some(release))
        }
        Fate::Leaves(action) => {
            cancel_open(registry, &place, who, "what was tried was taken out meanwhile").await?;
            row.candidate = None;
            registry.end_rollout(candidate.rollout, action).await?;
            registry.save(&row).await?;
            (action, Some(release), row.active)
        }
    };
    let why = &*change.why;
    let line = NewLine { place: &place, who, action, from, to, why, details: &details };
    registry.write(line).await?;
    if let Some(event) = event {
        registry.append(event).await?;
    }
    row.state(now).ok_or_else(|| RegistryRefusal::EmptyPlace { place }.into())
}

/// What is tried, if it is still what somebody looked at.
fn as_expected(
    row: &PlaceRow,
    expected: Option<(Uuid, i64)>,
) -> Result<Candidate, RegistryRefusal> {
    let place = row.place.clone();
    match (row.tried(), expected, row.active) {
        (Some(tried), None, _) => Ok(tried.clone()),
        (Some(tried), Some(seen), _) if seen == (tried.rollout, tried.turn) => Ok(tried.clone()),
        (_, Some(_), Some(active)) => Err(RegistryRefusal::ChangedMeanwhile { place, active }),
        _ => Err(RegistryRefusal::NoCandidate { place }),
    }
}

fn decide(
    row: &PlaceRow,
    candidate: &mut Candidate,
    what: RolloutChange,
    change: &Change,
    now: Timestamp,
) -> Result<Fate, RegistryRefusal> {
    match what {
        RolloutChange::Abort => Ok(Fate::Leaves("aborted")),
        RolloutChange::TakeOut => Ok(Fate::Leaves("taken_out")),
        RolloutChange::Promote => row.thawed(now).map(|()| Fate::Serves),
        RolloutChange::Advance => row.thawed(now).and_then(|()| advance(row, candidate, now)),
        RolloutChange::Pause | RolloutChange::Resume => {
            let place = row.place.clone();
            if candidate.plan.steps.is_empty() {
                return Err(RegistryRefusal::NoSteps { place });
            }
            let pauses = what == RolloutChange::Pause;
            if candidate.paused.is_some() == pauses {
                return Err(RegistryRefusal::StepsAsAsked { place });
            }
            let pause = || Pause { at: now, by: change.who.clone(), why: change.why.clone() };
            candidate.paused = pauses.then(pause);
            if pauses {
                return Ok(Fate::Stays("paused"));
            }
            candidate.turn_since = now;
            Ok(Fate::Stays("resumed"))
        }
    }
}

/// The next step. Who asks may not know yet that somebody paused it, or that it began anew.
fn advance(
    row: &PlaceRow,
    candidate: &mut Candidate,
    now: Timestamp,
) -> Result<Fate, RegistryRefusal> {
    let place = row.place.clone();
    let steps = &candidate.plan.steps;
    let (Some(step), Some(next)) = (steps.get(candidate.step), steps.get(candidate.step + 1))
    else {
        return Err(RegistryRefusal::NoSteps { place });
    };
    if candidate.paused.is_some() {
        return Err(RegistryRefusal::StepsAsAsked { place });
    }
    if now < candidate.turn_since.saturating_add(step.hold_milliseconds) {
        let active = row.serves()?;
        return Err(RegistryRefusal::ChangedMeanwhile { place, active });
    }
    if next.share >= WHOLE {
        return Ok(Fate::Serves);
    }
    candidate.share = next.share;
    candidate.step += 1;
    candidate.turn += 1;
    candidate.turn_since = now;
    Ok(Fate::Stays("advanced"))
}
