//! The end of a service: in order, with everything published, and without a secret left behind.

use std::time::Duration;

use auth_host::contract::Slot;
use auth_host::lifecycle::Ended;

use super::{TestService, TestServiceBuilder, eventually, in_time, logs, policy};

impl TestService {
    /// Waits for the events, ends the service in order, and looks for secrets that it left behind.
    pub(crate) async fn stop(self) {
        drop(self.stop_and_keep().await);
    }

    /// The same; what it kept can be started again.
    pub(crate) async fn stop_and_keep(mut self) -> TestServiceBuilder {
        self.published().await;
        assert_eq!(self.end().await, Ended::Drained);
        self.keep().await
    }

    /// What an ended service kept, to be started again.
    pub(crate) async fn keep(mut self) -> TestServiceBuilder {
        self.assert_no_secret_is_left().await;
        let (folder, secrets) =
            (self.folder.take().unwrap(), self.secrets.get_mut().unwrap().clone());
        let (settings, clock, store) =
            (self.settings.clone(), self.clock.clone(), self.store.take().unwrap());
        let stillness = Duration::ZERO;
        TestServiceBuilder { folder, settings, clock, secrets, store, stillness }
    }

    /// Ends the service, whatever waits.
    pub(crate) async fn end(&mut self) -> Ended {
        self.signals.first.cancel();
        let ended = in_time("the service", self.serving.take().unwrap()).await.unwrap();
        eventually("the end of all that the service was", async || {
            (self.app.strong_count() == 0).then_some(())
        })
        .await;
        ended
    }

    async fn assert_no_secret_is_left(&self) {
        let files = std::fs::read_dir(self.data_dir()).unwrap().map(|entry| entry.unwrap().path());
        let files = files
            .filter(|file| file.is_file())
            .map(|file| (file.display().to_string(), std::fs::read(file).unwrap()));
        let mut contents: Vec<_> = files
            .map(|(name, bytes)| (name, String::from_utf8_lossy(&bytes).into_owned()))
            .collect();
        if let Some(database) = self.database() {
            contents.extend(
                database
                    .contents()
                    .await
                    .into_iter()
                    .map(|(table, rows)| (format!("the table {table}"), rows)),
            );
        }
        // The examples of the policies' manifests, which lie in the registry with the components.
        let examples: String = Slot::ALL
            .into_iter()
            .map(|slot| String::from_utf8_lossy(&policy(slot)).into_owned())
            .collect();
        for secret in &*self.secrets.lock().unwrap() {
            if examples.contains(secret.as_str()) {
                continue;
            }
            // As PostgreSQL writes bytes.
            let bytes =
                secret.bytes().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
            for (name, content) in &contents {
                assert!(
                    !content.contains(secret.as_str()) && !content.contains(&bytes),
                    "{name} holds the secret {secret}"
                );
            }
            assert!(!logs::holds(self.log_mark, secret), "the log holds the secret {secret}");
        }
    }
}

impl Drop for TestService {
    fn drop(&mut self) {
        assert!(
            self.serving.is_none() || std::thread::panicking(),
            "a test must end with service.stop()"
        );
    }
}
