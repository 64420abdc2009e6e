//! Break glass: a replica serves what its settings pin, whatever the registry says, and says so.

use std::fs;
use std::path::Path;

use auth_host::contract::{Slot, wit};
use auth_host::hex;
use auth_host::policy::releases::export::{Exported, write};
use auth_host::store::registry::{DeploymentState, ReportState};
use serde_json::json;

use super::pushing::{
    begin, deploy, ended, push, push_for, replica, rollback, serve, served, stop, store, two,
    version,
};
use crate::support::{Process, TestService, eventually, lines_with, mark};

/// All that says loudly that a release of the login is pinned.
async fn is_loud(service: &TestService, mark: usize, release: i64, pin: &str) {
    let told = service.get("/readyz").await.json()["pinned"].clone();
    assert_eq!(told[0]["place"], "login", "{told}");
    assert_eq!(told[0]["release"], release, "{told}");
    // A path is for the log only.
    let public = if pin.starts_with('/') { "a file" } else { pin };
    assert_eq!(told[0]["pin"], public, "{told}");
    let labels = [("place", "login"), ("release", &release.to_string())];
    assert_eq!(service.count("auth_policy_pinned", &labels).await, 1);
    let lines = lines_with(mark, "POLICY_PIN holds this replica on a release");
    assert!(lines.iter().any(|line| line["pin"] == pin && line["level"] == "ERROR"), "{lines:?}");
    let store = store(service);
    let name = service.app().standing.replica.name.clone();
    eventually("the same in its beat", async || {
        let replicas = store.replicas().await.unwrap();
        let own = replicas.iter().find(|it| it.name == name && it.live)?;
        let login = own.serving.iter().find(|it| it.place == "login")?;
        (login.pinned && login.release == Some(release)).then_some(())
    })
    .await;
}

/// Writes a release of the registry to a file.
async fn export(service: &TestService, number: i64, file: &Path) {
    let store = store(service);
    let release = store.release("login", number).await.unwrap().unwrap();
    let component = store.component(&release.components[0].digest).await.unwrap().unwrap();
    let exported = Exported::of(&release, vec![component.bytes.to_vec()]).unwrap();
    write(&mut fs::File::create(file).unwrap(), &exported).unwrap();
}

#[tokio::test]
async fn a_pinned_replica_follows_nobody_and_holds_up_nobody() {
    let [first, second] = two(|second| second).await;
    let one = deploy(&first, &version("1.1.0"), &json!({})).await;
    let two = deploy(&first, &version("1.2.0"), &json!({})).await;
    serve([&first, &second], two).await;
    let builder = second.stop_and_keep().await;
    let (pin, begin_of_log) = (format!("login/{one}"), mark());
    let second = builder.setting("POLICY_PIN", &pin).start().await;
    assert_eq!(second.generation(Slot::Login).await, u64::try_from(one).unwrap());
    is_loud(&second, begin_of_log, one, &pin).await;
    // What the others do goes on.
    let three = push(&first, &version("1.3.0"), &json!({})).await;
    let deployment = ended(&first, &begin(&first, three).await).await;
    assert_eq!(deployment.state, DeploymentState::Activated);
    let of_second = deployment.reports.iter().find(|report| report.name == "a2").unwrap();
    assert_eq!(of_second.state, ReportState::Pinned);
    serve([&first], three).await;
    rollback(&first, None).await;
    serve([&first], two).await;
    assert_eq!(second.generation(Slot::Login).await, u64::try_from(one).unwrap());
    assert_eq!(second.get("/readyz").await.json()["behind"], json!([]));
    // Without the setting it follows again.
    let second = second.stop_and_keep().await.setting("POLICY_PIN", "").start().await;
    serve([&second], two).await;
    stop([first, second]).await;
}

#[tokio::test]
async fn an_exported_release_is_pinned_where_no_registry_knows_it() {
    let service = replica("a1").start().await;
    let settings = json!({"attempts-per-account": 3});
    push(&service, &version("1.1.0"), &json!({})).await;
    let number = push(&service, &version("1.2.0"), &settings).await;
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("login.release");
    export(&service, number, &file).await;
    service.stop().await;
    let (pin, begin_of_log) = (file.to_str().unwrap(), mark());
    let service = replica("a1").setting("POLICY_PIN", pin).start().await;
    assert_eq!(served(&service), (settings, hex::sha256(&version("1.2.0"))));
    is_loud(&service, begin_of_log, number, pin).await;
    let (person, _) = service.newcomer("leo").await;
    service.login(&person).await.tokens();
    service.stop().await;
}

#[tokio::test]
async fn a_pin_that_cannot_be_kept_ends_the_start_and_says_why() {
    let (folder, settings) = Process::folder();
    let refusal = async |pin: &str| {
        let mut settings = settings.clone();
        settings.insert("POLICY_PIN".into(), pin.into());
        let outcome = Process::refusing(&settings).await;
        assert_eq!(outcome.code, Some(2), "{pin}: {}", outcome.log);
        outcome.log
    };
    let log = refusal("login/41").await;
    assert!(log.contains("POLICY_PIN: login/41 cannot serve: the registry has no"), "{log}");
    let log = refusal("logout/41").await;
    assert!(log.contains("there is no place logout"), "{log}");
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    for nothing_to_read in [pipe.as_path(), folder.path()] {
        let nothing_to_read = nothing_to_read.to_str().unwrap();
        let log = refusal(nothing_to_read).await;
        let told = log.contains("POLICY_PIN") && log.contains("is not a file");
        assert!(told && log.contains(nothing_to_read), "{log}");
    }
    let log = refusal("/nowhere/login.release").await;
    assert!(log.contains("POLICY_PIN") && log.contains("/nowhere"), "{log}");

    let service = replica("a1").start().await;
    let components: [(&str, &[u8]); 1] = [(wit::version(), &version("1.1.0"))];
    let wrong = json!({"attempts-per-account": -1});
    let number = push_for(&service, &components, &wrong).await.number;
    let file = folder.path().join("login.release");
    export(&service, number, &file).await;
    service.stop().await;
    let log = refusal(file.to_str().unwrap()).await;
    assert!(log.contains("attempts-per-account"), "{log}");
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() - 1]).unwrap();
    let log = refusal(file.to_str().unwrap()).await;
    assert!(log.contains("it was cut: component 1"), "{log}");
}
