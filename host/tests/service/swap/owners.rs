//! Whose the files of policies are, and the folders and links on the way to them.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::{PermissionsExt as _, chown, lchown, symlink};
use std::path::Path;

use auth_host::contract::Slot;

use crate::support::{TestService, eventually, guest, lines_with, mark, policy};

/// Somebody else than the user that the tests run as.
const STRANGER: u32 = 54_321;

/// Whether files can be given to others here; else a test that does so is skipped.
fn can_give_away() -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        eprintln!("skipped: only root can give files to another user");
    }
    is_root
}

/// Waits for a refusal whose text and remedy hold these words.
async fn refused(begin: usize, words: &[&str]) {
    eventually(&format!("a refusal with {words:?}"), async || {
        let lines = lines_with(begin, "the policy was refused");
        lines
            .iter()
            .any(|line| words.iter().all(|word| line.to_string().contains(word)))
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_policy_that_belongs_to_somebody_else_is_refused() {
    if !can_give_away() {
        return;
    }
    let service = TestService::start().await;
    let (begin, before) = (mark(), service.generation(Slot::Login).await);
    service.put("others.new", &guest("refuses_domain"));
    let file = service.policy_file("others.new");
    chown(&file, Some(STRANGER), None).unwrap();
    std::fs::rename(&file, service.policy_file("login.wasm")).unwrap();
    refused(begin, &["login.wasm", "54321", "chown"]).await;
    assert_eq!(service.generation(Slot::Login).await, before);
    // As the log says: it needs nothing else.
    chown(service.policy_file("login.wasm"), Some(0), None).unwrap();
    service.next_generation(Slot::Login, before).await;
    service.stop().await;
}

#[tokio::test]
async fn a_settings_file_that_belongs_to_somebody_else_is_refused() {
    if !can_give_away() {
        return;
    }
    let service = TestService::start().await;
    let (begin, before) = (mark(), service.generation(Slot::Login).await);
    service.put("settings.new", b"{}");
    chown(service.policy_file("settings.new"), Some(STRANGER), None).unwrap();
    let placed = service.policy_file("login.settings.json");
    std::fs::rename(service.policy_file("settings.new"), placed).unwrap();
    refused(begin, &["login.settings.json", "54321"]).await;
    assert_eq!(service.generation(Slot::Login).await, before);
    service.stop().await;
}

#[tokio::test]
async fn a_link_through_a_folder_that_others_own_or_write_to_is_refused() {
    if !can_give_away() {
        return;
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let folder = elsewhere.path().join("releases");
    std::fs::create_dir(&folder).unwrap();
    let target = folder.join("login.wasm");
    std::fs::write(&target, policy(Slot::Login)).unwrap();
    let service = TestService::start().await;
    let before = service.generation(Slot::Login).await;
    let place = |target: &Path| {
        symlink(target, service.policy_file(".link")).unwrap();
        std::fs::rename(service.policy_file(".link"), service.policy_file("login.wasm")).unwrap();
    };

    chown(&folder, Some(STRANGER), None).unwrap();
    let begin = mark();
    place(&target);
    refused(begin, &["releases", "54321", "chown"]).await;

    chown(&folder, Some(0), None).unwrap();
    set_permissions(&folder, Permissions::from_mode(0o777)).unwrap();
    let begin = mark();
    place(&target);
    refused(begin, &["releases", "chmod go-w"]).await;

    // Whoever owns a link decides where it leads, also in a folder like /tmp.
    set_permissions(&folder, Permissions::from_mode(0o1777)).unwrap();
    symlink(&target, folder.join("current.wasm")).unwrap();
    lchown(folder.join("current.wasm"), Some(STRANGER), None).unwrap();
    let begin = mark();
    place(&folder.join("current.wasm"));
    refused(begin, &["current.wasm", "54321"]).await;
    assert_eq!(service.generation(Slot::Login).await, before);

    lchown(folder.join("current.wasm"), Some(0), None).unwrap();
    place(&folder.join("current.wasm"));
    service.next_generation(Slot::Login, before).await;
    service.stop().await;
}
