//! A hint to look now: whoever commits an event gives it, the relay waits for it. It is never more
//! than a hint. One that comes while nobody waits is kept, and several become one; the relay looks
//! by itself as well, for events of replicas that are gone.

use std::sync::Arc;

use tokio::sync::Notify;

/// All clones are one: what wakes one of them wakes who waits at another.
#[derive(Clone, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    /// Wakes one waiter, or the next one to wait.
    pub fn wake(&self) {
        self.0.notify_one();
    }

    /// Waits for a hint that nobody else has taken.
    pub async fn notified(&self) {
        self.0.notified().await;
    }
}
