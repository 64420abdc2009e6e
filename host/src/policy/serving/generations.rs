//! Generations: what serves in each slot. A call takes the current one and keeps it to its end; a
//! swap is one atomic store.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;

use serde_json::Value;
use tokio::time::Instant;

use super::placed::{Placed, Places};
use crate::contract::{Identity, PerSlot, Slot};
use crate::policy::admission::Faults;
use crate::policy::metrics::PolicyMetrics;
use crate::policy::rollout::{Lease, Trial};
use crate::policy::runtime::Generation;
use crate::store::registry::RegistryError;

/// The current generation of each slot. What becomes of an offered one is counted and logged here.
pub struct Generations {
    current: PerSlot<ArcSwapOption<Generation>>,
    /// What is tried beside it.
    trials: PerSlot<ArcSwapOption<Trial>>,
    /// Until when that may go on.
    lease: Lease,
    /// Where a release is pinned, nothing that is placed is swapped in.
    held: PerSlot<AtomicBool>,
    /// When what was placed was last swapped in.
    activated: PerSlot<Mutex<Option<Instant>>>,
    places: Places,
    metrics: PolicyMetrics,
}

impl Generations {
    /// No slot has a policy yet.
    pub fn new(metrics: PolicyMetrics) -> Self {
        let places = Places::new(metrics.placed.clone());
        Self {
            current: PerSlot::default(),
            trials: PerSlot::default(),
            lease: Lease::new(),
            held: PerSlot::default(),
            activated: PerSlot::default(),
            places,
            metrics,
        }
    }

    /// What serves in a slot now.
    pub fn current(&self, slot: Slot) -> Option<Arc<Generation>> {
        self.current.get(slot).load_full()
    }

    /// What is tried in a slot beside this generation, if anything is. Nothing is while the
    /// registry cannot be asked for a while.
    pub fn trial(&self, beside: &Generation) -> Option<Arc<Trial>> {
        let trial = self.trials.get(beside.identity.slot).load();
        let trial = trial.as_ref().filter(|trial| trial.base == beside.identity.release);
        trial.filter(|_| self.lease.holds()).map(Arc::clone)
    }

    /// The registry has answered what it was asked then: what is tried may go on.
    pub fn renew_lease(&self, asked: Instant) {
        self.lease.renew(asked);
    }

    /// Whether what is tried may go on.
    pub fn lease_holds(&self) -> bool {
        self.lease.holds()
    }

    /// From now on this is tried, or nothing.
    pub fn try_out(&self, slot: Slot, trial: Option<Arc<Trial>>) {
        self.trials.get(slot).store(trial);
    }

    /// The slots in which nothing serves.
    pub fn empty(&self) -> Vec<Slot> {
        let is_empty = |slot: &Slot| self.current.get(*slot).load().is_none();
        Slot::ALL.into_iter().filter(is_empty).collect()
    }

    /// For `/readyz`: the slots in which something is placed that does not serve, and why.
    pub fn placed(&self) -> Vec<Value> {
        self.places.describe()
    }

    /// Says what is placed in a slot and does not serve, or that it serves.
    pub fn place(&self, slot: Slot, placed: Option<Placed>) {
        self.places.set(slot, placed);
    }

    /// Whether what is placed in a slot was refused, or is not let in.
    pub fn is_refused(&self, slot: Slot) -> bool {
        self.places.is_refused(slot)
    }

    /// Swaps without a word; calls in flight finish on the generation that they began with.
    pub fn swap(&self, generation: Arc<Generation>) -> Option<Arc<Generation>> {
        generation.counts.serves();
        self.current.get(generation.identity.slot).swap(Some(generation))
    }

    /// What serves in a slot is pinned.
    pub fn hold(&self, slot: Slot) {
        self.held.get(slot).store(true, Ordering::Relaxed);
    }

    /// Swaps in what is placed: new calls take it from now on. Not where a release is pinned, and
    /// not if this release serves already, because whoever follows the registry was faster.
    pub fn activate(&self, generation: Arc<Generation>) {
        let Identity { slot, release, .. } = *generation.identity;
        let serves = self.current(slot).is_some_and(|current| current.identity.release == release);
        if !serves && !self.held.get(slot).load(Ordering::Relaxed) {
            let mut activated =
                self.activated.get(slot).lock().unwrap_or_else(PoisonError::into_inner);
            *activated = Some(Instant::now());
            drop(activated);
            self.serve(generation);
        }
        self.place(slot, None);
    }

    /// Whether what was placed was swapped in since: who asked the registry before knows less.
    pub fn activated_since(&self, slot: Slot, then: Instant) -> bool {
        let activated = self.activated.get(slot).lock().unwrap_or_else(PoisonError::into_inner);
        activated.is_some_and(|activated| activated >= then)
    }

    /// Serves this from now on, and says so.
    pub fn serve(&self, generation: Arc<Generation>) {
        let identity = Arc::clone(&generation.identity);
        let Identity { slot, digest, manifest, release, .. } = &*identity;
        self.metrics.active.with_label_values(&labels(&identity)).set(1);
        if let Some(before) = self.swap(generation) {
            // The series of a generation that serves no more would only grow in number.
            let before = labels(&before.identity);
            let before = before.each_ref().map(String::as_str);
            let _ = self.metrics.active.remove_label_values(&before);
        }
        tracing::info!(
            %slot,
            policy = manifest.name,
            version = manifest.version,
            digest,
            release,
            "policy active"
        );
    }

    /// Says that a component serves with other settings than those of its file, which do not fit.
    pub fn keep_settings(&self, slot: Slot, faults: &Faults) {
        self.metrics.admissions.with_label_values(&[slot.as_str(), "refused"]).inc();
        self.place(slot, Some(Placed::other_settings(faults)));
        let (remedy, faults) = (faults.remedies(), faults.to_string());
        tracing::error!(
            %slot,
            faults,
            remedy,
            "the settings file does not fit the policy, which serves with the settings that it was \
             last admitted with"
        );
    }

    /// Says that what is placed is left where it is, because the registry says what serves.
    pub fn leave(&self, slot: Slot, faults: Option<&str>) {
        self.place(slot, Some(Placed::not_taken(faults)));
        tracing::warn!(
            %slot,
            faults,
            "what lies in the policy directory is no release of the registry and is not taken: \
             without POLICY_DIR_FOLLOW=true the directory fills an empty registry once. Deploy it \
             with `auth-host policy push` and `auth-host policy deploy`, or remove it"
        );
    }

    /// Says that what was placed and not let in is not taken any more: another release was
    /// activated since.
    pub fn overtake(&self, slot: Slot) {
        self.place(slot, Some(Placed::overtaken()));
        tracing::warn!(
            %slot,
            "what lies in the policy directory was not let in, and another release was activated \
             since: it is not taken any more. Place it anew if it should serve, or remove it"
        );
    }

    /// Says that what is placed was not made a release, and why; it is tried again.
    pub fn wait_for_registry(&self, slot: Slot, error: &RegistryError, is_first: bool) {
        self.place(slot, Some(Placed::not_kept(error)));
        if is_first {
            tracing::error!(
                %slot,
                %error,
                "the registry does not take what lies in the policy directory, so it does not \
                 serve; what serves goes on, and it is tried again"
            );
        }
    }

    /// Says that what is placed passed admission, and is not let in. It is asked again.
    pub fn bar(&self, slot: Slot, reasons: &[String]) {
        self.metrics.admissions.with_label_values(&[slot.as_str(), "refused"]).inc();
        self.place(slot, Some(Placed::barred(reasons)));
        let reasons = reasons.join(" ");
        tracing::error!(%slot, reasons, "the policy is not let in; what serves goes on");
    }

    /// Says that an offered component or its settings were refused, and why. What runs goes on.
    pub fn refuse(&self, slot: Slot, faults: &Faults) {
        self.metrics.admissions.with_label_values(&[slot.as_str(), "refused"]).inc();
        self.place(slot, Some(Placed::refused(faults)));
        let (remedy, faults) = (faults.remedies(), faults.to_string());
        if let Some(running) = self.current(slot) {
            tracing::error!(
                %slot,
                faults,
                remedy,
                release = running.identity.release,
                "the policy was refused; this release goes on"
            );
        } else {
            tracing::error!(%slot, faults, remedy, "the policy was refused");
        }
    }
}

/// Of the metric that says what serves.
fn labels(identity: &Identity) -> [String; 5] {
    [
        identity.slot.as_str(),
        &identity.manifest.name,
        &identity.manifest.version,
        &identity.digest[..12],
        &identity.release.to_string(),
    ]
    .map(str::to_owned)
}
