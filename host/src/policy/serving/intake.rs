//! The way of a find into its slot, the same for every source: it is admitted off the request
//! threads, and then swapped in or refused. A refused one leaves what runs where it is.

use std::sync::Arc;

use super::generations::Generations;
use crate::contract::Slot;
use crate::policy::admission::{Admission, Fault, Faults};
use crate::policy::runtime::Generation;

/// What a source is given to bring its finds to.
#[derive(Clone)]
pub struct Intake {
    generations: Arc<Generations>,
    admission: Arc<Admission>,
}

impl Intake {
    /// What passes this admission serves among these generations.
    pub fn new(generations: Arc<Generations>, admission: Arc<Admission>) -> Self {
        Self { generations, admission }
    }

    /// What serves in a slot now.
    pub fn current(&self, slot: Slot) -> Option<Arc<Generation>> {
        self.generations.current(slot)
    }

    /// Lets `make` read and admit, and swaps in what comes of it. False if it was refused.
    pub async fn offer(
        &self,
        slot: Slot,
        make: impl FnOnce(&Admission) -> Result<Generation, Faults> + Send + 'static,
    ) -> bool {
        match self.admitted(make).await {
            Ok(generation) => {
                self.generations.activate(Arc::new(generation));
                true
            }
            Err(faults) => {
                self.generations.refuse(slot, &faults);
                false
            }
        }
    }

    /// As [`Intake::offer`], for what takes the place of a refused one: if it is refused too,
    /// nobody is told again.
    pub async fn fall_back(
        &self,
        slot: Slot,
        make: impl FnOnce(&Admission) -> Result<Generation, Faults> + Send + 'static,
    ) {
        if let Ok(generation) = self.admitted(make).await {
            tracing::error!(
                %slot,
                "the last policy that was admitted serves in place of the refused one"
            );
            self.generations.activate(Arc::new(generation));
        }
    }

    async fn admitted(
        &self,
        make: impl FnOnce(&Admission) -> Result<Generation, Faults> + Send + 'static,
    ) -> Result<Generation, Faults> {
        let admission = Arc::clone(&self.admission);
        let work = tokio::task::spawn_blocking(move || make(&admission));
        work.await.unwrap_or_else(|_| Err(Fault::Unfinished.into()))
    }
}
