//! `auth-host policy` beside a service that runs, both by the real program.

use std::collections::HashMap;

use auth_host::contract::Slot;
use auth_host::hex;
use serde_json::{Value, json};

use crate::support::{Home, Printed, Process, eventually, policy};
use crate::swap::components::with_modules;

/// A service, and a desk beside it with the files that somebody works with.
pub(super) struct Shop {
    home: Home,
    pub(super) process: Process,
    /// Of the commands.
    pub(super) settings: HashMap<String, String>,
}

impl Shop {
    /// Of a developer: the token of the machine is there by itself.
    pub(super) async fn open() -> Self {
        let (home, mut settings) = Process::home().await;
        settings.insert("ENV".into(), "local".into());
        settings.insert("ADMIN_ADDRESS".into(), "127.0.0.1:0".into());
        settings.insert("REPLICA_NAME".into(), "a1".into());
        let process = Process::serving(&settings).await;
        let admin = process.announcement.iter().find_map(|line| line.split_once("admin API"));
        let url = admin.expect("the admin API is announced").1.trim();
        let url = url.trim_end_matches("/swagger/").to_owned();
        let data = settings["DATA_DIR"].clone();
        let settings = HashMap::from([("DATA_DIR".into(), data), ("ADMIN_URL".into(), url)]);
        let shop = Self { home, process, settings };
        eventually("login/1", async || (shop.serving().await == json!("login/1")).then_some(()))
            .await;
        shop
    }

    pub(super) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let file = self.home.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        file.to_str().unwrap().to_owned()
    }

    async fn run(&self, words: &[&str]) -> Printed {
        Process::command(&self.settings, &[&["policy"], words].concat()).await
    }

    /// What a command prints that must end so.
    pub(super) async fn told(&self, code: i32, words: &[&str]) -> String {
        let told = self.run(words).await;
        assert_eq!(told.code, Some(code), "{words:?}: {}{}", told.text, told.errors);
        assert!(!told.errors.contains("panic"), "{}", told.errors);
        told.text + &told.errors
    }

    /// The document of a command that must end so.
    pub(super) async fn document(&self, code: i32, words: &[&str]) -> Value {
        let told = self.run(&[words, &["--json"]].concat()).await;
        assert_eq!(told.code, Some(code), "{words:?}: {}{}", told.text, told.errors);
        serde_json::from_str(&told.text).expect(&told.text)
    }

    pub(super) async fn serving(&self) -> Value {
        let status = self.document(0, &["status", "login"]).await;
        status["replicas"][0]["serving"][0]["release"].clone()
    }

    /// The default login policy with a setting, as the next release.
    async fn push(&self, attempts: u32) -> String {
        let file = self.file("login.wasm", policy(Slot::Login));
        let settings = json!({ "attempts-per-account": attempts }).to_string();
        let settings = self.file("prod.json", settings);
        self.told(0, &["push", "login", &file, "--settings", &settings, "-m", "stricter"]).await
    }

    pub(super) async fn close(self) {
        self.process.terminate();
        assert_eq!(self.process.ended().await.code, Some(0));
    }
}

pub(super) fn holds(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "it lacks {word:?}: {text}");
    }
}

#[tokio::test]
async fn a_policy_is_checked_pushed_deployed_looked_at_and_rolled_back() {
    let shop = Shop::open().await;
    let url = shop.settings["ADMIN_URL"].clone();
    let (file, settings) = (
        shop.file("login.wasm", policy(Slot::Login)),
        shop.file("prod.json", r#"{"attempts-per-account": 5}"#),
    );
    let words = ["check", &file, "--settings", &settings, "--against", &url];
    let checked = shop.told(0, &words).await;
    holds(
        &checked,
        &["would be admitted", "replica a1", "value of a setting: attempts-per-account"],
    );
    let checked = shop.document(0, &words).await;
    assert_eq!(checked["against"]["active"], "login/1");
    assert_eq!(checked["against"]["settings"]["added"], json!(["attempts-per-account"]));

    let digest = hex::sha256(&policy(Slot::Login));
    let pushed = shop.push(5).await;
    holds(&pushed, &["release login/2   component ", &digest[..12], "   settings ", "   by "]);
    holds(&pushed, &["next: auth-host policy deploy login/2"]);
    assert_eq!(shop.serving().await, "login/1", "nothing serves it before it is deployed");

    let deployed = shop.told(0, &["deploy", "login/2"]).await;
    holds(&deployed, &["a1 ready", "login/2 serves   1 replica "]);
    assert_eq!(shop.serving().await, "login/2");
    let again = shop.told(1, &["deploy", "login/2"]).await;
    holds(&again, &["login/2 serves already"]);
    let status = shop.told(0, &["status"]).await;
    holds(&status, &["login/2   since ", "kept ready: login/1", "calls/min", "a1 "]);

    let back = shop.told(0, &["rollback", "login", "-m", "support calls"]).await;
    holds(&back, &["login/2 → login/1 with its settings   1 replica   "]);
    assert_eq!(shop.serving().await, "login/1");
    // Somebody else saw the same fault, or the answer was lost.
    let again = shop.told(1, &["rollback", "login", "-m", "support calls"]).await;
    holds(&again, &["login/2 back at ", "login/1 serves since then", "--from 1"]);
    let again = shop.document(1, &["rollback", "login", "--from", "2", "-m", "again"]).await;
    assert_eq!(again["code"], "changed_meanwhile", "{again}");
    let further = shop.document(1, &["rollback", "login", "--from", "1", "-m", "1 fails"]).await;
    assert_eq!(further["code"], "nothing_before", "{further}");
    let back = shop.document(0, &["rollback", "login", "--to", "2", "-m", "it was not that"]).await;
    assert_eq!((&back["to"], &back["replicas"]), (&json!("login/2"), &json!(1)));

    let history = shop.told(0, &["history", "login"]).await;
    holds(&history, &["pushed", "activated", "rolled back", "login/2 → login/1", "support calls"]);
    let history = shop.document(0, &["history", "login", "--limit", "2"]).await;
    assert_eq!(history["lines"].as_array().unwrap().len(), 2);
    assert_eq!(history["lines"][0]["message"], "it was not that");
    shop.close().await;
}

#[tokio::test]
async fn what_a_replica_refuses_is_told_with_its_reason_and_changes_nothing() {
    let shop = Shop::open().await;
    // Its bytes are those of a policy; that no instance fits is found when it is compiled.
    let large = shop.file("large.wasm", with_modules(&["(module (memory 272))"]));
    shop.told(0, &["push", "login", &large, "-m", "large"]).await;
    let refused = shop.told(1, &["deploy", "login/2"]).await;
    holds(&refused, &["a1 REFUSED", "nothing was activated", "272 pages of memory"]);
    let refused = shop.document(1, &["deploy", "login/2"]).await;
    assert_eq!(refused["state"], "refused");
    assert_eq!(shop.serving().await, "login/1");

    let login = shop.file("login.wasm", policy(Slot::Login));
    let wrong = shop.file("wrong.json", r#"{"attempt": 5, "other": 1}"#);
    let told = shop.told(1, &["push", "login", &login, "--settings", &wrong, "-m", "x"]).await;
    holds(&told, &["attempt", "refused, request "]);
    let told = shop.document(1, &["push", "refresh", &login, "-m", "x"]).await;
    assert_eq!(told["code"], "other_place");
    let text = shop.file("text.wasm", "hello");
    holds(
        &shop.told(1, &["push", "login", &text, "-m", "x"]).await,
        &["text.wasm", "no WebAssembly"],
    );
    let large = shop.file("33.wasm", vec![0; (32 << 20) + 1]);
    holds(&shop.told(1, &["push", "login", &large, "-m", "x"]).await, &["33554432"]);
    for words in [
        &["deploy", "login/99"][..],
        &["show", "login/99"],
        &["export", "login/99"],
        &["rollback", "logout", "-m", "x"],
        &["deploy", "--cancel", "6d3c9a4e-5a39-4c5c-9b57-4f3a9d0f9f11"],
    ] {
        shop.told(1, words).await;
    }
    for words in [&["rollback", "login"][..], &["push", "login", &login], &["deploy", "42"]] {
        shop.told(2, words).await;
    }
    shop.close().await;
}

#[tokio::test]
async fn a_release_goes_from_one_environment_to_the_next_as_a_file() {
    let shop = Shop::open().await;
    shop.push(5).await;
    let file = shop.home.path().join("login-2.release").to_str().unwrap().to_owned();
    shop.told(0, &["export", "login/2", "-o", &file]).await;
    let piped = std::fs::File::create(shop.home.path().join("piped")).unwrap();
    let words = ["policy", "export", "login/2"];
    let ended = Process::command_into(&shop.settings, &words, piped.into()).await;
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    let written = std::fs::read(&file).unwrap();
    assert_eq!(std::fs::read(shop.home.path().join("piped")).unwrap(), written);

    let next = Shop::open().await;
    let imported = next.told(0, &["import", &file]).await;
    holds(&imported, &["release login/2 ", "from login/2", "the same settings as there"]);
    let set = ["import", &file, "--set", "window-seconds=60", "--set", "attempts-per-account=null"];
    let imported = next.document(0, &set).await;
    assert_eq!(imported["settings"], json!({ "window-seconds": 60 }));
    assert_eq!(imported["source"], "import");
    let digest = hex::sha256(&policy(Slot::Login));
    assert_eq!(imported["components"][0]["digest"], json!(digest));
    let shown = next.told(0, &["show", "login/3"]).await;
    holds(&shown, &[&digest, "window-seconds", "imported from login/2: stricter", "never served"]);
    holds(&shown, &["beside login/1, which serves:", "+ value of a setting: window-seconds"]);
    let cut = next.file("cut.release", &written[..written.len() - 1]);
    holds(&next.told(1, &["import", &cut]).await, &["it was cut"]);
    let told = next.told(1, &["import", &file, "--set", "unknown=1"]).await;
    holds(&told, &["unknown"]);
    next.close().await;
    shop.close().await;
}

#[tokio::test]
async fn a_frozen_place_is_told_and_old_releases_are_pruned() {
    let shop = Shop::open().await;
    shop.push(5).await;
    holds(
        &shop.told(0, &["freeze", "login", "--until", "2h", "-m", "holidays"]).await,
        &["login is frozen until 20"],
    );
    holds(&shop.told(0, &["status"]).await, &["FROZEN until 20", "holidays"]);
    let refused = shop.document(1, &["deploy", "login/2"]).await;
    assert_eq!(refused["code"], "frozen");
    holds(refused["error"].as_str().unwrap(), &["holidays"]);
    shop.told(0, &["unfreeze", "login"]).await;
    shop.told(2, &["freeze", "login", "--until", "tomorrow", "-m", "x"]).await;
    let begun = shop.document(0, &["deploy", "login/2", "--no-wait", "-m", "in the night"]).await;
    let id = begun["id"].as_str().unwrap();
    holds(&shop.told(0, &["deploy", "--watch", id]).await, &["login/2 serves"]);
    let pruned = shop.document(0, &["prune", "--keep", "6"]).await;
    assert_eq!(pruned["releases"], json!(0));
    shop.close().await;
}

#[tokio::test]
async fn a_wrong_token_is_told_with_what_to_do_and_never_repeated() {
    let mut shop = Shop::open().await;
    let file = shop.file("login.wasm", policy(Slot::Login));
    let token = "aht1_ann_R2VoZWltZXMtV29ydC1kYXMtbmllbWFuZC1rZW5udA";
    shop.settings.insert("ADMIN_TOKEN".into(), token.into());
    for words in [&["status"][..], &["push", "login", &file, "-m", "x"], &["deploy", "login/1"]] {
        let told = shop.told(2, words).await;
        holds(&told, &["invalid_admin_token", "ADMIN_TOKEN_FILE", "admin token add"]);
        assert!(!told.contains("R2Vo"), "{told}");
    }
    let good = format!("{}/admin-token", shop.settings["DATA_DIR"]);
    shop.told(0, &["status", "--token-file", &good]).await;
    // Somebody else's listener.
    let public = format!("http://{}", shop.process.address);
    let told = shop.told(2, &["status", "--url", &public, "--token-file", &good]).await;
    holds(&told, &["--url"]);
    shop.settings.remove("ADMIN_TOKEN");
    shop.close().await;
}
