//! People with keys, and the file in which an operator names them.

use auth_host::signatures::{PrivateKey, Statement};
use tempfile::TempDir;

use crate::support::{TestService, TestServiceBuilder, hex};

/// Ann and Bob, and the file that names them.
pub(in crate::releases) struct Keys {
    folder: TempDir,
    pub(in crate::releases) ann: PrivateKey,
    pub(in crate::releases) bob: PrivateKey,
}

impl Keys {
    /// Each trusted.
    pub(in crate::releases) fn new() -> Self {
        let (ann, bob) = (PrivateKey::generate(), PrivateKey::generate());
        let keys = Self { folder: TempDir::new().unwrap(), ann, bob };
        keys.say("", "");
        keys
    }

    /// Writes the file anew, with words about each key.
    pub(in crate::releases) fn say(&self, of_ann: &str, of_bob: &str) {
        let line = |name: &str, words: &str, key: &PrivateKey| {
            format!("{name} {words} {}\n", key.public().openssh())
        };
        let text = line("ann", of_ann, &self.ann) + &line("bob", of_bob, &self.bob);
        std::fs::write(self.file(), text).unwrap();
    }

    pub(in crate::releases) fn file(&self) -> String {
        self.folder.path().join("trusted-keys").to_str().unwrap().to_owned()
    }

    /// What is pushed has to be signed by these.
    pub(in crate::releases) fn guard(&self) -> TestServiceBuilder {
        TestService::with()
            .setting("POLICY_TRUSTED_KEYS", &self.file())
            .setting("POLICY_UNSIGNED", "directory")
    }
}

/// What is signed of a login.
pub(in crate::releases) fn statement(component: &[u8]) -> Statement {
    let manifest = auth_host::policy::admission::inspect(component).unwrap().manifest;
    Statement {
        component: hex(component),
        place: "login".to_owned(),
        name: manifest.name,
        version: manifest.version,
    }
}
