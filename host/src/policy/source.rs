//! The policy directory: `<slot>.wasm` and `<slot>.settings.json`. Looking is cheap and works on every file system, so it is polled.
//!
//! A file counts once it has stayed the same for one look, so that a half-written one is not taken. A removed or refused component leaves the
//! running generation where it is.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::Slot;
use super::admission::{Faults, MAX_COMPONENT_BYTES};
use super::generations::Generation;
use crate::app::App;

const POLL: Duration = Duration::from_millis(200);
const MAX_SETTINGS_BYTES: u64 = 64 * 1024;

/// What a file looks like from outside; none where it is not there.
type Look = Option<(SystemTime, u64, u64)>;

/// The directory, and what was last made of it.
pub struct PolicyDirectory {
    folder: PathBuf,
    slots: [Watched; 3],
}

#[derive(Default)]
struct Watched {
    seen: (Look, Look),
    taken: Option<(Look, Look)>,
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
                if stable && watched.taken != Some(look) {
                    self.take(&app, slot, look).await;
                }
            }
        }
    }

    async fn take(&mut self, app: &Arc<App>, slot: Slot, look: (Look, Look)) {
        let before = self.slots[slot as usize].taken.replace(look);
        if look.0.is_none() {
            if before.is_some_and(|(component, _)| component.is_some()) {
                tracing::warn!(%slot, "the policy's file was removed; the running generation goes on");
            }
            return;
        }
        let (folder, work) = (self.folder.clone(), Arc::clone(app));
        let only_settings = before.is_some_and(|(component, _)| component == look.0);
        let running = app.generations.current(slot).filter(|_| only_settings);
        // One compilation at a time, off the request threads.
        let admitted = tokio::task::spawn_blocking(move || admit(&work, &folder, slot, running.as_deref())).await;
        match admitted.unwrap_or_else(|_| Err(vec!["admission itself failed".into()])) {
            Ok(generation) => app.activate(Arc::new(generation)),
            Err(faults) => {
                app.services.metrics.policy_admissions.with_label_values(&[slot.as_str(), "refused"]).inc();
                let goes_on = app.generations.current(slot).map(|running| running.identity.generation);
                tracing::error!(%slot, faults = ?faults, generation_that_goes_on = ?goes_on, "the policy was refused");
            }
        }
    }

    fn look(&self, slot: Slot) -> (Look, Look) {
        let [component, settings] = files(&self.folder, slot);
        (look(&component), look(&settings))
    }
}

fn files(folder: &Path, slot: Slot) -> [PathBuf; 2] {
    [folder.join(format!("{slot}.wasm")), folder.join(format!("{slot}.settings.json"))]
}

fn look(file: &Path) -> Look {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len(), metadata.ino()))
}

fn admit(app: &App, folder: &Path, slot: Slot, running: Option<&Generation>) -> Result<Generation, Faults> {
    let [component, settings] = files(folder, slot);
    let settings = read_settings(&settings)?;
    if let Some(running) = running {
        return Ok(running.with_settings(app.generations.next_number(), settings));
    }
    // These bytes are read once; what is checked is what is compiled.
    let bytes = read_bounded(&component, MAX_COMPONENT_BYTES)?;
    app.admission.admit(slot, &bytes, settings, &app.generations)
}

fn read_settings(file: &Path) -> Result<Map<String, Value>, Faults> {
    if !file.exists() {
        return Ok(Map::new());
    }
    let text = read_bounded(file, MAX_SETTINGS_BYTES)?;
    serde_json::from_slice(&text).map_err(|fault| vec![format!("{} is no JSON object: {fault}", file.display())])
}

fn read_bounded(file: &Path, most: u64) -> Result<Vec<u8>, Faults> {
    use std::io::Read as _;
    let fault = |fault: std::io::Error| vec![format!("{} cannot be read: {fault}", file.display())];
    let mut bytes = Vec::new();
    std::fs::File::open(file).map_err(fault)?.take(most + 1).read_to_end(&mut bytes).map_err(fault)?;
    if bytes.len() as u64 > most { Err(vec![format!("{} has more than {most} bytes", file.display())]) } else { Ok(bytes) }
}
