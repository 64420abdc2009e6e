//! Hears of changes of the registry that other replicas make. It is a hint: whoever waits for it
//! asks from time to time as well, and misses nothing but time while the connection is away.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// Between attempts to connect.
const PAUSE: Duration = Duration::from_secs(1);
/// After that long without a word the connection is tried.
const QUIET: Duration = Duration::from_secs(30);
/// For a connection, and for an answer on it.
const ANSWER: Duration = Duration::from_secs(5);

/// Who waits, and the task that listens for them from the first wait on.
#[derive(Default)]
pub(super) struct Hints {
    heard: Arc<Notify>,
    listening: OnceLock<JoinHandle<()>>,
}

impl Hints {
    /// Returns once something was heard.
    pub(super) async fn hear(&self, options: &PgConnectOptions) {
        self.listening.get_or_init(|| {
            let options = options.clone().application_name("auth-host listen");
            tokio::spawn(listen(options, Arc::clone(&self.heard)))
        });
        self.heard.notified().await;
    }

    /// Ends the task, and its connection with it.
    pub(super) fn close(&self) {
        if let Some(task) = self.listening.get() {
            task.abort();
        }
    }
}

impl Drop for Hints {
    fn drop(&mut self) {
        self.close();
    }
}

async fn listen(options: PgConnectOptions, heard: Arc<Notify>) {
    loop {
        if let Err(error) = listen_once(&options, &heard).await {
            // That the database is away is told by who asks it.
            tracing::debug!(%error, "no hints of changes of the registry until it connects again");
        }
        sleep(PAUSE).await;
    }
}

/// Until the connection is lost.
async fn listen_once(options: &PgConnectOptions, heard: &Notify) -> Result<(), sqlx::Error> {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ANSWER)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(options.clone());
    let mut listener = PgListener::connect_with(&pool).await?;
    // Who listens for a lost connection must come back here: it may have missed something.
    listener.eager_reconnect(false);
    listener.listen("auth_policy").await?;
    hint(heard);
    loop {
        match timeout(QUIET, listener.try_recv()).await {
            Ok(Ok(Some(_))) => hint(heard),
            Ok(Ok(None)) => return Ok(()),
            Ok(Err(error)) => return Err(error),
            Err(_) => {
                let question = sqlx::query("SELECT 1").execute(&mut listener);
                timeout(ANSWER, question).await.map_err(|_| sqlx::Error::PoolTimedOut)??;
            }
        }
    }
}

/// Wakes all who wait, and the next who does: it may just be at work.
fn hint(heard: &Notify) {
    heard.notify_waiters();
    heard.notify_one();
}
