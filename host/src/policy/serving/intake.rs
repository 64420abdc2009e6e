//! The way of a find into its place: it is admitted off the request threads, becomes a release of
//! the registry, and is then swapped in. A refused one, and one that the registry does not take,
//! leaves what serves where it is.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::earlier::EarlierCopies;
use super::found::{Amiss, Content, Find, Taken};
use super::generations::Generations;
use super::placed::Placed;
use super::registry::{Brought, DirectoryRegistry};
use super::threshold::{Pass, Threshold};
use super::untaken::Untaken;
use crate::contract::Slot;
use crate::policy::admission::{Admission, AdmissionSettings, Faults, Offer};
use crate::policy::runtime::Generation;

/// A registry that does not answer is asked again after so long, and then after twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// What is not taken may be pushed by somebody meanwhile: it is looked for after so long.
const LOOK_AGAIN: Duration = Duration::from_mins(1);
/// What is not let in may be signed or granted meanwhile, or its secrets set.
const ASK_AGAIN: Duration = Duration::from_secs(2);

/// What a source is given to bring its finds to.
#[derive(Clone)]
pub struct Intake {
    generations: Arc<Generations>,
    admission: Arc<Admission>,
    registry: DirectoryRegistry,
    threshold: Threshold,
    earlier: EarlierCopies,
    /// Whether each change becomes a release. Else a place is filled that has none, and that is
    /// all.
    follow: bool,
}

impl Intake {
    /// What passes this admission becomes a release, and serves among these generations.
    pub fn new(
        generations: Arc<Generations>,
        admission: Arc<Admission>,
        (registry, threshold): (DirectoryRegistry, Threshold),
        earlier: EarlierCopies,
        follow: bool,
    ) -> Self {
        Self { generations, admission, registry, threshold, earlier, follow }
    }

    /// How it is admitted.
    pub fn settings(&self) -> &AdmissionSettings {
        self.admission.settings()
    }

    /// What serves in a slot now.
    pub fn current(&self, slot: Slot) -> Option<Arc<Generation>> {
        self.generations.current(slot)
    }

    /// Whether nothing more comes of waiting for what is placed in a slot.
    pub fn is_refused(&self, slot: Slot) -> bool {
        self.generations.is_refused(slot)
    }

    /// A file is gone; what is active stays so.
    pub fn removed(&self, slot: Slot) {
        if self.follow && self.current(slot).is_some() {
            tracing::warn!(
                %slot,
                "the policy's file was removed; the active release goes on, also after a restart"
            );
        }
        // What was being admitted there, or was refused, is gone with it.
        self.generations.place(slot, None);
    }

    /// Swaps in what the files hold, if nothing of it has to be checked or compiled; true if
    /// nothing is left to do.
    pub async fn serve_at_once(&self, find: &Find) -> bool {
        let slot = find.slot;
        let Content { bytes, settings, signatures, .. } = match self.news(find).await {
            Ok(content) => content,
            Err(untaken) => return matches!(untaken, Untaken::NoNews),
        };
        let Ok(settings) = settings else { return false };
        let offer = Offer { slot, bytes: Arc::clone(&bytes), settings };
        let Some(admitted) = self.admission.admit_known(offer).await else { return false };
        let taken = Taken { admitted, bytes, signatures, amiss: None };
        self.bring(find, &taken).await.is_ok()
    }

    /// Admits what the files hold, makes it a release and swaps it in. Tries again for as long as
    /// the registry does not take it.
    pub async fn offer(&self, find: &Find) {
        let (slot, mut taken, mut pause) = (find.slot, None, FIRST_PAUSE);
        let (mut is_left, mut barred) = (false, Vec::new());
        let mut at = self.revision(slot).await;
        while let Err(untaken) = self.take(find, &mut taken).await {
            match untaken {
                Untaken::NoNews => return self.generations.place(slot, None),
                Untaken::NotTaken(faults) => {
                    if !is_left {
                        self.generations.leave(slot, faults.as_deref());
                    }
                    is_left = true;
                    sleep(LOOK_AGAIN).await;
                }
                Untaken::Refused(faults) => return self.generations.refuse(slot, &faults),
                Untaken::Barred(reasons) => {
                    if barred != reasons {
                        self.generations.bar(slot, &reasons);
                        barred = reasons;
                    }
                    sleep(ASK_AGAIN).await;
                    // What somebody activated meanwhile is newer than what was barred before it.
                    let now = self.revision(slot).await;
                    if self.follow && at.is_some() && now.is_some() && now != at {
                        return self.generations.overtake(slot);
                    }
                    at = at.or(now);
                    // Somebody may have filled the place meanwhile.
                    if !self.follow && self.registry.is_filled(slot).await.unwrap_or(false) {
                        taken = None;
                    }
                }
                Untaken::Away(error) => {
                    self.generations.wait_for_registry(slot, &error, pause == FIRST_PAUSE);
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// At which change a place is; none if the registry does not answer.
    async fn revision(&self, slot: Slot) -> Option<Option<i64>> {
        self.registry.revision(slot).await.ok()
    }

    /// What was admitted once is not admitted again.
    async fn take(&self, find: &Find, taken: &mut Option<Taken>) -> Result<(), Untaken> {
        let admitted = match taken.take() {
            Some(admitted) => admitted,
            None => match self.admit(find).await {
                Err(Untaken::Refused(faults)) => self.take_earlier(find.slot, faults).await?,
                admitted => admitted?,
            },
        };
        let admitted = taken.insert(admitted);
        self.bring(find, admitted).await
    }

    /// What the files hold, if it is for the directory to do something about it.
    async fn news(&self, find: &Find) -> Result<Content, Untaken> {
        let slot = find.slot;
        let content = find.read().await;
        if !self.follow && self.registry.is_filled(slot).await? {
            return Err(self.tell_other(find, content).await);
        }
        let content = content?;
        if let Ok(settings) = &content.settings
            && let Some(number) =
                self.registry.brought_last(slot, &content.digest, settings).await?
        {
            let place = self.registry.place(slot).await?;
            let is_active = place.is_some_and(|place| place.active == number);
            if !is_active || self.current(slot).is_some() {
                return Err(Untaken::NoNews);
            }
        }
        Ok(content)
    }

    /// The directory does not count any more; who changes a file in it should know.
    async fn tell_other(&self, find: &Find, content: Result<Content, Faults>) -> Untaken {
        Untaken::NotTaken(match content {
            Ok(Content { digest, settings: Ok(settings), .. }) => {
                match self.registry.holds(find.slot, &digest, &settings).await {
                    Ok(true) => return Untaken::NoNews,
                    Ok(false) => None,
                    Err(error) => return error.into(),
                }
            }
            Ok(Content { settings: Err(fault), .. }) => Some(fault.to_string()),
            Err(faults) => Some(faults.to_string()),
        })
    }

    async fn admit(&self, find: &Find) -> Result<Taken, Untaken> {
        let slot = find.slot;
        let Content { digest, bytes, settings, signatures } = self.news(find).await?;
        self.generations.place(slot, Some(Placed::InAdmission));
        let offer = |settings| Offer { slot, bytes: Arc::clone(&bytes), settings };
        let running = self.current(slot).filter(|running| running.identity.digest == digest);
        if let Some(running) = running {
            // Only the settings can be new.
            let admitted = self.admission.admit_settings(&running, offer(settings?)).await?;
            return Ok(Taken { admitted, bytes, signatures, amiss: None });
        }
        let admitted = match settings {
            Ok(settings) => self.admission.admit(offer(settings)).await,
            Err(fault) => Err(fault.into()),
        };
        let (admitted, amiss) = match admitted {
            Ok(admitted) => (admitted, None),
            Err(faults) if faults.are_of_settings() => {
                // A component that served before comes back with its settings: that is what an
                // operator in need expects of it, whatever was written for its successor.
                let Some(settings) = self.registry.settings_of(slot, &digest).await? else {
                    return Err(faults.into());
                };
                match self.admission.admit(offer(settings)).await {
                    Ok(admitted) => (admitted, Some(Amiss::Settings(faults))),
                    Err(_) => return Err(faults.into()),
                }
            }
            Err(faults) => return Err(faults.into()),
        };
        Ok(Taken { admitted, bytes, signatures, amiss })
    }

    /// What an earlier version served instead of a refused file, if the place has no release yet:
    /// an upgrade takes nothing away, so nobody's signature is asked for either.
    async fn take_earlier(&self, slot: Slot, faults: Faults) -> Result<Taken, Untaken> {
        let earlier = self.earlier.clone();
        let read = tokio::task::spawn_blocking(move || earlier.read(slot)).await;
        let Ok(Some(offer)) = read else { return Err(faults.into()) };
        if self.registry.is_filled(slot).await? {
            return Err(faults.into());
        }
        let bytes = Arc::clone(&offer.bytes);
        match self.admission.admit(offer).await {
            Ok(admitted) => {
                let (signatures, amiss) = (Ok(Vec::new()), Some(Amiss::All(faults)));
                Ok(Taken { admitted, bytes, signatures, amiss })
            }
            Err(_) => Err(faults.into()),
        }
    }

    /// Makes it a release and swaps it in: what the registry does not have, never serves.
    async fn bring(&self, find: &Find, taken: &Taken) -> Result<(), Untaken> {
        let slot = find.slot;
        let Taken { admitted, bytes, amiss, .. } = taken;
        let only_first = !self.follow || matches!(amiss, Some(Amiss::All(_)));
        let pass = self.pass(find, taken).await?;
        match self.registry.bring(slot, admitted, bytes, only_first, pass).await? {
            Brought::Active(number) => {
                let number = u64::try_from(number).unwrap_or_default();
                self.generations.activate(Arc::new(admitted.clone().into_generation(number)));
                if let Some(Amiss::Settings(faults)) = amiss {
                    self.generations.keep_settings(slot, faults);
                }
            }
            Brought::Known => self.generations.place(slot, None),
        }
        if let Some(Amiss::All(faults)) = amiss {
            self.generations.refuse(slot, faults);
        }
        Ok(())
    }

    /// Whether it may become a release. What is one already serves without a question.
    async fn pass(&self, find: &Find, taken: &Taken) -> Result<Option<Pass>, Untaken> {
        let Taken { admitted, .. } = taken;
        let (slot, digest) = (find.slot, &admitted.digest);
        if self.registry.brought_last(slot, digest, &admitted.settings).await?.is_some() {
            return Ok(None);
        }
        let state = self.registry.place(slot).await?;
        let file = &find.files.component;
        match self.threshold.pass(slot, file, taken, state.as_ref()).await? {
            Ok(pass) => Ok(Some(pass)),
            Err(reasons) => Err(Untaken::Barred(reasons)),
        }
    }
}
