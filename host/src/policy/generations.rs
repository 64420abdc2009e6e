//! Generations: what serves in each slot. A call takes the current one and keeps it to its end; a
//! swap is one atomic store.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwapOption;
use serde_json::{Map, Value};
use tokio::sync::Semaphore;
use wasmtime::component::{ComponentExportIndex, InstancePre};

use super::Slot;
use super::admission::Faults;
use crate::capabilities::{CallState, Identity};

/// One component, admitted, with the settings that it runs with.
pub struct Generation {
    /// Who it is.
    pub identity: Arc<Identity>,
    /// How it is called.
    pub code: Code,
}

/// How a policy is called.
#[derive(Clone)]
pub enum Code {
    /// A component: everything about it is resolved but the instance.
    Component {
        /// Linked and checked.
        pre: InstancePre<CallState>,
        /// The export to call.
        export: ComponentExportIndex,
    },
    /// The same policy compiled into this program: for benchmarks, that measure what the component
    /// costs.
    #[cfg(feature = "native-policies")]
    Native(Arc<dyn super::native::NativePolicy>),
}

/// A slot: the current generation, and how many calls may run in it at once.
struct Place {
    current: ArcSwapOption<Generation>,
    permits: Semaphore,
}

/// All slots.
pub struct Generations {
    places: [Place; 3],
    counter: AtomicU64,
}

impl Default for Generations {
    fn default() -> Self {
        // Together no more than the pool has instances; logins that wait for the hash threads
        // cannot starve refreshes.
        let place =
            |permits| Place { current: ArcSwapOption::empty(), permits: Semaphore::new(permits) };
        Self { places: [place(48), place(80), place(120)], counter: AtomicU64::new(0) }
    }
}

impl Generations {
    /// What serves in a slot now.
    pub fn current(&self, slot: Slot) -> Option<Arc<Generation>> {
        self.place(slot).current.load_full()
    }

    /// The calls that may run in a slot at once.
    pub fn permits(&self, slot: Slot) -> &Semaphore {
        &self.place(slot).permits
    }

    /// A number for a new generation.
    pub fn next_number(&self) -> u64 {
        self.counter.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Swaps; calls in flight finish on the generation that they began with.
    pub fn swap(&self, generation: Arc<Generation>) -> Option<Arc<Generation>> {
        self.place(generation.identity.slot).current.swap(Some(generation))
    }

    /// The slots in which nothing serves.
    pub fn empty(&self) -> Vec<Slot> {
        Slot::ALL.into_iter().filter(|slot| self.place(*slot).current.load().is_none()).collect()
    }

    fn place(&self, slot: Slot) -> &Place {
        &self.places[slot as usize]
    }
}

impl Generation {
    /// The same component with other settings, where they fit its manifest.
    pub fn with_settings(&self, number: u64, settings: Map<String, Value>) -> Result<Self, Faults> {
        let Identity { slot, digest, manifest, .. } = &*self.identity;
        manifest.check_settings(&settings)?;
        let identity = Identity {
            slot: *slot,
            generation: number,
            digest: digest.clone(),
            manifest: manifest.clone(),
            settings,
        };
        Ok(Self { identity: Arc::new(identity), code: self.code.clone() })
    }
}
