//! Components: brought, and fetched.

use std::sync::Arc;

use tokio::task::spawn_blocking;

use super::access::Caller;
use super::core::Administration;
use super::refusals::of_store;
use super::views::ComponentView;
use super::{codes, describe, input};
use crate::errors::{ApiError, catalogue};
use crate::hex;
use crate::store::registry::{Component, ComponentInfo};

impl Administration {
    /// Keeps a component that passes its checks. One that is kept already is not checked again; if
    /// what is kept under its digest is something else, these bytes take its place.
    pub async fn put_component(
        &self,
        caller: &Caller,
        digest: &str,
        bytes: Arc<[u8]>,
    ) -> Result<ComponentView, ApiError> {
        let digest = input::digest(digest)?;
        let arrived = Arc::clone(&bytes);
        if hashed(move || hex::sha256(&arrived)).await? != digest {
            return Err(codes::DIGEST_MISMATCH.into());
        }
        let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        let known = self.info(digest).await?;
        let is_known = known.is_some();
        let info = if let Some(known) = known.filter(|known| known.size == size) {
            known
        } else {
            let report = self.examine("the component", None, Arc::clone(&bytes), None).await?;
            ComponentInfo {
                digest: digest.to_owned(),
                wit: report.wit,
                manifest: report.manifest.to_string(),
                size,
                pushed_at: self.store.clock().now(),
                pushed_by: caller.name.clone(),
            }
        };
        let component = Component { info, bytes };
        let written = self.store.component_put(&component).await;
        let written = written.map_err(|error| of_store(&error))?;
        let by = &caller.name;
        if is_known && written {
            tracing::error!(
                digest,
                by,
                "the registry held something else under this digest; the component that was \
                 brought took its place. Find out who changed it"
            );
        } else {
            tracing::info!(digest, by, new = written, "a component was brought");
        }
        Ok(describe::component(component.info, written))
    }

    /// What is known of a component that somebody wants to fetch.
    pub async fn component_info(&self, digest: &str) -> Result<ComponentInfo, ApiError> {
        let digest = input::digest(digest)?;
        self.info(digest).await?.ok_or_else(|| unknown(digest))
    }

    /// The bytes of a component. Whoever asks has taken room for them.
    pub async fn component(&self, digest: &str) -> Result<Arc<[u8]>, ApiError> {
        let found = self.store.component(digest).await.map_err(|error| of_store(&error))?;
        let component = found.ok_or_else(|| unknown(digest))?;
        let bytes = Arc::clone(&component.bytes);
        match hashed(move || component.damage()).await? {
            Some(damage) => Err(describe::damaged(damage)),
            None => Ok(bytes),
        }
    }

    async fn info(&self, digest: &str) -> Result<Option<ComponentInfo>, ApiError> {
        self.store.component_info(digest).await.map_err(|error| of_store(&error))
    }
}

/// Hashed beside the request threads.
async fn hashed<T: Send + 'static>(
    hash: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ApiError> {
    spawn_blocking(hash).await.map_err(|_| catalogue::INTERNAL.into())
}

fn unknown(digest: &str) -> ApiError {
    let message = format!(
        "there is no component {digest}. Push it first; one that no release names is pruned after \
         a while"
    );
    ApiError::with_message(codes::NO_COMPONENT, message)
}
