//! Looking up what the registry has.

use super::client::Client;
use super::names::ReleaseName;
use crate::administration::views::{ReleaseView, StatusView};

/// A release by its name.
pub(super) async fn named(client: &Client, name: &ReleaseName) -> anyhow::Result<ReleaseView> {
    client.read(&["releases", &name.place, &name.number.to_string()], &[]).await
}

/// The release that serves in a place; none: nothing does.
pub(super) async fn active(client: &Client, place: &str) -> anyhow::Result<Option<ReleaseView>> {
    let status: StatusView = client.read(&["status"], &[]).await?;
    let Some(found) = status.places.into_iter().find(|found| found.place == place) else {
        return Ok(None);
    };
    let name = found.active.parse().map_err(anyhow::Error::msg)?;
    named(client, &name).await.map(Some)
}
