//! What serves in a place.

use std::time::Duration;

use super::super::deployment::DeploymentState;
use super::super::place::{Change, EventOfMove, Expected, Freeze, Moved, PlaceState};
use super::super::place_row::PlaceRow;
use super::super::refused::{RegistryError, RegistryRefusal};
use super::super::release::{NewRelease, Release, Source};
use super::super::transaction::{NewLine, Registry};
use super::releases::{keep, kept};
use crate::clock::{Timestamp, milliseconds};
use crate::store::StoreError;

/// Until when a release that is activated now is on probation.
pub(super) fn probation_until(now: Timestamp, probation: Duration) -> Option<Timestamp> {
    (!probation.is_zero()).then(|| now.saturating_add(milliseconds(probation)))
}

pub(in crate::store) async fn release_activate<R: Registry>(
    registry: &mut R,
    release: &NewRelease,
    only_first: bool,
    probation: Duration,
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
    let until = probation_until(registry.now(), probation);
    let moved = row.activate(number, &release.author, registry.now(), until);
    arrive(registry, &row, &moved).await?;
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

/// Writes what was moved.
pub(super) async fn arrive<R: Registry>(
    registry: &mut R,
    row: &PlaceRow,
    moved: &Moved,
) -> Result<(), StoreError> {
    registry.mark_active(&row.place, moved.to).await?;
    registry.save(row).await
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
    arrive(registry, &row, &moved).await?;
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

/// Ends what is being prepared for a place that is changed otherwise.
async fn cancel_open<R: Registry>(
    registry: &mut R,
    place: &str,
    who: &str,
    why: &str,
) -> Result<(), StoreError> {
    let Some(open) = registry.open_deployment(place).await? else { return Ok(()) };
    registry.end_deployment(open.id, DeploymentState::Cancelled).await?;
    let line = NewLine {
        place,
        who,
        action: "deploy_cancelled",
        from: None,
        to: Some(open.release),
        why,
        details: &format!(r#"{{"deployment":"{}"}}"#, open.id),
    };
    registry.write(line).await
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
