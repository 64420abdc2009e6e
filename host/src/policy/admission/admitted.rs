//! What passed admission: it serves once it has the number of a release.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::report::AdmissionReport;
use crate::contract::{Grants, Identity, Manifest, Slot};
use crate::policy::runtime::{Code, Generation, Profile};

/// What passed: all that a generation has but the number of its release.
#[derive(Clone)]
pub struct Admitted {
    pub(super) slot: Slot,
    pub digest: String,
    pub manifest: Manifest,
    pub settings: Map<String, Value>,
    /// For the registry.
    pub report: AdmissionReport,
    pub(super) code: Arc<Code>,
    pub(super) profile: Arc<Profile>,
}

impl Admitted {
    /// It serves as this release of its slot.
    pub fn into_generation(self, release: u64) -> Generation {
        let Self { slot, digest, manifest, settings, report, code, profile } = self;
        let grants = Grants::asked(&manifest, report.imports.iter().map(String::as_str));
        profile.metrics.admissions.with_label_values(&[slot.as_str(), "admitted"]).inc();
        let codes = manifest.refusals.keys().cloned();
        let counts = profile.metrics.releases.of(slot.as_str(), release, codes);
        let limits = grants.limits(&profile.limits);
        let identity = Arc::new(Identity { slot, release, digest, manifest, settings, grants });
        Generation { identity, code, profile, limits, counts }
    }
}
