//! Whose the files of policies are, and the folders and links on the way to them.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::{PermissionsExt as _, chown, lchown, symlink};
use std::path::Path;

use auth_host::contract::Slot;

use crate::support::{
    SmallDisk, TestService, eventually, guest, in_time, lines_with, mark, policy,
};

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
    std::fs::write(&target, guest("refuses_domain")).unwrap();
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

/// Starts the program with an empty registry and the policies of this folder of the namespace, and
/// ends it. What serves at once, and its log.
async fn served(disk: &mut SmallDisk, policies: &str) -> (usize, String) {
    disk.run(&format!("rm -f '{}'/auth.sqlite*", disk.data_inside().display()));
    disk.settings.insert("POLICY_DIR".to_owned(), policies.to_owned());
    let process = disk.serving().await;
    let ready = reqwest::get(format!("http://{}/readyz", process.address));
    let ready: serde_json::Value = in_time("an answer", ready).await.unwrap().json().await.unwrap();
    process.terminate();
    let outcome = process.ended().await;
    (ready["policies"].as_array().unwrap().len(), outcome.log)
}

#[tokio::test]
async fn the_root_of_a_volume_may_be_writable_for_a_group_above_the_policies_folder() {
    if !can_give_away() {
        return;
    }
    let Some(mut disk) = SmallDisk::new(24) else { return };
    let placed = disk.settings["POLICY_DIR"].clone();
    // Right below the root, as images have it, and deeper.
    for volume in ["/mnt", "/mnt/deeper"] {
        disk.run(&format!(
            "mkdir -p {volume} && mount -t tmpfs -o mode=2777 tmpfs {volume} \
             && mkdir {volume}/auth-host && cp -r '{placed}' {volume}/auth-host/policies \
             && chmod -R go-w {volume}/auth-host"
        ));
        let (count, log) = served(&mut disk, &format!("{volume}/auth-host/policies")).await;
        assert_eq!(count, 3, "{volume}: {log}");
    }
    disk.run("cp /mnt/deeper/auth-host/policies/* /mnt/deeper/ && rm -r '/mnt/deeper/auth-host'");
    disk.settings.insert("POLICY_DIR".to_owned(), "/mnt/deeper".to_owned());
    let log = disk.refusing().await;
    assert!(log.contains("POLICY_DIR: the folder /mnt/deeper may be written to"), "{log}");
}

#[tokio::test]
async fn a_link_out_of_a_volume_leads_through_no_folder_that_others_write_to() {
    if !can_give_away() {
        return;
    }
    let Some(mut disk) = SmallDisk::new(24) else { return };
    let placed = disk.settings["POLICY_DIR"].clone();
    let policies = disk.data_inside().join("policies").display().to_string();
    let shared = Path::new(&placed).with_file_name("shared");
    disk.run(&format!("cp -r '{placed}' '{policies}' && rm '{policies}/login.wasm'"));
    std::fs::create_dir(&shared).unwrap();
    set_permissions(&shared, Permissions::from_mode(0o777)).unwrap();
    std::fs::create_dir(shared.join("releases")).unwrap();
    std::fs::write(shared.join("releases/login.wasm"), policy(Slot::Login)).unwrap();
    disk.run(&format!("ln -s ../../shared/releases/login.wasm '{policies}/login.wasm'"));
    let (count, log) = served(&mut disk, &policies).await;
    assert_eq!(count, 2, "{log}");
    assert!(log.contains("shared may be written to by group or others"), "{log}");
}

#[tokio::test]
async fn what_is_mounted_read_only_may_belong_to_anybody_but_a_link_to_it_may_not() {
    if !can_give_away() {
        return;
    }
    let Some(mut disk) = SmallDisk::new(24) else { return };
    let placed = disk.settings["POLICY_DIR"].clone();
    chown(&placed, Some(STRANGER), None).unwrap();
    for slot in Slot::ALL {
        chown(Path::new(&placed).join(format!("{slot}.wasm")), Some(STRANGER), None).unwrap();
    }
    let (count, log) = served(&mut disk, &placed).await;
    assert_eq!(count, 0, "{log}");
    disk.run(&format!("mount --bind '{placed}' /mnt && mount -o remount,bind,ro /mnt"));
    let (count, log) = served(&mut disk, "/mnt").await;
    assert_eq!(count, 3, "{log}");
    // Where the link leads nobody writes; its owner can have it lead elsewhere.
    let linked = disk.data_inside().join("linked").display().to_string();
    disk.run(&format!(
        "mkdir '{linked}' && ln -s /mnt/* '{linked}' \
         && chown -h {STRANGER} '{linked}/login.wasm'"
    ));
    let (count, log) = served(&mut disk, &linked).await;
    assert_eq!(count, 2, "{log}");
    assert!(log.contains("linked/login.wasm belongs to the user 54321"), "{log}");
}
