//! The policy directory: `<slot>.wasm`, `<slot>.wasm.sig` and `<slot>.settings.json`. Looking is
//! cheap and works on every file system, so it is polled.
//!
//! The files of a slot count once both have lain still for a second, so that a half-written one is
//! not taken, and a component and its settings are taken together. What is being admitted gives way
//! to what is placed after it. A removed or refused component leaves the active release where it
//! is.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;

use super::files::{PolicyFiles, Writers};
use super::found::Find;
use super::intake::Intake;
use super::strays::Strays;
use crate::contract::{PerSlot, Slot};

const POLL: Duration = Duration::from_millis(200);
/// How often a start looks whether what it waits for was refused.
const LOOK: Duration = Duration::from_millis(50);

/// What a file looks like from outside; none if it is not there. With the time of its last change
/// of any kind, and whether it may be taken: a mode or an owner that was mended, also of a folder
/// or a link on the way, and bytes that were replaced under an old date, are news as well.
type Look = Option<(SystemTime, u64, [(u64, i64, i64); 2], bool)>;

/// The component, its settings and its signatures.
type Looks = (Look, Look, Look);

/// The directory, and what was last made of it.
pub struct PolicyDirectory {
    folder: PathBuf,
    writers: Writers,
    intake: Intake,
    slots: PerSlot<Watched>,
    strays: Strays,
}

#[derive(Default)]
struct Watched {
    /// At the last look.
    seen: Looks,
    /// Since when it looks so.
    since: Option<Instant>,
    /// When it was last tried.
    tried: Option<Looks>,
    /// What is being admitted; dropped, it ends with its process.
    admitting: Option<AbortOnDropHandle<()>>,
}

impl PolicyDirectory {
    /// Looks at nothing yet.
    pub fn new(folder: PathBuf, writers: Writers, intake: Intake) -> Self {
        let strays = Strays::in_folder(folder.clone());
        Self { folder, writers, intake, slots: PerSlot::default(), strays }
    }

    /// At a start, after what is active was taken from the registry: what needs no compiler is
    /// taken at once, and the rest begins to be admitted.
    pub async fn load(&mut self) {
        self.strays.tell();
        for slot in Slot::ALL {
            let look = self.look(slot);
            *self.slots.get_mut(slot) =
                Watched { seen: look, since: Some(Instant::now()), ..Watched::default() };
            if look.0.is_some() {
                if self.intake.serve_at_once(&self.find(slot)).await {
                    self.slots.get_mut(slot).tried = Some(look);
                } else {
                    self.take(slot, look);
                }
            }
        }
    }

    /// Waits for what is being admitted, where nothing serves meanwhile.
    pub async fn settled(&mut self, patience: Duration) {
        let end = Instant::now() + patience;
        for slot in Slot::ALL {
            let place = &mut self.slots.get_mut(slot).admitting;
            if self.intake.current(slot).is_some() {
                continue;
            }
            // What is not let in is asked again and again: nobody waits for that.
            while let Some(admitting) = place
                && !self.intake.is_refused(slot)
                && Instant::now() < end
            {
                if timeout_at(end.min(Instant::now() + LOOK), admitting).await.is_ok() {
                    // What has ended cannot be waited for a second time.
                    *place = None;
                }
            }
        }
    }

    /// Looks again and again, and swaps in what is new, until the service stops: from then on
    /// nothing is admitted. Ends when the background does.
    pub async fn watch(mut self, stopping: CancellationToken, stop: CancellationToken) {
        let mut looks = 0_u32;
        loop {
            tokio::select! {
                () = stopping.cancelled() => break,
                () = stop.cancelled() => break,
                () = sleep(POLL) => {}
            }
            for slot in Slot::ALL {
                self.look_at(slot);
            }
            looks = looks.wrapping_add(1);
            if looks.is_multiple_of(5) {
                self.strays.tell();
            }
        }
        // What is being admitted ends here, not when the last request has.
        self.slots = PerSlot::default();
        stop.cancelled().await;
    }

    fn look_at(&mut self, slot: Slot) {
        let look = self.look(slot);
        let stillness = self.intake.settings().stillness;
        let watched = self.slots.get_mut(slot);
        if watched.seen != look {
            watched.seen = look;
            watched.since = Some(Instant::now());
        } else if watched.tried != Some(look)
            && watched.since.is_none_or(|since| since.elapsed() >= stillness)
        {
            self.take(slot, look);
        }
    }

    /// What was being admitted in this slot is so no more: something else was placed.
    fn take(&mut self, slot: Slot, look: Looks) {
        let (find, intake) = (self.find(slot), self.intake.clone());
        let watched = self.slots.get_mut(slot);
        let earlier = watched.admitting.take();
        watched.tried = Some(look);
        let work = async move {
            if let Some(earlier) = earlier {
                earlier.abort();
                let _ = earlier.await;
            }
            if look.0.is_some() {
                intake.offer(&find).await;
            } else {
                intake.removed(slot);
            }
        };
        watched.admitting = Some(AbortOnDropHandle::new(tokio::spawn(work.in_current_span())));
    }

    fn find(&self, slot: Slot) -> Find {
        let files = PolicyFiles::in_folder(&self.folder, slot);
        Find { slot, files, writers: self.writers }
    }

    fn look(&self, slot: Slot) -> Looks {
        let files = PolicyFiles::in_folder(&self.folder, slot);
        let look = |file: &Path| look(file, self.writers);
        (look(&files.component), look(&files.settings), look(&files.signatures))
    }
}

fn look(file: &Path, writers: Writers) -> Look {
    let own = std::fs::symlink_metadata(file).ok()?;
    let target = std::fs::metadata(file).ok();
    let changed = |metadata: &Metadata| (metadata.ino(), metadata.ctime(), metadata.ctime_nsec());
    let target = target.as_ref().unwrap_or(&own);
    Some((
        target.modified().ok()?,
        target.len(),
        [changed(&own), changed(target)],
        writers.may_be_taken(file),
    ))
}
