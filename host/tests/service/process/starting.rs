//! Starting: what it says, and what it does not start with.

use std::collections::HashMap;

use auth_host::contract::Slot;
use auth_host::policy::admission;

use crate::support::{Process, policy};

/// A start with these settings on top must fail; what it said.
async fn refusal(changes: &[(&str, &str)]) -> String {
    let (_folder, mut settings) = Process::folder();
    for (name, value) in changes {
        settings.insert((*name).to_owned(), (*value).to_owned());
    }
    let outcome = Process::refusing(&settings).await;
    assert_eq!(outcome.code, Some(2), "{changes:?}: {}", outcome.log);
    outcome.log
}

#[tokio::test]
async fn it_says_where_it_serves_what_serves_and_where_the_data_are() {
    let (folder, settings) = Process::home().await;
    let process = Process::serving(&settings).await;
    let text = process.announcement.join("\n");
    assert!(text.contains(&format!("http://{}", process.address)), "{text}");
    assert!(
        text.contains(&format!("http://{}/api/auth/swagger/index.html", process.address)),
        "{text}"
    );
    for slot in Slot::ALL {
        let checked = admission::inspect(&policy(slot)).unwrap();
        let line = process
            .announcement
            .iter()
            .find(|line| line.trim_start().starts_with(slot.as_str()))
            .unwrap();
        for part in [&checked.manifest.name, &checked.manifest.version, &checked.digest] {
            assert!(line.contains(part.as_str()), "{line}");
        }
    }
    assert!(text.contains(folder.path().join("data").to_str().unwrap()), "{text}");
    process.terminate();
    assert_eq!(process.ended().await.code, Some(0));
}

#[tokio::test]
async fn without_a_good_secret_it_does_not_start_outside_local() {
    for (secret, why) in [
        ("", "not set"),
        ("too short a secret", "32"),
        ("change-me-change-me-change-me-change-me", "example"),
    ] {
        for environment in ["", "prod", "LOCAL", "staging"] {
            let log = refusal(&[("AUTH_JWT_SECRET", secret), ("ENV", environment)]).await;
            assert!(log.contains("AUTH_JWT_SECRET") && log.contains(why), "{log}");
            assert!(secret.is_empty() || !log.contains(secret), "the secret is told: {log}");
        }
    }
    let log = refusal(&[("AUTH_MASTER_SECRET", "too short a master")]).await;
    assert!(log.contains("AUTH_MASTER_SECRET") && !log.contains("too short a master"), "{log}");
}

#[tokio::test]
async fn locally_it_starts_without_any_secret() {
    let (_folder, mut settings) = Process::home().await;
    settings.remove("AUTH_JWT_SECRET");
    settings.insert("ENV".to_owned(), "local".to_owned());
    let process = Process::serving(&settings).await;
    process.terminate();
    assert_eq!(process.ended().await.code, Some(0));
}

#[tokio::test]
async fn all_wrong_settings_are_told_at_once() {
    let wrong = [
        ("HTTP_SERVER_ADDRESS", "nowhere"),
        ("HTTP_SERVER_TIMEOUT", "5"),
        ("HTTP_SERVER_SHUTDOWN_TIMEOUT", "-1s"),
        ("HTTP_SERVER_READ_TIMEOUT", "soon"),
        ("HTTP_SERVER_MAX_CONNECTIONS", "0"),
        ("HTTP_TRUSTED_PROXIES", "gateway"),
        ("HTTP_FORWARDED_HEADER", "x-real-ip"),
        ("AUTH_ACCESS_TOKEN_TTL", "0s"),
        ("AUTH_REFRESH_TOKEN_TTL", "7 days"),
        ("AUTH_JWT_SECRET", "short"),
        ("PASSWORD_HASH_MEMORY_KIB", "lots"),
        ("LOG_FORMAT", "xml"),
    ];
    let log = refusal(&wrong).await;
    for (name, _) in wrong {
        assert!(log.contains(&format!("{name}: ")), "{name} is missing: {log}");
    }
    let log = refusal(&[("LOG_LEVEL", "auth_host=shout")]).await;
    assert!(log.contains("LOG_LEVEL"), "{log}");
}

#[tokio::test]
async fn a_second_process_on_the_same_data_is_refused() {
    let (_folder, settings) = Process::home().await;
    let first = Process::serving(&settings).await;
    let second = Process::refusing(&settings).await;
    assert_eq!(second.code, Some(2));
    assert!(second.log.contains("DATA_DIR"), "{}", second.log);
    assert_eq!(
        reqwest::get(format!("http://{}/readyz", first.address)).await.unwrap().status(),
        200
    );
    first.terminate();
    assert_eq!(first.ended().await.code, Some(0));
    // The folder is free again.
    let third = Process::serving(&settings).await;
    third.terminate();
    assert_eq!(third.ended().await.code, Some(0));
}

#[tokio::test]
async fn a_port_that_is_taken_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let log = refusal(&[("HTTP_SERVER_ADDRESS", &taken.local_addr().unwrap().to_string())]).await;
    assert!(log.contains("HTTP_SERVER_ADDRESS"), "{log}");
}

#[tokio::test]
async fn folders_that_others_may_write_to_are_refused_outside_local() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, settings) = Process::folder();
    std::fs::set_permissions(
        folder.path().join("policies"),
        std::fs::Permissions::from_mode(0o777),
    )
    .unwrap();
    let outcome = Process::refusing(&settings).await;
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.log.contains("POLICY_DIR"), "{}", outcome.log);
}

/// As Kubernetes does it with `fsGroup`, at each start.
#[tokio::test]
async fn a_data_folder_of_ours_that_was_given_to_a_group_is_closed_again_and_serves() {
    use std::os::unix::fs::PermissionsExt as _;
    let (home, mut settings) = Process::home().await;
    let data = home.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::rename(home.path().join("policies"), data.join("policies")).unwrap();
    settings.insert("POLICY_DIR".to_owned(), data.join("policies").display().to_string());
    let there = ["", "policies", "policies/login.wasm"].map(|name| data.join(name));
    for mode in [0o700, 0o2770] {
        for path in &there {
            let mode = if path.is_dir() { mode } else { mode & 0o660 };
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        let process = Process::serving(&settings).await;
        let ready = reqwest::get(format!("http://{}/readyz", process.address)).await.unwrap();
        assert_eq!(ready.status(), 200, "{mode:o}");
        process.terminate();
        assert_eq!(process.ended().await.code, Some(0));
    }
    for path in &there {
        let mode = std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} has the mode {mode:o}", path.display());
    }
    // A right of everybody was given by a person.
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o777)).unwrap();
    let outcome = Process::refusing(&settings).await;
    assert!(outcome.log.contains("DATA_DIR"), "{}", outcome.log);
}

#[tokio::test]
async fn what_it_writes_is_for_its_own_user_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, settings) = Process::home().await;
    let process = Process::serving(&settings).await;
    for entry in std::fs::read_dir(folder.path().join("data")).unwrap().map(Result::unwrap) {
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} has the mode {mode:o}", entry.path().display());
    }
    process.terminate();
    assert_eq!(process.ended().await.code, Some(0));
}

#[tokio::test]
async fn settings_are_read_from_a_file_too_and_the_environment_wins() {
    let (_folder, mut settings) = Process::home().await;
    let file = std::path::Path::new(&settings["POLICY_DIR"]).join(".env");
    std::fs::write(
        file,
        format!(
            "AUTH_JWT_SECRET=\"{}\"\nHTTP_SERVER_ADDRESS=nonsense\n",
            settings["AUTH_JWT_SECRET"]
        ),
    )
    .unwrap();
    settings.remove("AUTH_JWT_SECRET");
    let process = Process::serving(&settings).await;
    process.terminate();
    assert_eq!(process.ended().await.code, Some(0));
    let without: HashMap<_, _> =
        settings.into_iter().filter(|(name, _)| name != "HTTP_SERVER_ADDRESS").collect();
    assert!(Process::refusing(&without).await.log.contains("HTTP_SERVER_ADDRESS"));
}
