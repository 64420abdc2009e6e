//! Reads of a shadow that the recorded call did not make: on the runtime that owns the database's
//! connections, beside those that requests need, one at a time.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;

use super::questions::Read;
use crate::store::Store;

/// Where shadows read; clones share the one turn.
#[derive(Clone)]
pub struct LiveReads {
    runtime: Option<Handle>,
    turn: Arc<Semaphore>,
}

impl LiveReads {
    /// On the runtime that this is called in. Without one nothing is read.
    pub fn of_this_runtime() -> Self {
        Self { runtime: Handle::try_current().ok(), turn: Arc::new(Semaphore::new(1)) }
    }

    /// Asks the database now; none if it does not answer. Who goes away leaves no question behind.
    pub(crate) async fn ask<Q: Read>(&self, question: Q, store: &Store) -> Option<Q::Row> {
        let runtime = self.runtime.as_ref()?;
        let turn = Arc::clone(&self.turn).acquire_owned().await.ok()?;
        let store = store.beside_requests();
        let asked = runtime.spawn(async move {
            let _turn = turn;
            question.read(&store).await
        });
        AbortOnDropHandle::new(asked).await.ok()?.ok()
    }
}
