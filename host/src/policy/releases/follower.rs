//! The follower: keeps this replica in step with the registry. Whatever is active serves here
//! within a second; what serves goes on if the registry cannot be asked.
//!
//! The rule: nothing here waits for a preparation. It runs beside, and a rollback, a beat or a
//! report never comes behind a compiler.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;

use super::place::{Finished, Followed};
use super::preparing::{Preparer, Unprepared};
use super::settings::ReleaseSettings;
use super::standing::Standing;
use crate::clock::{Clock, Timestamp};
use crate::contract::{PerSlot, Slot};
use crate::policy::health::ReleaseHealth;
use crate::policy::judgement::JudgementSettings;
use crate::policy::runtime::Generation;
use crate::policy::serving::Generations;
use crate::store::registry::{Deployment, Serving};
use crate::store::{Store, StoreError};

/// The registry is asked so often, whether it hints or not.
pub(super) const POLL: Duration = Duration::from_millis(500);
/// The other replicas hear of this one so often.
const BEAT: Duration = Duration::from_secs(1);

/// What the follower works with.
pub struct FollowerParts {
    pub store: Store,
    pub preparer: Preparer,
    pub generations: Arc<Generations>,
    pub clock: Clock,
    pub settings: ReleaseSettings,
    pub standing: Arc<Standing>,
    pub health: ReleaseHealth,
    pub judgement: JudgementSettings,
}

/// Keeps this replica in step with the registry.
pub struct Follower {
    pub(super) store: Store,
    pub(super) generations: Arc<Generations>,
    pub(super) clock: Clock,
    pub(super) settings: ReleaseSettings,
    pub(super) standing: Arc<Standing>,
    pub(super) health: ReleaseHealth,
    pub(super) judgement: JudgementSettings,
    pub(super) preparer: Arc<Preparer>,
    pub(super) places: PerSlot<Followed>,
    /// What each place serves: the revision that it follows, and since when.
    pub(super) serving: PerSlot<(i64, Timestamp)>,
    pub(super) finished: UnboundedReceiver<Finished>,
    finish: UnboundedSender<Finished>,
    /// When the registry was asked for what is known of it.
    asked: Instant,
    beaten: Option<Instant>,
    /// It serves or tries something else than it last told.
    has_news: bool,
    pub(super) judged: Option<Instant>,
    pub(super) weighed: Option<Instant>,
    /// It takes no part any more: what is ready is still followed.
    pub(super) leaving: bool,
}

impl Follower {
    /// Follows nothing yet.
    pub fn new(parts: FollowerParts) -> Self {
        let (store, generations, clock) = (parts.store, parts.generations, parts.clock);
        let (finish, finished) = unbounded_channel();
        Self {
            preparer: Arc::new(parts.preparer),
            store,
            generations,
            clock,
            settings: parts.settings,
            standing: parts.standing,
            health: parts.health,
            judgement: parts.judgement,
            places: PerSlot::default(),
            serving: PerSlot::default(),
            finished,
            finish,
            asked: Instant::now(),
            beaten: None,
            has_news: false,
            judged: None,
            weighed: None,
            leaving: false,
        }
    }

    /// Asks the registry once and does what can be done at once; true if it should be asked again.
    pub(super) async fn look(&mut self) -> Result<bool, StoreError> {
        let (open, moved) = self.learn().await?;
        if self.leaving { Ok(false) } else { self.tell(&open, moved).await }
    }

    /// Asks what is active and what is being deployed, and follows; true if it changed what serves.
    pub(super) async fn learn(&mut self) -> Result<(Vec<Deployment>, bool), StoreError> {
        self.asked = Instant::now();
        // In this order: what was activated between the two questions is still open in the first.
        let open = self.store.open_deployments().await?;
        let places = self.store.places().await?;
        // The answer may have come late.
        self.lapse();
        let mut moved = false;
        for slot in Slot::ALL {
            let state = places.iter().find(|state| state.place == slot.as_str());
            let deployment = open.iter().find(|deployment| deployment.place == slot.as_str());
            let is_open = i64::from(deployment.is_some());
            self.standing.metrics.open.with_label_values(&[slot.as_str()]).set(is_open);
            self.places.get_mut(slot).learn(state.cloned(), deployment.cloned());
            moved |= self.follow(slot);
        }
        self.generations.renew_lease(self.asked);
        Ok((open, moved))
    }

    /// Tells the others of it, and plays its part; true if that changed something.
    pub(super) async fn tell(
        &mut self,
        open: &[Deployment],
        moved: bool,
    ) -> Result<bool, StoreError> {
        // The others count on whoever beats: first of all, and again after each change.
        self.beat(moved || self.has_news).await?;
        let mut changed = self.look_after_the_gate().await?;
        for deployment in open {
            changed |= self.take_part(deployment).await?;
        }
        changed |= self.judge().await?;
        changed |= self.judge_trials().await?;
        Ok(changed)
    }

    /// Takes what came of a preparation.
    pub(super) fn take(&mut self, finished: Finished) {
        let Finished { slot, attempt, outcome } = finished;
        let place = self.places.get_mut(slot);
        let deployed = place.deployment.as_ref().map(|deployment| deployment.release);
        if let Some((release, unprepared)) = place.take(attempt, outcome) {
            match unprepared {
                Unprepared::Refused(reasons) => tracing::error!(
                    place = slot.as_str(),
                    release,
                    is_being_deployed = deployed == Some(release),
                    reasons = reasons.join(" "),
                    "this replica cannot serve the release; what serves goes on"
                ),
                Unprepared::Away(error) => tracing::warn!(
                    error,
                    place = slot.as_str(),
                    release,
                    "the release could not be read; it is asked for again"
                ),
            }
        }
        self.has_news |= self.follow(slot);
    }

    /// Serves what is active, if it is ready, tries what is to be tried, and prepares what is not
    /// ready; true if that changed what serves or is tried.
    fn follow(&mut self, slot: Slot) -> bool {
        if let Some(attempt) = self.places.get(slot).lost()
            && self.finished.is_empty()
        {
            let outcome = Err("its preparation ended by itself".to_owned().into());
            self.places.get_mut(slot).take(attempt, outcome);
        }
        let moved = self.flip(slot);
        if !self.leaving {
            self.prepare_next(slot);
        }
        let behind = self.behind(slot);
        self.standing.set_behind(slot, behind);
        self.try_out(slot) || moved
    }

    fn flip(&mut self, slot: Slot) -> bool {
        let place = self.places.get_mut(slot);
        let current = self.generations.current(slot);
        if let Some(pinned) = &place.pinned {
            let is_current = current.is_some_and(|current| Arc::ptr_eq(&current, pinned));
            if !is_current {
                self.generations.serve(Arc::clone(pinned));
            }
            return false;
        }
        let Some(state) = &place.state else { return false };
        let (revision, activated_at, to) = (state.revision, state.activated_at, state.active);
        let (followed, _) = *self.serving.get(slot);
        let from = current.as_ref().map(|current| number(current));
        if let Some(current) = current.filter(|_| from == Some(to)) {
            // It serves already: the directory of this replica brought it, and its calls have been
            // counted since.
            place.keep(&current);
            if followed != revision {
                *self.serving.get_mut(slot) = (revision, self.clock.now());
            }
            return followed != revision;
        }
        if self.generations.activated_since(slot, self.asked) {
            // The directory activated something meanwhile: the next look knows of it.
            return false;
        }
        let Some(active) = place.ready_active() else { return false };
        self.generations.serve(active);
        let now = self.clock.now();
        *self.serving.get_mut(slot) = (revision, now);
        if followed > 0 && followed != revision {
            let delay = Duration::from_millis(u64::try_from(now - activated_at).unwrap_or(0));
            self.standing.metrics.flip_delay.observe(delay.as_secs_f64());
        }
        tracing::info!(place = slot.as_str(), from, to, revision, "this replica follows");
        true
    }

    fn prepare_next(&mut self, slot: Slot) {
        let (preparer, finish) = (&self.preparer, &self.finish);
        self.places.get_mut(slot).prepare_next(|number, attempt| {
            let (preparer, finish) = (Arc::clone(preparer), finish.clone());
            let work = async move {
                let outcome = preparer.prepare(slot, number).await;
                let _ = finish.send(Finished { slot, attempt, outcome });
            };
            AbortOnDropHandle::new(tokio::spawn(work.in_current_span()))
        });
    }

    /// Why this replica does not serve what is active, if it does not.
    fn behind(&self, slot: Slot) -> Option<String> {
        let place = self.places.get(slot);
        let active = place.active()?;
        let serves = self.generations.current(slot).map(|current| number(&current));
        if serves == Some(active) || place.pinned.is_some() {
            return None;
        }
        let here = serves.map_or_else(
            || "nothing serves here".to_owned(),
            |serves| format!("{slot}/{serves} serves here"),
        );
        let why = place.refusal().or_else(|| place.unread());
        let why = why.unwrap_or_else(|| "it is being prepared".to_owned());
        Some(format!("{slot}/{active} is active, but {here}: {why}"))
    }

    /// Tells the other replicas what this one serves, if it is time to.
    async fn beat(&mut self, now: bool) -> Result<(), StoreError> {
        if !now && self.beaten.is_some_and(|beaten| beaten.elapsed() < BEAT) {
            return Ok(());
        }
        let serving = Slot::ALL.into_iter().map(|slot| self.serves(slot)).collect();
        self.store.replica_beat(&self.standing.replica.beat(serving)).await?;
        self.beaten = Some(Instant::now());
        self.has_news = false;
        Ok(())
    }

    fn serves(&self, slot: Slot) -> Serving {
        let current = self.generations.current(slot);
        let (revision, since) = *self.serving.get(slot);
        let (judged, before) = self.judged(slot);
        Serving {
            place: slot.as_str().to_owned(),
            release: current.as_deref().map(number),
            revision,
            since,
            pinned: self.places.get(slot).pinned.is_some(),
            behind: self.standing.behind(slot),
            rollouts: true,
            trial: self.trial_figures(slot),
            judged,
            before,
            ..current.map(|current| current.counts.figures()).unwrap_or_default()
        }
    }
}

/// As the registry counts.
fn number(generation: &Generation) -> i64 {
    i64::try_from(generation.identity.release).unwrap_or(i64::MAX)
}
