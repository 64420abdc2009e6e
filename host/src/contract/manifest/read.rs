//! Reading a manifest. It is held to every rule, so that an author hears of all faults in one
//! round.

use super::fault::{MAX_FAULTS, ManifestFault, shown};
use super::form::Manifest;
use super::{asks, schema};
use crate::contract::names::is_name;
use crate::errors::catalogue;
use crate::tokens::RESERVED_CLAIMS;

const MAX_BYTES: usize = 64 * 1024;

impl Manifest {
    /// Whether its text has more bytes than any manifest may have.
    pub const fn is_too_large(text: &[u8]) -> bool {
        text.len() > MAX_BYTES
    }

    /// Reads a manifest; every rule that it breaks, if it breaks one.
    pub fn read(text: &[u8]) -> Result<Self, Vec<ManifestFault>> {
        if Self::is_too_large(text) {
            return Err(vec![ManifestFault::TooLarge { bytes: text.len(), most: MAX_BYTES }]);
        }
        let manifest: Self = serde_json::from_slice(text)
            .map_err(|error| vec![ManifestFault::Unreadable(error.to_string())])?;
        let mut faults = Vec::new();
        manifest.check_itself(&mut faults);
        manifest.check_refusals(&mut faults);
        manifest.check_claims(&mut faults);
        manifest.check_events(&mut faults);
        asks::check(&manifest.asks, manifest.slot, &mut faults);
        schema::check("request", &manifest.request, &mut faults);
        schema::check("settings", &manifest.settings, &mut faults);
        let more = faults.len().saturating_sub(MAX_FAULTS);
        if more > 0 {
            faults.truncate(MAX_FAULTS);
            faults.push(ManifestFault::More(more));
        }
        if faults.is_empty() { Ok(manifest) } else { Err(faults) }
    }

    fn check_itself(&self, faults: &mut Vec<ManifestFault>) {
        if !is_name(&self.name, '-', 32) {
            faults.push(ManifestFault::Name(shown(&self.name)));
        }
        let visible = self.version.bytes().all(|byte| byte.is_ascii_graphic());
        if !(1..=32).contains(&self.version.len()) || !visible {
            faults.push(ManifestFault::Version(shown(&self.version)));
        }
        if self.description.len() > 1024 {
            faults.push(ManifestFault::Description);
        }
    }

    fn check_refusals(&self, faults: &mut Vec<ManifestFault>) {
        if self.refusals.len() > 32 {
            faults.push(ManifestFault::RefusalCount);
        }
        for (code, refusal) in &self.refusals {
            if !is_name(code, '_', 48) {
                faults.push(ManifestFault::RefusalCode(shown(code)));
            }
            if catalogue::is_reserved(code) {
                faults.push(ManifestFault::ReservedCode(shown(code)));
            }
            if refusal
                .status
                .is_some_and(|status| ![400, 401, 403, 409, 422, 429].contains(&status))
            {
                faults.push(ManifestFault::RefusalStatus(shown(code)));
            }
        }
    }

    fn check_claims(&self, faults: &mut Vec<ManifestFault>) {
        if self.claims.len() > 16 {
            faults.push(ManifestFault::ClaimCount);
        }
        for claim in &self.claims {
            if !is_name(claim, '_', 32) {
                faults.push(ManifestFault::ClaimName(shown(claim)));
            }
            if RESERVED_CLAIMS.contains(&claim.as_str()) {
                faults.push(ManifestFault::ReservedClaim(shown(claim)));
            }
        }
    }

    fn check_events(&self, faults: &mut Vec<ManifestFault>) {
        if self.events.len() > 16 {
            faults.push(ManifestFault::EventCount);
        }
        for event in self.events.iter().filter(|event| !is_name(event, '_', 32)) {
            faults.push(ManifestFault::EventName(shown(event)));
        }
    }
}
