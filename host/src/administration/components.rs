//! Components: brought, and fetched.

use std::sync::Arc;

use tokio::task::spawn_blocking;

use super::access::Caller;
use super::core::Administration;
use super::refusals::of_store;
use super::views::ComponentView;
use super::{codes, describe, input};
use crate::errors::{ApiError, catalogue};
use crate::policy::runtime::component_digest;
use crate::store::registry::{Component, ComponentInfo};

impl Administration {
    /// Keeps a component that passes its checks. One that is kept already is not checked again.
    pub async fn put_component(
        &self,
        caller: &Caller,
        digest: &str,
        bytes: Arc<[u8]>,
    ) -> Result<ComponentView, ApiError> {
        let digest = input::digest(digest)?;
        let hashed = Arc::clone(&bytes);
        let found = spawn_blocking(move || component_digest(&hashed)).await;
        if found.map_err(|_| ApiError::from(catalogue::INTERNAL))? != digest {
            return Err(codes::DIGEST_MISMATCH.into());
        }
        if let Some(info) = self.info(digest).await? {
            return Ok(describe::component(info, false));
        }
        let report = self.examine("the component", None, Arc::clone(&bytes), None).await?;
        let info = ComponentInfo {
            digest: digest.to_owned(),
            wit: report.wit,
            manifest: report.manifest.to_string(),
            size: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
            pushed_at: self.store.clock().now(),
            pushed_by: caller.name.clone(),
        };
        let component = Component { info, bytes: bytes.to_vec() };
        let new = self.store.component_put(&component).await.map_err(|error| of_store(&error))?;
        tracing::info!(digest, by = caller.name, new, "a component was brought");
        Ok(describe::component(component.info, new))
    }

    /// What is known of a component that somebody wants to fetch.
    pub async fn component_info(&self, digest: &str) -> Result<ComponentInfo, ApiError> {
        let digest = input::digest(digest)?;
        self.info(digest).await?.ok_or_else(|| unknown(digest))
    }

    /// The bytes of a component. Whoever asks has taken room for them.
    pub async fn component(&self, digest: &str) -> Result<Vec<u8>, ApiError> {
        let found = self.store.component(digest).await.map_err(|error| of_store(&error))?;
        Ok(found.ok_or_else(|| unknown(digest))?.bytes)
    }

    async fn info(&self, digest: &str) -> Result<Option<ComponentInfo>, ApiError> {
        self.store.component_info(digest).await.map_err(|error| of_store(&error))
    }
}

fn unknown(digest: &str) -> ApiError {
    let message = format!(
        "there is no component {digest}. Push it first; one that no release names is pruned after \
         a while"
    );
    ApiError::with_message(codes::NO_COMPONENT, message)
}
