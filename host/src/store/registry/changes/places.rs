//! What serves in a place.

use std::time::Duration;

use super::super::candidate::Candidate;
use super::super::place::{Change, EventOfMove, Expected, Freeze, Moved, PlaceState};
use super::super::place_row::PlaceRow;
use super::super::refused::{RegistryError, RegistryRefusal};
use super::super::release::{NewRelease, Release, Source};
use super::super::transaction::{NewLine, Registry};
use super::moving::{arrive, cancel_open, details, probation_until};
use super::releases::{keep, kept};
use super::trust::{granted, sorted};
use crate::clock::Timestamp;

pub(in crate::store) async fn release_activate<R: Registry>(
    registry: &mut R,
    release: &NewRelease,
    only_first: bool,
    probation: Duration,
    grants: Option<&[String]>,
) -> Result<(Release, Moved), RegistryError> {
    let mut row = registry.lock(&release.place).await?;
    if only_first && row.newest > 0 {
        return Err(RegistryRefusal::NotEmpty { place: row.place }.into());
    }
    // Several replicas may look at one directory, and one of them brings what is new there.
    if release.source == Source::Directory
        && let Some(known) = registry.newest_of_directory(&release.place).await?
        && known.components == release.components
        && known.settings == release.settings
    {
        let Release { place, number, .. } = known;
        return Err(RegistryRefusal::ServesAlready { place, number }.into());
    }
    row.thawed(registry.now())?;
    let reason = "another release was activated meanwhile";
    cancel_open(registry, &row.place, &release.author, reason).await?;
    let number = keep(registry, &mut row, release).await?;
    if let Some(grants) = grants {
        // Whoever brings it has looked before anybody granted anything.
        if row.grants.as_deref().is_some_and(|known| sorted(known) != sorted(grants)) {
            return Err(RegistryRefusal::GrantedMeanwhile { place: row.place }.into());
        }
        let (who, why) = (release.author.clone(), release.message.clone());
        let change = Change { who, why, details: "{}".to_owned() };
        granted(registry, &row, grants, &change).await?;
        row.grants = Some(grants.to_vec());
    }
    let until = probation_until(registry.now(), probation);
    let moved = row.activate(number, &release.author, registry.now(), until);
    arrive(registry, &mut row, &moved, &release.author).await?;
    let line = NewLine {
        place: &row.place,
        who: &release.author,
        action: "activated",
        from: moved.from,
        to: Some(number),
        why: &release.message,
        details: "{}",
    };
    registry.write(line).await?;
    Ok((kept(registry, &row.place, number).await?, moved))
}

pub(in crate::store) async fn rollback<R: Registry>(
    registry: &mut R,
    place: &str,
    to: Option<i64>,
    expected: Expected,
    change: &Change,
    event: EventOfMove<'_>,
) -> Result<Moved, RegistryError> {
    let mut row = registry.lock(place).await?;
    if to.is_none()
        && let Some(candidate) = row.tried_by_share()
        && !matches!(expected, Expected::Probation(_))
    {
        let candidate = candidate.clone();
        return take_back(registry, row, candidate, expected, change, event).await;
    }
    let mut number = row.way_back(to, expected, registry.now())?;
    let place = place.to_owned();
    if to.is_none() {
        // One that somebody has deleted does not bar the way to those before it.
        for before in &row.previous {
            if registry.release(&place, *before).await?.is_some() {
                number = *before;
                break;
            }
        }
    }
    match registry.release(&place, number).await? {
        None => return Err(RegistryRefusal::NoRelease { place, number }.into()),
        Some(release) if release.first_active_at.is_none() => {
            return Err(RegistryRefusal::NeverServed { place, number }.into());
        }
        Some(_) => {}
    }
    cancel_open(registry, &place, &change.who, "the place was rolled back meanwhile").await?;
    let moved = row.go_back(number, &change.who, registry.now());
    arrive(registry, &mut row, &moved, &change.who).await?;
    let line = NewLine {
        place: &place,
        who: &change.who,
        action: match expected {
            Expected::Probation(_) => "fell_back",
            Expected::Anything | Expected::Release(_) => "rolled_back",
        },
        from: moved.from,
        to: Some(number),
        why: &change.why,
        details: &change.details,
    };
    registry.write(line).await?;
    if let Some(event) = event {
        registry.append(&event(&moved)).await?;
    }
    Ok(moved)
}

/// A step back while a candidate decides about some people is one from the candidate: the active
/// release stays.
async fn take_back<R: Registry>(
    registry: &mut R,
    mut row: PlaceRow,
    candidate: Candidate,
    expected: Expected,
    change: &Change,
    event: EventOfMove<'_>,
) -> Result<Moved, RegistryError> {
    let active = row.serves()?;
    let place = row.place.clone();
    if let Expected::Release(number) = expected
        && number != candidate.release
    {
        let (candidate, from) = (candidate.release, number);
        return Err(RegistryRefusal::TriedMeanwhile { place, candidate, from }.into());
    }
    cancel_open(registry, &place, &change.who, "the place was rolled back meanwhile").await?;
    row.candidate = None;
    registry.end_rollout(candidate.rollout, "aborted").await?;
    registry.save(&row).await?;
    let revision = row.revision;
    let moved = Moved { place, from: Some(candidate.release), to: active, revision };
    let line = NewLine {
        place: &moved.place,
        who: &change.who,
        action: "rolled_back",
        from: moved.from,
        to: Some(active),
        why: &change.why,
        details: &details(&candidate, &change.details),
    };
    registry.write(line).await?;
    if let Some(event) = event {
        registry.append(&event(&moved)).await?;
    }
    Ok(moved)
}

/// Also what is being prepared is not activated any more.
pub(in crate::store) async fn freeze<R: Registry>(
    registry: &mut R,
    place: &str,
    until: Timestamp,
    change: &Change,
) -> Result<PlaceState, RegistryError> {
    let mut row = registry.lock(place).await?;
    row.serves()?;
    cancel_open(registry, place, &change.who, "the place was frozen meanwhile").await?;
    row.freeze = Some(Freeze { until, by: change.who.clone(), why: change.why.clone() });
    changed(registry, row, "frozen", change).await
}

pub(in crate::store) async fn unfreeze<R: Registry>(
    registry: &mut R,
    place: &str,
    change: &Change,
) -> Result<PlaceState, RegistryError> {
    let mut row = registry.lock(place).await?;
    row.serves()?;
    row.freeze = None;
    changed(registry, row, "unfrozen", change).await
}

async fn changed<R: Registry>(
    registry: &mut R,
    row: PlaceRow,
    action: &'static str,
    change: &Change,
) -> Result<PlaceState, RegistryError> {
    registry.save(&row).await?;
    let line = NewLine {
        place: &row.place,
        who: &change.who,
        action,
        from: None,
        to: row.active,
        why: &change.why,
        details: &change.details,
    };
    registry.write(line).await?;
    let empty = RegistryRefusal::EmptyPlace { place: row.place.clone() };
    row.state(registry.now()).ok_or_else(|| empty.into())
}
