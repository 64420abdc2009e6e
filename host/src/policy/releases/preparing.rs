//! From a release of the registry to what can serve at once: its component for this host is read,
//! admitted and compiled (by the child process, if the cache does not have it), linked and tried.

use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::task::spawn_blocking;

use super::export::{self, Exported};
use super::pin::{Pin, PinFault};
use super::replica::component_for_this_host;
use crate::contract::Slot;
use crate::policy::admission::{Admission, Faults, FileFault, Offer};
use crate::policy::runtime::Generation;
use crate::policy::serving::Writers;
use crate::policy::trust::Gate;
use crate::secrets::Secrets;
use crate::signatures::Signature;
use crate::store::registry::{Release, ReleaseComponent};
use crate::store::{Store, StoreError};

/// Makes ready what a release says.
pub struct Preparer {
    pub store: Store,
    pub admission: Arc<Admission>,
    /// Says what may be deployed.
    pub gate: Arc<Gate>,
    /// Of this replica: a policy that names one it does not have cannot run here.
    pub secrets: Arc<Secrets>,
}

/// What a place is pinned to. A pin is the operator's own act: who signed it is told, not asked.
pub(super) struct Ready {
    pub(super) generation: Arc<Generation>,
    /// Why it would not be deployed anew.
    pub(super) untrusted: Vec<String>,
}

/// Why a release is not ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unprepared {
    /// It cannot serve here: each fault in a sentence, with what to do about it.
    Refused(Vec<String>),
    /// The registry did not answer: this is what it said.
    Away(String),
}

impl From<StoreError> for Unprepared {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) | StoreError::OutcomeUnknown(_) => {
                Self::Away(error.to_string())
            }
            // It does not heal by itself: whoever deploys it has to know.
            StoreError::Damaged(_) | StoreError::FileDamaged(_) => Self::Refused(vec![format!(
                "the registry cannot be read for it: {error}. Push it again, or restore the \
                 database"
            )]),
        }
    }
}

impl From<String> for Unprepared {
    fn from(reason: String) -> Self {
        Self::Refused(vec![reason])
    }
}

impl From<Faults> for Unprepared {
    fn from(faults: Faults) -> Self {
        let sentences = faults.iter().map(|fault| format!("{fault}. {}", fault.remedy()));
        Self::Refused(sentences.collect())
    }
}

impl Preparer {
    /// Makes a release of the registry ready. Dropped, it ends with its process.
    pub(super) async fn prepare(
        &self,
        slot: Slot,
        number: i64,
    ) -> Result<Arc<Generation>, Unprepared> {
        let release = self.store.release(slot.as_str(), number).await?;
        let release = release.ok_or_else(|| format!("the registry has no {slot}/{number}"))?;
        if let Some(damage) = release.damage() {
            return Err(Unprepared::from(damage));
        }
        let Release { components, settings, .. } = &release;
        let chosen = component_for_this_host(components)?;
        let component = self.store.component(&chosen.digest).await?.ok_or_else(|| {
            format!("the registry does not have its component {}. Push it again", chosen.digest)
        })?;
        let bytes = Arc::clone(&component.bytes);
        let damage = spawn_blocking(move || component.damage()).await;
        if let Some(damage) = damage.map_err(|error| error.to_string())? {
            return Err(Unprepared::from(damage));
        }
        self.admit(slot, number, settings, bytes).await
    }

    /// Makes what a place is pinned to ready.
    pub(super) async fn prepare_pinned(
        &self,
        pin: &Pin,
        writers: Writers,
    ) -> Result<Result<Ready, String>, PinFault> {
        let prepared = match pin {
            Pin::Release { slot, number } => self.pinned_release(*slot, *number).await,
            Pin::File(file) => {
                writers.check(file)?;
                let exported = read(file.clone()).await?;
                let place = &exported.release.place;
                let slot = Slot::ALL.into_iter().find(|slot| slot.as_str() == place);
                let slot = slot.ok_or_else(|| PinFault::Place {
                    file: pin.to_string(),
                    place: place.clone(),
                })?;
                self.admit_exported(slot, &pin.to_string(), exported).await
            }
        };
        match prepared {
            Ok(ready) => Ok(Ok(ready)),
            Err(Unprepared::Away(error)) => Ok(Err(error)),
            Err(Unprepared::Refused(reasons)) => {
                Err(PinFault::Refused { pin: pin.to_string(), reasons })
            }
        }
    }

    async fn pinned_release(&self, slot: Slot, number: i64) -> Result<Ready, Unprepared> {
        let generation = self.prepare(slot, number).await?;
        let release = self.store.release(slot.as_str(), number).await?;
        let release = release.ok_or_else(|| format!("the registry has no {slot}/{number}"))?;
        let findings = self.gate.of_ready(&generation.identity, &release).await?;
        Ok(Ready { generation, untrusted: findings.sentences() })
    }

    async fn admit_exported(
        &self,
        slot: Slot,
        file: &str,
        exported: Exported,
    ) -> Result<Ready, Unprepared> {
        let Exported { release, components } = exported;
        let named = release.components.iter();
        let named: Vec<_> = named
            .map(|it| ReleaseComponent { wit: it.wit.clone(), digest: it.sha256.clone() })
            .collect();
        let chosen = component_for_this_host(&named)?;
        let mut pairs = named.iter().zip(components);
        let bytes = pairs.find(|(component, _)| *component == chosen).map(|(_, bytes)| bytes);
        let bytes = bytes.unwrap_or_default().into();
        let generation = self.admit(slot, release.number, &release.settings, bytes).await?;
        let described = release.components.iter().find(|it| it.sha256 == chosen.digest);
        let lines = described.into_iter().flat_map(|it| &it.signatures);
        let signatures: Vec<_> = lines.filter_map(|line| Signature::read(line).ok()).collect();
        let trust = self.gate.of_file(file, &generation.identity, &signatures);
        Ok(Ready { generation, untrusted: trust.reasons })
    }

    async fn admit(
        &self,
        slot: Slot,
        number: i64,
        settings: &str,
        bytes: Arc<[u8]>,
    ) -> Result<Arc<Generation>, Unprepared> {
        let settings: Map<String, Value> = serde_json::from_str(settings)
            .map_err(|error| format!("its settings are no JSON object: {error}. Push it again"))?;
        let number = u64::try_from(number).map_err(|_| format!("{number} is no number"))?;
        let offer = Offer { slot, bytes, settings };
        let admitted = self.admission.admit(offer).await?;
        let secrets = admitted.manifest.asks.secrets.clone();
        let expected = self.secrets.expect_all(slot.as_str(), secrets).await;
        expected.map_err(Unprepared::Refused)?;
        Ok(Arc::new(admitted.into_generation(number)))
    }
}

/// Files are read beside the request threads.
async fn read(file: PathBuf) -> Result<Exported, PinFault> {
    let name = file.display().to_string();
    let read = spawn_blocking(move || {
        // Asked before it is opened: to open a pipe would wait for somebody to write to it.
        if fs::metadata(&file)?.is_file() {
            export::read(&mut File::open(file)?).map(Ok)
        } else {
            Ok(Err(FileFault::NoFile(file)))
        }
    });
    let read = read.await.unwrap_or_else(|panic| Err(std::io::Error::other(panic).into()));
    Ok(read.map_err(|fault| PinFault::Export { file: name, fault })??)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_registry_is_a_reason_and_not_waited_for() {
        let Unprepared::Refused(reasons) = StoreError::Damaged("no size".into()).into() else {
            panic!("it is waited for");
        };
        assert!(reasons[0].contains("no size. Push it again"), "{reasons:?}");
    }
}
