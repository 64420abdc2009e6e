//! The follower's life: at a start it takes what is pinned and what is active, then it follows,
//! and when the service stops it leaves.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::follower::{Follower, POLL};
use super::pin::PinFault;
use super::preparing::Ready;
use crate::contract::Slot;
use crate::store::Store;
use crate::telemetry::rarely;

/// How often the log says that a place is pinned.
const LOUD: Duration = Duration::from_mins(1);
/// A database that is away keeps nobody from ending.
const FAREWELL: Duration = Duration::from_secs(1);

impl Follower {
    /// At a start: serves what is pinned, and what is active as soon as it is ready. Waits so long
    /// for what has to be compiled or asked for; the rest of it goes on beside.
    pub async fn load(&mut self, patience: Duration) -> Result<(), PinFault> {
        self.pin().await?;
        let end = Instant::now() + patience;
        loop {
            let asked = self.learn().await;
            let is_known = asked.is_ok();
            // A registry that takes no writes is read all the same.
            let told = match asked {
                Ok((open, moved)) => self.tell(&open, moved).await,
                Err(error) => Err(error),
            };
            if let Err(error) = &told {
                rarely!(warn, %error, "the registry of policies cannot be asked yet");
            }
            if is_known && Slot::ALL.into_iter().all(|slot| self.has_an_outcome(slot)) {
                return Ok(());
            }
            tokio::select! {
                () = sleep_until(end) => return Ok(()),
                () = sleep(POLL) => {}
                Some(finished) = self.finished.recv() => self.take(finished),
            }
        }
    }

    /// Follows until the service stops; then flips only to what is ready, and ends with the
    /// background.
    pub async fn run(mut self, stopping: CancellationToken, stop: CancellationToken) {
        let ends = async {
            tokio::select! {
                () = stopping.cancelled() => {}
                () = stop.cancelled() => {}
            }
        };
        tokio::select! {
            () = self.follow_the_registry() => {}
            () = ends => {}
        }
        self.leaving = true;
        for slot in Slot::ALL {
            self.places.get_mut(slot).end_preparation();
            self.try_out(slot);
        }
        let farewell = self.store.replica_gone(self.standing.replica.id);
        match timeout(FAREWELL, farewell).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "the replicas were not told of the end"),
            Err(_) => tracing::debug!("the replicas were not told of the end in time"),
        }
        // Requests in flight may take a while, and a rollback counts for them, too.
        stop.run_until_cancelled(self.follow_the_registry()).await;
    }

    async fn follow_the_registry(&mut self) {
        let mut hint = Box::pin(hint(self.store.clone()));
        let (mut is_away, mut told) = (false, Instant::now());
        loop {
            if told.elapsed() >= LOUD {
                told = Instant::now();
                self.tell_pins();
            }
            match self.look().await {
                Ok(again) => {
                    if is_away {
                        tracing::info!("the registry of policies answers again");
                        is_away = false;
                        for slot in Slot::ALL {
                            self.places.get_mut(slot).forget_unread();
                        }
                    }
                    if again {
                        continue;
                    }
                }
                Err(error) => {
                    if !is_away {
                        tracing::error!(
                            %error,
                            "the registry of policies cannot be asked; what serves goes on"
                        );
                        is_away = true;
                    }
                    self.lapse();
                    // What is ready serves, whether the others hear of it or not.
                    tokio::select! {
                        () = sleep(POLL) => {}
                        Some(finished) = self.finished.recv() => self.take(finished),
                    }
                    continue;
                }
            }
            tokio::select! {
                () = sleep(POLL) => {}
                () = &mut hint => hint = Box::pin(self::hint(self.store.clone())),
                Some(finished) = self.finished.recv() => self.take(finished),
            }
        }
    }

    /// Whether nothing more comes of waiting for a place.
    fn has_an_outcome(&self, slot: Slot) -> bool {
        let place = self.places.get(slot);
        let serves = self.generations.current(slot);
        let serves = serves.and_then(|it| i64::try_from(it.identity.release).ok());
        place.pinned.is_some()
            || place.active().is_none()
            || place.active() == serves
            || place.refusal().is_some()
    }

    /// Serves what the settings pin; a registry that is away is waited for.
    async fn pin(&mut self) -> Result<(), PinFault> {
        for pin in self.settings.pins.clone() {
            let Ready { generation, untrusted } = loop {
                match self.preparer.prepare_pinned(&pin, self.settings.writers).await? {
                    Ok(ready) => break ready,
                    Err(error) => {
                        rarely!(warn, error, %pin,
                            "POLICY_PIN names a release of the registry, and the database does not \
                             answer: the start waits for it. The file of an exported release could \
                             be pinned without");
                        sleep(POLL).await;
                    }
                }
            };
            let slot = generation.identity.slot;
            if self.places.get(slot).pinned.is_some() {
                return Err(PinFault::Twice(slot));
            }
            self.standing.set_pinned(slot, generation.identity.release, pin);
            if !untrusted.is_empty() {
                self.tell_untrusted(slot, generation.identity.release, &untrusted);
            }
            self.serving.get_mut(slot).1 = self.clock.now();
            self.places.get_mut(slot).pinned = Some(Arc::clone(&generation));
            self.generations.hold(slot);
            self.generations.serve(generation);
        }
        self.tell_pins();
        Ok(())
    }

    fn tell_pins(&self) {
        for slot in Slot::ALL {
            if let Some(pinned) = self.standing.pinned(slot) {
                tracing::error!(
                    place = slot.as_str(),
                    release = pinned.release,
                    pin = %pinned.pin,
                    active = self.places.get(slot).active(),
                    "POLICY_PIN holds this replica on a release, whatever is deployed or rolled \
                     back; unset it and restart as soon as the need is over"
                );
            }
        }
    }
}

/// A hint that outlives the question it interrupts. One that comes at once, again and again, is
/// slowed down.
async fn hint(store: Store) {
    store.registry_hint().await;
    sleep(Duration::from_millis(5)).await;
}
