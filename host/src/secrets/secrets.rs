//! The secrets that somebody uses, as they were last read.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::fault::SecretFault;
use super::settings::SecretSettings;

/// The secrets that somebody uses.
pub struct Secrets {}

impl Secrets {
    /// Reads nothing yet.
    pub fn new(_settings: SecretSettings) -> Self {
        Self {}
    }

    /// Reads these secrets of a place, and follows them from now on; everything that is wrong with
    /// one of them. It reads files: beside the request threads.
    pub fn expect<'n>(
        &self,
        _place: &str,
        _names: impl IntoIterator<Item = &'n str>,
    ) -> Result<(), Vec<SecretFault>> {
        Ok(())
    }

    /// A secret that is followed, as it was last read.
    pub fn get(&self, _place: &str, _name: &str) -> Option<Arc<Zeroizing<String>>> {
        todo!()
    }
}
