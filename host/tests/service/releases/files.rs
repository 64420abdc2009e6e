//! `auth-host policy` on files alone, by the real program: no service, no database, no secret.

use std::collections::HashMap;
use std::path::PathBuf;

use auth_host::contract::Slot;
use auth_host::hex;
use auth_host::policy::admission::MAX_COMPONENT_BYTES;
use auth_host::policy::releases::export::{self, Exported, ExportedComponent, ExportedRelease};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Printed, Process, policy};
use crate::swap::components::{slow_to_compile, with_modules};

/// A folder with files, and nothing else in reach.
pub(super) struct Desk {
    pub(super) folder: TempDir,
    settings: HashMap<String, String>,
}

impl Desk {
    pub(super) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let data = folder.path().join("data").to_str().unwrap().to_owned();
        Self { folder, settings: HashMap::from([("DATA_DIR".to_owned(), data)]) }
    }

    pub(super) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let file: PathBuf = self.folder.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        file.to_str().unwrap().to_owned()
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(super) async fn run(&self, words: &[&str]) -> Printed {
        Process::command(&self.settings, &[&["policy"], words].concat()).await
    }
}

#[tokio::test]
async fn a_good_policy_passes_with_all_that_is_known_of_it() {
    let desk = Desk::new();
    let file = desk.file("login.wasm", policy(Slot::Login));
    let settings = desk.file("prod.json", r#"{"attempts-per-account": 5}"#);
    let told = desk.run(&["check", &file, "--settings", &settings]).await;
    assert_eq!(told.code, Some(0), "{}{}", told.text, told.errors);
    let digest = hex::sha256(&policy(Slot::Login));
    for word in ["would be admitted", &digest, "auth:policy@0.", "fit its schema", "#verify"] {
        assert!(told.text.contains(word), "it lacks {word}: {}", told.text);
    }
    let told = desk.run(&["check", &file, "--place", "login", "--json"]).await;
    let told: Value = serde_json::from_str(&told.text).unwrap();
    assert_eq!((&told["admitted"], &told["digest"]), (&json!(true), &json!(digest)));
    assert_eq!(told["size"], json!(policy(Slot::Login).len()));
    assert!(!told["imports"].as_array().unwrap().is_empty(), "{told}");
    let told = desk.run(&["inspect", &file, "--json"]).await;
    let told: Value = serde_json::from_str(&told.text).unwrap();
    assert_eq!((&told["digest"], &told["manifest"]["slot"]), (&json!(digest), &json!("login")));
}

#[tokio::test]
async fn all_faults_are_told_at_once_each_with_what_to_do() {
    let desk = Desk::new();
    let file = desk.file("large.wasm", with_modules(&["(module (memory 272))"]));
    let settings = desk.file("wrong.json", r#"{"attempt": 5, "other": true}"#);
    let words = ["check", &file, "--settings", &settings];
    let told = desk.run(&words).await;
    assert_eq!(told.code, Some(1), "{}{}", told.text, told.errors);
    let told = desk.run(&[&words[..], &["--json"]].concat()).await;
    assert_eq!(told.code, Some(1), "{}", told.errors);
    let told: Value = serde_json::from_str(&told.text).unwrap();
    let faults = told["faults"].as_array().unwrap();
    assert_eq!(told["admitted"], json!(false));
    let of_settings = faults.iter().filter(|fault| fault["of_settings"] == json!(true)).count();
    assert!(of_settings > 0 && of_settings < faults.len(), "not both kinds: {told}");
    let whole = |text: &Value| text.as_str().is_some_and(|text| text.ends_with('.'));
    assert!(faults.iter().all(|fault| whole(&fault["remedy"])), "{told}");
}

#[tokio::test]
async fn what_is_no_policy_of_the_place_is_refused_by_its_reason() {
    let desk = Desk::new();
    let login = desk.file("login.wasm", policy(Slot::Login));
    let large = vec![0; usize::try_from(MAX_COMPONENT_BYTES).unwrap() + 1];
    for (file, words, reason) in [
        (login.clone(), &["--slot", "register"][..], "it is a login policy, not a register"),
        (desk.file("text.wasm", "hello"), &[], "it is no WebAssembly"),
        (desk.file("cut.wasm", &policy(Slot::Login)[..5000]), &[], "damaged"),
        (desk.file("33.wasm", large), &[], "at most 33554432 are allowed"),
        (desk.file("empty.wasm", ""), &[], "it is no WebAssembly"),
    ] {
        let told = desk.run(&[&["check", file.as_str()], words].concat()).await;
        assert_eq!(told.code, Some(1), "{file}: {}{}", told.text, told.errors);
        assert!(told.text.contains(reason), "{file}: {}", told.text);
    }
    let folder = desk.folder.path().to_str().unwrap().to_owned();
    let array = desk.file("array.json", "[]");
    let twice = desk.file("twice.json", r#"{"a": 1, "a": 2}"#);
    for words in [
        &["check", "missing.wasm"][..],
        &["check", &folder],
        &["check", "/dev/zero"],
        &["check", &login, "--settings", &array],
        &["check", &login, "--settings", &twice],
        &["check", &login, "--place", "logout"],
        &["check"],
    ] {
        let told = desk.run(words).await;
        assert_eq!((told.code, told.text.as_str()), (Some(2), ""), "{words:?}");
        assert!(!told.errors.is_empty() && !told.errors.contains("panic"), "{}", told.errors);
    }
}

#[tokio::test]
async fn the_limits_of_the_child_process_hold_here_as_well() {
    let desk = Desk::new().with("POLICY_ADMISSION_TIMEOUT", "100ms");
    let stopped = desk.file("stopped.wasm", slow_to_compile());
    let told = desk.run(&["check", &stopped]).await;
    assert_eq!(told.code, Some(1), "{}{}", told.text, told.errors);
    assert!(told.text.contains("longer than 0.1 s"), "{}", told.text);
}

#[tokio::test]
async fn nobody_there_is_told_with_what_to_do_and_without_the_token() {
    let token = "aht1_ann_Geheimes-Wort";
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{free}");
    let desk = Desk::new().with("ADMIN_TOKEN", token).with("ADMIN_URL", &url);
    for words in [&["status"][..], &["deploy", "login/1"], &["history", "--json"]] {
        let told = desk.run(words).await;
        assert_eq!(told.code, Some(2), "{words:?}: {}{}", told.text, told.errors);
        assert!(told.errors.contains("cannot be reached"), "{}", told.errors);
        assert!(told.errors.contains("ADMIN_URL"), "{}", told.errors);
        assert!(!told.errors.contains("Geheim"), "{}", told.errors);
        if words.contains(&"--json") {
            let told: Value = serde_json::from_str(&told.text).unwrap();
            assert_eq!(told["code"], "unreachable");
        }
    }
    let without = Desk::new().with("ADMIN_URL", &url).run(&["status"]).await;
    assert_eq!(without.code, Some(2));
    assert!(without.errors.contains("admin token add"), "{}", without.errors);
    for wrong in ["7972", "ftp://host", "https://ann:Geheim@host", ""] {
        let told = desk.run(&["status", "--url", wrong]).await;
        assert_eq!(told.code, Some(2), "{wrong}");
        assert!(told.errors.contains("--url"), "{wrong}: {}", told.errors);
        assert!(!told.errors.contains("Geheim"), "{wrong}: {}", told.errors);
    }
}

#[tokio::test]
async fn a_token_that_goes_to_another_machine_in_the_clear_is_warned_of() {
    let desk = Desk::new().with("ADMIN_TOKEN", "aht1_ann_Geheimes-Wort");
    // A name that nobody has.
    for (url, warned) in [
        ("http://auth.invalid:7972", true),
        ("https://auth.invalid:7972", false),
        ("http://localhost:1", false),
    ] {
        let told = desk.run(&["status", "--url", url]).await;
        assert_eq!(told.code, Some(2), "{}", told.errors);
        assert_eq!(told.errors.contains("in the clear"), warned, "{url}: {}", told.errors);
        assert!(!told.errors.contains("Geheim"), "{}", told.errors);
    }
}

#[tokio::test]
async fn the_token_of_this_machine_is_sent_to_no_other() {
    let desk = Desk::new();
    let data = desk.folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("admin-token"), "aht1_local_Geheim\n").unwrap();
    // An address that is not to be reached; without a token nobody tries.
    let told = desk.run(&["status", "--url", "http://192.0.2.1:7972"]).await;
    assert_eq!(told.code, Some(2), "{}", told.errors);
    assert!(told.errors.contains("there is no token for"), "{}", told.errors);
}

#[tokio::test]
async fn an_export_that_was_cut_or_changed_is_refused_before_anybody_is_asked() {
    let desk = Desk::new();
    let component = policy(Slot::Login);
    let settings = "{}".to_owned();
    let exported = Exported {
        release: ExportedRelease {
            place: "login".into(),
            number: 42,
            author: "ann".into(),
            message: "step-up".into(),
            settings_sha256: hex::sha256(settings.as_bytes()),
            settings,
            grants: "{}".into(),
            components: vec![ExportedComponent {
                wit: "0.2.0".into(),
                sha256: hex::sha256(&component),
                size: component.len() as u64,
                signatures: Vec::new(),
            }],
        },
        components: vec![component],
    };
    let mut file = Vec::new();
    export::write(&mut file, &exported).unwrap();
    let middle = file.len() / 2;
    let mut changed = file.clone();
    changed[middle] ^= 1;
    for (name, bytes, reason) in [
        ("cut", &file[..middle], "it was cut: component 1 has"),
        ("changed", &changed, "was changed"),
        ("other", b"PK\x03\x04".as_slice(), "no exported release"),
        ("empty", b"".as_slice(), "it is empty"),
    ] {
        let file = desk.file(name, bytes);
        let told = desk.run(&["import", &file]).await;
        assert_eq!(told.code, Some(1), "{name}: {}{}", told.text, told.errors);
        assert!(told.errors.contains(reason), "{name}: {}", told.errors);
    }
}

#[tokio::test]
async fn help_tells_the_way_and_each_command_its_examples() {
    let desk = Desk::new();
    let told = desk.run(&["--help"]).await;
    let way = ["check guarded", "push login", "deploy login/42", "policy status", "rollback login"];
    let places: Vec<_> = way.iter().map(|step| told.text.find(step).expect(step)).collect();
    assert!(places.is_sorted(), "{}", told.text);
    for command in [
        "check", "push", "deploy", "status", "rollback", "history", "show", "freeze", "unfreeze",
        "prune", "export", "import",
    ] {
        let told = desk.run(&[command, "--help"]).await;
        assert_eq!(told.code, Some(0));
        let example = format!("auth-host policy {command}");
        assert!(told.text.contains("Example") && told.text.contains(&example), "{}", told.text);
    }
}
