//! The way of a find into its slot: it is admitted off the request threads, and then swapped in or
//! refused. A refused one leaves what runs where it is; where nothing runs, the last that was
//! admitted takes its place.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Map, Value};

use super::files::{PolicyFiles, Writers};
use super::generations::Generations;
use super::last_good::LastGood;
use super::placed::Placed;
use crate::contract::Slot;
use crate::policy::admission::{
    Admission, AdmissionSettings, Admitted, Fault, Faults, FileFault, Offer,
};
use crate::policy::runtime::{Generation, component_digest};

/// What a source is given to bring its finds to.
#[derive(Clone)]
pub struct Intake {
    generations: Arc<Generations>,
    admission: Arc<Admission>,
    last_good: LastGood,
    taken: Arc<AtomicU64>,
}

/// The files of a slot, and who may write to them.
pub struct Find {
    pub slot: Slot,
    pub files: PolicyFiles,
    pub writers: Writers,
}

/// What the files hold. Settings that cannot be read are a fault only if there are no others.
struct Content {
    digest: String,
    bytes: Arc<[u8]>,
    settings: Result<Map<String, Value>, FileFault>,
}

/// What came of a find.
struct Taken {
    admitted: Admitted,
    /// None if its component served already.
    bytes: Option<Arc<[u8]>>,
    /// The faults of the settings in the file, if others were taken.
    other_settings: Option<Faults>,
}

impl Intake {
    /// What passes this admission serves among these generations, and is copied.
    pub fn new(
        generations: Arc<Generations>,
        admission: Arc<Admission>,
        last_good: LastGood,
    ) -> Self {
        Self { generations, admission, last_good, taken: Arc::default() }
    }

    fn next(&self) -> u64 {
        self.taken.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// How it is admitted.
    pub fn settings(&self) -> &AdmissionSettings {
        self.admission.settings()
    }

    /// What serves in a slot now.
    pub fn current(&self, slot: Slot) -> Option<Arc<Generation>> {
        self.generations.current(slot)
    }

    /// The file of what serves is gone.
    pub fn removed(&self, slot: Slot) {
        if self.current(slot).is_some() {
            tracing::warn!(
                %slot,
                "the policy's file was removed; the running generation goes on"
            );
            self.generations.place(slot, Some(Placed::Removed));
        } else {
            // What was being admitted there, or was refused, is gone with it.
            self.generations.place(slot, None);
        }
    }

    /// Swaps in what the files hold, if nothing of it has to be checked or compiled; true then.
    /// Else the last that was admitted serves meanwhile, if nothing of that has to be.
    pub async fn serve_at_once(&self, find: &Find) -> bool {
        let slot = find.slot;
        if let Ok(Content { bytes, settings: Ok(settings), .. }) = self.read(find).await {
            let offer = Offer { slot, bytes, settings };
            if let Some(generation) = self.admission.admit_known(offer.clone()).await {
                self.activate(generation, Some(offer.bytes), None).await;
                return true;
            }
        }
        if let Ok(offer) = self.last_offer(slot).await
            && let Some(generation) = self.admission.admit_known(offer).await
        {
            tracing::info!(
                %slot,
                "the last policy that was admitted serves until the one in the folder is admitted"
            );
            self.generations.activate(Arc::new(generation.into_generation(self.next())));
        }
        false
    }

    /// Admits what the files hold, and swaps it in.
    pub async fn offer(&self, find: &Find) {
        let slot = find.slot;
        self.generations.place(slot, Some(Placed::InAdmission));
        match self.admit(find).await {
            Ok(Taken { admitted, bytes, other_settings }) => {
                self.activate(admitted, bytes, other_settings).await;
            }
            Err(faults) => {
                self.generations.refuse(slot, &faults);
                if self.current(slot).is_none() {
                    self.fall_back(slot).await;
                }
            }
        }
    }

    /// If the last that was admitted is refused too, nobody is told again.
    async fn fall_back(&self, slot: Slot) {
        let Ok(offer) = self.last_offer(slot).await else { return };
        if let Ok(generation) = self.admission.admit(offer).await {
            tracing::error!(
                %slot,
                "the last policy that was admitted serves in place of the refused one"
            );
            self.generations.replace_refused(Arc::new(generation.into_generation(self.next())));
        }
    }

    async fn admit(&self, find: &Find) -> Result<Taken, Faults> {
        let slot = find.slot;
        let Content { digest, bytes, settings } = self.read(find).await?;
        let running = self.current(slot).filter(|running| running.identity.digest == digest);
        if let Some(running) = running {
            // Only the settings can be new.
            let offer = Offer { slot, bytes, settings: settings? };
            let admitted = self.admission.admit_settings(&running, offer).await?;
            return Ok(Taken { admitted, bytes: None, other_settings: None });
        }
        let offer = |settings| Offer { slot, bytes: Arc::clone(&bytes), settings };
        let admitted = match settings {
            Ok(settings) => self.admission.admit(offer(settings)).await,
            Err(fault) => Err(fault.into()),
        };
        let (admitted, other_settings) = match admitted {
            Ok(admitted) => (admitted, None),
            Err(faults) if faults.are_of_settings() => {
                // A component that served before comes back with its settings: that is what an
                // operator in need expects of it, whatever was written for its successor.
                let Some(settings) = self.settings_of(slot, digest).await else {
                    return Err(faults);
                };
                match self.admission.admit(offer(settings)).await {
                    Ok(admitted) => (admitted, Some(faults)),
                    Err(_) => return Err(faults),
                }
            }
            Err(faults) => return Err(faults),
        };
        Ok(Taken { admitted, bytes: Some(bytes), other_settings })
    }

    async fn read(&self, find: &Find) -> Result<Content, Faults> {
        let (files, writers) = (find.files.clone(), find.writers);
        let read = move || {
            // These bytes are read once; what is checked is what is compiled, and kept.
            let bytes = files.read_component(writers)?;
            let settings = files.read_settings(writers);
            Ok::<_, FileFault>(Content {
                digest: component_digest(&bytes),
                bytes: bytes.into(),
                settings,
            })
        };
        Ok(blocking(read).await??)
    }

    async fn last_offer(&self, slot: Slot) -> Result<Offer, Faults> {
        let last_good = self.last_good.clone();
        Ok(blocking(move || last_good.read(slot)).await??)
    }

    async fn settings_of(&self, slot: Slot, digest: String) -> Option<Map<String, Value>> {
        let last_good = self.last_good.clone();
        blocking(move || last_good.settings_of(slot, &digest)).await.ok()?
    }

    /// Swaps it in and then keeps a copy: what never served is never the last good one. Whoever
    /// stops waiting, stops neither.
    async fn activate(
        &self,
        admitted: Admitted,
        bytes: Option<Arc<[u8]>>,
        other_settings: Option<Faults>,
    ) {
        let generation = admitted.into_generation(self.next());
        let (last_good, identity) = (self.last_good.clone(), Arc::clone(&generation.identity));
        self.generations.activate(Arc::new(generation));
        if let Some(faults) = other_settings {
            self.generations.keep_settings(identity.slot, &faults);
        }
        let _ = blocking(move || last_good.keep(&identity, bytes.as_deref())).await;
    }
}

/// Files are read and written beside the request threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Fault::Unfinished)
}
