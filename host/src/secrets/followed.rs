//! The secrets that somebody uses, as they were last read. A file that changes is taken up about a
//! second later; one that becomes wrong changes nothing but the log and a metric. Two looks in a row
//! must agree: a file that is just being written is neither changed nor wrong.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use prometheus::IntGaugeVec;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use super::fault::{FolderFault, SecretFault};
use super::settings::SecretSettings;
use super::source::Found;
use crate::metrics::{Meter, MeterError};

/// How often files are looked at.
const EVERY: Duration = Duration::from_millis(500);

/// A value; whoever holds it keeps it, whatever becomes of the file.
pub type SecretValue = Arc<Zeroizing<String>>;

/// The secrets that somebody uses.
pub struct Secrets {
    settings: SecretSettings,
    /// By place and name.
    followed: RwLock<BTreeMap<String, BTreeMap<String, Followed>>>,
    stale: IntGaugeVec,
}

/// A secret that somebody uses.
struct Followed {
    /// The last one that was good.
    value: SecretValue,
    /// Where it stood.
    is_of_file: bool,
    /// What the look before found, if it was something new.
    seen: Option<Result<SecretValue, SecretFault>>,
    /// What is wrong with what stands there now.
    fault: Option<SecretFault>,
}

impl Secrets {
    /// Reads nothing yet.
    pub fn new(settings: SecretSettings, meter: &Meter) -> Result<Self, MeterError> {
        let stale = meter.gauges(
            "auth_policy_secret_stale",
            "1 for a secret of a policy that cannot be read any more: the value before goes on.",
            &["place", "name"],
        )?;
        Ok(Self { settings, followed: RwLock::default(), stale })
    }

    /// Whether the folder of secrets is one that can be believed; asked at the start.
    pub fn check_folder(&self) -> Result<(), FolderFault> {
        self.settings.check()
    }

    /// Reads these secrets of a place, and follows them from now on; everything that is wrong with
    /// one of them. It reads files: beside the request threads.
    pub fn expect<'n>(
        &self,
        place: &str,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Result<(), Vec<SecretFault>> {
        let mut faults = Vec::new();
        for name in names {
            match self.settings.read(place, name, self.is_of_file(place, name)) {
                Ok(found) => self.keep(place, name, found),
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// The same, of all secrets of a policy and beside the request threads: what is wrong, in
    /// sentences.
    pub async fn expect_all(
        self: &Arc<Self>,
        place: &'static str,
        names: Vec<String>,
    ) -> Result<(), Vec<String>> {
        if names.is_empty() {
            return Ok(());
        }
        let secrets = Arc::clone(self);
        let expect = move || secrets.expect(place, names.iter().map(String::as_str));
        let expected = spawn_blocking(expect).await.map_err(|error| vec![error.to_string()])?;
        expected.map_err(|faults| faults.iter().map(SecretFault::to_string).collect())
    }

    /// A secret that is followed, as it was last read.
    pub fn get(&self, place: &str, name: &str) -> Option<SecretValue> {
        let followed = self.followed.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&followed.get(place)?.get(name)?.value))
    }

    /// All values of a place that are followed.
    pub fn of_place(&self, place: &str) -> Vec<SecretValue> {
        let followed = self.followed.read().unwrap_or_else(PoisonError::into_inner);
        let values = followed.get(place).into_iter().flat_map(BTreeMap::values);
        values.map(|followed| Arc::clone(&followed.value)).collect()
    }

    /// Takes up what changes, until it is told to stop.
    pub async fn follow(self: Arc<Self>, stop: CancellationToken) {
        // Variables do not change while the process lives.
        if self.settings.folder.is_none() {
            return stop.cancelled().await;
        }
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(EVERY) => {}
            }
            let secrets = Arc::clone(&self);
            // A panic there is in the log, and keeps the next look from nothing.
            let _ = spawn_blocking(move || secrets.look()).await;
        }
    }

    /// Reads all that are followed once more.
    fn look(&self) {
        let names: Vec<(String, String)> = {
            let followed = self.followed.read().unwrap_or_else(PoisonError::into_inner);
            let names = |(place, of_place): (&String, &BTreeMap<String, Followed>)| {
                let pair = |name: &String| (place.clone(), name.clone());
                of_place.keys().map(pair).collect::<Vec<_>>()
            };
            followed.iter().flat_map(names).collect()
        };
        for (place, name) in names {
            let found = self.settings.read(&place, &name, self.is_of_file(&place, &name));
            if !self.is_seen_again(&place, &name, &found) {
                continue;
            }
            match found {
                Ok(found) => self.keep(&place, &name, found),
                Err(fault) => self.mark(&place, &name, fault),
            }
        }
    }

    fn is_of_file(&self, place: &str, name: &str) -> bool {
        let followed = self.followed.read().unwrap_or_else(PoisonError::into_inner);
        let known = followed.get(place).and_then(|of_place| of_place.get(name));
        known.is_some_and(|known| known.is_of_file)
    }

    /// Whether the look before found the same; if not, the next one may.
    fn is_seen_again(&self, place: &str, name: &str, found: &Result<Found, SecretFault>) -> bool {
        let mut followed = self.followed.write().unwrap_or_else(PoisonError::into_inner);
        let known = followed.get_mut(place).and_then(|of_place| of_place.get_mut(name));
        let Some(known) = known else { return false };
        let is_same = match (&known.seen, found) {
            (Some(Ok(seen)), Ok(found)) => **seen == found.value,
            (Some(Err(seen)), Err(fault)) => seen == fault,
            _ => false,
        };
        known.seen = Some(match found {
            Ok(found) => Ok(Arc::new(found.value.clone())),
            Err(fault) => Err(fault.clone()),
        });
        is_same
    }

    /// What was read is good.
    fn keep(&self, place: &str, name: &str, found: Found) {
        let Found { value, is_of_file } = found;
        let mut followed = self.followed.write().unwrap_or_else(PoisonError::into_inner);
        let of_place = followed.entry(place.to_owned()).or_default();
        match of_place.get_mut(name) {
            None => {
                let value = Arc::new(value);
                let new = Followed { value, is_of_file, seen: None, fault: None };
                of_place.insert(name.to_owned(), new);
            }
            Some(known) => {
                known.is_of_file = is_of_file;
                let was_wrong = known.fault.take().is_some();
                if *known.value != value {
                    known.value = Arc::new(value);
                    tracing::info!(place, name, "a changed secret was taken up");
                } else if was_wrong {
                    tracing::info!(place, name, "the secret can be read again, and is the same");
                }
            }
        }
        self.stale.with_label_values(&[place, name]).set(0);
    }

    /// What was read is no secret: the one before goes on.
    fn mark(&self, place: &str, name: &str, fault: SecretFault) {
        let mut followed = self.followed.write().unwrap_or_else(PoisonError::into_inner);
        let known = followed.get_mut(place).and_then(|of_place| of_place.get_mut(name));
        let Some(known) = known.filter(|known| known.fault.as_ref() != Some(&fault)) else {
            return;
        };
        tracing::error!(
            place, name, %fault,
            "a secret cannot be read any more: the value before goes on until this service restarts"
        );
        known.fault = Some(fault);
        self.stale.with_label_values(&[place, name]).set(1);
    }
}

#[cfg(test)]
mod tests;
