//! What people look at: what serves and on whom, releases, the history.

use super::access::Caller;
use super::core::Administration;
use super::moments::moment;
use super::refusals::of_store;
use super::views::{HistoryView, HostView, PlaceView, ReleaseView, ReleasesView, StatusView};
use super::{codes, describe, input};
use crate::contract::{Slot, wit};
use crate::errors::ApiError;
use crate::policy::admission::MAX_COMPONENT_BYTES;
use crate::store::StoreError;

/// A page has so many lines, unless it is asked for otherwise.
const USUAL_PAGE: u32 = 50;
/// The most lines of a page of releases: each may hold large settings.
const MOST_RELEASES: u32 = 100;
/// The most lines of a page of history.
const MOST_LINES: u32 = 500;

impl Administration {
    /// Whom one talks to.
    pub fn host(&self, caller: &Caller) -> HostView {
        HostView {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            wit_versions: vec![wit::version().to_owned()],
            replica: self.replica.clone(),
            time: moment(self.store.clock().now()),
            places: Slot::ALL.map(|slot| slot.as_str().to_owned()).into(),
            most_component_bytes: MAX_COMPONENT_BYTES,
            token: caller.name.clone(),
            role: caller.role,
        }
    }

    /// What serves, and on whom.
    pub async fn status(&self) -> Result<StatusView, ApiError> {
        self.read_status().await.map_err(|error| of_store(&error))
    }

    async fn read_status(&self) -> Result<StatusView, StoreError> {
        let places = self.store.places().await?;
        let replicas = self.store.replicas().await?;
        let deployments = self.store.open_deployments().await?;
        let mut shown = Vec::new();
        for state in &places {
            let untrusted = self.untrusted(&state.place, state.active).await;
            let view = self.place_view(state.clone(), &replicas);
            shown.push(PlaceView { untrusted, ..view });
        }
        Ok(StatusView {
            time: moment(self.store.clock().now()),
            places: shown,
            replicas: replicas
                .into_iter()
                .map(|replica| describe::replica(replica, &places))
                .collect(),
            deployments: deployments.into_iter().map(describe::deployment).collect(),
        })
    }

    /// A release.
    pub async fn release(&self, place: &str, number: &str) -> Result<ReleaseView, ApiError> {
        let slot = input::place(place)?;
        let number = input::number("number", number)?;
        let asked = async {
            let release = self.store.release(slot.as_str(), number).await?;
            Ok((release, self.store.places().await?))
        };
        let (release, places) = asked.await.map_err(|error| of_store(&error))?;
        let release = release.ok_or_else(|| {
            ApiError::with_message(
                codes::NO_RELEASE,
                format!("there is no release {place}/{number}. It may have been pruned"),
            )
        })?;
        if let Some(damage) = release.damage() {
            // Whoever takes something of it elsewhere would take it for what was brought.
            return Err(describe::damaged(damage));
        }
        self.shown(slot, release, &places).await.map_err(|error| of_store(&error))
    }

    /// A page of releases, newest first.
    pub async fn releases(
        &self,
        place: Option<&str>,
        before: Option<i64>,
        limit: Option<u32>,
    ) -> Result<ReleasesView, ApiError> {
        let place = place.map(input::place).transpose()?.map(Slot::as_str);
        let most = page(limit, MOST_RELEASES)?;
        if before.is_some() && place.is_none() {
            // Numbers are those of a place.
            return Err(input::wrong("before", "needs a place"));
        }
        let asked = async {
            let releases = self.store.releases(place, before, most).await?;
            Ok((releases, self.store.places().await?))
        };
        let (releases, places) = asked.await.map_err(|error| of_store(&error))?;
        let next = place.and_then(|_| next(&releases, most, |release| release.number));
        let releases = releases.into_iter();
        Ok(ReleasesView {
            releases: releases.map(|release| self.listed(release, &places)).collect(),
            next,
        })
    }

    /// A page of the history, newest first.
    pub async fn history(
        &self,
        place: Option<&str>,
        before: Option<i64>,
        limit: Option<u32>,
    ) -> Result<HistoryView, ApiError> {
        let place = place.map(input::place).transpose()?.map(Slot::as_str);
        let most = page(limit, MOST_LINES)?;
        let lines = self.store.history(place, before, most).await;
        let lines = lines.map_err(|error| of_store(&error))?;
        let next = next(&lines, most, |line| line.sequence);
        Ok(HistoryView { lines: lines.into_iter().map(describe::line).collect(), next })
    }
}

fn page(limit: Option<u32>, most: u32) -> Result<u32, ApiError> {
    match limit.unwrap_or(USUAL_PAGE) {
        limit if (1..=most).contains(&limit) => Ok(limit),
        _ => Err(input::wrong("limit", &format!("must be from 1 to {most}"))),
    }
}

/// Where the next page begins, if this one is full.
fn next<T>(page: &[T], most: u32, number: impl Fn(&T) -> i64) -> Option<i64> {
    let is_full = u32::try_from(page.len()).is_ok_and(|length| length >= most);
    page.last().filter(|_| is_full).map(number)
}
