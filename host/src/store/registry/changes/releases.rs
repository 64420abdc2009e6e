//! What is kept, and for how long.

use super::super::place::Change;
use super::super::place_row::PlaceRow;
use super::super::refused::{RegistryError, RegistryRefusal};
use super::super::release::{NewRelease, Pruned, Release, Source};
use super::super::transaction::{NewLine, Registry};
use super::super::verdict::REMEMBERED;
use super::moving::overtaken;
use crate::clock::Timestamp;
use crate::store::StoreError;

pub(in crate::store) async fn release_add<R: Registry>(
    registry: &mut R,
    release: &NewRelease,
) -> Result<Release, RegistryError> {
    let mut row = registry.lock(&release.place).await?;
    let number = keep(registry, &mut row, release).await?;
    registry.save(&row).await?;
    let line = NewLine {
        place: &release.place,
        who: &release.author,
        action: if release.source == Source::Import { "imported" } else { "pushed" },
        from: None,
        to: Some(number),
        why: &release.message,
        details: "{}",
    };
    registry.write(line).await?;
    Ok(kept(registry, &release.place, number).await?)
}

/// Writes a release under the next number of its place.
pub(super) async fn keep<R: Registry>(
    registry: &mut R,
    row: &mut PlaceRow,
    release: &NewRelease,
) -> Result<i64, RegistryError> {
    let digests: Vec<String> =
        release.components.iter().map(|component| component.digest.clone()).collect();
    let kept = registry.components_kept(&digests).await?;
    if let Some(digest) = digests.into_iter().find(|digest| !kept.contains(digest)) {
        return Err(RegistryRefusal::NoComponent { digest }.into());
    }
    row.newest += 1;
    registry.add_release(release, row.newest).await?;
    Ok(row.newest)
}

/// A release that was written in this transaction.
pub(super) async fn kept<R: Registry>(
    registry: &mut R,
    place: &str,
    number: i64,
) -> Result<Release, StoreError> {
    let lost = || StoreError::Damaged(format!("the release {place}/{number} was not kept"));
    registry.release(place, number).await?.ok_or_else(lost)
}

/// What is tried, and beside what, in all places. Trials that an older version overtook end here,
/// if nobody has changed their places since.
async fn tried<R: Registry>(registry: &mut R, who: &str) -> Result<Vec<(String, i64)>, StoreError> {
    let mut all = Vec::new();
    for mut row in registry.places().await? {
        if overtaken(registry, &mut row, who).await? {
            registry.save(&row).await?;
        }
        if let Some(candidate) = row.tried() {
            all.extend([candidate.release, candidate.base].map(|each| (row.place.clone(), each)));
        }
    }
    Ok(all)
}

pub(in crate::store) async fn prune<R: Registry>(
    registry: &mut R,
    keep: u32,
    before: Timestamp,
    change: &Change,
) -> Result<Pruned, StoreError> {
    registry.lock_all().await?;
    let now = registry.now();
    registry.forget_replicas(now - REMEMBERED, now + REMEMBERED).await?;
    let replicas = registry.replicas().await?;
    let serving = replicas.into_iter().flat_map(|replica| replica.serving);
    let mut served: Vec<(String, i64)> =
        serving.filter_map(|serving| Some((serving.place, serving.release?))).collect();
    served.extend(tried(registry, &change.who).await?);
    let mut gone = registry.prune_releases(keep, before, &served).await?;
    gone.sort();
    for of_place in gone.chunk_by(|one, other| one.0 == other.0) {
        let numbers: Vec<i64> = of_place.iter().map(|(_, number)| *number).collect();
        let line = NewLine {
            place: &of_place[0].0,
            who: &change.who,
            action: "pruned",
            from: None,
            to: None,
            why: &change.why,
            details: &serde_json::json!({ "releases": numbers }).to_string(),
        };
        registry.write(line).await?;
    }
    let sizes = registry.prune_components(before).await?;
    registry.prune_deployments().await?;
    let bytes = sizes.iter().map(|size| size.unsigned_abs()).sum();
    Ok(Pruned { releases: gone.len() as u64, components: sizes.len() as u64, bytes })
}
