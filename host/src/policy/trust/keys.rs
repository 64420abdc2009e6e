//! The file of trusted keys, as it was last read: one task reads it each second, and who judges
//! waits for no file. One that cannot be read, or does not answer, counts as no key at all.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::judge::{Called, judge};
use super::metrics::TrustMetrics;
use super::ring::KeyRing;
use super::settings::{TrustSettings, Unsigned};
use super::verdict::Trust;
use crate::clock::{Clock, Timestamp};
use crate::contract::Slot;
use crate::owners;
use crate::signatures::{Signature, Statement};
use crate::store::registry::Source;

const MOST_BYTES: u64 = 64 * 1024;

/// How often the file is looked at.
const EVERY: Duration = Duration::from_secs(1);

/// A file system that hangs longer could keep a key good that was withdrawn.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was read; else everything that is wrong with it.
type Read = Result<KeyRing, Vec<String>>;

/// The trusted keys, as the file said when it was last read.
pub struct TrustedKeys {
    settings: Arc<TrustSettings>,
    metrics: TrustMetrics,
    read: ArcSwap<Read>,
}

impl TrustedKeys {
    /// Reads the file, at a start; everything that is wrong with it, if something is. What is wrong
    /// with it later is logged, and counts as no trusted key at all.
    pub fn open(
        settings: TrustSettings,
        metrics: TrustMetrics,
        now: Timestamp,
    ) -> Result<Self, Vec<String>> {
        let ring = read(&settings)?;
        tell_of_places(&settings, &ring, now);
        let (settings, read) = (Arc::new(settings), ArcSwap::from_pointee(Ok(ring)));
        let keys = Self { settings, metrics, read };
        keys.measure(now);
        Ok(keys)
    }

    /// Takes up what changes, until it is told to stop.
    pub async fn follow(&self, clock: &Clock, stop: CancellationToken) {
        if self.settings.keys.is_none() {
            return stop.cancelled().await;
        }
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(EVERY) => {}
            }
            let settings = Arc::clone(&self.settings);
            let mut reading = spawn_blocking(move || read(&settings));
            let new = loop {
                tokio::select! {
                    () = stop.cancelled() => return,
                    read = &mut reading => {
                        break read.unwrap_or_else(|error| Err(vec![error.to_string()]));
                    }
                    () = sleep(PATIENCE) => self.take(Err(vec![self.hangs()]), clock.now()),
                }
            };
            self.take(new, clock.now());
        }
    }

    /// What was read counts from now on.
    fn take(&self, new: Read, now: Timestamp) {
        if new == **self.read.load() {
            return;
        }
        match &new {
            Ok(ring) => {
                let keys: Vec<&str> = ring.keys().iter().map(|key| key.name.as_str()).collect();
                tracing::info!(?keys, "the trusted keys have changed");
                tell_of_places(&self.settings, ring, now);
            }
            Err(faults) => tracing::error!(
                ?faults,
                "the file of trusted keys (POLICY_TRUSTED_KEYS) cannot be read: no key counts, \
                 and nothing signed is deployed anew, until it is mended"
            ),
        }
        self.read.store(Arc::new(new));
    }

    fn hangs(&self) -> String {
        let file = self.settings.keys.as_deref().unwrap_or(Path::new("it")).display();
        format!("{file} was not read within {PATIENCE:?}: its file system does not answer")
    }

    /// What the signatures of a component come to.
    pub fn judge(
        &self,
        what: Called<'_>,
        statement: &Statement,
        signatures: &[Signature],
        source: Source,
        now: Timestamp,
    ) -> Trust {
        let needed = self.needed(&statement.place, source);
        let of = (statement, signatures);
        match &**self.read.load() {
            Ok(ring) => {
                let mut trust = judge(ring, what, of, needed, now);
                if ring.keys().is_empty() && !trust.is_given() {
                    trust.reasons = vec![self.nobody(what.name, source)];
                }
                trust
            }
            Err(faults) => {
                let mut trust = judge(&KeyRing::default(), what, of, needed, now);
                if !trust.is_given() {
                    trust.reasons = vec![format!(
                        "No key counts, and {} is not trusted, until the file of trusted keys is \
                         mended: {}",
                        what.name,
                        faults.join("; ")
                    )];
                }
                trust
            }
        }
    }

    /// Sets the metrics.
    pub fn measure(&self, now: Timestamp) {
        let read = self.read.load();
        self.metrics.unreadable.set(i64::from(read.is_err()));
        let (mut good, mut ended, mut withdrawn) = (0, 0, 0);
        for key in read.as_ref().as_ref().map(KeyRing::keys).unwrap_or_default() {
            let state = match key {
                key if key.withdrawn => &mut withdrawn,
                key if key.is_ended(now) => &mut ended,
                _ => &mut good,
            };
            *state += 1;
        }
        for (state, count) in [("good", good), ("ended", ended), ("withdrawn", withdrawn)] {
            self.metrics.keys.with_label_values(&[state]).set(count);
        }
    }

    /// So many signatures are needed.
    fn needed(&self, place: &str, source: Source) -> u32 {
        let Unsigned { directory, push } = self.settings.unsigned;
        let is_taken = match source {
            Source::Directory => directory,
            Source::Push | Source::Import => push,
        };
        let needed = &self.settings.needed;
        let of = |slot: &Slot| slot.as_str() == place;
        match Slot::ALL.into_iter().find(of) {
            _ if is_taken => 0,
            Some(slot) => *needed.get(slot),
            // Of a place that another version of this host has.
            None => Slot::ALL.map(|slot| *needed.get(slot)).into_iter().max().unwrap_or(1),
        }
    }

    fn nobody(&self, what: &str, source: Source) -> String {
        let keys = match &self.settings.keys {
            None => "POLICY_TRUSTED_KEYS is not set".to_owned(),
            Some(file) => format!("{} names none", file.display()),
        };
        // Whoever does what this says must not take away what is taken today.
        let (word, unsigned) = match source {
            Source::Directory => {
                ("directory", Unsigned { directory: true, ..self.settings.unsigned })
            }
            Source::Push | Source::Import => {
                ("push", Unsigned { push: true, ..self.settings.unsigned })
            }
        };
        format!(
            "No key is trusted here ({keys}), and {what} may not be without a signature \
             (POLICY_UNSIGNED lacks {word}). The operator names keys that may sign, or says \
             POLICY_UNSIGNED={unsigned}"
        )
    }
}

/// Says which places nobody can sign for: nothing can be deployed there.
fn tell_of_places(settings: &TrustSettings, ring: &KeyRing, now: Timestamp) {
    if settings.unsigned.push {
        return;
    }
    for slot in Slot::ALL {
        let (needed, keys) = (*settings.needed.get(slot), ring.count_for(slot.as_str(), now));
        if keys < needed as usize {
            tracing::warn!(
                place = slot.as_str(),
                needed,
                keys,
                "fewer keys may sign for this place than it needs signatures: nothing can be \
                 deployed there (POLICY_TRUSTED_KEYS, POLICY_SIGNATURES, POLICY_UNSIGNED)"
            );
        }
    }
}

/// The keys of the file; everything that is wrong with it.
fn read(settings: &TrustSettings) -> Result<KeyRing, Vec<String>> {
    let Some(file) = &settings.keys else { return Ok(KeyRing::default()) };
    let in_file = |fault: String| format!("{}: {fault}", file.display());
    let text = text(file, settings.anybody).map_err(|fault| vec![fault])?;
    let ring = KeyRing::read(&text);
    ring.map_err(|faults| faults.into_iter().map(in_file).collect())
}

/// Whoever may write there says who is trusted.
fn text(file: &Path, anybody: bool) -> Result<String, String> {
    let shown = file.display();
    let unreadable = |error| format!("{shown} cannot be read: {error}");
    // Asked before it is opened: to open a pipe would wait for somebody to write to it.
    if !fs::metadata(file).map_err(unreadable)?.is_file() {
        return Err(format!("{shown} is not a file"));
    }
    if !anybody {
        owners::check(file).map_err(|fault| format!("{fault}. {}", fault.remedy()))?;
    }
    let mut bytes = Vec::new();
    let opened = File::open(file).map_err(unreadable)?;
    opened.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(format!("{shown} has more than {MOST_BYTES} bytes"));
    }
    String::from_utf8(bytes).map_err(|_| format!("{shown} is no UTF-8 text"))
}
