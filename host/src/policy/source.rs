//! The policy directory: `<slot>.wasm` and `<slot>.settings.json`. Looking is cheap and works on
//! every file system, so it is polled.
//!
//! A file counts once it has stayed the same for one look, so that a half-written one is not taken.
//! A removed or refused component leaves the running generation where it is; at a start, where none
//! runs yet, a refused one gives way to the last that was admitted.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio_util::sync::CancellationToken;

use super::Slot;
use super::admission::Faults;
use super::files::PolicyFiles;
use super::generations::Generation;
use crate::app::App;

const POLL: Duration = Duration::from_millis(200);

/// What a file looks like from outside; none where it is not there. With the time of its last
/// change of any kind: a mode that was mended, and bytes that were replaced under an old date, are
/// news as well.
type Look = Option<(SystemTime, u64, u64, (i64, i64))>;

/// The directory, and what was last made of it.
pub struct PolicyDirectory {
    folder: PathBuf,
    slots: [Watched; 3],
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
    /// A directory that was not looked at yet.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, slots: Default::default() }
    }

    /// Admits what is there, at start.
    pub async fn load(&mut self, app: &Arc<App>) {
        for slot in Slot::ALL {
            let look = self.look(slot);
            self.slots[slot as usize].seen = look;
            self.take(app, slot, look).await;
            if look.0.is_some() && app.generations.current(slot).is_none() {
                restore(app, slot).await;
            }
        }
    }

    /// Looks again and again until it is told to stop, and swaps in what is new.
    pub async fn watch(mut self, app: Arc<App>, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(POLL)).await.is_some() {
            for slot in Slot::ALL {
                let look = self.look(slot);
                let watched = &mut self.slots[slot as usize];
                let stable = watched.seen == look;
                watched.seen = look;
                if stable && watched.tried != Some(look) {
                    self.take(&app, slot, look).await;
                }
            }
        }
    }

    async fn take(&mut self, app: &Arc<App>, slot: Slot, look: (Look, Look)) {
        let watched = &mut self.slots[slot as usize];
        let before = watched.tried.replace(look);
        if look.0.is_none() {
            if before.is_some_and(|(component, _)| component.is_some()) {
                tracing::warn!(%slot, "the policy's file was removed; the running generation goes on");
            }
            return;
        }
        let running = app.generations.current(slot).filter(|_| watched.admitted == look.0);
        let (files, work) = (PolicyFiles::in_folder(&self.folder, slot), Arc::clone(app));
        // One compilation at a time, off the request threads.
        let admitted =
            tokio::task::spawn_blocking(move || admit(&work, &files, slot, running.as_deref()))
                .await;
        match admitted.unwrap_or_else(|_| Err(vec!["admission itself failed".into()])) {
            Ok(generation) => {
                self.slots[slot as usize].admitted = look.0;
                app.activate(Arc::new(generation));
            }
            Err(faults) => refused(app, slot, &faults),
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

/// Admits what the files hold; where only the settings are new, the running component gets them.
fn admit(
    app: &App,
    files: &PolicyFiles,
    slot: Slot,
    running: Option<&Generation>,
) -> Result<Generation, Faults> {
    let settings = files.read_settings(app.config.local)?;
    let kept = PolicyFiles::in_folder(&app.last_good_folder(), slot);
    let generation = if let Some(running) = running {
        running.with_settings(app.generations.next_number(), settings)?
    } else {
        // These bytes are read once; what is checked is what is compiled, and kept.
        let bytes = files.read_component(app.config.local)?;
        let generation = app.admission.admit(slot, &bytes, settings, &app.generations)?;
        kept.write_component(&bytes);
        generation
    };
    kept.write_settings(&generation.identity.settings);
    Ok(generation)
}

/// Serves the last policy that was admitted, from our own copy of it, after the same admission.
async fn restore(app: &Arc<App>, slot: Slot) {
    let work = Arc::clone(app);
    let admitted = tokio::task::spawn_blocking(move || {
        let kept = PolicyFiles::in_folder(&work.last_good_folder(), slot);
        let bytes = kept.read_component(true)?;
        work.admission.admit(slot, &bytes, kept.read_settings(true)?, &work.generations)
    });
    if let Ok(Ok(generation)) = admitted.await {
        tracing::error!(%slot, "the last policy that was admitted serves in place of the refused one");
        app.activate(Arc::new(generation));
    }
}

fn refused(app: &App, slot: Slot, faults: &Faults) {
    app.services.metrics.policy_admissions.with_label_values(&[slot.as_str(), "refused"]).inc();
    let faults = faults.join("; ");
    if let Some(running) = app.generations.current(slot) {
        tracing::error!(%slot, faults, generation = running.identity.generation, "the policy was refused; this generation goes on");
    } else {
        tracing::error!(%slot, faults, "the policy was refused");
    }
}
