//! Secrets of policies: told to the policy that asks for one, and to nobody who reads what it
//! writes.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use auth_host::contract::Slot;
use auth_host::store::registry::Role;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::asking::{set, told_again};
use crate::support::{Process, TestService, TestServiceBuilder, eventually, guest, lines_with};

/// It occurs nowhere else.
const KEY: &str = "k\u{e9}y-5f3b9c1e77d2";

fn logins(settings: &Value) -> TestServiceBuilder {
    TestService::with().guest(Slot::Login, "knows_a_secret").policy_settings(Slot::Login, settings)
}

fn long(characters: usize) -> String {
    format!("{characters} characters")
}

#[tokio::test]
async fn a_policy_is_told_its_secret_and_whoever_reads_what_it_writes_is_not() {
    let service = logins(&json!({})).setting("POLICY_SECRET_LOGIN_RISK_KEY", KEY).start().await;
    // Neither on disk nor in the log, at the end.
    service.remember(KEY);
    let (person, _) = service.newcomer("leo").await;
    assert_eq!(told_again(&service, &person).await, long(KEY.chars().count()));
    set(&service, &json!({ "does": "logs" })).await;
    assert_eq!(told_again(&service, &person).await, long(KEY.chars().count()));
    let begin = service.log_mark();
    let line = lines_with(begin, "the key is [secret], ").pop().expect("no line");
    let message = line["message"].as_str().unwrap();
    assert!(message.ends_with("xx[se") || message.ends_with("xx"), "{message}");
    let fields = line["fields"].as_str().unwrap();
    assert_eq!(fields, r#"{"key":"[secret]","is [secret]":"name"}"#);

    set(&service, &json!({ "does": "refuses" })).await;
    let answer = service.login(&person).await;
    let body = answer.json();
    assert_eq!((answer.status, &body["code"]), (400, &json!("go_away")), "{body}");
    assert_eq!(body["error"], "not without [secret]", "{body}");
    assert!(body.to_string().contains("say [secret]"), "{body}");
    for (does, detail) in [
        ("refuses_so", "[secret]"),
        ("labels", "a secret of this policy stands in a metric"),
        ("fails", "what to do with [secret]?"),
        ("panics", "the policy panicked at"),
    ] {
        set(&service, &json!({ "does": does })).await;
        service.login(&person).await.refused(503, "policy_fault");
        let told = async || (!lines_with(begin, detail).is_empty()).then_some(());
        eventually(&format!("a line of {does}"), told).await;
    }
    let metrics = service.get("/metrics").await.text();
    assert!(!metrics.contains(KEY), "a metric holds the secret");
    assert!(lines_with(begin, KEY).is_empty(), "the log holds the secret");
    service.stop().await;
}

#[tokio::test]
async fn a_secret_that_the_manifest_does_not_ask_for_is_denied_though_it_is_there() {
    let settings = json!({ "secret": "other_key" });
    let service = logins(&settings)
        .setting("POLICY_SECRET_login_risk_key", KEY)
        .setting("POLICY_SECRET_login_other_key", "another secret of the place")
        .start()
        .await;
    let (person, _) = service.newcomer("leo").await;
    service.login(&person).await.refused(503, "policy_fault");
    let why = "the secret \\\"other_key\\\" is not among those that the manifest asks for";
    eventually("a line that says why", async || {
        (!lines_with(service.log_mark(), why).is_empty()).then_some(())
    })
    .await;
    service.stop().await;
}

async fn stale(service: &TestService, is_stale: u64) {
    let labels = [("place", "login"), ("name", "risk_key")];
    eventually(&format!("that the secret is stale: {is_stale}"), async || {
        (service.count("auth_policy_secret_stale", &labels).await == is_stale).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_changed_file_is_taken_up_without_a_deploy_and_a_bad_one_leaves_the_value_before() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("login_risk_key");
    fs::write(&file, "the first\n").unwrap();
    let service = logins(&json!({}))
        .setting("POLICY_SECRETS_DIR", folder.path().to_str().unwrap())
        .setting("POLICY_SECRET_login_risk_key", "the variable, which a file comes before")
        .start()
        .await;
    let (person, _) = service.newcomer("leo").await;
    let release = service.generation(Slot::Login).await;
    assert_eq!(told_again(&service, &person).await, long("the first".len()));
    let much = "x".repeat(1 << 20);
    for (number, (wrong, why)) in
        [("two\nlines", "has a line break in it"), ("", "is empty"), (&much, "16384 bytes")]
            .into_iter()
            .enumerate()
    {
        let good = format!("the good one before number {number}");
        fs::write(&file, &good).unwrap();
        eventually("the new secret", async || {
            (told_again(&service, &person).await == long(good.len())).then_some(())
        })
        .await;
        fs::write(&file, wrong).unwrap();
        let named = async || {
            let lines = lines_with(service.log_mark(), why);
            lines.iter().any(|line| line["name"] == "risk_key").then_some(())
        };
        eventually(&format!("a line that says: {why}"), named).await;
        stale(&service, 1).await;
        assert_eq!(told_again(&service, &person).await, long(good.len()));
    }
    fs::write(&file, "good again").unwrap();
    stale(&service, 0).await;
    assert_eq!(told_again(&service, &person).await, long("good again".len()));
    assert_eq!(service.generation(Slot::Login).await, release);
    assert!(lines_with(service.log_mark(), "two\\nlines").is_empty(), "the log holds a value");
    service.stop().await;
}

#[tokio::test]
async fn a_release_whose_secret_this_replica_does_not_have_is_not_deployed_and_the_name_is_told() {
    let folder = TempDir::new().unwrap();
    let service = TestService::with()
        .setting("POLICY_SECRETS_DIR", folder.path().to_str().unwrap())
        .start()
        .await;
    let (person, _) = service.newcomer("leo").await;
    let ann = service.admin("ann", Role::Deploy).await;
    let pushed = ann.push(Slot::Login, &guest("knows_a_secret"), &json!({})).await;
    let release = pushed.json()["release"].as_str().unwrap().to_owned();
    let ended = async || {
        let begun = ann.deploy(&release).await;
        assert_eq!(begun.status, 202, "{}", begun.text());
        let path = format!("/v1/deployments/{}?wait=20", begun.json()["id"].as_str().unwrap());
        eventually("the end of a deployment", async || {
            let deployment = ann.get(&path).await.json();
            (deployment["state"] != "preparing").then_some(deployment)
        })
        .await
    };
    for (value, why) in [
        (None, "the secret risk_key of login is not set here"),
        (Some(""), "the secret risk_key of login is empty"),
        (Some("a\nb"), "the secret risk_key of login has a line break in it"),
    ] {
        if let Some(value) = value {
            fs::write(folder.path().join("login_risk_key"), value).unwrap();
        }
        let deployment = ended().await;
        assert_eq!(deployment["state"], "refused", "{deployment}");
        assert!(deployment.to_string().contains(why), "{deployment}");
    }
    service.login(&person).await.tokens();
    fs::write(folder.path().join("login_risk_key"), "there at last").unwrap();
    let deployment = ended().await;
    assert_eq!(deployment["state"], "activated", "{deployment}");
    assert_eq!(told_again(&service, &person).await, long("there at last".len()));
    service.stop().await;
}

/// A start with these settings on top must fail; what it said.
async fn refusal(changes: &[(&str, &str)]) -> String {
    let (_folder, mut settings): (_, HashMap<_, _>) = Process::folder();
    for (name, value) in changes {
        settings.insert((*name).to_owned(), (*value).to_owned());
    }
    let outcome = Process::refusing(&settings).await;
    assert_ne!(outcome.code, Some(0), "{}", outcome.log);
    outcome.log
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn the_service_does_not_start_with_secrets_that_nobody_could_rely_on() {
    let folder = TempDir::new().unwrap();
    let nowhere = folder.path().join("nowhere");
    let log = refusal(&[("POLICY_SECRETS_DIR", text(&nowhere))]).await;
    assert!(log.contains("POLICY_SECRETS_DIR") && log.contains("cannot be read"), "{log}");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let log = refusal(&[("POLICY_SECRETS_DIR", text(folder.path()))]).await;
    assert!(log.contains("may be written to by group or others"), "{log}");
    let log = refusal(&[
        ("POLICY_SECRET_login_key", "one secret"),
        ("POLICY_SECRET_LOGIN_KEY", "another secret"),
        ("POLICY_SECRET_lgoin_key", "a misspelt secret"),
        ("POLICY_SECRET_login_", "a nameless secret"),
    ])
    .await;
    for part in [
        "POLICY_SECRET_login_key: is set twice",
        "POLICY_SECRET_lgoin_key: is no secret of a policy",
        "POLICY_SECRET_login_: is no secret of a policy",
    ] {
        assert!(log.contains(part), "{log}");
    }
    assert!(!log.contains(" secret\n") && !log.contains("misspelt"), "a value is told: {log}");
}
