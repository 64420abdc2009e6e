//! The way from bytes to a generation, step by step: bytes, manifest and world, settings, compiler,
//! bounds, trial. What has passed all of them is a generation with a number of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Map, Value};
use wasmtime::Engine;

use super::check::{Checked, check};
use super::fault::Faults;
use super::{bounds, compile, trial};
use crate::capabilities::Services;
use crate::contract::{Identity, Slot};
use crate::policy::runtime::{Cache, Generation, Profile};

/// Makes generations out of components that pass. There is one for all slots and sources, so that
/// no two generations have one number.
pub struct Admission {
    profile: Arc<Profile>,
    cache: Cache,
    services: Arc<Services>,
    admitted: AtomicU64,
}

impl Admission {
    /// What it admits runs in this profile.
    pub fn new(profile: Arc<Profile>, cache: Cache, services: Arc<Services>) -> Self {
        Self { profile, cache, services, admitted: AtomicU64::new(0) }
    }

    /// What components are compiled for.
    pub fn engine(&self) -> &Engine {
        &self.profile.engine
    }

    /// Admits a component into a slot. Blocks; call it off the request threads.
    pub fn admit(
        &self,
        slot: Slot,
        bytes: &[u8],
        settings: Map<String, Value>,
    ) -> Result<Generation, Faults> {
        let Checked { digest, manifest, .. } = check(slot, bytes)?;
        manifest.check_settings(&settings)?;
        let component = compile::compile(&self.profile, &self.cache, bytes, &digest)?;
        bounds::check(&component, &self.profile.limits)?;
        let linked = trial::link(&self.profile, slot, &component)?;
        let generation = self.next_number();
        let identity = Arc::new(Identity { slot, generation, digest, manifest, settings });
        let code = linked.try_out(&self.profile, &self.services, &identity)?;
        Ok(Generation { identity, code, profile: Arc::clone(&self.profile) })
    }

    /// The component of a generation with other settings, if they fit its manifest. Nothing is
    /// compiled.
    pub fn admit_settings(
        &self,
        running: &Generation,
        settings: Map<String, Value>,
    ) -> Result<Generation, Faults> {
        let Identity { slot, digest, manifest, .. } = &*running.identity;
        manifest.check_settings(&settings)?;
        let identity = Identity {
            slot: *slot,
            generation: self.next_number(),
            digest: digest.clone(),
            manifest: manifest.clone(),
            settings,
        };
        Ok(Generation {
            identity: Arc::new(identity),
            code: running.code.clone(),
            profile: Arc::clone(&running.profile),
        })
    }

    fn next_number(&self) -> u64 {
        self.admitted.fetch_add(1, Ordering::Relaxed) + 1
    }
}
