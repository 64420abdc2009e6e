//! The policy directory: `<slot>.wasm` and `<slot>.settings.json`. Looking is cheap and works on
//! every file system, so it is polled.
//!
//! A file counts once it has stayed the same for one look, so that a half-written one is not taken.
//! A removed or refused component leaves the running generation where it is; at a start, when none
//! runs yet, a refused one gives way to the last that was admitted.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio_util::sync::CancellationToken;

use super::files::{PolicyFiles, Writers};
use super::intake::Intake;
use super::last_good::LastGood;
use crate::contract::{PerSlot, Slot};
use crate::policy::admission::{Admission, Faults};
use crate::policy::runtime::Generation;

const POLL: Duration = Duration::from_millis(200);

/// What a file looks like from outside; none if it is not there. With the time of its last change
/// of any kind: a mode that was mended, and bytes that were replaced under an old date, are news as
/// well.
type Look = Option<(SystemTime, u64, u64, (i64, i64))>;

/// The directory, and what was last made of it.
pub struct PolicyDirectory {
    folder: PathBuf,
    writers: Writers,
    last_good: LastGood,
    intake: Intake,
    slots: PerSlot<Watched>,
}

#[derive(Default)]
struct Watched {
    /// At the last look.
    seen: (Look, Look),
    /// When it was last tried.
    tried: Option<(Look, Look)>,
    /// The component that runs, as it looked when it was admitted.
    admitted: Look,
}

impl PolicyDirectory {
    /// Looks at nothing yet. What is admitted is copied to the folder `last_good`.
    pub fn new(folder: PathBuf, writers: Writers, last_good: PathBuf, intake: Intake) -> Self {
        let last_good = LastGood::in_folder(last_good);
        Self { folder, writers, last_good, intake, slots: PerSlot::default() }
    }

    /// Admits what is there, at start.
    pub async fn load(&mut self) {
        for slot in Slot::ALL {
            let look = self.look(slot);
            self.slots.get_mut(slot).seen = look;
            self.take(slot, look).await;
            if look.0.is_some() && self.intake.current(slot).is_none() {
                let last_good = self.last_good.clone();
                let readmit = move |admission: &Admission| last_good.readmit(slot, admission);
                self.intake.fall_back(slot, readmit).await;
            }
        }
    }

    /// Looks again and again until it is told to stop, and swaps in what is new.
    pub async fn watch(mut self, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(POLL)).await.is_some() {
            for slot in Slot::ALL {
                let look = self.look(slot);
                let watched = self.slots.get_mut(slot);
                let stable = watched.seen == look;
                watched.seen = look;
                if stable && watched.tried != Some(look) {
                    self.take(slot, look).await;
                }
            }
        }
    }

    /// One at a time, so that there is one compilation at a time.
    async fn take(&mut self, slot: Slot, look: (Look, Look)) {
        let watched = self.slots.get_mut(slot);
        let before = watched.tried.replace(look);
        if look.0.is_none() {
            if before.is_some_and(|(component, _)| component.is_some()) {
                tracing::warn!(
                    %slot,
                    "the policy's file was removed; the running generation goes on"
                );
            }
            return;
        }
        let find = Find {
            slot,
            files: PolicyFiles::in_folder(&self.folder, slot),
            writers: self.writers,
            running: self.intake.current(slot).filter(|_| watched.admitted == look.0),
            last_good: self.last_good.clone(),
        };
        if self.intake.offer(slot, move |admission| find.bring(admission)).await {
            self.slots.get_mut(slot).admitted = look.0;
        }
    }

    fn look(&self, slot: Slot) -> (Look, Look) {
        let files = PolicyFiles::in_folder(&self.folder, slot);
        (look(&files.component), look(&files.settings))
    }
}

fn look(file: &Path) -> Look {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = std::fs::metadata(file).ok()?;
    Some((
        metadata.modified().ok()?,
        metadata.len(),
        metadata.ino(),
        (metadata.ctime(), metadata.ctime_nsec()),
    ))
}

/// What the files of a slot hold, to be read where blocking is no harm.
struct Find {
    slot: Slot,
    files: PolicyFiles,
    writers: Writers,
    /// What runs, if its component is the one of the file: then only the settings are new.
    running: Option<Arc<Generation>>,
    last_good: LastGood,
}

impl Find {
    /// Reads it and admits it.
    fn bring(self, admission: &Admission) -> Result<Generation, Faults> {
        let settings = self.files.read_settings(self.writers)?;
        let generation = if let Some(running) = &self.running {
            admission.admit_settings(running, settings)?
        } else {
            // These bytes are read once; what is checked is what is compiled, and kept.
            let bytes = self.files.read_component(self.writers)?;
            let generation = admission.admit(self.slot, &bytes, settings)?;
            self.last_good.keep_component(self.slot, &bytes);
            generation
        };
        self.last_good.keep_settings(self.slot, &generation.identity.settings);
        Ok(generation)
    }
}
